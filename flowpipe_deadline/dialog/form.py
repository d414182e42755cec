"""A form: an editor for each parameter, with what is wrong below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Qt

from ..core.text import one_line
from ..workflows.parameters import WorkflowParameter
from .editors import make_editor
from .state import Fields

_TINTS = {"error": ("#b3261e", "#ff8a80"), "warning": ("#8a5a00", "#ffcc66"), "note": ("#5f6368", "#a8adb4")}
_DARK = 128
_LONGEST_LABEL = 40


def tint(palette: QtGui.QPalette, severity: str) -> QtGui.QColor:
    """The colour of text for an ``error``, a ``warning`` or a ``note``, on light and on dark windows."""
    return QtGui.QColor(_TINTS[severity][palette.color(QtGui.QPalette.ColorRole.Window).lightness() < _DARK])


class Note(QtWidgets.QLabel):
    """Plain text in as many lines as it needs: in a form, Qt gives wrapped text too little room."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def say(self, text: str, severity: str = "") -> None:
        """Shows the text in the colour of its severity; hides itself if there is none."""
        if severity:
            palette = QtGui.QPalette(self.palette())
            palette.setColor(QtGui.QPalette.ColorRole.WindowText, tint(palette, severity))
            self.setPalette(palette)
        self.setText(text)
        self.setVisible(bool(text))
        self._grow()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        """As high as the text needs at this width."""
        super().resizeEvent(event)
        self._grow()

    def _grow(self) -> None:
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())))


def label_text(parameter: WorkflowParameter) -> str:
    """The label, cut where a window would be too narrow for it."""
    return one_line(parameter.label, longest=_LONGEST_LABEL)


def tip(parameter: WorkflowParameter) -> str:
    """What it means, below its label where that is cut."""
    cut = [] if label_text(parameter) == parameter.label else [parameter.label]
    return "\n".join([*cut, parameter.description])


class Form(QtWidgets.QScrollArea):
    """The fields in sections, in the order of the parameters."""

    edited = QtCore.Signal(str)
    """The name of a field that a person has changed; its text is in the state already."""

    def __init__(self, fields: Fields, *, choices: Mapping[str, Sequence[str]]) -> None:
        """``choices`` are those of parameters, by name."""
        super().__init__()
        self.editors: dict[str, Any] = {}
        self.notes: dict[str, Note] = {}
        self._fields = fields
        self._cells: dict[str, QtWidgets.QVBoxLayout] = {}
        self._labels: dict[str, QtWidgets.QLabel] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        inside = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(inside)
        sections: dict[str, QtWidgets.QFormLayout] = {}
        for name, parameter in fields.parameters.items():
            if parameter.control != "HIDDEN":
                if parameter.group_label not in sections:
                    box = QtWidgets.QGroupBox(parameter.group_label)
                    layout.addWidget(box)
                    sections[parameter.group_label] = QtWidgets.QFormLayout(box)
                    sections[parameter.group_label].setRowWrapPolicy(QtWidgets.QFormLayout.RowWrapPolicy.WrapLongRows)
                self._add(name, sections[parameter.group_label], choices.get(name, ()))
        layout.addStretch(1)
        self.setWidget(inside)
        for part in (inside, self.viewport()):  # The background is that of the page, as around it.
            part.setAutoFillBackground(False)

    def set_choices(self, name: str, choices: Sequence[str]) -> None:
        """Offers these for a field, whose text stays."""
        old = self.editors[name]
        self._put_editor(name, choices)
        self.setTabOrder(old, self.editors[name])
        if old.hasFocus():
            self.editors[name].setFocus()
        old.deleteLater()

    def set_placeholder(self, name: str, text: str) -> None:
        """What holds for a field while it is empty."""
        editor = self.editors[name]
        line = editor.lineEdit() if hasattr(editor, "lineEdit") else editor
        line.setPlaceholderText(text)

    def refresh(self) -> None:
        """Shows the texts of the state."""
        for name in self.editors:
            self._show(name)

    def focus(self, name: str) -> None:
        """Leads to the field."""
        if name in self.editors:
            self.ensureWidgetVisible(self.editors[name])
            self.editors[name].setFocus(Qt.FocusReason.OtherFocusReason)

    def _add(self, name: str, section: QtWidgets.QFormLayout, choices: Sequence[str]) -> None:
        parameter = self._fields.parameters[name]
        cell, note = QtWidgets.QVBoxLayout(), Note()
        cell.setSpacing(2)
        cell.addWidget(note)
        self._cells[name], self.notes[name] = cell, note
        if parameter.control == "CHECK_BOX":  # It has its label beside it.
            section.addRow(cell)
        else:
            label = self._labels[name] = QtWidgets.QLabel(
                label_text(parameter) + (" *" if parameter.is_required else "")
            )
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setToolTip(tip(parameter))
            section.addRow(label, cell)
        self._put_editor(name, choices)

    def _put_editor(self, name: str, choices: Sequence[str]) -> None:
        parameter = self._fields.parameters[name]
        editor = self.editors[name] = make_editor(parameter, choices)
        editor.setAccessibleName(parameter.label)
        editor.setToolTip(tip(parameter))
        editor.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, editor.sizePolicy().verticalPolicy())
        editor.edited.connect(lambda: self._take(name))
        self._cells[name].insertWidget(0, editor)
        if name in self._labels:
            self._labels[name].setBuddy(editor)
        self._show(name)

    def _take(self, name: str) -> None:
        self._fields.type_text(name, self.editors[name].text())
        self._show(name)
        self.edited.emit(name)

    def _show(self, name: str) -> None:
        """The text, and what is wrong with it, else a remark."""
        self.editors[name].show_text(self._fields.text(name))
        error = self._fields.error(name)
        self.notes[name].say(error or self._fields.note(name), "error" if error else "note")
