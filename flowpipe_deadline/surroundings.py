"""What is around a graph where it is planned: the environment, and where the graph's own modules come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .farm.locate import INSTALLED, SHARED, import_root, leading_path, own_file


@dataclass(frozen=True)
class Surroundings:
    """What the planner cannot know by itself."""

    environ: Optional[Mapping[str, str]] = None
    """The variables that jobs may take along; None if nobody has looked."""
    import_roots: tuple[str, ...] = ()
    """Folders that modules of the graph's own come from, in the order of ``sys.path``."""
    python_path: tuple[str, ...] = ()
    """Folders that child processes import from as well: those of PYTHONPATH."""
    interpreters: Optional[Collection[str]] = None
    """The interpreters that are configured; None if that is not known."""


def read_surroundings(*, interpreters: Optional[Collection[str]] = None) -> Surroundings:
    """The surroundings of this process; to be read once the graph is there, as only then its modules are."""
    return Surroundings(
        environ=dict(os.environ),
        import_roots=_import_roots(),
        python_path=_full_paths(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))),
        interpreters=interpreters,
    )


def _import_roots() -> tuple[str, ...]:
    """The folders of ``sys.path`` that a module came from which is neither installed nor of the standard library.

    And those that somebody has put before the standard library, be it in a script or in PYTHONPATH: a node may import
    from there when it is evaluated, and not before.
    """
    found = {root for module in list(sys.modules.values()) for root in _roots(module)}
    launcher = _launcher_folder()
    found |= {
        folder
        for folder in filter(None, leading_path())
        if not _is_installed(folder) and os.path.realpath(folder) != launcher
    }
    known = {os.path.normcase(os.path.abspath(folder)) for folder in found}
    return tuple(folder for folder in _full_paths(sys.path) if os.path.normcase(folder) in known)


def _is_installed(folder: str) -> bool:
    """Whether the folder belongs to this Python, its environment or its application."""
    path = Path(os.path.abspath(folder))
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    return not INSTALLED.isdisjoint(path.parts) or not prefixes.isdisjoint((path, *path.parents))


def _launcher_folder() -> Optional[str]:
    """What Python put on ``sys.path`` for a console script: its folder, on Windows itself; None if there is none."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(os.path.realpath(file)) if isinstance(file, str) and _is_launcher(file) else None


def _is_launcher(file: str) -> bool:
    """Whether that is what an installer makes of an entry point, and no script of anybody's."""
    folder, name = os.path.split(file)
    return folder.lower().endswith(".exe") or not name.lower().endswith((".py", ".pyw", ".pyc"))


def _roots(module: object) -> Iterator[str]:
    """Where a module of the graph's own was imported from; the folder of one that is run as a script."""
    file, name = getattr(module, "__file__", None), getattr(module, "__name__", None)
    if not isinstance(file, str) or not isinstance(name, str) or name.partition(".")[0] in SHARED:
        return
    if name == "__main__" and _is_launcher(file):
        return
    path = own_file(file)
    if path is not None:
        spec = getattr(module, "__spec__", None) if name == "__main__" else None
        yield import_root(getattr(spec, "name", name), path) or os.path.dirname(path)


def _full_paths(folders: Iterable[str]) -> tuple[str, ...]:
    """Each folder once, as it is seen from here; an empty one is the current folder."""
    return tuple(dict.fromkeys(os.path.abspath(folder) for folder in folders if isinstance(folder, str)))
