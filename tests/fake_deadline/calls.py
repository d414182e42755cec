"""The log of calls to a fake Deadline: tests and benchmarks count them, and faults happen at them."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from .faults import Fault, faults_of_environment

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (kind TEXT NOT NULL, name TEXT NOT NULL, arguments TEXT NOT NULL, process INTEGER,
    started REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counts (fault INTEGER PRIMARY KEY, count INTEGER NOT NULL);
"""
_PATIENCE = 60.0  # Seconds that a write waits for the others.


@dataclass(frozen=True)
class Call:
    """One call."""

    kind: str
    """``process``: a deadlinecommand was started. ``script``: a script asked from inside. ``request``: over the web.
    ``operation``: what any of them did to jobs."""
    name: str
    """The command, the path of the request, or the operation."""
    arguments: tuple[str, ...]
    process: int
    started: float


class CallLog:
    """The calls and the counts of faults; many processes may hold one open."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = OFF")
        if not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'counts'").fetchone():
            self._database.executescript(_SCHEMA)
        self._own_faults = faults_of_environment()
        self._own_counts = [0] * len(self._own_faults)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def add(self, kind: str, name: str, arguments: Sequence[str] = ()) -> None:
        """Records a call."""
        row = (kind, name, json.dumps(list(arguments)), os.getpid(), time.time())
        self._database.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?)", row)

    def calls(self, kind: str = "") -> tuple[Call, ...]:
        """All calls, or those of one kind, in order."""
        rows = self._database.execute("SELECT * FROM calls WHERE ? IN ('', kind) ORDER BY rowid", (kind,))
        return tuple(Call(row[0], row[1], tuple(json.loads(row[2])), row[3], row[4]) for row in rows)

    def clear(self) -> None:
        """Deletes all calls, and restarts the counts of faults."""
        self._database.execute("DELETE FROM calls")
        self.restart_counts()

    def restart_counts(self) -> None:
        """Restarts the counts of faults."""
        self._database.execute("DELETE FROM counts")

    def due(self, faults: Sequence[Fault], names: Collection[str], actions: Collection[str]) -> tuple[Fault, ...]:
        """Counts the call; the faults that happen at it."""
        due = []
        for index, fault in enumerate(faults):
            if fault.concerns(names, actions) and fault.covers(self._count(index)):
                due.append(fault)
        for index, fault in enumerate(self._own_faults):
            if fault.concerns(names, actions):
                self._own_counts[index] += 1
                if fault.covers(self._own_counts[index]):
                    due.append(fault)
        return tuple(due)

    def _count(self, index: int) -> int:
        """The number of calls since the fault was set, including this one."""
        with contextlib.closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("INSERT OR IGNORE INTO counts VALUES (?, 0)", (index,))
            cursor.execute("UPDATE counts SET count = count + 1 WHERE fault = ?", (index,))
            count: int = cursor.execute("SELECT count FROM counts WHERE fault = ?", (index,)).fetchone()[0]
            cursor.execute("COMMIT")
            return count
