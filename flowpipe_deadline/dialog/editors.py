"""Widgets that edit one text each, as it would stand on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from ..workflows.parameters import ParameterError, WorkflowParameter, text_of

_MOST_ROWS = 6


class LineEditor(QLineEdit):
    """One line."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.textEdited.connect(self.edited)

    def show_text(self, text: str) -> None:
        """Shows the text, and leaves the cursor alone where it is there already."""
        if self.text() != text:
            self.setText(text)


class TextEditor(QPlainTextEdit):
    """Several lines."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 4)
        self.textChanged.connect(self.edited)

    def text(self) -> str:
        """What it holds."""
        return self.toPlainText()

    def show_text(self, text: str) -> None:
        """Shows the text."""
        if self.text() != text:
            self.blockSignals(True)
            self.setPlainText(text)
            self.blockSignals(False)


class NumberEditor(QAbstractSpinBox):
    """A number with buttons for the next one. It holds any text, so that a wrong one is shown and not changed."""

    edited = Signal()

    def __init__(self, parameter: WorkflowParameter) -> None:
        super().__init__()
        self._parameter = parameter
        self.lineEdit().textEdited.connect(self.edited)

    def show_text(self, text: str) -> None:
        """Shows the text, and leaves the cursor alone where it is there already."""
        if self.text() != text:
            self.lineEdit().setText(text)

    def validate(self, text: str, position: int) -> object:
        """Any text may be typed; the form says what is wrong with it."""
        return QValidator.State.Acceptable, text, position

    def stepBy(self, steps: int) -> None:  # noqa: N802  (Qt's name)
        """The number so much larger, within its limits."""
        low, high = self._parameter.min_value, self._parameter.max_value
        try:
            value = (int if self._parameter.type == "INT" else float)(self.text())
        except ValueError:
            value, steps = low or 0, 0
        value = round(value + steps, 10)
        value = value if low is None else max(low, value)
        self.lineEdit().setText(str(value if high is None else min(high, value)))
        self.edited.emit()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802  (Qt's name)
        """Both buttons, always."""
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Scrolls the form, and changes nothing."""
        event.ignore()


class ChoiceEditor(QComboBox):
    """A choice; ``is_free`` lets any other text be typed."""

    edited = Signal()

    def __init__(self, choices: Sequence[str], *, is_free: bool) -> None:
        super().__init__()
        self.setEditable(is_free)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.addItems(list(choices))
        (self.editTextChanged if is_free else self.currentTextChanged).connect(self.edited)

    def text(self) -> str:
        """What it holds."""
        return self.currentText()

    def show_text(self, text: str) -> None:
        """Shows the text; one that is no choice, such as of an old preset, becomes an entry of its own."""
        if self.text() == text and self.currentIndex() >= 0:
            return
        self.blockSignals(True)
        if self.isEditable():
            self.setEditText(text)
        else:
            if self.findText(text) < 0:
                self.insertItem(0, text)
            self.setCurrentIndex(self.findText(text))
        self.blockSignals(False)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Scrolls the form, and changes nothing."""
        event.ignore()


class CheckEditor(QCheckBox):
    """True or false."""

    edited = Signal()

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.clicked.connect(self.edited)

    def text(self) -> str:
        """What it holds."""
        return "true" if self.isChecked() else "false"

    def show_text(self, text: str) -> None:
        """Shows the text."""
        self.setChecked(text.lower() in ("true", "1", "yes", "on"))


class ListEditor(QListWidget):
    """Some of several choices."""

    edited = Signal()

    def __init__(self, parameter: WorkflowParameter, choices: Sequence[str]) -> None:
        super().__init__()
        self._parameter, self._choices = parameter, choices
        self.setUniformItemSizes(True)
        self.itemChanged.connect(self.edited)

    def text(self) -> str:
        """What it holds."""
        items = [self.item(row) for row in range(self.count())]
        return text_of([item.text() for item in items if item.checkState() == Qt.CheckState.Checked]) or ""

    def show_text(self, text: str) -> None:
        """Ticks these; those that are no choices are listed as well."""
        try:
            ticked = list(map(str, self._parameter.parse(text))) if text else []
        except ParameterError:
            ticked = [name for part in text.split(",") if (name := part.strip())]
        self.blockSignals(True)
        self.clear()
        for name in dict.fromkeys((*self._choices, *ticked)):
            item = QListWidgetItem(name, self)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
        self.blockSignals(False)
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        """As high as its rows, up to some."""
        row = max(self.sizeHintForRow(0), self.fontMetrics().lineSpacing())
        rows = min(max(self.count(), 1), _MOST_ROWS)
        return QSize(super().sizeHint().width(), row * rows + 2 * self.frameWidth() + 2)

    minimumSizeHint = sizeHint  # noqa: N815  (Qt's name)


class PathEditor(QWidget):
    """A path, with a button to choose it."""

    edited = Signal()

    def __init__(self, parameter: WorkflowParameter) -> None:
        super().__init__()
        self._parameter = parameter
        self.line = LineEditor()
        self.line.edited.connect(self.edited)
        button = QPushButton("Choose…")
        button.setAutoDefault(False)
        button.setAccessibleName(f"Choose {parameter.label}")
        button.clicked.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, stretch=1)
        layout.addWidget(button)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        """What it holds."""
        return self.line.text()

    def show_text(self, text: str) -> None:
        """Shows the text."""
        self.line.show_text(text)

    def _choose(self) -> None:
        modes = {
            "CHOOSE_INPUT_FILE": QFileDialog.FileMode.ExistingFile,
            "CHOOSE_OUTPUT_FILE": QFileDialog.FileMode.AnyFile,
            "CHOOSE_DIRECTORY": QFileDialog.FileMode.Directory,
        }
        chooser = QFileDialog(self, self._parameter.label, self.text())
        chooser.setFileMode(modes[self._parameter.control])
        chooser.setNameFilters([*self._parameter.file_filters, "All files (*)"])
        if self._parameter.control == "CHOOSE_OUTPUT_FILE":
            chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.fileSelected.connect(self._take)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.open()

    def _take(self, path: str) -> None:
        self.line.show_text(path)
        self.edited.emit()


def make_editor(parameter: WorkflowParameter, choices: Sequence[str]) -> QWidget:
    """The widget for the parameter, with these choices where they are known."""
    control = parameter.control
    choices = parameter.allowed_values or choices
    if control == "CHECK_BOX":
        return CheckEditor(parameter.label)
    if control == "MULTILINE_EDIT":
        return TextEditor()
    if control.startswith("CHOOSE_"):
        return PathEditor(parameter)
    if control == "CHECK_LIST" and choices:
        return ListEditor(parameter, choices)
    if control == "SPIN_BOX":
        return NumberEditor(parameter)
    if choices:
        return ChoiceEditor(choices, is_free=not parameter.allowed_values)
    return LineEditor()
