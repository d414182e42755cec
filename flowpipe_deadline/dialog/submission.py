"""The pages of a submission: while it is under way, and its jobs afterwards."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Qt, Signal

from ..core.text import counted
from .edit_page import Finding, button, row
from .form import Note
from .preview import Table
from .process import Request, Worker

_FIRST_PAUSE, _LONGEST_PAUSE = 3_000, 60_000  # Milliseconds between two questions how far the jobs are.
_GROWTH = 1.5
_LOST = (
    "Some of its jobs may be in Deadline. In a terminal, 'flowpipe-deadline status' says what there is of the bundle"
    " above, and 'flowpipe-deadline cancel' deletes its jobs."
)
_LATE = "\nIt was too late to cancel. In a terminal, 'flowpipe-deadline cancel' with this folder deletes the jobs."
_SECOND_THOUGHT = 2_000  # Milliseconds before Cancel can be pressed again: a double click is one cancellation.


class Headline(Note):
    """The first line of a page."""

    def __init__(self) -> None:
        super().__init__()
        font = self.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.setFont(font)


class SubmissionPage(QtWidgets.QWidget):
    """A submission under way, with all that is said of it."""

    submitted = Signal(object)  # Qt would sort the keys of a dict.
    """The ``bundle``, the ``jobs``, which are their IDs by key, their ``labels``, and whether a cancellation was too
    late (``is_late``)."""
    ended = Signal()
    """Nothing is under way any more, whatever came of it."""
    left = Signal(object)
    """The findings, when a person goes back from a submission that was not made."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._request: Request | None = None
        self._keys: Collection[str] = ()
        self._may_kill = self._is_left = False
        self.is_cancelling = False
        """Whether it was asked to."""
        self._timer = QtCore.QTimer(self, singleShot=True, interval=_SECOND_THOUGHT)
        self._findings: Sequence[Finding] = ()
        self.headline = Headline()
        self.bar = QtWidgets.QProgressBar()
        self.log = QtWidgets.QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("What happened")
        self.cancel_button, self.back_button = button("&Cancel"), button("&Back")
        self.cancel_button.clicked.connect(self.cancel)
        self._timer.timeout.connect(lambda: self.cancel_button.setEnabled(True))
        self.back_button.clicked.connect(lambda: self.left.emit(list(self._findings)))
        layout = QtWidgets.QVBoxLayout(self)
        for part in (self.headline, self.bar, self.log):
            layout.addWidget(part)
        layout.addLayout(row(None, self.cancel_button, self.back_button))

    @property
    def is_under_way(self) -> bool:
        """Whether a submission is."""
        return self._request is not None

    def submit(self, request: Mapping[str, Any]) -> None:
        """Begins a submission."""
        self._keys, self._may_kill, self._is_left, self.is_cancelling = (), True, False, False
        self.log.clear()
        self.headline.say("Submitting")
        self.bar.setRange(0, 0)  # Until it is known how many jobs there are.
        self.cancel_button.setText("&Cancel")
        self.cancel_button.setEnabled(True)
        for part in (self.bar, self.cancel_button):
            part.setVisible(True)
        self.back_button.setVisible(False)
        self.log.setFocus()  # Not the button: Enter is held down for long by some.
        self._request = self._worker.ask("submit", **request)
        self._request.said.connect(self._take)
        self._request.done.connect(self._finish)

    def cancel(self) -> None:
        """Stops and undoes the submission; a second time, does not wait for what is under way."""
        if self._request is None:
            return
        if not self.is_cancelling:
            self.is_cancelling = True
            self.headline.say("Cancelling; the window can be closed once that is done")
            self.cancel_button.setText("Do Not &Wait")
            self.cancel_button.setEnabled(False)
            self._timer.start()
            self._request.cancel()
            return
        self._request.catch_up()
        if self._request is not None and self._may_kill:  # The workflow does not heed it.
            self._request.drop()
            self._finish({"findings": [], "is_cancelled": True})
        elif self._request is not None:
            self._request.cancel()

    def _take(self, said: Mapping[str, Any]) -> None:
        if "stage" in said:
            self._may_kill = False  # From here on only the worker can undo.
        elif "is_left" in said:
            self._is_left = True
        elif "keys" in said:
            self._keys = said["keys"]
            self.bar.setRange(0, len(self._keys))
            self.bar.setValue(0)
        else:
            self.log.appendPlainText(said["line"])
            self.bar.setValue(self.bar.value() + (said["line"].partition(": ")[0] in self._keys))

    def _finish(self, end: Mapping[str, Any]) -> None:
        self._request = None
        self.cancel_button.setVisible(False)
        self.ended.emit()
        if "answer" in end:
            self.submitted.emit({**end["answer"], "is_late": self.is_cancelling})
            return
        self._findings = end["findings"]
        headline = "Cancelled" if end.get("is_cancelled") else "Not submitted"
        if self._is_left or (self._keys and end.get("is_lost")):
            headline = "Interrupted"
            self._findings = [*self._findings, {"severity": "error", "text": _LOST, "field": ""}]
        self.headline.say(headline)
        self.bar.setVisible(False)
        for finding in self._findings:
            self.log.appendPlainText(finding["text"])
        self.back_button.setVisible(True)
        self.back_button.setFocus()


class JobsPage(QtWidgets.QWidget):
    """The jobs of a submission, as Deadline tells how far they are."""

    left = Signal(object)
    """A person wants to submit something else; there are no findings."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._request: Request | None = None
        self._bundle = ""
        self._ids: Sequence[str] = ()
        self._pause = float(_FIRST_PAUSE)
        self._last: Mapping[str, Any] = {}
        self._timer = QtCore.QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.look)
        self.headline, self.place, self.notices = Headline(), Note(), Note()
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = Table("Job", "State", "Tasks done", "Errors", "Job ID", "Last error")
        self.copy_ids_button, self.copy_line_button = button("Copy Job &IDs"), button("Copy Command &Line")
        self.open_button, self.again_button = button("&Open Bundle Folder"), button("&New Submission")
        self.close_button = button("Close")
        self.copy_ids_button.clicked.connect(lambda: _copy("\n".join(self._ids)))
        self.copy_line_button.clicked.connect(lambda: _copy(self.command_line))
        self.open_button.clicked.connect(self._open)
        self.again_button.clicked.connect(self._leave)
        layout = QtWidgets.QVBoxLayout(self)
        for part in (self.headline, self.place, self.notices, self.table):
            layout.addWidget(part)
        buttons = (self.copy_ids_button, self.copy_line_button, self.open_button, None)
        layout.addLayout(row(*buttons, self.again_button, self.close_button))

    @property
    def command_line(self) -> str:
        """What tells the same in a terminal; of a bundle that was only written, what submits it."""
        quoted = subprocess.list2cmdline([self._bundle]) if os.name == "nt" else shlex.quote(self._bundle)
        return f"flowpipe-deadline {'status' if self._ids else 'submit'} {quoted}"

    def show_jobs(self, result: Mapping[str, Any]) -> None:
        """Shows what was submitted, or only written; asks Deadline from now on how far it is."""
        self._bundle, self._ids, self._last = result["bundle"], list(result["jobs"].values()), {}
        count = counted(len(result["labels"]), "job")
        self.headline.say(f"{count} submitted" if self._ids else f"A bundle of {count} is written, and not submitted")
        self.place.say(self._bundle + (_LATE if result["is_late"] and self._ids else ""))
        self.notices.say("")
        self.copy_ids_button.setVisible(bool(self._ids))
        labels, ids = result["labels"], result["jobs"]
        self.table.fill([(label, "", "", "", ids.get(key, ""), "") for key, label in labels.items()])
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
            self.notices.say("\n".join(finding["text"] for finding in end["findings"]), "warning")
        else:
            columns = ("label", "status", "tasks", "errors", "id", "failure")
            self.table.fill([[job[column] for column in columns] for job in status["jobs"]])
            ended = "ended, " if status["is_over"] else ""
            self.headline.say(f"{counted(len(self._ids), 'job')} submitted, {ended}{status['progress']:.0f} % done")
            self.notices.say("\n".join(status["notices"]), "warning")
            if status["is_over"]:
                return
        has_changed = status is not None and status != self._last
        self._last = status or self._last
        self._pause = _FIRST_PAUSE if has_changed else min(self._pause * _GROWTH, _LONGEST_PAUSE)
        self._timer.start(round(self._pause))

    def _open(self) -> None:
        QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(self._bundle))

    def _leave(self) -> None:
        self._timer.stop()
        if self._request is not None:
            self._request.done.disconnect(self._take)
            self._request = None
        self.left.emit([])


def _copy(text: str) -> None:
    QtGui.QGuiApplication.clipboard().setText(text)
