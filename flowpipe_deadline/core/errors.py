"""The errors of this package: each says what happened, where, and what to do, and has an exit code.

And those that others raise, in words; that never fails, whatever an error does when it is asked.
"""

from __future__ import annotations

import builtins
import traceback
from typing import Any, Mapping

_LONGEST = 100_000  # Characters of a message, or of a report.
_LONGEST_VALUE = 80
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())  # Python 3.11
# What flowpipe 1.3.0 does not take as the value of a plug: of what JSON does not know, it makes bytes.
_INSTEAD = {"range": "write list({})", "set": "write a list", "frozenset": "write a list"}


class FlowpipeDeadlineError(Exception):
    """A failure with a message for a person; the command line prints it and exits with ``exit_code``."""

    exit_code = 1


class BundleError(FlowpipeDeadlineError):
    """A bundle cannot be written, or is not complete."""


class UsageError(FlowpipeDeadlineError):
    """The caller asked for something that does not exist or does not fit."""

    exit_code = 2


class StudioFileError(FlowpipeDeadlineError):
    """An error in the studio file, or of the file as such; ``line`` is None if it has none."""

    exit_code = 2

    def __init__(self, path: object, reason: str, *, line: int | None = None) -> None:
        super().__init__(path, reason, line)
        self.path = str(path)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}, line {self.line}"
        return f"{where}: {self.reason}"


class PlanError(FlowpipeDeadlineError):
    """A node cannot be submitted as it is; ``node`` is its label, ``graph.node``."""

    exit_code = 2

    def __init__(self, node: str, reason: str) -> None:
        super().__init__(node, reason)
        self.node = node
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.node}: {self.reason}"


class SettingError(PlanError):
    """A setting of a node does not exist, or its value is out of range."""


class CycleError(FlowpipeDeadlineError):
    """Nodes wait for each other; ``path`` starts and ends with the same node."""

    exit_code = 2

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        path = (
            self.path if len(self.path) <= 12 else (*self.path[:6], f"… {len(self.path) - 11} more …", *self.path[-5:])
        )
        return f"the graph has a cycle: {' -> '.join(path)}; cut one of these connections"


class HookError(FlowpipeDeadlineError):
    """A plan hook cannot be loaded, raises, or does not return a plan of the same work."""


class EvaluationError(FlowpipeDeadlineError):
    """A node failed on the farm; ``report`` is its traceback, or all that is known."""

    def __init__(self, node: str, report: str) -> None:
        super().__init__(node, report)
        self.node = node
        self.report = report

    def __str__(self) -> str:
        return f"{self.node} failed on the farm:\n{self.report.rstrip()}"


class InterruptedRunError(FlowpipeDeadlineError):
    """A run was stopped by Ctrl+C or a signal; the bundle can be run again."""

    exit_code = 130


def words_of(error: BaseException) -> str:
    """What an error says: never nothing, and never another error, as whoever undoes something must go on."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = (isinstance(error, OSError) and error.strerror) or text_of(error)
    return text if text and isinstance(error, (FlowpipeDeadlineError, OSError)) else error_line(error)


def error_line(error: BaseException) -> str:
    """Class and message, of a group with those of its first error; or what to write for a value of a plug."""
    refused = _refused_value(error)
    if refused:
        return refused
    group: Any = error if issubclass(type(error), _GROUP) else None
    text = text_of(error) + ("" if group is None else f": {error_line(group.exceptions[0])}")
    name = type.__getattribute__(type(error), "__qualname__")
    module = type.__getattribute__(type(error), "__module__")
    where = f"{module}." if isinstance(module, str) and module not in ("builtins", "__main__") else ""
    return f"{where}{name}: {text}" if text else f"{where}{name}"


def text_of(error: BaseException) -> str:
    """What the error says, or that it fails to say it."""
    try:
        return str(error)[:_LONGEST].strip()
    except BaseException:  # It is the user's, and may even exit.
        return "its message cannot be written out"


def report_of(error: BaseException, *, leaves_out: tuple[str, ...]) -> str:
    """The traceback, without the steps through these packages that led to others; of a long one, both its ends."""
    step = found = traceback_of(error)
    while step is not None and step.tb_frame.f_globals.get("__name__", "").partition(".")[0] in leaves_out:
        step = step.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, step or found))
    except BaseException:  # So may what it was raised from, or stands in a group with.
        text = "".join(["Traceback (most recent call last):\n", *traceback.format_tb(step or found), error_line(error)])
    half = _LONGEST // 2
    if len(text) > _LONGEST:
        end = text[-half:].partition("\n")[2]  # Whole lines.
        text = f"{text[:half]}\n  … {len(text) - half - len(end)} characters are left out …\n{end}"
    return text


def locals_of(error: BaseException, function: str, *, module: str) -> Mapping[str, Any] | None:
    """The local variables of the last call of a function that the error passed through; None if there was none."""
    frames = [frame for frame, _ in traceback.walk_tb(traceback_of(error))]
    found = [one for one in frames if (one.f_code.co_name, one.f_globals.get("__name__")) == (function, module)]
    return found[-1].f_locals if found else None


def traceback_of(error: BaseException) -> Any:
    """The error's traceback, though its class may refuse to give it."""
    return BaseException.__getattribute__(error, "__traceback__")


def _refused_value(error: BaseException) -> str:
    """Which value of which plug flowpipe refuses, and what to write; empty for other errors."""
    hashing = locals_of(error, "get_hash", module="flowpipe.utilities")
    plug = (locals_of(error, "_update_value", module="flowpipe.plug") or {}).get("self")
    if hashing is None or plug is None:
        return ""
    value = hashing["obj"]
    kind = type(value).__name__
    shown = ascii(value)[:_LONGEST_VALUE] if kind in _INSTEAD else f"a {kind}"
    advice = _INSTEAD.get(kind, "write what JSON knows: paths as texts, and texts as keys").format(shown)
    return f"flowpipe cannot take {shown} as '{plug.name}' of {plug.node.name} ({text_of(error)}); {advice}"
