"""Monitored processes: started once, spoken to by name (plugin API, sections 2.2 and 2.3)."""

from __future__ import annotations

from typing import Any, Dict

from _dotnet.exceptions import ArgumentException

from _worker.child import Child
from _worker.context import Context
from _worker.errors import RenderPluginException
from _worker.launch import Command, launch

# Between two questions to the host while a process runs, as in vendors' loops (plugin API, section 2.3).
_CANCEL_CHECK_SECONDS = 0.1


class _Monitored:
    """``process`` is the managed process object."""

    def __init__(self, process: Any, child: Child) -> None:
        self.process = process
        self.child = child
        self.exit_is_checked = True
        self.end_reported = False


class MonitoredProcesses:
    """The monitored processes of one plugin."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.by_name: Dict[str, _Monitored] = {}

    def start(self, name: str, process: Any, command: Command) -> None:
        """Start a process under a name, which is free again when the process has ended."""
        if name in self.by_name:
            if not self.ended(self.by_name[name]):
                raise ArgumentException('a monitored managed process named "{}" is already running'.format(name))
            self._stop(name)
        child = launch(self._context, command, process._standin.environment, tree=process.UseProcessTree)
        self.by_name[name] = _Monitored(process, child)

    def find(self, name: str) -> _Monitored:
        """The process of that name.

        Raises:
            ArgumentException: none was started.
        """
        found = self.by_name.get(name)
        if found is None:
            raise ArgumentException(
                'there is no monitored managed process named "{}"; known: {}'.format(
                    name, ", ".join(sorted(self.by_name)) or "none"
                )
            )
        return found

    def ended(self, found: _Monitored) -> bool:
        """Whether the process has ended; the host is told so once."""
        if found.child.ended and not found.end_reported:
            found.end_reported = True
            self._context.host.process_ended(found.child.pid)
        return found.child.ended

    def flush(self, name: str, *, handle: bool) -> None:
        """Log the lines collected so far; if asked, run their handlers: only a flush does (plugin API, section 2.2)."""
        found = self.find(name)
        for line in found.child.take_lines():
            found.process._standin.stdout.take(line, self._context, handle and found.process.StdoutHandling)

    def wait(self, name: str, milliseconds: int) -> bool:
        """Wait for the end of the process, at most so long; -1 waits for ever, unless the task is cancelled."""
        found = self.find(name)
        if milliseconds >= 0:
            found.child.wait_for_end(milliseconds / 1000.0)
            return self.ended(found)
        while not found.child.wait_for_end(_CANCEL_CHECK_SECONDS):
            if self._context.canceled():
                raise RenderPluginException("the task was cancelled")
        return self.ended(found)

    def shutdown(self, name: str) -> None:
        """Kill the process tree, log its remaining lines, and forget the name."""
        self._stop(name)
        del self.by_name[name]

    def stop_all(self) -> None:
        """Kill every process but keep the names, so that the plugin's EndJob finds them ended."""
        for name in self.by_name:
            self._stop(name)

    def _stop(self, name: str) -> None:
        found = self.find(name)
        found.child.kill()
        found.child.wait_for_output()
        self.ended(found)
        self.flush(name, handle=False)
