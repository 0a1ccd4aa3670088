"""Documents at the top of the project become pages, and links out of the folder of the documents lead somewhere in the site.

A page that says `{include} ../NAME.md` is that document. A link to such a document leads to its page, one to a file downloads the file, and
one to a folder becomes the folder's name: the site has no repository behind it.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r"^```\{include\} \.\./(\S+)\n```$", re.MULTILINE)
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
    included = INCLUDE.fullmatch(source[0].strip())
    if included:
        path = ROOT / included[1]
        app.env.note_dependency(str(path), docname=name)
        source[0], folder = path.read_text(), ROOT
    source[0] = rewritten(source[0], folder)


def setup(app):
    app.connect("source-read", rewrite)
    return {"parallel_read_safe": True}
