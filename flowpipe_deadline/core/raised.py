"""What other code raises, in words: neither fails, whatever the error does when it is asked.

Standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import traceback
from typing import Any, Mapping, Optional, Tuple

_LONGEST = 100_000  # Characters of a message, or of a report.
_LONGEST_VALUE = 80
# What flowpipe 1.3.0 does not take as the value of a plug: of what JSON does not know, it makes bytes.
_INSTEAD = {"range": "write list({})", "set": "write a list", "frozenset": "write a list"}


def error_line(error: BaseException) -> str:
    """Class and message, as at the end of a traceback, without notes; or what to write for a value of a plug."""
    refused = _refused_value(error)
    if refused:
        return refused
    text, name = text_of(error), type.__getattribute__(type(error), "__qualname__")
    module = type.__getattribute__(type(error), "__module__")
    where = f"{module}." if isinstance(module, str) and module not in ("builtins", "__main__") else ""
    return f"{where}{name}: {text}" if text else f"{where}{name}"


def text_of(error: BaseException) -> str:
    """What the error says, or that it fails to say it."""
    try:
        return str(error)[:_LONGEST].strip()
    except BaseException:  # It is the user's, and may even exit.
        return "its message cannot be written out"


def report_of(error: BaseException, *, leaves_out: Tuple[str, ...]) -> str:
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


def locals_of(error: BaseException, function: str, *, module: str) -> Optional[Mapping[str, Any]]:
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
