"""A node that checks rendered files, whatever has rendered them.

Workers load this module: the standard library, flowpipe, and what of this package is made for them.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import Any, Sequence

from flowpipe import Node

from ..core.errors import FlowpipeDeadlineError
from ..core.files import retried
from ..core.frames import FrameList
from ..core.text import counted, listing

_FRAME = re.compile(r"((?:(?<=^)|(?<=[._]))-)?(\d+)(?=\D*$)")  # shot.0007.exr, shot-0007.exr; f_-0007.png is frame -7.


class BadFramesError(FlowpipeDeadlineError):
    """Rendered files are missing or too small."""

    exit_code = 1

    def __init__(self, text: str, files: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.files = tuple(files)


@Node(outputs=["frames"])
def CheckFrames(  # noqa: N802  (nodes are named like classes)
    files: Sequence[Any], minimum_size: int = 1, wait: float = 10.0
) -> dict[str, list[Any]]:
    """The files as they were given, once each is there and has at least ``minimum_size`` bytes.

    A file that was written on another machine may be seen late, so it is looked for again for ``wait`` seconds.

    Raises:
        BadFramesError: Files are missing or too small, or there are none at all.
    """
    sizes: dict[str, int] = {}
    with contextlib.suppress(BadFramesError):  # On a slow share, this first look alone may take longer than ``wait``.
        _check(files, minimum_size, sizes)
    retried(lambda: _check(files, minimum_size, sizes), lambda error: isinstance(error, BadFramesError), seconds=wait)
    return {"frames": list(files)}


def _check(files: Sequence[Any], minimum_size: int, sizes: dict[str, int]) -> None:
    """Looks at those that were not good at the last look; ``sizes`` remembers."""
    if not files:
        raise BadFramesError("There is no file to check: nothing was rendered.")
    sizes.update({file: _size(file) for file in map(str, files) if sizes.get(file, -1) < max(minimum_size, 0)})
    missing = [file for file, size in sizes.items() if size < 0]
    small = [file for file, size in sizes.items() if 0 <= size < minimum_size]
    words = {
        "missing": missing,
        "empty" if minimum_size == 1 else f"smaller than {counted(minimum_size, 'byte')}": small,
    }
    reasons = [
        f"{len(bad)} {'is' if len(bad) == 1 else 'are'} {word}{_frames(bad)}: {listing(bad)}"
        for word, bad in words.items()
        if bad
    ]
    if reasons:
        raise BadFramesError(
            f"Of {counted(len(sizes), 'rendered file')}, {'; '.join(reasons)}. Render these frames again.",
            [*missing, *small],
        )


def _size(file: str) -> int:
    """The size in bytes; -1 if there is no such file, or it is out of reach."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):  # A name with a null byte is none.
        return -1
    return found.st_size if stat.S_ISREG(found.st_mode) else -1


def _frames(files: Sequence[str]) -> str:
    """The frames in the names of the files, as Deadline writes them; nothing if there are none."""
    found = [_FRAME.search(re.split(r"[/\\]", file)[-1].rpartition(".")[0]) for file in files]
    frames = sorted({int(match[0]) for match in found if match})
    if not frames:
        return ""
    text = FrameList(frames) if frames[0] >= 0 else ",".join(map(str, frames))
    return f" (frame{'s' if len(frames) > 1 else ''} {text})"
