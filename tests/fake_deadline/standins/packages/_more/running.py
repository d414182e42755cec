"""Processes that a plugin runs to their end, and the verdict on their exit code."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Callable

from _dotnet.kinds import INT, STRING
from _dotnet.members import fire, is_hooked
from _worker.context import Context
from _worker.errors import RenderPluginException
from _worker.launch import Command, command_of, launch

__all__ = ["changed_command_of", "run", "run_managed"]

# Between two questions to the host while a process runs, as in vendors' loops (plugin API, section 2.3).
_CANCEL_CHECK_SECONDS = 0.1
_PAUSE = 0.005


def changed_command_of(process: Any, plugin: Any) -> Command:
    """The command that the callbacks give, as the plugin may rewrite it (plugin API, section 1.3)."""
    command = command_of(process)
    if is_hooked(plugin, "ModifyCommandLineCallback"):
        changed = fire(plugin, "ModifyCommandLineCallback", *command)
        if not isinstance(changed, (tuple, list)) or len(changed) != 3:
            raise TypeError(
                "ModifyCommandLineCallback must return (executable, arguments, directory), not {!r}".format(changed)
            )
        command = Command(*(STRING(part) for part in changed))
    return command


def run(context: Context, command: Command, environment: Any, *, tree: bool, on_line: Callable[[str], None]) -> int:
    """Run a command without input, and take each line as it comes; the exit code. It is gone in the end.

    Raises:
        RenderPluginException: it cannot be started, or the task was cancelled.
    """
    child = launch(context, command, environment, tree=tree)
    next_check = 0.0
    try:
        with contextlib.suppress(OSError):
            child.stdin.close()
        while True:
            ended = child.wait_for_end(_PAUSE)
            if ended:
                child.wait_for_output()  # Whether Deadline drains it first is unknown (hosts and tooling, section 5.4).
            for line in child.take_lines():
                on_line(line)
            if time.monotonic() >= next_check:
                next_check = time.monotonic() + _CANCEL_CHECK_SECONDS
                if context.canceled():
                    raise RenderPluginException("the task was cancelled")
            if ended:
                return child.exit_code
    finally:
        child.kill()
        context.host.process_ended(child.pid)


def run_managed(process: Any, plugin: Any) -> None:
    """Run a managed process from its callbacks to its exit code.

    Raises:
        RenderPluginException: it ended with a code other than 0 that is neither checked nor ignored (plugin API,
            sections 2.2 and 2.5), or the task was cancelled.
    """
    state = process._standin
    context = state.context
    command = changed_command_of(process, plugin)
    code = run(
        context,
        command,
        state.environment,
        tree=process.UseProcessTree,
        on_line=lambda line: state.stdout.take(line, context, process.StdoutHandling),
    )
    context.log("INFO", "Process exit code: {}".format(code))
    if is_hooked(process, "CheckExitCodeCallback"):
        fire(process, "CheckExitCodeCallback", INT(code))
    elif code != 0 and code not in state.ignored_exit_codes:
        raise RenderPluginException(
            "Renderer returned non-zero error code, {}. Check the log for more information.".format(code)
        )
