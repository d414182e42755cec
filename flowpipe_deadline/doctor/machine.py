"""Checks of this machine: what is installed here."""

from __future__ import annotations

import platform
import re
import statistics
from importlib.metadata import PackageNotFoundError, version
from typing import Optional

from ..deadline.process import CommandResult
from ..installation.packages import own_version
from .questions.recorder import RecordedCommand
from .report import Check

_OWN = "flowpipe-deadline"
_PACKAGES = ("flowpipe", "ascii-canvas", "typing_extensions", "jinja2", "click", "rich", "requests", "redis")
_STARTS = 3
_VERSION = re.compile(r"\bv?(\d+)\.(\d+)(?:\.\d+)+")
_EARLIEST = (10, 1)  # Deadline 10.0 runs plugins by Python 2.7 (submission, section 8).
_MADE_FOR = 10


def check_versions() -> Check:
    """Python, flowpipe, and this package."""
    versions = {_OWN: own_version(), **{name: _installed(name) for name in _PACKAGES}}
    python = f"Python {platform.python_version()} on {platform.system()}"
    found = f"{_OWN} {versions[_OWN]} with flowpipe {versions['flowpipe']}, {python}"
    facts = {"packages": versions, "python": platform.python_version(), "platform": platform.platform()}
    return Check("versions", "ok", found, facts=facts)


def check_command(command: Optional[RecordedCommand], problem: str, *, has_service: bool) -> Check:
    """``deadlinecommand``: whether it is here and starts, and what that costs; ``problem`` says why there is none."""
    name = "deadlinecommand"
    if command is None:
        advice = "the Web Service does without; the script way and the questions of --probe do not" * has_service
        return Check(name, "warning" if has_service else "problem", problem, advice)
    seconds: list[float] = []
    try:
        for _ in range(_STARTS):
            result = command(["-GetVersion"])
            seconds.append(command.exchanges[-1].seconds)
            if result.exit_code != 0:
                return _broken(name, command.executable, result)
    except OSError as error:
        advice = "install the Deadline Client anew, or mend the file's permissions"
        return Check(name, "problem", f"{command.executable} cannot be started: {error.strerror}", advice)
    facts = {"start_seconds": seconds}
    found = f"{command.executable}; a start takes {statistics.median(seconds):.2g} s"
    return Check(name, "ok", f"{found} ({min(seconds):.2g} to {max(seconds):.2g})", facts=facts)


def _broken(name: str, executable: str, result: CommandResult) -> Check:
    how = "does not end" if result.exit_code is None else f"ends with {result.exit_code}: {result.last_words}"
    advice = "see what it says on a command line of this machine"
    return Check(name, "problem", f"{executable} -GetVersion {how}", advice, {"exit_code": result.exit_code})


def check_version(text: Optional[str]) -> Check:
    """Deadline's version, as it tells it itself."""
    name = "Deadline"
    found = _VERSION.search(text or "")
    if found is None:
        return Check(
            name, "unknown", f"it does not tell its version, but: {text}" if text else "nothing tells its version"
        )
    numbers = int(found[1]), int(found[2])
    shown = found[0].lstrip("v")
    facts = {"version": shown, "told": text}
    if numbers < _EARLIEST:
        advice = f"use {_EARLIEST[0]}.{_EARLIEST[1]} or later: before, it runs plugins by Python 2.7"
        return Check(name, "problem", f"version {shown}", advice, facts)
    if numbers[0] != _MADE_FOR:
        return Check(name, "warning", f"version {shown}", f"flowpipe-deadline was made for {_MADE_FOR}", facts)
    return Check(name, "ok", f"version {shown}", facts=facts)


def told_version(command: Optional[RecordedCommand]) -> Optional[str]:
    """What the last ``-GetVersion`` printed."""
    exchanges = command.exchanges if command is not None else []
    results: list[CommandResult] = [exchange.result for exchange in exchanges if exchange.arguments == ("-GetVersion",)]
    return results[-1].output.strip() or None if results else None


def _installed(distribution: str) -> Optional[str]:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
