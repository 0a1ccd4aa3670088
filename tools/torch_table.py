"""Which of the library's symbols each PyTorch release calls, read from the wheels without running them.

    make torch-table

For every release from 2.0 on and every CPython that it has a wheel for (Linux, x86-64), the dynamic symbols of
libtorch_python.so: of a wheel, only that file is fetched. Writes python/pyframe_shim/torch_symbols.json, which the
package goes by, and docs/torch.md.
"""

import contextlib
import io
import json
import re
import sys

import pypi
import pythons
import torch_page
from builds import ROOT, exported
from console import Failure, Step, main, run, say

READERS = pypi.pinned("capstone", "packaging", "pyelftools", "pypi-simple", "remotezip")
PLACE = ROOT / ".tools" / "torch-table"
INSTALLED = PLACE / "installed"
DATA = ROOT / "python" / "pyframe_shim" / "torch_symbols.json"
PAGE = ROOT / "docs" / "torch.md"

FIRST = "2.0.0"
MINORS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PLATFORM = re.compile(r"manylinux.*_x86_64")
LIBRARY = "torch/lib/libtorch_python.so"
# The functions and tables around frames that a release may have, ours among them.
AROUND_FRAMES = re.compile(r"(THP_Py|_PyFunction_|(_torch)?_PyOpcode_|init_THP|get_frame|dynamo_eval_|clear_old_frame|enable_eval_frame)")
TO_LOCALS = "THP_PyFrame_FastToLocalsWithError"


def pip(*arguments):
    return run([sys.executable, "-m", "pip", *arguments], f"pip {arguments[0]}")


def index():
    """The package index that pip is configured for, as a keyword argument; none for the usual one."""
    for key in (":env:.index-url", "global.index-url"):
        with contextlib.suppress(Failure):
            return {"endpoint": pip("config", "get", key).strip()}
    return {}


def wheels():
    """Release, then minor: where the wheel is."""
    from packaging.utils import parse_wheel_filename
    from packaging.version import Version
    from pypi_simple import PyPISimple

    with PyPISimple(**index()) as client:
        files = [file for file in client.get_project_page("torch").packages if file.package_type == "wheel" and not file.is_yanked]
    found = {}
    for file in files:
        _, version, build, tags = parse_wheel_filename(file.filename)
        if version < Version(FIRST) or version.is_prerelease or not any(PLATFORM.fullmatch(tag.platform) for tag in tags):
            continue
        for minor in MINORS:
            name = "cp" + minor.replace(".", "")
            if any(tag.interpreter == tag.abi == name for tag in tags):
                # Of two builds, pip takes the later one.
                before = found.setdefault(version, {}).get(minor)
                found[version][minor] = max(filter(None, [before, (build, file.url)]))
    return {str(version): {minor: url for minor, (_, url) in found[version].items()} for version in sorted(found)}


def library(url):
    """The wheel's libtorch_python.so, and its dynamic symbols."""
    from elftools.elf.elffile import ELFFile
    from remotezip import RemoteZip

    with RemoteZip(url) as wheel, wheel.open(LIBRARY) as compressed:
        elf = ELFFile(io.BytesIO(compressed.read()))
    return elf, elf.get_section_by_name(".dynsym")


def reached(elf, symbols, kind):
    """The names that the library reaches through the loader's slots of a kind."""
    from elftools.elf.enums import ENUM_RELOC_TYPE_x64

    sections = (elf.get_section_by_name(name) for name in (".rela.plt", ".rela.dyn"))
    relocations = (relocation for section in sections for relocation in section.iter_relocations())
    wanted = ENUM_RELOC_TYPE_x64[kind]
    return {symbols.get_symbol(found["r_info_sym"]).name for found in relocations if found["r_info_type"] == wanted}


def takes_two(elf, symbols):
    """Whether fast to locals has its second parameter: with one only, it writes the register before it reads it."""
    from capstone import CS_ARCH_X86, CS_MODE_64, Cs
    from capstone.x86 import X86_REG_ESI, X86_REG_RSI

    (function,) = symbols.get_symbol_by_name(TO_LOCALS)
    start, size = function["st_value"], function["st_size"]
    elf.stream.seek(next(iter(elf.address_offsets(start, size))))
    disassembler = Cs(CS_ARCH_X86, CS_MODE_64)
    disassembler.detail = True
    for instruction in disassembler.disasm(elf.stream.read(size), start):
        reads, writes = instruction.regs_access()
        if {X86_REG_ESI, X86_REG_RSI} & {*reads, *writes}:
            return bool({X86_REG_ESI, X86_REG_RSI} & {*reads})
    return False


def verdict(minor, answered, elf, symbols):
    """What install() says of it."""
    if minor not in pythons.SUPPORTED:
        return "no build"
    if not answered:
        return "nothing"
    return "signature" if TO_LOCALS in answered and not takes_two(elf, symbols) else "fits"


def entry(url, minor):
    elf, symbols = library(url)
    around = {symbol.name for symbol in symbols.iter_symbols() if symbol["st_shndx"] != "SHN_UNDEF" and AROUND_FRAMES.match(symbol.name)}
    called = reached(elf, symbols, "R_X86_64_JUMP_SLOT") & around
    data = reached(elf, symbols, "R_X86_64_GLOB_DAT") & around
    ours = set(exported())
    return {
        "verdict": verdict(minor, called & ours, elf, symbols),
        "called": sorted(called & ours),
        "data": sorted(data & ours),
        "others": sorted((called | data) - ours),
        "idle": sorted(around - called - data),
    }


def written(table):
    """The table as JSON, a line for each wheel."""
    blocks = []
    for release, entries in table.items():
        lines = ",\n".join(f"  {json.dumps(minor)}: {json.dumps(entry)}" for minor, entry in entries.items())
        blocks.append(f" {json.dumps(release)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def torch_table():
    if not INSTALLED.exists() or INSTALLED.read_text() != " ".join(READERS):
        with Step(f"installing {', '.join(READERS)} (into {PLACE.relative_to(ROOT)})"):
            pip("install", "--quiet", "--upgrade", "--target", str(PLACE), *READERS)
        INSTALLED.write_text(" ".join(READERS))
    sys.path.insert(0, str(PLACE))
    table = {}
    for release, places in wheels().items():
        with Step(f"PyTorch {release}: CPython {', '.join(places)}"):
            table[release] = {minor: entry(places[minor], minor) for minor in MINORS if minor in places}
    if not table:
        raise Failure("no wheel of PyTorch found; is the package index that pip is configured for the right one?")
    PAGE.parent.mkdir(exist_ok=True)
    DATA.write_text(written(table))
    PAGE.write_text(torch_page.page(table))
    say(f"{len(table)} releases: {DATA.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(torch_table))
