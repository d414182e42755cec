"""The folder of a new bundle, which appears whole or not at all.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

from ..core.bundle import (
    CODE,
    EDITS,
    ERRORS,
    FILES,
    FORMAT,
    JOBS,
    MANIFEST,
    NODES,
    RESULTS,
    STORE,
    AnyPath,
    Bundle,
    parse_manifest,
)
from ..core.errors import BundleError
from ..core.files import json_bytes
from ..core.names import safe_name
from ..core.rights import keep_from_others, make_folder, share, user_name

_LONGEST_GRAPH_NAME = 40


def new_submission(graph: str) -> dict[str, str]:
    """What the manifest says of a new submission of the graph: the name of its folder, when it was made, and by whom.

    The name is graph, time, and digits that make it distinct; letters that are not ASCII are left out.
    """
    created = datetime.now()
    name = f"{safe_name(graph, longest=_LONGEST_GRAPH_NAME)}-{created:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    return {"submission": name, "created": created.isoformat(timespec="seconds"), "user": user_name()}


def partial_name(name: str) -> str:
    """What the folder of a submission is called while it is being written."""
    return f".{name}.partial"


def make_bundle(
    manifest: Mapping[str, Any], *, root: AnyPath, files: Callable[[Path], Iterable[tuple[str, bytes]]]
) -> Bundle:
    """Writes and returns the bundle with that manifest, in a new folder below the root, which is created if need be.

    ``files`` is called with the folder, and gives the files of jobs, nodes, edits and code, each with its path in
    there. All of it has the rights of the root, but those of jobs are kept from others, as they hold variables.

    Raises:
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
    """
    name, store = manifest["submission"], manifest.get("store", FILES)
    folder = Path(os.path.abspath(os.path.expanduser(str(root)))) / name  # Workers map paths by their beginnings.
    partial = folder.with_name(partial_name(name))
    try:
        for part in (NODES, JOBS, ERRORS):
            make_folder(partial / part)
        keep_from_others(partial / JOBS, root=folder.parent)
        for path, data in files(folder):
            if path.startswith((f"{CODE}/", f"{EDITS}/")):
                make_folder((partial / path).parent)
            _write(partial / path, data)
            if path.startswith(f"{JOBS}/"):
                keep_from_others(partial / path, root=folder.parent)
        if store == FILES:
            make_folder(partial / RESULTS)
        else:
            _write(partial / STORE, json_bytes({"format": FORMAT, "store": store, "submission": name}))
        _write(partial / MANIFEST, json_bytes(manifest))
        partial.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"the bundle cannot be written below {root}: {reason}; nothing was left there") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return parse_manifest(manifest, folder=folder)


def _write(path: Path, data: bytes) -> None:
    """Writes a file through to the disk, so that a crash cannot leave the folder without it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    share(path)
