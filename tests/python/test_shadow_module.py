"""The extension `shadow` as a module: dropped while it works, loaded twice, and beside another extension's check."""

import sys
import unittest

import probe
import shadow
from support import FrameTestCase, ScriptTestCase


class ShadowModule(ScriptTestCase, FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(shadow.set_callback, None)

    def test_dropped_while_a_frame_is_taken_over(self):
        self.assert_well_when_dropped("shadow", "run_all(True)", "set_callback(lambda view: view.code)")

    def test_loaded_again(self):
        self.assert_well("""if True:
            import shadow, gc, sys
            kept = sys.modules.pop("shadow")
            try:
                import shadow
            except ImportError as error:
                assert "loaded in this interpreter already" in str(error), error
            kept.run_all(True)
            assert (lambda: 1)() == 1 and kept.counters()["taken_over"] > 0
            kept.run_all(False)
            print("well")""")

    def test_callback_taken_away_by_itself(self):
        def callback(view):
            shadow.set_callback(None)
            return view.code

        shadow.set_callback(callback)
        self.assertEqual((lambda: 1)(), 1)

    def test_runtime_check_under_a_hook_that_reads_locals(self):
        for merge_locals in (False, True):
            for code in (lambda view: None, lambda view: view.code):
                shadow.set_callback(code, merge_locals=merge_locals)
                probe.check_runtime()
                shadow.set_callback(None)

    def test_runtime_check_under_a_tracer_that_reads_locals(self):
        def trace(frame, event, argument):
            frame.f_locals
            return trace

        sys.settrace(trace)
        try:
            probe.check_runtime()
        finally:
            sys.settrace(None)

    def test_many_free_variables_merged(self):
        """EXTENDED_ARG stands before COPY_FREE_VARS, and both are behind the frame that takes over."""
        for count in (255, 256, 257, 300):
            names = ", ".join(f"v{number}" for number in range(count))
            namespace = {}
            exec(f"def outer({names}):\n def inner():\n  return ({names})\n return inner", namespace)
            values = [object() for _ in range(count)]
            inner = namespace["outer"](*values)
            counts = [sys.getrefcount(cell) for cell in inner.__closure__]
            shadow.set_callback(lambda view: view.code if view.code is inner.__code__ else None, merge_locals=True)
            for _ in range(10):
                self.assertEqual(inner(), tuple(values))
            shadow.set_callback(None)
            self.assertEqual([sys.getrefcount(cell) for cell in inner.__closure__], counts)


if __name__ == "__main__":
    unittest.main()
