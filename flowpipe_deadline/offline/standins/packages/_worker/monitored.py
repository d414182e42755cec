"""Monitored processes: started once, spoken to by name (plugin API, sections 2.2 and 2.3)."""

from __future__ import annotations

from typing import Any, Dict, List

from _dotnet.exceptions import ArgumentException
from _dotnet.members import fire, is_hooked

from _worker.child import Child
from _worker.context import CANCEL_CHECK_SECONDS, Context
from _worker.errors import Canceled, RenderPluginException
from _worker.launch import Command, launch

__all__ = ["MonitoredProcesses"]


class _Monitored:
    """``process`` is the managed process object, or None for a program started without one."""

    def __init__(self, process: Any, child: Child) -> None:
        self.process = process
        self.child = child
        self.exit_is_checked = True
        self.end_reported = False


class MonitoredProcesses:
    """The monitored processes of one plugin."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by_name: Dict[str, _Monitored] = {}
        self._running: List[_Monitored] = []

    def start(self, name: str, process: Any, command: Command, environment: Dict[str, str], *, tree: bool) -> None:
        """Start a process under a name, which is free again when the process has ended."""
        if self.is_running(name):
            raise ArgumentException('a monitored managed process named "{}" is already running'.format(name))
        if name in self._by_name:
            self._flush(self._by_name[name], handle=False)
        child = launch(self._context, command, environment, stdin=True, tree=tree)
        self._by_name[name] = found = _Monitored(process, child)
        self._running.append(found)

    def is_running(self, name: str) -> bool:
        """Whether the process lives; a name never started is not running."""
        found = self._by_name.get(name)
        return found is not None and not self._ended(found)

    def verify(self, name: str, plugin: Any) -> None:
        """Fail the task if the process is gone (texts: plugin API, section 2.5).

        The exit callback runs here and not on its own: when Deadline notices a death between calls is unknown.
        The exit-checking flag decides whether it runs; the task fails either way.
        """
        found = self._find(name)
        if not self._ended(found):
            return
        self._context.log("WARNING", "Monitored managed process {} is no longer running".format(name))
        if found.exit_is_checked and is_hooked(plugin, "MonitoredManagedProcessExitCallback"):
            fire(plugin, "MonitoredManagedProcessExitCallback", name)
        raise RenderPluginException('Monitored managed process "{}" has exited or been terminated.'.format(name))

    def flush(self, name: str, *, handle: bool) -> None:
        """Log the lines collected so far; if asked, run their handlers: only a flush does (plugin API, section 2.2)."""
        self._flush(self._find(name), handle)

    def write(self, name: str, text: str) -> None:
        """Write one statement to stdin."""
        self._find(name).child.write_line(text)

    def wait(self, name: str, milliseconds: int) -> bool:
        """Wait for the end of the process, at most so long; -1 waits for ever, unless the task is cancelled."""
        found = self._find(name)
        if milliseconds >= 0:
            found.child.wait_for_end(milliseconds / 1000.0)
            return self._ended(found)
        while not found.child.wait_for_end(CANCEL_CHECK_SECONDS):
            if self._context.canceled():
                raise Canceled("the task was cancelled")
        return self._ended(found)

    def check_known(self, name: str) -> None:
        """Refuse a name that was never started."""
        self._find(name)

    def check_exit(self, name: str, flag: bool) -> None:
        """Set whether the end of the process is an error."""
        self._find(name).exit_is_checked = flag

    def exit_code(self, name: str) -> int:
        """The exit code of a process that has ended."""
        found = self._find(name)
        self._ended(found)
        return found.child.exit_code

    def shutdown(self, name: str) -> None:
        """Kill the process tree, log its remaining lines, and forget the name."""
        self._stop(self._find(name))
        del self._by_name[name]

    def note_ends(self) -> None:
        """Tell the host of processes that ended since it was last asked."""
        self._running = [found for found in self._running if not self._ended(found)]

    def stop_all(self) -> None:
        """Kill every process but keep the names, so that the plugin's EndJob finds them ended."""
        for found in self._by_name.values():
            self._stop(found)

    def shutdown_all(self) -> None:
        """Kill every process and forget all names."""
        self.stop_all()
        self._by_name.clear()

    def _find(self, name: str) -> _Monitored:
        found = self._by_name.get(name)
        if found is None:
            raise ArgumentException(
                'there is no monitored managed process named "{}"; known: {}'.format(
                    name, ", ".join(sorted(self._by_name)) or "none"
                )
            )
        return found

    def _ended(self, found: _Monitored) -> bool:
        if found.child.ended and not found.end_reported:
            found.end_reported = True
            self._context.tell("process_ended", found.child.pid)
        return found.child.ended

    def _flush(self, found: _Monitored, handle: bool) -> None:
        # Counted first: a process that prints without end must not keep its plugin here.
        for _ in range(found.child.waiting_lines()):
            line = found.child.next_line() or ""
            if found.process is None:
                self._context.log("STDOUT", line)
            else:
                state = found.process._standin
                state.stdout.take(line, self._context, handle and found.process.StdoutHandling)

    def _stop(self, found: _Monitored) -> None:
        found.child.kill()
        self._ended(found)
        self._flush(found, handle=False)
