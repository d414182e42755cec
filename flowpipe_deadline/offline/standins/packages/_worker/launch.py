"""From the callbacks of a plugin or managed process to a running process."""

from __future__ import annotations

import os
from typing import Any, Dict, NamedTuple, Optional

from _dotnet.members import fire, is_hooked

from _worker.child import Child
from _worker.context import Context
from _worker.errors import RenderPluginException


class Command(NamedTuple):
    """What to start, as the callbacks gave it."""

    executable: Optional[str]
    arguments: Optional[str]
    directory: Optional[str]


def command_of(process: Any) -> Command:
    """The command that the callbacks give (plugin API, section 1.4)."""
    process._standin.require_base()
    if not is_hooked(process, "RenderExecutableCallback"):
        raise RenderPluginException(
            "{} hooks no RenderExecutableCallback: nothing to start".format(type(process).__name__)
        )
    return Command(
        fire(process, "RenderExecutableCallback"),
        fire(process, "RenderArgumentCallback"),
        fire(process, "StartupDirectoryCallback"),
    )


def launch(context: Context, command: Command, environment: Dict[str, str], *, tree: bool) -> Child:
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
    merged = {**context.environment(), **context.process_environment, **environment}
    try:
        child = Child(_line(context, executable, command.arguments or ""), directory, merged, tree=tree)
    except (OSError, ValueError) as error:
        raise RenderPluginException("cannot start '{}': {}".format(executable, error)) from None
    try:
        context.host.process_started(child.pid)
    except BaseException:
        child.kill()
        raise
    return child


def _line(context: Context, executable: str, arguments: str) -> Any:
    if os.name == "nt":
        return '"{}" {}'.format(executable, arguments)
    return [executable, *context.split_arguments(arguments)]
