"""The folder of a new bundle, which appears whole or not at all.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Iterator, Tuple

from ..core.bundle import ERRORS, FILES, FORMAT, JOBS, NODES, RESULTS, STORE, AnyPath
from ..core.errors import BundleError
from ..core.files import json_bytes
from ..core.names import safe_name
from ..core.rights import make_folder, share

_LONGEST_GRAPH_NAME = 40


def submission_name(graph: str, *, created: datetime, digits: str) -> str:
    """The name of a submission and its folder: graph, time, and digits that make it distinct."""
    return f"{safe_name(graph, longest=_LONGEST_GRAPH_NAME)}-{created:%Y%m%d-%H%M%S}-{digits}"


def partial_name(name: str) -> str:
    """What the folder of a submission is called while it is being written."""
    return f".{name}.partial"


@contextmanager
def new_folder(root: AnyPath, name: str) -> Iterator[Tuple[Path, Path]]:
    """The folder of the bundle once the block ends, and the one to write into until then.

    All of it has the rights of the root.

    Raises:
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
    """
    folder = Path(os.path.abspath(os.path.expanduser(str(root)))) / name  # Workers map paths by their beginnings.
    partial = folder.with_name(partial_name(name))
    try:
        for part in (NODES, JOBS, ERRORS):
            make_folder(partial / part)
        yield folder, partial
        partial.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"the bundle cannot be written below {root}: {reason}; nothing was left there") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_file(path: Path, data: bytes) -> None:
    """Writes a file of the partial folder through to the disk, so that a crash cannot leave the folder without it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    share(path)


def write_store(partial: Path, *, store: str, name: str) -> None:
    """Writes where the results of the submission are kept; if that is the bundle itself, makes the folder for them."""
    if store == FILES:
        make_folder(partial / RESULTS)
    else:
        write_file(partial / STORE, json_bytes({"format": FORMAT, "store": store, "submission": name}))
