"""The reference of a C header, made from the header: it is put where a page says `{header} name.h`.

A header of this project is blocks between empty lines: a comment, and the declarations that it is about. A comment of one line with
dashes opens a section.
"""

import pathlib
import re
import textwrap

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
PLACE = re.compile(r"^```\{header\} (\S+)\n```$", re.MULTILINE)
SECTION = re.compile(r"/\* -+ (.*?) -+ \*/")
COMMENT = re.compile(r"/\*(.*?)\*/\n?(.*)", re.DOTALL)
FUNCTION = re.compile(r"(?!typedef|extern|#)[\w \n*]*?\b(\w+)\((?:[^();]|\([^()]*\))*\);", re.DOTALL)
# What the preprocessor is told, and no reader.
LEFT_OUT = re.compile(r'#\s*(?:if|ifdef|ifndef|endif|include|error|else)\b.*|#define \w+_H|extern "C" \{|\}')
NAME = re.compile(r"(?<![`\w])(PyFrameShim_\w+|THP_Py\w+|get_framelocals_mapping|_PyFunction_CopyWithNewCode)\b")
COLUMNS = re.compile(r"\S {3,}\S")


def prose(comment):
    """A comment as Markdown, which it nearly is: names become links, and what is laid out in columns stays so."""
    text = "\n".join(re.sub(r"^ \* ?", "", line).rstrip() for line in comment.strip().splitlines())
    return "\n\n".join(map(paragraph, text.split("\n\n")))


def paragraph(text):
    if COLUMNS.search(text):
        return f"```text\n{textwrap.dedent(text)}\n```"
    return NAME.sub(r"{c:func}`\1`", text)


def blocks(text):
    """(section, comment, declarations) for each block; one of them alone in a section's line."""
    for block in re.split(r"\n{2,}", text):
        lines = [line for line in block.splitlines() if not LEFT_OUT.fullmatch(line.strip())]
        block = "\n".join(lines).strip("\n")
        section = SECTION.fullmatch(block.strip())
        if section:
            yield section[1], "", ""
        elif block.startswith("/*") and (found := COMMENT.fullmatch(block)):
            yield "", prose(found[1]), found[2].strip("\n")
        elif block:
            yield "", "", block


def page(text):
    """Markdown for a header."""
    for section, comment, declarations in blocks(text):
        if section:
            yield f"## {section}"
            continue
        signatures = [" ".join(found[0].split()).rstrip(";") for found in FUNCTION.finditer(declarations)]
        others = FUNCTION.sub("", declarations).strip("\n")
        if others or not signatures:
            yield comment
            comment = ""
        if others:
            yield f"```c\n{others}\n```"
        for number, signature in enumerate(signatures, 1):
            # The comment is about all of them, and stands below the last.
            yield f"````{{c:function}} {signature}\n{comment if number == len(signatures) else ''}\n````"


def put_in(app, name, source):
    def made(found):
        path = INCLUDE / found[1]
        app.env.note_dependency(str(path), docname=name)
        return "\n\n".join(page(path.read_text()))

    source[0] = PLACE.sub(made, source[0])


def setup(app):
    app.connect("source-read", put_in)
    return {"parallel_read_safe": True}
