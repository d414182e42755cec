"""The order of a dialog's parts: what is begun is ended, and one grid at a time (plugin API, section 5.7)."""

from __future__ import annotations

from typing import List, Set, Tuple

__all__ = ["Layout", "LayoutError"]


class LayoutError(Exception):
    """A dialog that is put together in another order than Deadline's own."""


class Layout:
    """What is begun and not ended yet, outermost first; and which cells of the grid are taken."""

    def __init__(self) -> None:
        self._open: List[str] = []
        self._taken: Set[Tuple[int, int]] = set()

    def begin(self, what: str, *, inside: str = "") -> None:
        """Begin a grid, tab page, …; ``inside`` is what has to be open around it."""
        if "Grid" in self._open:
            raise LayoutError("{} inside of a grid: EndGrid comes first".format(what))
        if inside and self._open[-1:] != [inside]:
            raise LayoutError("{} belongs inside of a {}".format(what, inside))
        self._open.append(what)
        self._taken.clear()

    def end(self, what: str) -> None:
        """End what was begun last."""
        if self._open[-1:] != [what]:
            raise LayoutError("End{} without {} before it".format(what, what))
        self._open.pop()

    def take(self, row: int, column: int, *, rows: int, columns: int) -> None:
        """Take cells of the grid; a span of -1 is taken for one cell, as how far it reaches is not known."""
        if self._open[-1:] != ["Grid"]:
            raise LayoutError("a control outside of a grid: AddGrid comes first")
        cells = {(row + down, column + along) for down in range(max(rows, 1)) for along in range(max(columns, 1))}
        if min(row, column) < 0 or cells & self._taken:
            raise LayoutError("row {}, column {} of the grid is taken, or none".format(row, column))
        self._taken |= cells

    def finish(self) -> None:
        """Make sure that nothing is open."""
        if self._open:
            raise LayoutError("ShowDialog before End{}".format(self._open[-1]))
