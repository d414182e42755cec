"""Commands that run a script in Deadline's own Python (plugin API, section 5.8)."""

from __future__ import annotations

from collections.abc import Sequence

from .scripts import run_script
from .session import Command, Commands, Session, require


def _execute(session: Session, arguments: Sequence[str]) -> int:
    script, *rest = require(arguments, 1)
    return run_script(session, script, rest)


COMMANDS: Commands = {
    "executescript": Command(_execute, "script"),
    "executescriptnogui": Command(_execute, "script"),
}
