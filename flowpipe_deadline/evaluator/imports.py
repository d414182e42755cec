"""Makes the graph's own modules importable here, from the folders that they came from when it was planned."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, List, Mapping


def add_import_roots(record: Mapping[str, Any]) -> None:
    """Appends the folders of a node record to ``sys.path``.

    They come last because they belong to the Python that the graph was planned with: other modules in them, compiled
    for another version, say, must not hide those of a host application. A node's own module is found by its file.

    Only folders that were in PYTHONPATH are added to PYTHONPATH, so that Python processes started by the node find the
    same modules as without a farm. The others would come before the child's own, which may be of another application.
    ``multiprocessing`` passes on all of ``sys.path``.
    """
    imports = record.get("imports")
    if not imports:
        return
    sys.path.extend(_new(imports["roots"], sys.path))
    importlib.invalidate_caches()
    inherited = list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    python_path = [*inherited, *_new(imports["python_path"], inherited)]
    if python_path:
        os.environ["PYTHONPATH"] = os.pathsep.join(python_path)


def _new(folders: List[str], known: List[str]) -> List[str]:
    """The folders that exist on this machine and are not among ``known``."""
    return [folder for folder in folders if folder not in known and os.path.exists(folder)]
