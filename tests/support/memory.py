"""Temporary files in memory, where there is room: tests write more small files than a disk takes quickly."""

from __future__ import annotations

import os
import shutil
import tempfile

_FOLDER = "/dev/shm"
_ROOM = 4 << 30
_OWN = ("TMPDIR", "PYTEST_DEBUG_TEMPROOT")


def keep_in_memory() -> None:
    """Has this process, and those that it starts, write temporary files to memory, unless told where to."""
    if not any(name in os.environ for name in _OWN) and _is_roomy():
        os.environ["TMPDIR"] = _FOLDER
        tempfile.tempdir = None  # It is found again.


def _is_roomy() -> bool:
    if not (os.path.isdir(_FOLDER) and os.access(_FOLDER, os.W_OK)):
        return False
    may_execute = not os.statvfs(_FOLDER).f_flag & os.ST_NOEXEC
    return may_execute and shutil.disk_usage(_FOLDER).free >= _ROOM
