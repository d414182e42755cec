"""Fresh modules for each task of a node that asks for them by ``metadata["reload"]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Iterable

from ..core.locate import SHARED, code_folders, own_file
from ..results.upstream import Record


def forget_modules(record: Record, *, bundle: Path) -> None:
    """Forgets the graph's own modules, so that they are loaded anew when they are imported next.

    These are modules in the folders that the graph's modules came from. What is installed stays, and so do the
    standard library, this package, and modules of the host application: few of those can be loaded twice.
    """
    imports = record.get("imports") or {"roots": ()}
    files = [source["file"] for source in (record["class"], record["function"]) if source and source["file"]]
    folders = [*imports["roots"], *code_folders(imports["roots"], bundle=bundle), *map(os.path.dirname, files)]
    for name in list(_modules_below(os.path.realpath(folder) for folder in folders)):
        del sys.modules[name]


def _modules_below(folders: Iterable[str]) -> Iterable[str]:
    inside = tuple(os.path.join(folder, "") for folder in folders)
    for name, module in list(sys.modules.items()):
        file = own_file(getattr(module, "__file__", None))
        is_known = name.partition(".")[0] in (*SHARED, "__main__")
        if file is not None and file.endswith(".py") and not is_known and os.path.realpath(file).startswith(inside):
            yield name
