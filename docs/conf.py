"""How Sphinx builds these pages: ``sphinx-build -W --keep-going -b html docs build/docs``."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "flowpipe-deadline"
html_title = "flowpipe-deadline"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "references"]
exclude_patterns = ["_ext"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_show_copyright = False
smartquotes = False  # What stands in quotes is typed.
myst_heading_anchors = 4
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries_show_parents = "hide"

IN_CHECKOUT = {
    HERE.parent / "README.md": "project/readme",
    HERE.parent / "CHANGELOG.md": "project/changelog",
    HERE.parent / "CONTRIBUTING.md": "project/contributing",
    HERE.parent / "SECURITY.md": "project/security",
    HERE.parent / "findings" / "README.md": "project/findings",
    HERE.parent / "benchmarks" / "README.md": "project/benchmarks",
}
"""The pages that stand elsewhere in the checkout, and those that include them."""


def lead_from_here(app, relative_path, parent_docname, content):  # noqa: ARG001  (MyST tells its last part only)
    """Lets the links of a page that is included start from the page that includes it."""
    folders = (HERE / relative_path).parent, (HERE / app.env.docname).parent

    def moved(link):
        return f"]({os.path.relpath(folders[0] / link.group(1), folders[1])}"

    content[0] = re.sub(r"\]\((?!\w+:|#)([^)#]+)", moved, content[0])


class LinksIntoTheCheckout(SphinxPostTransform):
    """Lets links to files outside of this folder lead to the page that includes it, or nowhere."""

    default_priority = 8  # Before MyST's own.

    def run(self, **_):
        """Changes them."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("reftype") != "myst":
                continue
            folder = (HERE / node["refdoc"]).parent
            path = Path(folder / node["reftarget"]).resolve()
            if node["refdomain"] == "doc":
                path = path.with_name(f"{path.name}.md")
            if path in IN_CHECKOUT:
                node["refdomain"], node["reftarget"] = "doc", IN_CHECKOUT[path]
            elif path.exists() and HERE not in path.parents:
                node.replace_self(nodes.inline("", "", *node.children[0].children))


def without_short_names(app, what, name, obj, options, signature, returns):  # noqa: ARG001, PLR0913, PLR0917 (Sphinx's)
    """The signature with what our short names for types stand for."""
    text = signature or ""
    for short, type_ in {"AnyPath": "str | PathLike[str]", "_Say": "Callable[[str], None]"}.items():
        text = re.sub(rf"\b{short}\b", type_, text)
    return text or signature, returns


def setup(app):
    """Adds them."""
    app.connect("include-read", lead_from_here)
    app.connect("autodoc-process-signature", without_short_names)
    app.add_post_transform(LinksIntoTheCheckout)
    return {"parallel_read_safe": True}
