"""Draws a dialog of the Monitor as the tests' stand-in keeps it: its parts in order, and what its controls show.

Deadline's own look is another; what stands where is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)


def drawn(parts: Sequence[Sequence[Any]], values: Mapping[str, Any], *, title: str) -> QWidget:
    """The dialog as a window that is not shown yet."""
    window = QWidget()
    window.setWindowTitle(title)
    boxes: list[Any] = [QVBoxLayout(window)]
    for method, given in parts:
        if method == "AddGrid":
            grid = QGridLayout()
            boxes[-1].addLayout(grid)
            boxes.append(grid)
        elif method == "AddTabControl":
            tabs = QTabWidget()
            boxes[-1].addWidget(tabs)
            boxes.append(tabs)
        elif method == "AddTabPage":
            page = QWidget()
            boxes[-1].addTab(page, given["name"])
            boxes.append(QVBoxLayout(page))
        elif method.startswith("End"):
            boxes.pop()
        elif method == "AddHorizontalSpacerToGrid":
            boxes[-1].setColumnStretch(given["column"], 1)
        else:
            place = given["row"], given["column"], max(given["rowSpan"], 1), max(given["colSpan"], 1)
            boxes[-1].addWidget(_control(given, values[given["name"]]), *place)
    return window


def _control(given: Mapping[str, Any], value: Any) -> QWidget:
    kind = given["control"]
    if kind == "CheckBoxControl":
        box = QCheckBox(given["theFilter"])
        box.setChecked(bool(value))
        return box
    if kind == "ComboControl":
        choice = QComboBox()
        choice.addItems(list(given["items"]))
        choice.setCurrentText(value)
        return choice
    if kind == "MultiLineTextControl":
        return QPlainTextEdit(value)
    if kind == "ProgressBarControl":
        bar = QProgressBar()
        bar.setValue(int(value))
        return bar
    if kind == "ButtonControl":
        return QPushButton(value)
    if kind in ("LabelControl", "SeparatorControl"):
        label = QLabel(value)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        return label
    line = QLineEdit(value)
    line.setReadOnly(kind == "ReadOnlyTextControl")
    return line
