"""What a notebook shows of a plan, a bundle and results.

Deadline's own Python imports this too: standard library only, valid from Python 3.7. The room that draws is above those
whose objects are shown, and needs more than they do, so it is imported by its name, once something is to be shown.
"""

from __future__ import annotations

from importlib import import_module


class Shown:
    """What a notebook shows as HTML."""

    def _repr_html_(self) -> str:
        drawing = import_module(f"{__name__.partition('.')[0]}.drawing.notebook")
        html: str = drawing.html_of(self)
        return html
