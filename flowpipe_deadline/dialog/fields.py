"""A form: an editor for each parameter, with what is wrong below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFormLayout, QGroupBox, QLabel, QScrollArea, QVBoxLayout, QWidget

from .editors import make_editor
from .state import Fields

_DARK = 128


def tint(palette: QPalette, severity: str) -> QColor:
    """The colour of text for an error or a warning, or for a side note, on light and on dark windows."""
    is_dark = palette.color(QPalette.ColorRole.Window).lightness() < _DARK
    colors = {"error": ("#b3261e", "#ff8a80"), "warning": ("#8a5a00", "#ffcc66"), "note": ("#5f6368", "#a8adb4")}
    return QColor(colors[severity][is_dark])


class Form(QWidget):
    """The fields in sections, in the order of the parameters."""

    edited = Signal(str)
    """The name of a field that a person has changed; its text is in the state already."""

    def __init__(self, fields: Fields, *, choices: Mapping[str, Sequence[str]], title: str = "") -> None:
        """``choices`` are those of parameters, by name; ``title`` is that of the section without a label of its own."""
        super().__init__()
        self._fields = fields
        self._editors: dict[str, Any] = {}
        self._cells: dict[str, QVBoxLayout] = {}
        self._notes: dict[str, QLabel] = {}
        self._labels: dict[str, QLabel] = {}
        self._touched: set[str] = set()
        sections: dict[str, QFormLayout] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for parameter in fields.parameters.values():
            if parameter.control == "HIDDEN":
                continue
            section = parameter.group_label or title
            if section not in sections:
                box = QGroupBox(section)
                sections[section] = QFormLayout(box)
                sections[section].setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
                sections[section].setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
                layout.addWidget(box)
            self._add(parameter.name, sections[section], choices.get(parameter.name, ()))
        layout.addStretch(1)
        self.refresh()

    def set_choices(self, name: str, choices: Sequence[str]) -> None:
        """Offers these for a field, whose text stays."""
        had_focus = self._editors[name].hasFocus()
        self._editors[name].deleteLater()
        self._put_editor(name, choices)
        self._show(name)
        if had_focus:
            self._editors[name].setFocus()

    def set_placeholder(self, name: str, text: str) -> None:
        """What holds for a field while it is empty."""
        editor = self._editors[name]
        line = getattr(editor, "line", None) or getattr(editor, "lineEdit", lambda: editor)()
        if hasattr(line, "setPlaceholderText"):
            line.setPlaceholderText(text)

    def refresh(self) -> None:
        """Shows the texts of the state."""
        for name in self._editors:
            self._show(name)

    def show_all_errors(self) -> None:
        """Also those of fields that nobody has touched yet."""
        self._touched.update(self._editors)
        self.refresh()

    def focus(self, name: str) -> None:
        """Leads to the field."""
        if name not in self._editors:
            return
        self._touched.add(name)
        self._show(name)
        parent: Optional[QWidget] = self.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(self._editors[name])
        self._editors[name].setFocus(Qt.FocusReason.OtherFocusReason)

    def _add(self, name: str, section: QFormLayout, choices: Sequence[str]) -> None:
        parameter = self._fields.parameters[name]
        cell = self._cells[name] = QVBoxLayout()
        cell.setSpacing(self.fontMetrics().leading() + 2)
        note = self._notes[name] = QLabel()
        note.setWordWrap(True)
        note.setTextFormat(Qt.TextFormat.PlainText)
        cell.addWidget(note)
        if parameter.control != "CHECK_BOX":
            label = self._labels[name] = QLabel(parameter.label + ("" if not parameter.is_required else " *"))
            label.setToolTip(parameter.description)
            section.addRow(label, cell)
        else:
            section.addRow(cell)
        self._put_editor(name, choices)

    def _put_editor(self, name: str, choices: Sequence[str]) -> None:
        parameter = self._fields.parameters[name]
        editor: Any = make_editor(parameter, choices)
        editor.setAccessibleName(parameter.label)
        editor.setToolTip(parameter.description)
        editor.edited.connect(lambda: self._take(name))
        self._editors[name] = editor
        self._cells[name].insertWidget(0, editor)
        if name in self._labels:
            self._labels[name].setBuddy(editor)

    def _take(self, name: str) -> None:
        self._fields.type_text(name, self._editors[name].text())
        self._touched.add(name)
        self._show_note(name)
        self.edited.emit(name)

    def _show(self, name: str) -> None:
        self._editors[name].show_text(self._fields.text(name))
        self._show_note(name)

    def _show_note(self, name: str) -> None:
        """What is wrong, once the field was touched or holds something; else what there is to say."""
        error = self._fields.error(name) if name in self._touched or self._fields.text(name) else ""
        text = error or self._fields.note(name)
        note = self._notes[name]
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, tint(palette, "error" if error else "note"))
        note.setPalette(palette)
        note.setText(text)
        note.setVisible(bool(text))
