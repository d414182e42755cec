"""Drives real widgets offscreen, as a person would."""

from __future__ import annotations

import pytest
from dialogs import worker_command
from patience import wait_until

pytest.importorskip(
    "PySide6.QtWidgets", reason="the dialog needs PySide6 and libraries of the system", exc_type=ImportError
)

from PySide6.QtCore import QEvent, QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from flowpipe_deadline.dialog import process
from flowpipe_deadline.dialog.application import Given
from flowpipe_deadline.dialog.window import Window


def until(is_so, **options):
    """Lets Qt work until a condition holds; looks after whatever happens to Qt, and for all else now and then."""
    running = application()
    timer = QTimer(interval=25)
    timer.start()

    def work():
        running.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        running.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    wait_until(is_so, meanwhile=work, **options)
    timer.stop()


def application():
    """The one that this process has."""
    return QApplication.instance() or QApplication([])


def opened(workflow="shot", *, worker=None, **given):
    """A window that has come to rest, with this workflow; its workers branch off from a warm one.

    ``worker`` is the command of one, where this process cannot know it.
    """
    process.WORKER = (worker or worker_command(is_warm=True))[1:]
    application()
    window = Window(Given(workflow, **given))
    window.show()
    until(lambda: not window.is_working)
    return window


def type_into(window, name, text):
    """Types into the field, in place of what it holds."""
    form = window.edit.parameters_form if name in window.parameters.parameters else window.edit.options_form
    editor = form.editors[name]
    editor = editor.lineEdit() if hasattr(editor, "lineEdit") else editor.focusProxy() or editor
    editor.setFocus()
    editor.selectAll()
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    QTest.keyClicks(editor, text)


def settle(window):
    """Waits until the preview shows what the fields say."""
    until(lambda: not window.is_working)


def click(button):
    """Presses a button."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def table_rows(table):
    """What the table shows."""
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def messages(window):
    """What the list of errors and warnings shows."""
    return [window.edit.messages.item(row).text() for row in range(window.edit.messages.count())]


def note(window, name):
    """What stands below a field; nothing where it is hidden."""
    form = window.edit.parameters_form if name in window.parameters.parameters else window.edit.options_form
    return "" if form.notes[name].isHidden() else form.notes[name].text()
