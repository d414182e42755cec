"""Reports of the sandbox: why a phase failed, and what a plugin left behind."""

from __future__ import annotations

import os
import traceback
from typing import List

from _dotnet.members import hooked_events

from _worker.context import Context
from _worker.errors import Canceled, FailRenderException, RenderPluginException

__all__ = ["leaks", "message_of", "traceback_of"]


def message_of(error: BaseException) -> str:
    """The line of the error report (plugin API, section 2.5; for other exceptions its wording is unknown)."""
    if isinstance(error, FailRenderException) and not getattr(error, "from_stdout", False):
        return "FailRenderException : {}".format(error.Message)
    if isinstance(error, (FailRenderException, RenderPluginException, Canceled)):
        return error.Message
    return "{} : {}".format(type(error).__name__, error)


def traceback_of(error: BaseException, plugin_directory: str) -> str:
    """The traceback from the plugin's first line on, without the sandbox's own calls."""
    folder = os.path.join(plugin_directory, "")
    found = error.__traceback__
    while found is not None and not found.tb_frame.f_code.co_filename.startswith(folder):
        found = found.tb_next
    return "".join(traceback.format_exception(type(error), error, found or error.__traceback__))


def leaks(context: Context) -> List[str]:
    """One sentence for each plugin or process object that still has callbacks hooked (plugin API, section 1.2)."""
    found = []
    for process in context.living():
        names = hooked_events(process)
        count = sum(1 for handler in process.StdoutHandlers if hooked_events(handler))
        if count:
            names.append("HandleCallback of {} stdout handler(s)".format(count))
        if names:
            found.append(
                "{} still has hooked: {}. They leak in a real Worker: del them when cleaning up".format(
                    type(process).__name__, ", ".join(names)
                )
            )
    return found
