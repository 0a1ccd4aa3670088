"""pyframe_shim.evalframe in programs of their own: threads, forks, interpreters, the end."""

import os
import subprocess
import sys
import unittest


def script(source, *options):
    """A program of its own in this interpreter; its output."""
    command = [os.environ.get("TEST_PYTHON", sys.executable), *options, "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


class Programs(unittest.TestCase):
    """Programs of their own."""

    def assert_prints(self, expected, source, *options):
        self.assertEqual(script(source, *options), (0, expected, ""))

    def test_left_at_the_end(self):
        """`atexit` removes what is left, before modules are torn down."""
        self.assert_prints(
            "add\nat the end\n",
            """if True:
            import atexit
            from pyframe_shim import evalframe
            def add(): return 1
            class Late:
                def __del__(self): pass
            late = Late()
            def callback(frame): print(frame.code.co_name)
            def end():
                add()
                print("at the end")
            import sys
            evalframe.install(callback, only=lambda code: code.co_name in ("add", "__del__"))
            add()
            atexit._run_exitfuncs()
            end()
            """,
        )

    def test_left_with_a_generator(self):
        self.assert_prints(
            "0\n",
            """if True:
            from pyframe_shim import evalframe
            def generator():
                try:
                    yield 0
                    yield 1
                finally:
                    generator
            evalframe.install(lambda frame: None)
            left = generator()
            print(next(left))
            """,
        )

    def test_a_daemon_thread(self):
        self.assert_prints(
            "well\n",
            """if True:
            import threading, time
            from pyframe_shim import evalframe
            def work():
                while True: work_more()
            def work_more(): return 1
            evalframe.install(lambda frame: None)
            threading.Thread(target=work, daemon=True).start()
            time.sleep(0.1)
            print("well")
            """,
        )

    def test_fork(self):
        self.assert_prints(
            "child\nparent\n",
            """if True:
            import os, sys
            from pyframe_shim import evalframe
            def say(): return "nothing"
            who = "parent"
            evalframe.install(lambda frame: evalframe.Return(who), only=lambda code: code is say.__code__)
            child = os.fork()
            if child == 0:
                who = "child"
                print(say(), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(say())
            """,
        )

    def test_module_imported_again(self):
        """Two copies of the module: hooks of one know nothing of the other's."""
        self.assert_prints(
            "['second', 'first']\n",
            """if True:
            import sys
            from pyframe_shim import evalframe
            seen = []
            def function(): pass
            only = lambda code: code is function.__code__
            evalframe.install(lambda frame: seen.append("first"), only=only)
            for name in [name for name in sys.modules if name.startswith("pyframe_shim")]:
                del sys.modules[name]
            from pyframe_shim import evalframe
            evalframe.install(lambda frame: seen.append("second"), only=only)
            function()
            print(seen)
            """,
        )

    def test_interpreters(self):
        """Each has hooks of its own, also where it has a GIL of its own (3.12 and newer)."""
        self.assert_prints(
            "1\n1\nmain\n",
            """if True:
            import sys
            try:
                import _interpreters as interpreters
                kinds = ["legacy", "isolated"]
                make = interpreters.create
            except ImportError:
                import _xxsubinterpreters as interpreters
                kinds = [False, sys.version_info >= (3, 12)]
                make = lambda kind: interpreters.create(isolated=kind)
            from pyframe_shim import evalframe
            def here(): return "main"
            asked = []
            evalframe.install(lambda frame: asked.append(frame.code.co_name), only=lambda code: code.co_name in ("here", "there"))
            code = '''if True:
                from pyframe_shim import evalframe
                def there(): return 0
                def callback(frame): return evalframe.Return(1)
                with evalframe.hook(callback, only=lambda code: code is there.__code__):
                    print(there(), flush=True)
                evalframe.install(callback)
                left = [evalframe.hook(callback), there]
            '''
            for kind in kinds:
                other = make(kind)
                error = interpreters.run_string(other, code)
                assert error is None, error
                interpreters.destroy(other)
            assert asked == [], asked
            print(here())
            """,
        )

    def test_no_package_beside_it(self):
        """The module alone, as a build checks it, is whole."""
        code, out, error = script("import pyframe_shim._native as native; print(native.Hook.__name__, native.Frame.__name__)")
        self.assertEqual((code, out, error), (0, "Hook Frame\n", ""))
