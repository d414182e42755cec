"""One use of ``deadlinecommand``: its output, and how commands are run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .faults import Fault
from .intake import DeadlineError
from .operations import FakeDeadline

_HANG = 3600.0  # Seconds of each sleep of a call that never ends.


class Death(BaseException):
    """A fault: the process ends at once without a word. Not an error, so that nothing handles it."""


class Session:
    """What a command works with: the fake Deadline, and where it prints."""

    def __init__(self, deadline: FakeDeadline, *, kind: str = "process") -> None:
        """``kind`` says who asks: a ``process`` or a ``script`` from inside."""
        self.deadline = deadline
        self.kind = kind
        self._lines: list[str] = []
        self.errors = ""
        """The text for stderr."""

    def say(self, *lines: str) -> None:
        """Prints lines."""
        self._lines += lines

    @property
    def output(self) -> str:
        """Everything that was printed."""
        return "".join(f"{line}\n" for line in self._lines)

    def spoil(self, faults: Sequence[Fault]) -> None:
        """Acts out the faults of a command that has ended."""
        for fault in faults:
            if fault.do == "die_after":
                raise Death
            if fault.do == "late":
                time.sleep(fault.number(1.0))
            elif fault.do == "garble":
                # No key and no ID is left, and the end is missing.
                text = self.output.translate(_GARBLE)
                self._lines = text[: len(text) // 2].splitlines()
            elif fault.do == "stderr":
                self.errors += fault.text("Warning: something is slow today") + "\n"


_GARBLE = {ord("="): "\N{REPLACEMENT CHARACTER}", **{ord(digit): "#" for digit in "0123456789"}}


@dataclass(frozen=True)
class Command:
    """One command."""

    run: Callable[[Session, Sequence[str]], int | None]
    """Runs it; its exit code, None for 0."""
    operation: str = ""
    """Another name for it, where faults are set."""


Commands = Mapping[str, Command]
"""By name, in lower case."""


def run_command(session: Session, name: str, command: Command, arguments: Sequence[str]) -> int:
    """Runs a command, and prints its error if it has one; the exit code."""
    deadline = session.deadline
    deadline.log.add(session.kind, name, arguments)
    faults = deadline.call_faults(name, command.operation)
    for fault in faults:
        if fault.do == "chatter":
            session.say(*fault.text("Synchronizing Python modules ...").splitlines())
        if fault.do == "die":
            raise Death
        while fault.do == "hang":
            time.sleep(_HANG)
    exit_code = _denied(session, faults)
    if exit_code is None:
        exit_code = _run(session, command, arguments)
    session.spoil(faults)
    return exit_code


def _denied(session: Session, faults: Sequence[Fault]) -> int | None:
    for fault in faults:
        if fault.do in ("deny", "quiet"):
            session.say(f"Error: {fault.text('An error occurred')}")
            return failure_code(session) if fault.do == "deny" else 0
    return None


def _run(session: Session, command: Command, arguments: Sequence[str]) -> int:
    try:
        return command.run(session, arguments) or 0
    except DeadlineError as error:
        session.say(f"Error: {error} (System.Exception)")
        return failure_code(session)


def failure_code(session: Session) -> int:
    """The exit code of a command that failed."""
    return session.deadline.settings.unknowns.failure_exit_code


def require(arguments: Sequence[str], count: int) -> Sequence[str]:
    """The arguments, if a command got as many as it needs.

    Raises:
        DeadlineError: There are fewer.
    """
    if len(arguments) < count:
        raise DeadlineError(f"{len(arguments)} arguments are too few, {count} are needed")
    return arguments


def listed(text: str) -> list[str]:
    """The items of a comma separated argument."""
    return [item.strip() for item in text.split(",") if item.strip()]


def is_true(text: str) -> bool:
    """An argument such as ``True``."""
    return text.strip().lower() in ("true", "1")
