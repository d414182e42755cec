"""The worker's processes, as the dialog sees them: a request each, and one process that waits for the next."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Optional

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

# With -m, the current folder would be on the path of all jobs, and its files could hide modules.
_COMMAND = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); from flowpipe_deadline.dialog.worker import main; main()"
)
_LAST_WORDS = 2000
_PATIENCE = 3000  # Milliseconds that a killed process has to be gone.


class Request(QObject):
    """A request that a process works on."""

    said = Signal(dict)
    """What the process says on the way."""
    done = Signal(dict)
    """Its answer, or ``findings``; emitted once, also if the process ends without an answer, but not once dropped."""

    def __init__(self, process: QProcess, request: Mapping[str, Any], parent: QObject) -> None:
        super().__init__(parent)
        self._process = process
        self._end: Optional[dict[str, Any]] = None
        self._errors = b""
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._finish)
        process.errorOccurred.connect(self._fail)
        self._write(request)
        if process.state() == QProcess.ProcessState.NotRunning:  # It ended while it waited.
            QTimer.singleShot(0, self, lambda: self._finish(process.exitCode()))

    def cancel(self) -> None:
        """Asks the process to stop what it does, and to undo it; a second time, not to wait for what is under way."""
        self._write({"do": "cancel"})

    def catch_up(self) -> None:
        """Emits what the process has said until now."""
        self._process.waitForReadyRead(0)

    def drop(self) -> None:
        """Ends the process, and forgets the request: nobody wants the answer any more."""
        self.blockSignals(True)  # The end of the process deletes both.
        self._process.kill()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._process.write(json.dumps(line).encode("ascii") + b"\n")

    def _read(self) -> None:
        while self._process.canReadLine():
            line = json.loads(bytes(self._process.readLine().data()))
            if "say" in line:
                self.said.emit(line["say"])
            else:
                self._end = line

    def _read_errors(self) -> None:
        self._errors = (self._errors + bytes(self._process.readAllStandardError().data()))[-_LAST_WORDS:]

    def _finish(self, code: int, _status: object = None) -> None:
        self._read()
        self._read_errors()
        if self._end is None:
            words = self._errors.decode("utf-8", "replace").strip().splitlines()
            last = f"; the last line that it printed: {words[-1]}" if words else ""
            text = f"The process of the workflow ended without an answer (exit code {code}){last}"
            self._end = {"findings": [{"severity": "error", "text": text, "field": ""}]}
        end, self._end = self._end, {}
        if end:
            self.done.emit(end)
        self.deleteLater()
        self._process.deleteLater()

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # Everything else ends with ``finished``.
            text = f"{sys.executable} cannot be started: {self._process.errorString()}"
            self._end = {"findings": [{"severity": "error", "text": text, "field": ""}]}
            self._finish(0)


class Worker(QObject):
    """Starts a process for each request; one is always started ahead, so that its imports are done."""

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._spare = self._start()

    def ask(self, do: str, **request: Any) -> Request:
        """The request, under way."""
        process, self._spare = self._spare, self._start()
        return Request(process, {"do": do, **request}, self)

    def close(self) -> None:
        """Ends all processes, whatever they do."""
        for process in self.findChildren(QProcess):  # type: QProcess
            process.blockSignals(True)
            if process.state() != QProcess.ProcessState.NotRunning:
                process.kill()
                process.waitForFinished(_PATIENCE)

    def _start(self) -> QProcess:
        process = QProcess(self)
        process.start(sys.executable, ["-c", _COMMAND])
        return process
