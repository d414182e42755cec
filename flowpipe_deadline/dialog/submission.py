"""The pages of a submission: while it is under way, and its jobs afterwards."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional

from PySide6.QtCore import QTimer, QUrl, Qt, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ..submit.summary import counted
from .preview import Job, fill_table, table
from .process import Request, Worker

_FIRST_PAUSE, _LONGEST_PAUSE = 3_000, 60_000  # Milliseconds between two questions how far the jobs are.
_GROWTH = 1.5


def button(text: str) -> QPushButton:
    """A button that Enter presses only where it has the focus."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    return made


def headline() -> QLabel:
    """A label for the first line of a page."""
    made = QLabel()
    font = made.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.2)
    made.setFont(font)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


class SubmissionPage(QWidget):
    """A submission under way, with all that is said of it."""

    submitted = Signal(dict)
    """The ``bundle`` and the ``jobs``: their IDs by key."""
    left = Signal(list)
    """The findings, when a person goes back from a submission that was not made."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._request: Optional[Request] = None
        self._keys: Collection[str] = ()
        self._may_kill = True
        self._is_cancelling = False
        self._findings: Sequence[Mapping[str, str]] = ()
        self.headline = headline()
        self.bar = QProgressBar()
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("What happened")
        self.cancel_button = button("&Cancel")
        self.cancel_button.clicked.connect(self.cancel)
        self.back_button = button("&Back")
        self.back_button.clicked.connect(lambda: self.left.emit(list(self._findings)))
        layout = QVBoxLayout(self)
        for part in (self.headline, self.bar, self.log):
            layout.addWidget(part)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.back_button)
        layout.addLayout(buttons)

    @property
    def is_under_way(self) -> bool:
        """Whether a submission is."""
        return self._request is not None

    def submit(self, request: Mapping[str, Any], jobs: Sequence[Job]) -> None:
        """Begins a submission; ``jobs`` are those that are expected."""
        self._keys = {job["key"] for job in jobs}
        self._may_kill = True
        self.log.clear()
        self.headline.setText("Submitting")
        self.bar.setRange(0, len(self._keys))
        self.bar.setValue(0)
        self.bar.setVisible(True)
        self.cancel_button.setVisible(True)
        self.cancel_button.setText("&Cancel")
        self.back_button.setVisible(False)
        self._request = self._worker.ask("submit", **request)
        self._request.said.connect(self._take)
        self._request.done.connect(self._finish)

    def cancel(self) -> None:
        """Stops and undoes the submission; a second time, does not wait for what is under way."""
        if self._request is None:
            return
        self.headline.setText("Cancelling")
        self.cancel_button.setText("Do Not &Wait")
        if self._may_kill and self._is_cancelling:
            self._request.drop()
            self._finish({"findings": [], "is_cancelled": True})
            return
        self._is_cancelling = True
        self._request.cancel()

    def _take(self, said: Mapping[str, str]) -> None:
        self._may_kill = self._may_kill and "stage" not in said  # From here on only the worker can undo.
        line = said.get("message") or said.get("warning", "")
        if line:
            self.log.appendPlainText(f"Warning: {line}" if "warning" in said else line)
        if line.partition(": ")[0] in self._keys and "message" in said:
            self.bar.setValue(self.bar.value() + 1)

    def _finish(self, end: Mapping[str, Any]) -> None:
        self._request = None
        self._is_cancelling = False
        self.cancel_button.setVisible(False)
        if "answer" in end:
            self.submitted.emit(end["answer"])
            return
        self._findings = end["findings"]
        self.headline.setText("Cancelled" if end.get("is_cancelled") else "Not submitted")
        self.bar.setVisible(False)
        for finding in self._findings:
            self.log.appendPlainText(finding["text"])
        self.back_button.setVisible(True)
        self.back_button.setFocus()


class JobsPage(QWidget):
    """The jobs of a submission, as Deadline tells how far they are."""

    left = Signal()
    """A person wants to submit something else."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._request: Optional[Request] = None
        self._bundle = ""
        self._ids: Sequence[str] = ()
        self._pause = float(_FIRST_PAUSE)
        self._last: Mapping[str, Any] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)
        self.headline = headline()
        self.place = QLabel()
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.place.setTextFormat(Qt.TextFormat.PlainText)
        self.place.setWordWrap(True)
        self.notices = QLabel()
        self.notices.setWordWrap(True)
        self.notices.setTextFormat(Qt.TextFormat.PlainText)
        self.table = table(("Job", "State", "Tasks done", "Errors", "Job ID", "Last error"))
        self.copy_ids_button, self.copy_line_button = button("Copy Job &IDs"), button("Copy Command &Line")
        self.open_button, self.again_button = button("&Open Bundle Folder"), button("&New Submission")
        self.copy_ids_button.clicked.connect(lambda: _copy("\n".join(self._ids)))
        self.copy_line_button.clicked.connect(lambda: _copy(self.command_line))
        self.open_button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self._bundle)))
        self.again_button.clicked.connect(self._leave)
        layout = QVBoxLayout(self)
        for part in (self.headline, self.place, self.notices, self.table):
            layout.addWidget(part)
        buttons = QHBoxLayout()
        for each in (self.copy_ids_button, self.copy_line_button, self.open_button):
            buttons.addWidget(each)
        buttons.addStretch(1)
        buttons.addWidget(self.again_button)
        layout.addLayout(buttons)

    @property
    def command_line(self) -> str:
        """What tells the same in a terminal; of a bundle that was only written, what submits it."""
        quoted = subprocess.list2cmdline([self._bundle]) if os.name == "nt" else shlex.quote(self._bundle)
        return f"flowpipe-deadline {'status' if self._ids else 'submit'} {quoted}"

    def show_jobs(self, result: Mapping[str, Any], jobs: Sequence[Job]) -> None:
        """Shows what was submitted, or only written; asks Deadline from now on how far it is."""
        self._bundle, self._ids, self._last = result["bundle"], list(result["jobs"].values()), {}
        count = counted(len(self._ids) or len(jobs), "job")
        self.headline.setText(f"{count} submitted" if self._ids else f"The bundle of {count} is written; nothing is submitted")
        self.place.setText(self._bundle)
        self.notices.setVisible(False)
        self.copy_ids_button.setVisible(bool(self._ids))
        labels = {job["key"]: job["label"] for job in jobs}
        ids = result["jobs"] or dict.fromkeys(labels, "")
        fill_table(self.table, [(labels.get(key, key), "", "", "", job_id, "") for key, job_id in ids.items()])
        if self._ids:
            self.look()

    def look(self) -> None:
        """Asks Deadline now."""
        self._timer.stop()
        if self._request is None:
            self._request = self._worker.ask("status", bundle=self._bundle)
            self._request.done.connect(self._take)

    def _take(self, end: Mapping[str, Any]) -> None:
        self._request = None
        status = end.get("answer")
        if status is None:
            self._show_notices([finding["text"] for finding in end["findings"]])
        else:
            columns = ("label", "status", "tasks", "errors", "id", "failure")
            fill_table(self.table, [[job[column] for column in columns] for job in status["jobs"]])
            state = "complete" if status["is_over"] and status["progress"] >= 100 else f"{status['progress']:.0f} % done"
            self.headline.setText(f"{counted(len(self._ids), 'job')} submitted, {state}")
            self._show_notices(status["notices"])
            if status["is_over"]:
                return
        has_changed = status is not None and status != self._last
        self._last = status or self._last
        self._pause = _FIRST_PAUSE if has_changed else min(self._pause * _GROWTH, _LONGEST_PAUSE)
        self._timer.start(round(self._pause))

    def _show_notices(self, lines: Sequence[str]) -> None:
        self.notices.setText("\n".join(lines))
        self.notices.setVisible(bool(lines))

    def _leave(self) -> None:
        self._timer.stop()
        if self._request is not None:
            self._request.drop()
            self._request = None
        self.left.emit()


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
