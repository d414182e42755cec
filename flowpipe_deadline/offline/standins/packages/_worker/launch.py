"""From the callbacks of a plugin or managed process to a running process, and to the verdict on its exit code."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, NamedTuple, Optional

from _dotnet.kinds import INT, STRING
from _dotnet.members import fire, is_hooked

from _worker.arguments import SPLITTERS
from _worker.child import Child
from _worker.context import CANCEL_CHECK_SECONDS, Context
from _worker.errors import Canceled, RenderPluginException

__all__ = ["Command", "command_of", "launch", "run_managed", "run_to_end"]


class Command(NamedTuple):
    """What to start, as the callbacks gave it."""

    executable: Optional[str]
    arguments: Optional[str]
    directory: Optional[str]


def command_of(process: Any, plugin: Any, *, initialize: bool) -> Command:
    """The command that the callbacks give (plugin API, section 1.4), as the plugin may rewrite it (plugin
    API, section 1.3).

    ``initialize`` is False for the plugin's own process: a plugin is initialized when it is loaded.
    """
    process._standin.require_base()
    if initialize:
        fire(process, "InitializeProcessCallback")
    if not is_hooked(process, "RenderExecutableCallback"):
        raise RenderPluginException(
            "{} hooks no RenderExecutableCallback: nothing to start".format(type(process).__name__)
        )
    command = Command(
        fire(process, "RenderExecutableCallback"),
        fire(process, "RenderArgumentCallback"),
        fire(process, "StartupDirectoryCallback"),
    )
    if is_hooked(plugin, "ModifyCommandLineCallback"):
        changed = fire(plugin, "ModifyCommandLineCallback", *command)
        if not isinstance(changed, (tuple, list)) or len(changed) != 3:
            raise TypeError(
                "ModifyCommandLineCallback must return (executable, arguments, directory), not {!r}".format(changed)
            )
        command = Command(*(STRING(part) for part in changed))
    return command


def launch(
    context: Context,
    command: Command,
    environment: Dict[str, str],
    *,
    stdin: bool = False,
    capture: bool = True,
    tree: bool = True,
) -> Child:
    """Start the command: job environment, then what the plugin set, then ``environment``.

    An unset startup directory is the directory of the executable (plugin API, section 1.3).

    Raises:
        RenderPluginException: it cannot be started; the message says why.
    """
    executable = command.executable or ""
    if not executable:
        raise RenderPluginException("the render executable is blank: nothing to start")
    directory = command.directory or os.path.dirname(executable) or None
    if directory is not None and not os.path.isdir(directory):
        raise RenderPluginException(
            "cannot start '{}': the startup directory '{}' does not exist".format(executable, directory)
        )
    merged = context.environment()
    merged.update(context.process_environment)
    merged.update(environment)
    try:
        child = Child(
            _line(executable, command.arguments or "", context.answers["quotes"]),
            directory,
            merged,
            stdin=stdin,
            capture=capture,
            tree=tree,
        )
    except (OSError, ValueError) as error:
        raise RenderPluginException("cannot start '{}': {}".format(executable, error)) from None
    try:
        context.tell("process_started", child.pid)
    except BaseException:
        child.kill()
        raise
    return child


def _line(executable: str, arguments: str, quotes: str) -> Any:
    if os.name == "nt":
        return '"{}" {}'.format(executable, arguments)
    return [executable, *SPLITTERS[quotes](arguments)]


def run_to_end(context: Context, child: Child, on_line: Callable[[str], None]) -> int:
    """Take each line as it comes until the process has ended; the exit code. It is gone when this returns or raises.

    Raises:
        Canceled: the task was cancelled; the process and what it started were killed.
    """
    try:
        while not child.ended or child.waiting_lines():
            child.wait_for_news(CANCEL_CHECK_SECONDS)
            for _ in range(child.waiting_lines()):
                on_line(child.next_line() or "")
            if context.canceled_now_and_then():
                raise Canceled("the task was cancelled")
        return child.exit_code
    finally:
        child.kill()
        context.tell("process_ended", child.pid)


def run_managed(process: Any, plugin: Any, *, initialize: bool) -> None:
    """Run a managed process from its callbacks to its exit code.

    Raises:
        RenderPluginException: it ended with a code other than 0 that is neither checked nor ignored (plugin API,
            sections 2.2 and 2.5).
        Canceled: the task was cancelled.
    """
    state = process._standin
    context = state.context
    command = command_of(process, plugin, initialize=initialize)
    child = launch(context, command, state.environment, tree=process.UseProcessTree)
    code = run_to_end(context, child, lambda line: state.stdout.take(line, context, process.StdoutHandling))
    context.log("INFO", "Process exit code: {}".format(code))
    if is_hooked(process, "CheckExitCodeCallback"):
        fire(process, "CheckExitCodeCallback", INT(code))
    elif code != 0 and code not in state.ignored_exit_codes:
        raise RenderPluginException(
            "Renderer returned non-zero error code, {}. Check the log for more information.".format(code)
        )
