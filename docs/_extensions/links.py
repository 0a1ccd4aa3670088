"""Documents at the top of the project become pages, and links out of the folder of the documents lead somewhere in the site.

A page includes such a document by `{include} ../NAME.md`; with `:end-before: LINE`, the document up to that line. A link to such a document
leads to its page, one to a file downloads the file, and one to a folder becomes the folder's name: the site has no repository behind it.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r"^```\{include\} \.\./(\S+)\n(?::end-before: (.*)\n)?```$", re.MULTILINE)
PICTURE = re.compile(r"(!\[[^\]]*\])\(docs/([^)]+)\)")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|/)([^)#]+)(#[^)]*)?\)")
PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}


def rewritten(text, folder):
    """The text of a document that lies in `folder`, with its links as the site has them."""

    def link(found):
        text, target, part = found.groups()
        path = (folder / target).resolve()
        inside = path.relative_to(ROOT)
        if str(inside) in PAGES:
            return f"[{text}](/{PAGES[str(inside)]}{part or ''})"
        if inside.parts[0] == "docs" and path.suffix == ".md":
            return f"[{text}](/{path.relative_to(ROOT / 'docs')}{part or ''})"
        if path.is_file() and path.suffix != ".md":
            return f"{{download}}`{text} </../{inside}>`"
        return text if str(inside) in text or target in text else f"{text} (`{inside}`)"

    return LINK.sub(link, text)


def rewrite(app, name, source):
    folder = ROOT / "docs" / pathlib.Path(name).parent

    def document(found):
        path = ROOT / found[1]
        app.env.note_dependency(str(path), docname=name)
        text = path.read_text()
        if found[2]:
            text = text[: text.index(f"\n{found[2]}\n")]
        return PICTURE.sub(r"\1(/\2)", rewritten(text, ROOT))

    source[0] = INCLUDE.sub(document, rewritten(source[0], folder))


def setup(app):
    app.connect("source-read", rewrite)
    return {"parallel_read_safe": True}
