"""Programs that break a contract, and how they end."""

import unittest

from support import run_script

PRELUDE = """
import ctypes, gc, os, resource, sys, time, _thread
import probe
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
shim = ctypes.PyDLL(os.path.join(os.path.dirname(probe.__file__), "libpyframe_shim.so"))
exec(compile(sys.argv[1], "victims.py", "exec"))
exec(sys.argv[2])
print("survived")
"""

# Each function's lines are found by what is written on them.
VICTIMS = """\
def plain(a, b):
    return a, b

def outer():
    x = [1]
    def closure(a):
        return x, a
    return closure

def generator(a):
    yield a
    yield a + 1

def outer_of_generator():
    x = [1]
    def closing(a):
        yield x, a
        yield a, x
    return closing

def current():
    x = 1
    probe.clear(probe.current_frame())

def running(action):
    x = 1
    return list(map(action, [1]))

def kept():
    x = 1
    return sys._getframe()
"""


def line(text):
    (number,) = [number for number, line in enumerate(VICTIMS.splitlines(), 1) if line.strip() == text]
    return number


class ContractTestCase(unittest.TestCase):
    def run_program(self, program, **environment):
        return run_script(PRELUDE, VICTIMS, program, PYTHONFAULTHANDLER="", **environment)

    def assert_dies(self, program, told, **environment):
        """By abort(), after exactly one line."""
        done = self.run_program(program, **environment)
        self.assertEqual((done.returncode, done.stderr), (-6, f"pyframe-shim: contract broken: {told}\n"), done.stdout)
        self.assertEqual(done.stdout, "")

    def assert_dies_in(self, program, function, rule="", **environment):
        """By abort(), after one line that names the call, whatever it can tell of the frame."""
        done = self.run_program(program, **environment)
        self.assertEqual((done.returncode, done.stdout), (-6, ""), done.stderr)
        self.assertRegex(done.stderr, rf"\Apyframe-shim: contract broken: {function}: {rule}.*\n\Z")

    def assert_broken(self, program, function, rule, name=None, at=None, **environment):
        """The line names the call, the rule, and the frame by its code's name and the line that it is at."""
        where = f" (frame of '{name}', file \"victims.py\", line {line(at)})" if name else ""
        self.assert_dies(program, f"{function}: {rule}{where}", **environment)

    def assert_held(self, program, **environment):
        done = self.run_program(program, **environment)
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", "survived\n"))
