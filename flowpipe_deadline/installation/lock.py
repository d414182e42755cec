"""One installation at a time: a file that says which process is installing."""

from __future__ import annotations

import json
import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ..core.locks import is_running, locked, start_mark
from .apply import about, temporary_name
from .record import InstallationError

LOCK = ".flowpipe-deadline.lock"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keeps other installations away from the folder, on whatever machine, until the block ends.

    A lock whose process has died on this machine is taken over.

    Raises:
        InstallationError: Another one is running; the message says which, and what to do if that is not so. Or the
            folder cannot be written.
    """
    lock = folder / LOCK
    holder = {
        "host": platform.node(),
        "process": os.getpid(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        "token": uuid.uuid4().hex,  # No two locks have the same text.
        "mark": start_mark(os.getpid()),  # When the process began, in the system's own words.
    }

    def refuse(text: str) -> None:
        other = _parse(text)
        who = "process {process} on {host} since {since}".format(**other) if other else "somebody"
        raise InstallationError(
            f"{folder} is being installed into already, by {who}; wait for that, or, if nothing is running there any"
            f" more, delete {lock}"
        )

    with ExitStack() as stack:
        with about(folder):
            text = json.dumps(holder)
            stack.enter_context(locked(lock, text, is_stale=_is_stale, refuse=refuse, temporary=temporary_name))
        yield


def _is_stale(text: str) -> bool:
    """Whether the process that holds the lock ran on this machine, and does no more."""
    holder = _parse(text)
    is_here = bool(holder) and holder["host"] == platform.node()
    return is_here and not is_running(holder["process"], started=holder["mark"])


def _parse(text: str) -> dict[str, Any]:
    """The process that holds the lock; empty if the text does not name one."""
    try:
        data = json.loads(text)
        known = {key: data[key] for key in ("host", "since")}
        return {**known, "process": int(data["process"]), "mark": str(data.get("mark", ""))}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
