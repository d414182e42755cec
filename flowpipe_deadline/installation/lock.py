"""One installation at a time: a file that says who is at it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Optional

from ..core.locks import is_running, locked, start_mark
from .apply import about, temporary
from .record import InstallationError

LOCK = ".flowpipe-deadline.lock"


@dataclass(frozen=True)
class _Holder:
    """The process that is at it."""

    host: str
    process: int
    since: str
    mark: str = ""
    """When the process began, in the system's own words."""

    def __str__(self) -> str:
        return f"process {self.process} on {self.host} since {self.since}"

    def is_dead(self) -> bool:
        """Whether it ran on this machine, and does no more."""
        return self.host == platform.node() and not is_running(self.process, started=self.mark)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keeps other installations away from the folder, on whatever machine, until the block ends.

    A lock whose process has died on this machine is taken over.

    Raises:
        InstallationError: Another one is at it; the message says who, and what to do if that is not so. Or the folder
            cannot be written.
    """
    lock = folder / LOCK

    def is_stale(text: str) -> bool:
        holder = _parse(text)
        return holder is not None and holder.is_dead()

    def refuse(text: str) -> None:
        raise InstallationError(
            f"{folder} is being installed into already, by {_parse(text) or 'somebody'}; wait for that, or, if nothing"
            f" is running there any more, delete {lock}"
        )

    with ExitStack() as stack:
        with about(folder):
            text = json.dumps(asdict(_this_process()))
            stack.enter_context(
                locked(lock, text, is_stale=is_stale, refuse=refuse, temporary=lambda name: temporary(Path(name)).name)
            )
        yield


def _this_process() -> _Holder:
    return _Holder(
        host=platform.node(),
        process=os.getpid(),
        since=datetime.now().astimezone().isoformat(timespec="seconds"),
        mark=start_mark(os.getpid()),
    )


def _parse(text: str) -> Optional[_Holder]:
    """Who holds the lock; None if that cannot be told."""
    try:
        data = json.loads(text)
        return _Holder(
            host=data["host"], process=int(data["process"]), since=data["since"], mark=str(data.get("mark", ""))
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
