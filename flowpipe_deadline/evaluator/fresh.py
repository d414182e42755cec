"""Fresh modules in a kept interpreter, for nodes that ask for them by ``metadata["reload"]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterable, Iterator

from ..core.locate import INSTALLED, SHARED, code_folders, own_file
from ..results.upstream import Record

_LIBRARY = os.path.join(os.path.dirname(os.path.realpath(os.__file__)), "")
_folders: set[str] = set()
"""Where the modules of graphs came from in this process, each with a final separator."""


def note_modules(record: Record, *, bundle: Path) -> None:
    """Remembers where the graph's own modules come from."""
    roots = (record.get("imports") or {"roots": ()})["roots"]
    files = [source["file"] for source in (record["class"], record["function"]) if source and source["file"]]
    folders = [*roots, *code_folders(roots, bundle=bundle), *map(os.path.dirname, files)]
    _folders.update(os.path.join(os.path.realpath(folder), "") for folder in folders)


def forget_modules() -> None:
    """Forgets the graphs' own modules, so that they are loaded anew when they are imported next.

    What is installed stays, and so do the standard library, this package, modules of the host application, and packages
    with compiled modules: few of those can be loaded twice.
    """
    for name in list(_own_modules()):
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:  # A package without an __init__.py, which stays.
            vars(sys.modules[parent]).pop(child, None)


def can_forget(names: Iterable[str]) -> bool:
    """Whether nothing would stay of these modules but the standard library's."""
    own = set(_own_modules())
    return all(name in own or _is_standard(sys.modules.get(name)) for name in names)


def _own_modules() -> Iterator[str]:
    files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    kept = {name.partition(".")[0] for name, file in files.items() if file and not file.endswith(".py")}
    for name, file in files.items():
        is_kept = name.partition(".")[0] in (*SHARED, "__main__", *kept)
        if not is_kept and own_file(file or None) and os.path.realpath(file).startswith(tuple(_folders)):
            yield name


def _is_standard(module: ModuleType | None) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or (
        os.path.realpath(file).startswith(_LIBRARY) and not INSTALLED.intersection(Path(file).parts)
    )
