"""Who suspended a submission by our own means, as ``suspended.json`` in its bundle; Deadline keeps no such name.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import getpass
import socket
import time
from contextlib import suppress
from pathlib import Path

from ..core.bundle import FORMAT
from ..core.files import RecordError, json_bytes, read_record, write_whole

_FILE = "suspended.json"


def record_suspension(folder: Path, how: str) -> None:
    """Keeps that this user has suspended the submission of the bundle in that folder; ``how`` is the command.

    It is for people alone, so nothing is raised where it cannot be kept.
    """
    with suppress(OSError, ImportError, KeyError):  # The last two: no user's name.
        record = {"format": FORMAT, "how": how, "user": getpass.getuser(), "host": socket.gethostname()}
        write_whole(folder / _FILE, json_bytes({**record, "written": int(time.time())}))


def suspension_of(folder: Path) -> str | None:
    """Who did it last, how and when, in words; None if nobody did by our means.

    The jobs may have been resumed since, and suspended in the Monitor.
    """
    try:
        record = read_record(folder / _FILE, version=FORMAT, keys=("how", "user", "host", "written"))
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(int(record["written"])))
    except (RecordError, OSError, TypeError, ValueError):
        return None
    return f"{record['user']} on {record['host']}, by '{record['how']}' on {when}"
