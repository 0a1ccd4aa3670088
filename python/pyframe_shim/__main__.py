"""`python -m pyframe_shim`: run a program on the library, show its frames, begin an extension, tell what there is, or where the SDK lies."""

import argparse
import pathlib
import shlex
import sys
import sysconfig

from . import client, dropin, info, paths, run
from .interpose import start_folder


def arguments():
    parser = argparse.ArgumentParser("python -m pyframe_shim", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--version", action="version", version=dropin.VERSION)
    parser.add_argument("--includes", action="store_true", help="the compiler's flags, Python's headers among them")
    parser.add_argument("--libs", action="store_true", help="the linker's flags, for the static library")
    parser.add_argument("--cmakedir", action="store_true", help="PyFrameShim_DIR for find_package(PyFrameShim)")
    parser.add_argument("--startup", action="store_true", help="what PYFRAME_SHIM_START must be for Python to start with the library")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", add_help=False, help="run a program on the library")
    commands.add_parser("frames", add_help=False, help="run a program, and show its frames")
    new = commands.add_parser("new-client", help="an extension to begin with, in a new folder")
    new.add_argument("name", help="the module's, and its folder's")
    new.add_argument("--language", choices=client.TOOLS, default="c", help="c (setuptools), cpp (CMake) or rust (maturin)")
    new.add_argument("--crate", metavar="DIR", help="a clone of pyframe-shim, which an extension in Rust is built with")
    about = commands.add_parser("info", help="what there is, and whether it fits")
    about.add_argument("--json", action="store_true", help="for programs")
    about.add_argument("--load", action="store_true", help="import PyTorch, to see what its symbols are bound to")
    return parser


def main():
    if sys.argv[1:2] == ["run"]:
        return run.run(sys.argv[2:])
    if sys.argv[1:2] == ["frames"]:
        from .frames import command

        return command.run(sys.argv[2:])
    parser = arguments()
    chosen = parser.parse_args()
    if chosen.command == "info":
        return info.main(chosen.json, chosen.load)
    if chosen.command == "new-client":
        return client.make(chosen.name, chosen.language, chosen.crate)
    answers = {
        "includes": shlex.join([f"-I{sysconfig.get_path('include')}", f"-I{paths.get_include()}"]),
        "libs": f"{shlex.quote(paths.get_library())} -Wl,--exclude-libs,{pathlib.Path(paths.get_library()).name} {paths.link_flags()}",
        "cmakedir": paths.get_cmake_dir(),
        "startup": start_folder(),
    }
    wanted = [answers[name] for name in answers if getattr(chosen, name)]
    if not wanted:
        parser.print_help()
        return 2
    print(*wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
