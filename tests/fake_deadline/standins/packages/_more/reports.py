"""Reports of the sandbox: where a phase failed, and what a plugin left behind."""

from __future__ import annotations

import itertools
import os
import traceback
import weakref
from typing import Any, List

from _worker.context import Context

__all__ = ["leaks", "remember", "traceback_of"]


_processes: Any = weakref.WeakValueDictionary()
_numbers = itertools.count()


def remember(process: Any) -> None:
    """Keep track of a plugin or process object, without keeping it alive."""
    _processes[next(_numbers)] = process


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
    for process in [process for process in _processes.values() if process._standin.context is context]:
        names = _hooked_events(process)
        count = sum(1 for handler in process.StdoutHandlers if _hooked_events(handler))
        if count:
            names.append("HandleCallback of {} stdout handler(s)".format(count))
        if names:
            found.append(
                "{} still has hooked: {}. They leak in a real Worker: del them when cleaning up".format(
                    type(process).__name__, ", ".join(names)
                )
            )
    return found


def _hooked_events(instance: Any) -> List[str]:
    """The names of all events of the object that still have a function hooked."""
    return sorted(name for name, event in instance._standin.events.items() if event)
