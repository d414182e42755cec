"""Faults on demand: what a fake Deadline does wrong, and at which call.

They stand in its settings, or, for the calls of one process, as JSON in the environment variable that ``VARIABLE``
names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VARIABLE = "FLOWPIPE_OFFLINE_FAULTS"
OPERATION_ACTIONS = frozenset({"refuse", "partial", "rewrite", "follow", "warn"})
"""What goes wrong inside Deadline, with every connection."""
CALL_ACTIONS = frozenset({"late", "hang", "die", "die_after", "garble", "chatter", "deny", "quiet", "stderr"})
"""What goes wrong with one call: a process, or a request."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Inside Deadline, ``on`` is an operation (``submit``, ``delete``, ``resume``, ``read``, …, or ``*``), ``do`` one of:

    ========== ========================================================================================
    refuse     an error, with the text ``value``; nothing is done
    partial    of a list of jobs the first ``value`` are done, then an error
    rewrite    a submitted job gets the job info in ``value`` instead; a value of None removes the key
    follow     an event plugin submits a job of its own: the same with the job info in ``value``, as for ``rewrite``
    warn       the submission succeeds with ``value`` as its warning
    ========== ========================================================================================

    Of a call, ``on`` is a command (``SubmitJob``, ``GetJob``, ``ExecuteScriptNoGui``, …), an operation, or ``*``:

    ========== ========================================================================================
    deny       prints ``Error:`` with the text ``value``, and does nothing
    quiet      the same with exit code 0
    hang       never ends
    die        ends at once, with nothing done or said
    die_after  ends once all is done, with nothing said
    late       answers ``value`` seconds after it was done
    garble     answers with characters that make no sense, after all was done
    chatter    prints ``value`` before anything else
    stderr     prints ``value`` on stderr although nothing is wrong
    ========== ========================================================================================
    """

    on: str
    do: str
    nth: int = 1
    """From which call on, counted from when the fault was set."""
    times: int = 1
    """For how many calls; 0 for all from then on."""
    value: str | float | Mapping[str, Any] | None = None

    def covers(self, count: int) -> bool:
        """Whether it happens at that call."""
        return count >= self.nth and (self.times == 0 or count < self.nth + self.times)

    def concerns(self, names: Collection[str], actions: Collection[str]) -> bool:
        """Whether it can happen at a call with these names, in a place that can do these actions."""
        return self.do in actions and (self.on == "*" or self.on.lower() in {name.lower() for name in names})

    def text(self, default: str) -> str:
        """The value as text."""
        return default if self.value is None else str(self.value)

    def number(self, default: float) -> float:
        """The value as a number."""
        return float(self.value) if isinstance(self.value, (int, float)) else default


def parse_faults(items: Iterable[Fault | Mapping[str, Any]]) -> tuple[Fault, ...]:
    """The faults, given as such or as JSON holds them.

    Raises:
        TypeError: A field that there is not.
        ValueError: An action that there is not.
    """
    faults = tuple(item if isinstance(item, Fault) else Fault(**item) for item in items)
    for fault in faults:
        if fault.do not in OPERATION_ACTIONS | CALL_ACTIONS:
            known = ", ".join(sorted(OPERATION_ACTIONS | CALL_ACTIONS))
            raise ValueError(f"a fault cannot {fault.do!r}; there are {known}")
    return faults


def faults_of_environment() -> tuple[Fault, ...]:
    """Those for this process alone."""
    text = os.environ.get(VARIABLE, "")
    return parse_faults(json.loads(text)) if text else ()
