"""Where the graph's own modules were imported from when it was planned, made importable here."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, List, Mapping

_PYTHON_PATH = "PYTHONPATH"


def add_import_roots(record: Mapping[str, Any]) -> None:
    """Adds the folders of a node record to ``sys.path``, behind everything that this Python has by itself.

    Behind, as they belong to the Python that the graph was planned with: what they hold besides the graph's own
    modules, compiled for another version, say, must not hide what a host application brings. A node's own module is
    found by its file in any case.

    Python processes that the node starts see those that stood in PYTHONPATH, as they do where the graph is evaluated
    without a farm; ``multiprocessing`` hands over ``sys.path``, and so all of them. Others would be put before what a
    child process has by itself, be it another application, and nobody who evaluates the graph at home would know.
    """
    imports = record.get("imports")
    if not imports:
        return
    sys.path.extend(_new(imports["roots"], sys.path))
    importlib.invalidate_caches()
    inherited = list(filter(None, os.environ.get(_PYTHON_PATH, "").split(os.pathsep)))
    python_path = [*inherited, *_new(imports["python_path"], inherited)]
    if python_path:
        os.environ[_PYTHON_PATH] = os.pathsep.join(python_path)


def _new(folders: List[str], known: List[str]) -> List[str]:
    """Those that exist on this machine and are not known."""
    return [folder for folder in folders if folder not in known and os.path.exists(folder)]
