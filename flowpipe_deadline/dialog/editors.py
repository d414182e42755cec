"""Widgets that edit one text each, as it would stand on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Qt, Signal

from ..core.text import one_line
from ..workflows.parameters import ParameterError, WorkflowParameter
from ..workflows.texts import text_of

_MOST_ROWS = 6
_LONGEST_LABEL = 50
_SHORTEST_PATH = 20
_FILE_MODES = {
    "CHOOSE_INPUT_FILE": QtWidgets.QFileDialog.FileMode.ExistingFile,
    "CHOOSE_OUTPUT_FILE": QtWidgets.QFileDialog.FileMode.AnyFile,
    "CHOOSE_DIRECTORY": QtWidgets.QFileDialog.FileMode.Directory,
}


def make_editor(parameter: WorkflowParameter, choices: Sequence[str]) -> Any:
    """A widget for the parameter, with these choices where they are known.

    ``text()`` is what it holds. ``show_text(…)`` shows any text, also a wrong one, which the form then says. The signal
    ``edited`` tells that a person has changed it.
    """
    control, choices = parameter.control, parameter.allowed_values or choices
    if control == "CHECK_BOX":
        return _CheckBox(parameter)
    if control == "MULTILINE_EDIT":
        return _Lines()
    if control == "SPIN_BOX":
        return _Number(parameter)
    if control in _FILE_MODES:
        return _Path(parameter)
    if control == "CHECK_LIST" and choices:
        return _CheckList(parameter, choices)
    return _Choice(parameter, choices) if choices else _Line()


@contextmanager
def _quiet(widget: QtWidgets.QWidget) -> Iterator[None]:
    """The block changes the widget, and that is nobody's edit."""
    before = widget.blockSignals(True)
    yield
    widget.blockSignals(before)


class _Line(QtWidgets.QLineEdit):
    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.textEdited.connect(self.edited)

    def show_text(self, text: str) -> None:
        if self.text() != text:  # Else the cursor stays where it is.
            self.setText(text)


class _Lines(QtWidgets.QPlainTextEdit):
    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 4)
        self.textChanged.connect(self.edited)

    def text(self) -> str:
        return self.toPlainText()

    def show_text(self, text: str) -> None:
        if self.text() != text:
            with _quiet(self):
                self.setPlainText(text)


class _Number(QtWidgets.QAbstractSpinBox):
    """A number with buttons for the next one. It holds any text: Qt's own boxes change what does not fit."""

    edited = Signal()

    def __init__(self, parameter: WorkflowParameter) -> None:
        super().__init__()
        self._parameter = parameter
        self.lineEdit().textEdited.connect(self.edited)

    def show_text(self, text: str) -> None:
        if self.text() != text:
            self.lineEdit().setText(text)

    def validate(self, text: str, position: int) -> Any:
        return QtGui.QValidator.State.Acceptable, text, position

    def stepBy(self, steps: int) -> None:  # noqa: N802  (Qt's name)
        low, high = self._parameter.min_value, self._parameter.max_value
        try:
            value = float(self.text()) + steps
        except ValueError:
            value = low or 0.0
        value = min(max(value, value if low is None else low), value if high is None else max(high, low or high))
        self.lineEdit().setText(f"{value:.10g}")
        self.edited.emit()

    def stepEnabled(self) -> QtWidgets.QAbstractSpinBox.StepEnabledFlag:  # noqa: N802  (Qt's name)
        flags = QtWidgets.QAbstractSpinBox.StepEnabledFlag
        return flags.StepUpEnabled | flags.StepDownEnabled

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        event.ignore()  # The wheel scrolls the form.


class _Choice(QtWidgets.QComboBox):
    edited = Signal()

    def __init__(self, parameter: WorkflowParameter, choices: Sequence[str]) -> None:
        super().__init__()
        self.setEditable(not parameter.allowed_values)
        self.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.addItems(list(choices))
        (self.editTextChanged if self.isEditable() else self.currentTextChanged).connect(self.edited)

    def text(self) -> str:
        return self.currentText()

    def show_text(self, text: str) -> None:
        with _quiet(self):
            if self.isEditable():
                if self.text() != text:
                    self.setEditText(text)
                return
            if self.findText(text) < 0:  # Of an old preset.
                self.insertItem(0, text)
            self.setCurrentIndex(self.findText(text))

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        event.ignore()  # As above.


class _CheckBox(QtWidgets.QCheckBox):
    edited = Signal()

    def __init__(self, parameter: WorkflowParameter) -> None:
        super().__init__(one_line(parameter.label, longest=_LONGEST_LABEL))
        self.clicked.connect(self.edited)

    def text(self) -> str:
        return "true" if self.isChecked() else "false"

    def show_text(self, text: str) -> None:
        self.setChecked(text.lower() == "true")


class _CheckList(QtWidgets.QListWidget):
    edited = Signal()

    def __init__(self, parameter: WorkflowParameter, choices: Sequence[str]) -> None:
        super().__init__()
        self._parameter, self._choices = parameter, choices
        self.itemChanged.connect(self.edited)

    def text(self) -> str:
        items = [self.item(row) for row in range(self.count())]
        return text_of([item.text() for item in items if item.checkState() == Qt.CheckState.Checked]) or ""

    def show_text(self, text: str) -> None:
        if self.count() and self.text() == text:
            return
        try:
            ticked = [str(name) for name in self._parameter.parse(text)] if text else []
        except ParameterError:
            ticked = [part.strip() for part in text.split(",") if part.strip()]
        with _quiet(self):
            self.clear()
            for name in dict.fromkeys((*self._choices, *ticked)):
                item = QtWidgets.QListWidgetItem(name, self)
                item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
        self.updateGeometry()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802  (Qt's name)
        row = max(self.sizeHintForRow(0), self.fontMetrics().lineSpacing())
        rows = min(max(self.count(), 1), _MOST_ROWS)
        return QtCore.QSize(super().sizeHint().width(), row * rows + 2 * self.frameWidth() + 2)

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802  (Qt's name)
        return QtCore.QSize(super().minimumSizeHint().width(), self.sizeHint().height())


class _Path(QtWidgets.QWidget):
    edited = Signal()

    def __init__(self, parameter: WorkflowParameter) -> None:
        super().__init__()
        self._parameter = parameter
        self._line = _Line()
        self._line.setMinimumWidth(self.fontMetrics().averageCharWidth() * _SHORTEST_PATH)
        self._line.edited.connect(self.edited)
        self.setFocusProxy(self._line)
        self.text, self.show_text = self._line.text, self._line.show_text
        self.setPlaceholderText = self._line.setPlaceholderText
        button = QtWidgets.QPushButton("Choose…")
        button.setAccessibleName(f"Choose {parameter.label}")
        button.clicked.connect(self._choose)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line, stretch=1)
        layout.addWidget(button)

    def _choose(self) -> None:
        chooser = QtWidgets.QFileDialog(self, self._parameter.label, self.text())
        chooser.setFileMode(_FILE_MODES[self._parameter.control])
        chooser.setNameFilters([*self._parameter.file_filters, "All files (*)"])
        if self._parameter.control == "CHOOSE_OUTPUT_FILE":
            chooser.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self._take)
        chooser.open()

    def _take(self, path: str) -> None:
        self._line.show_text(path)
        self.edited.emit()
