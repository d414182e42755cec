"""Fresh modules in a kept interpreter, for nodes that ask for them by ``metadata["reload"]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Iterator, Set

from ..core.locate import SHARED, code_folders, own_file
from ..results.upstream import Record

_folders: Set[str] = set()
"""Where the modules of graphs came from in this process, each with a final separator."""


def note_modules(record: Record, *, bundle: Path) -> None:
    """Remembers where the graph's own modules come from."""
    roots = (record.get("imports") or {"roots": ()})["roots"]
    files = [source["file"] for source in (record["class"], record["function"]) if source and source["file"]]
    folders = [*roots, *code_folders(roots, bundle=bundle), *map(os.path.dirname, files)]
    _folders.update(os.path.join(os.path.realpath(folder), "") for folder in folders)


def forget_modules() -> None:
    """Forgets the graphs' own modules, so that they are loaded anew when they are imported next.

    What is installed stays, and so do the standard library, this package, and modules of the host application: few of
    those can be loaded twice.
    """
    for name in list(_own_modules()):
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:  # A package without an __init__.py, which stays.
            vars(sys.modules[parent]).pop(child, None)


def _own_modules() -> Iterator[str]:
    for name, module in list(sys.modules.items()):
        file = own_file(getattr(module, "__file__", None)) or ""
        is_shared = name.partition(".")[0] in (*SHARED, "__main__")
        if file.endswith(".py") and not is_shared and os.path.realpath(file).startswith(tuple(_folders)):
            yield name
