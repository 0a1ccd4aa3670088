"""The documents as a site: `make docs`. Nothing is fetched when the site is made, nor when it is read."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "_extensions"))

project = "pyframe-shim"
copyright = "the authors of pyframe-shim"
extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "header", "links"]
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "attrs_block"]
myst_heading_anchors = 3
exclude_patterns = ["_extensions"]
html_theme = "furo"
html_title = "pyframe-shim"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
smartquotes = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
# Types of C's and of CPython's, which no page declares.
nitpicky = False
add_function_parentheses = False
