"""The worker's processes, as the dialog sees them: who works on what, and who waits for the next request."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from . import REUSABLE, WORKER

_LAST_WORDS = 2000
_PATIENCE = 3000  # Milliseconds that the processes have to be gone, all together.
_MOST_SPARES = 2


class Request(QObject):
    """A request that a process works on."""

    said = Signal(object)  # Not dict: Qt would sort the keys of one.
    """What the process says on the way."""
    done = Signal(object)
    """Its answer, or ``findings``; emitted once, also if the process ends without an answer (``is_lost``), but not once
    dropped."""

    def __init__(self, process: QProcess, request: Mapping[str, Any], parent: QObject) -> None:
        super().__init__(parent)
        self._process = process
        self._printed = b""
        self._is_over = False
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._give_up)
        process.errorOccurred.connect(self._give_up_start)
        self._write(request)
        if process.state() == QProcess.ProcessState.NotRunning:
            QTimer.singleShot(0, self._give_up_start)

    def cancel(self) -> None:
        """Asks the process to stop what it does, and to undo it; a second time, not to wait for what is under way."""
        self._write({"do": "cancel"})

    def catch_up(self) -> None:
        """Emits what the process has said until now."""
        self._process.waitForReadyRead(0)

    def drop(self) -> None:
        """Ends the process, and forgets the request: nobody wants the answer any more."""
        self._is_over = True
        self._process.kill()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._process.write(json.dumps(line).encode("ascii") + b"\n")

    def _read(self) -> None:
        while not self._is_over and self._process.canReadLine():
            line = json.loads(bytes(self._process.readLine().data()))
            if "say" in line:
                self.said.emit(line["say"])
            else:
                self._end(line)

    def _read_errors(self) -> None:
        self._printed = (self._printed + bytes(self._process.readAllStandardError().data()))[-_LAST_WORDS:]

    def _give_up(self, code: int, _status: object = None) -> None:
        """The process has ended; what it said before counts."""
        self._read()
        self._read_errors()
        lines = self._printed.decode("utf-8", "replace").strip().splitlines()
        last = f"; the last line that it printed: {lines[-1]}" if lines else ""
        self._fail(f"The process of the workflow ended without an answer (exit code {code}){last}.", is_lost=True)

    def _give_up_start(self, _error: object = None) -> None:
        if self._process.error() == QProcess.ProcessError.FailedToStart:  # All else ends with ``finished``.
            self._fail(f"{sys.executable} cannot be started: {self._process.errorString()}")

    def _fail(self, text: str, *, is_lost: bool = False) -> None:
        self._end({"findings": [{"severity": "error", "text": text, "field": ""}], "is_lost": is_lost})

    def _end(self, line: Mapping[str, Any]) -> None:
        if not self._is_over:
            self._is_over = True
            self.done.emit(line)
        self.deleteLater()


class Worker(QObject):
    """Has requests worked on. A process is always started ahead, so that its imports are done."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._spares = [self._start()]

    def ask(self, do: str, **request: Any) -> Request:
        """The request, under way."""
        waiting = [spare for spare in self._spares if spare.state() != QProcess.ProcessState.NotRunning]
        process, self._spares = (waiting[0], waiting[1:]) if waiting else (self._start(), [])
        made = Request(process, {"do": do, **request}, self)
        if do in REUSABLE:
            made.done.connect(lambda _: self._take_back(process))
        elif not self._spares:
            self._spares = [self._start()]
        return made

    def close(self) -> None:
        """Ends all processes, whatever they do; they end what they have started."""
        running = [each for each in self.findChildren(QProcess) if each.state() != QProcess.ProcessState.NotRunning]
        for process in running:  # type: QProcess
            process.blockSignals(True)
            process.closeWriteChannel()
        end = time.monotonic() + _PATIENCE / 1000
        for process in running:
            process.waitForFinished(max(0, round((end - time.monotonic()) * 1000)))

    def _start(self) -> QProcess:
        process = QProcess(self)
        process.finished.connect(lambda *_: self._forget(process))
        process.start(sys.executable, WORKER)
        return process

    def _forget(self, process: QProcess) -> None:
        """It has ended, whether it worked or waited."""
        self._spares = [spare for spare in self._spares if spare is not process]
        process.deleteLater()

    def _take_back(self, process: QProcess) -> None:
        if len(self._spares) < _MOST_SPARES:
            self._spares.append(process)
        else:
            process.closeWriteChannel()  # It ends then.
