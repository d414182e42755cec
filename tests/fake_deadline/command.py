"""``deadlinecommand``: reads the command line as Deadline does (submission, section 2.2)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from .intake import DeadlineError
from .operations import FakeDeadline
from .session import Command, Death, Session, failure_code, run_command

# Imported one by one until one has the command, as every process pays for what it imports.
MODULES = ("commands_submit", "commands_read", "commands_change", "commands_farm", "commands_script")


def main(folder: str, arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code."""
    with FakeDeadline(folder) as deadline:
        if deadline.settings.startup_seconds:
            time.sleep(deadline.settings.startup_seconds)
        session = Session(deadline)
        try:
            exit_code = execute(session, sys.argv[1:] if arguments is None else arguments)
        except Death:
            os._exit(1)
    _print(session)
    return exit_code


def execute(session: Session, arguments: Sequence[str]) -> int:
    """Runs the arguments and prints into the session; the exit code."""
    try:
        words = _read_argument_file(arguments)
        name = words[0].removeprefix("-").removeprefix("-").lower() if words else ""
        command = find_command(name)
        if command is not None:
            return run_command(session, name, command, words[1:])
        if len(words) > 1 and not words[0].startswith("-"):
            return run_command(session, "submitjob", _submission(), words)
        raise DeadlineError(f"Unknown command {words[0]}" if words else "No command was given")
    except DeadlineError as error:
        session.say(f"Error: {error}")
        return failure_code(session)


def find_command(name: str) -> Command | None:
    """The command of that name in lower case, if there is one."""
    for module in MODULES:
        commands = import_module(f".{module}", __package__).COMMANDS
        if name in commands:
            command: Command = commands[name]
            return command
    return None


def _submission() -> Command:
    command = find_command("submitjob")
    assert command is not None
    return command


def _read_argument_file(arguments: Sequence[str]) -> list[str]:
    """The arguments, or, where the only one is a text file, its lines."""
    if len(arguments) != 1 or not os.path.isfile(arguments[0]):
        return list(arguments)
    try:
        with open(arguments[0], encoding="utf-8-sig") as file:
            return [line for line in file.read().splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise DeadlineError(f"The argument file {arguments[0]} cannot be read: {error}") from error


def _print(session: Session) -> None:
    """Prints in UTF-8 whatever the console's encoding is, or in ASCII with ``?`` for the rest."""
    encoding = "ascii" if session.deadline.settings.unknowns.printed_names == "?" else "utf-8"
    for stream, text in ((sys.stderr, session.errors), (sys.stdout, session.output)):
        stream.buffer.write(text.replace("\n", os.linesep).encode(encoding, "replace"))
        stream.buffer.flush()
