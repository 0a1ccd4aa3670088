"""Links out of the folder of the documents: to a document that the site has as a page, to a file, or to a folder, which is named only."""

import pathlib
import re

DOCS = pathlib.Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)#]+)(#[^)]*)?\)")
# Documents at the top of the project, which have a page here.
PAGES = {"ARCHITECTURE.md": "architecture.md", "CONTRIBUTING.md": "contributing.md", "README.md": "index.md", "CHANGELOG.md": "changelog.md"}


def rewritten(found):
    text, target, part = found.groups()
    if target in PAGES:
        return f"[{text}](/{PAGES[target]}{part or ''})"
    if (ROOT / target).is_dir() or target.endswith(".md"):
        return text if target in text else f"{text} (`{target}`)"
    return f"{{download}}`{text} </{'../' + target}>`"


def rewrite(app, name, source):
    source[0] = LINK.sub(rewritten, source[0])


def setup(app):
    app.connect("source-read", rewrite)
    return {"parallel_read_safe": True}
