"""Which of the library's symbols each PyTorch release calls, read from the wheels without running them.

    make torch-table

For every release from 2.0 on and every CPython that it has a wheel for (Linux, x86-64), the dynamic symbols of
libtorch_python.so: of a wheel, only that file is fetched. Writes python/pyframe_shim/torch_symbols.json, which the
package goes by, and docs/torch.md.
"""

import io
import json
import re
import sys

import pythons
import torch_page
from builds import ROOT, exported
from console import Failure, Step, main, run, say

READERS = ["remotezip==0.12.6", "pyelftools==0.33", "capstone==5.0.9"]
PLACE = ROOT / ".tools" / "torch-table"
DATA = ROOT / "python" / "pyframe_shim" / "torch_symbols.json"
PAGE = ROOT / "docs" / "torch.md"

FIRST = (2, 0, 0)
MINORS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PLATFORMS = ["manylinux1_x86_64", "manylinux2014_x86_64", *(f"manylinux_2_{glibc}_x86_64" for glibc in range(17, 43))]
LIBRARY = "torch/lib/libtorch_python.so"
# The helpers around frames that a release may have, ours among them.
HELPERS = re.compile(r"(THP_Py|_PyFunction_|(_torch)?_PyOpcode_|init_THP|get_frame|dynamo_eval_|clear_old_frame|enable_eval_frame)")
TO_LOCALS = "THP_PyFrame_FastToLocalsWithError"


def numbers(release):
    return tuple(int(number) for number in release.split("."))


def pip(*arguments):
    return run([sys.executable, "-m", "pip", *arguments], f"pip {arguments[0]}")


def choice(minor):
    """pip's options for a wheel of another interpreter."""
    return ["--only-binary=:all:", f"--python-version={minor}", *(f"--platform={name}" for name in PLATFORMS)]


def releases(minor):
    """The releases that have a wheel for this minor, oldest first."""
    found = re.search(r"^Available versions: (.+)$", pip("index", "versions", "torch", *choice(minor)), re.MULTILINE)
    names = found.group(1).split(", ") if found else []
    return sorted((name for name in names if numbers(name) >= FIRST), key=numbers)


def address(release, minor):
    """Where pip would fetch the wheel."""
    report = PLACE / "report.json"
    target = ["--target", str(PLACE / "nothing"), "--ignore-installed"]
    pip("install", "--dry-run", "--quiet", "--no-deps", f"--report={report}", *target, *choice(minor), f"torch=={release}")
    return json.loads(report.read_text())["install"][0]["download_info"]["url"]


def library(release, minor):
    """The wheel's libtorch_python.so, and its dynamic symbols."""
    from elftools.elf.elffile import ELFFile
    from remotezip import RemoteZip

    with RemoteZip(address(release, minor)) as wheel, wheel.open(LIBRARY) as compressed:
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


def entry(release, minor):
    elf, symbols = library(release, minor)
    helpers = {symbol.name for symbol in symbols.iter_symbols() if symbol["st_shndx"] != "SHN_UNDEF" and HELPERS.match(symbol.name)}
    called = reached(elf, symbols, "R_X86_64_JUMP_SLOT") & helpers
    data = reached(elf, symbols, "R_X86_64_GLOB_DAT") & helpers
    ours = set(exported())
    return {
        "verdict": verdict(minor, called & ours, elf, symbols),
        "called": sorted(called & ours),
        "data": sorted(data & ours),
        "others": sorted((called | data) - ours),
        "idle": sorted(helpers - called - data),
    }


def written(table):
    """The table as JSON, a line for each wheel."""
    blocks = []
    for release in sorted(table, key=numbers):
        lines = ",\n".join(f"  {json.dumps(minor)}: {json.dumps(entry)}" for minor, entry in table[release].items())
        blocks.append(f" {json.dumps(release)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def torch_table():
    if not all((PLACE / f"{package}.dist-info").exists() for package in (name.replace("==", "-") for name in READERS)):
        with Step(f"installing {', '.join(READERS)} (into {PLACE.relative_to(ROOT)})"):
            pip("install", "--quiet", "--upgrade", "--target", str(PLACE), *READERS)
    sys.path.insert(0, str(PLACE))
    table = {}
    for minor in MINORS:
        names = releases(minor)
        with Step(f"CPython {minor}: {len(names)} releases"):
            for release in names:
                table.setdefault(release, {})[minor] = entry(release, minor)
    if not table:
        raise Failure("pip finds no PyTorch; is the package index that it is configured for reachable?")
    PAGE.parent.mkdir(exist_ok=True)
    DATA.write_text(written(table))
    PAGE.write_text(torch_page.page(table))
    say(f"{len(table)} releases: {DATA.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(torch_table))
