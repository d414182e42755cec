"""The widgets of a form, each driven as a person would."""

from __future__ import annotations

import pytest

from flowpipe_deadline.workflows.parameters import WorkflowParameter

pytest.importorskip("qt", reason="the dialog needs PySide6 and libraries of the system")

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from qt import application, until

from flowpipe_deadline.dialog.editors import make_editor


@pytest.fixture
def edit():
    """Makes the widget of a parameter; gives it, and what it holds after each change by a person."""
    application()

    def make(type_, control, choices=(), **facts):
        parameter = WorkflowParameter(name="what", type=type_, control=control, label="What", **facts)
        editor, heard = make_editor(parameter, choices), []
        editor.edited.connect(lambda *_: heard.append(editor.text()))
        editors.append(editor)
        return editor, heard

    editors = []
    yield make
    for editor in editors:
        editor.close()
        editor.deleteLater()


def test_a_number_goes_up_and_down_within_its_limits(edit):
    """By the arrow keys, from whatever is there; a text that is no number becomes the least."""
    editor, heard = edit("INT", "SPIN_BOX", min_value=1, max_value=3)
    editor.show_text("2")

    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(editor, key)
    editor.show_text("many")
    QTest.keyClick(editor, Qt.Key.Key_Up)

    assert heard == ["3", "3", "2", "1"]


def test_a_number_that_is_typed_stays_as_it_is(edit):
    """The form says what is wrong with it; nothing corrects it in silence."""
    editor, heard = edit("FLOAT", "SPIN_BOX", max_value=10.0)

    QTest.keyClicks(editor, "1e9")

    assert (editor.text(), heard[-1]) == ("1e9", "1e9")


@pytest.mark.parametrize("control", ["SPIN_BOX", "DROPDOWN_LIST"])
def test_the_wheel_changes_nothing(edit, control):
    """It scrolls the form, also where the pointer happens to be over a field."""
    editor, heard = edit("INT", control, ("1", "2", "3"))
    editor.show_text("2")
    turn, nowhere = QPoint(0, 120), QPointF(1, 1)
    buttons, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase

    QApplication.sendEvent(editor, QWheelEvent(nowhere, nowhere, turn, turn, buttons, keys, phase, False))

    assert (editor.text(), heard) == ("2", [])


def test_several_lines_are_kept_as_they_are_typed(edit):
    """What the form itself shows is nobody's edit."""
    editor, heard = edit("STRING", "MULTILINE_EDIT")

    editor.show_text("one")
    assert heard == []
    QTest.keyClick(editor, Qt.Key.Key_End)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "two")

    assert (editor.text(), heard[-1]) == ("one\ntwo", "one\ntwo")


def test_a_choice_that_is_none_any_more_is_shown(edit):
    """Of an old preset: the form says that it is wrong, and the person sees what it was."""
    editor, heard = edit("STRING", "DROPDOWN_LIST", allowed_values=("low", "high"))

    editor.show_text("medium")

    assert (editor.text(), heard) == ("medium", [])
    assert {editor.itemText(row) for row in range(editor.count())} == {"low", "medium", "high"}


def test_a_file_is_chosen(edit, tmp_path):
    """In a window of its own, which the form does not wait for."""
    file = tmp_path / "shot.ma"
    file.touch()
    editor, heard = edit("PATH", "CHOOSE_INPUT_FILE", file_filters=("*.ma",))

    editor.findChild(QPushButton).click()
    chooser = editor.findChild(QFileDialog)
    until(chooser.isVisible)
    chooser.selectFile(str(file))
    chooser.accept()
    until(lambda: heard)

    assert heard == [str(file)]
