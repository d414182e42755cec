"""The page where a submission is put together: its widgets, and where they stand. What they do is the window's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6 import QtWidgets
from PySide6.QtCore import Qt, Signal

from .form import Form, Note, tint
from .preview import Preview
from .state import Fields

Finding = Mapping[str, str]
"""An error or a warning: ``severity``, ``text``, and the ``field`` that it belongs to, such as ``options.pool``."""


def button(text: str) -> QtWidgets.QPushButton:
    """A button that Enter presses only where it has the focus."""
    made = QtWidgets.QPushButton(text)
    made.setAutoDefault(True)
    return made


def row(*parts: QtWidgets.QWidget | None) -> QtWidgets.QHBoxLayout:
    """The widgets beside each other; None is room between them."""
    layout = QtWidgets.QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        else:
            layout.addWidget(part)
    return layout


class EditPage(QtWidgets.QWidget):
    """Workflow and preset, the fields, the preview, and what is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.workflow_box, self.preset_box = _box(), _box()
        self.browse_button, self.reload_button = button("&Browse…"), button("&Reload")
        self.reload_button.setToolTip("Reads the workflow anew (F5).")
        self.save_button = button("S&ave Preset…")
        self.description, self.status = Note(), QtWidgets.QLabel()
        self.submit_button, self.close_button = button("&Submit"), button("Close")
        self.deadline_note, self.deadline_button = Note(), button("&Try Again")
        self.preview, self.messages = Preview(), Messages()
        self.parameters_form = self.options_form = Form(Fields(()), choices={})
        self.tabs = QtWidgets.QTabWidget()
        self._shown: tuple[QtWidgets.QWidget, ...] = ()
        right = QtWidgets.QSplitter(Qt.Orientation.Vertical)
        middle = QtWidgets.QSplitter(Qt.Orientation.Horizontal)
        for splitter, parts in ((right, (self.preview, self.messages)), (middle, (self.tabs, right))):
            splitter.setChildrenCollapsible(False)
            for part in parts:
                splitter.addWidget(part)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 2)
        top = row(_label("&Workflow", self.workflow_box), self.workflow_box, self.browse_button, self.reload_button)
        top.addSpacing(self.fontMetrics().height())
        top.addLayout(row(_label("&Preset", self.preset_box), self.preset_box, self.save_button))
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.description)
        layout.addWidget(middle, stretch=1)
        layout.addLayout(row(self.status, None, self.submit_button, self.close_button))

    def show_forms(self, parameters: Form, options: Form) -> None:
        """Shows these forms in place of those before."""
        options_page = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(options_page)
        layout.setContentsMargins(0, 0, 0, 0)
        line = row(self.deadline_note, self.deadline_button)
        margin = self.fontMetrics().height() // 2
        line.setContentsMargins(margin, margin, margin, 0)
        layout.addLayout(line)
        layout.addWidget(options, stretch=1)
        current = max(self.tabs.currentIndex(), 0)
        self.tabs.clear()
        for page in self._shown:
            page.deleteLater()
        self._shown = (parameters, options_page)
        self.tabs.addTab(parameters, "Workflow")
        self.tabs.addTab(options_page, "Job")
        self.tabs.setCurrentIndex(current)
        self.parameters_form, self.options_form = parameters, options

    def focus_field(self, field_name: str) -> None:
        """Leads to the field of a finding, if it has one."""
        part, _, name = field_name.partition(".")
        if name:
            self.tabs.setCurrentIndex(0 if part == "parameters" else 1)
            (self.parameters_form if part == "parameters" else self.options_form).focus(name)


class Messages(QtWidgets.QListWidget):
    """Errors and warnings; one that belongs to a field leads there."""

    chosen = Signal(str)
    """The field."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setResizeMode(QtWidgets.QListView.ResizeMode.Adjust)
        self.setSpacing(2)
        self.setAccessibleName("Errors and warnings")
        self.itemClicked.connect(lambda item: self.chosen.emit(item.data(Qt.ItemDataRole.UserRole)))
        self.itemActivated.connect(lambda item: self.chosen.emit(item.data(Qt.ItemDataRole.UserRole)))

    def show_findings(self, findings: Sequence[Finding], *, is_all: bool) -> None:
        """Shows these, in this order; ``is_all`` says that no more are to come."""
        self.clear()
        if is_all and not findings:
            item = QtWidgets.QListWidgetItem("No errors or warnings.", self)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        pixmaps = QtWidgets.QStyle.StandardPixmap
        icons = {"error": pixmaps.SP_MessageBoxCritical, "warning": pixmaps.SP_MessageBoxWarning}
        for finding in findings:
            icon = self.style().standardIcon(icons[finding["severity"]])
            item = QtWidgets.QListWidgetItem(icon, finding["text"], self)
            item.setData(Qt.ItemDataRole.UserRole, finding["field"])
            item.setForeground(tint(self.palette(), finding["severity"]))
            item.setToolTip("Click to go to the field." if finding["field"] else "")


class PresetDialog(QtWidgets.QDialog):
    """Asks for the name of a preset, and whether everybody gets it."""

    def __init__(self, parent: QtWidgets.QWidget, names: Sequence[tuple[str, bool]], *, can_share: bool) -> None:
        """``names`` are those that there are, and whether they are shared."""
        super().__init__(parent)
        self.setWindowTitle("Save Preset")
        self._names = names
        self.name, self.note = QtWidgets.QLineEdit(), Note()
        self.shared = QtWidgets.QCheckBox("For the whole &studio")
        self.shared.setVisible(can_share)
        kinds = QtWidgets.QDialogButtonBox.StandardButton
        self.buttons = QtWidgets.QDialogButtonBox(kinds.Save | kinds.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QtWidgets.QVBoxLayout(self)
        for part in (_label("&Name", self.name), self.name, self.shared, self.note, self.buttons):
            layout.addWidget(part)
        self.name.textChanged.connect(self._follow)
        self.shared.toggled.connect(self._follow)
        self._follow()

    @property
    def chosen(self) -> tuple[str, bool]:
        """The name, and whether the preset is shared."""
        return self.name.text().strip(), self.shared.isChecked()

    def _follow(self, _: object = None) -> None:
        self.buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Save).setEnabled(bool(self.chosen[0]))
        self.note.say("It replaces the preset of that name." if self.chosen in self._names else "")


def _box() -> QtWidgets.QComboBox:
    box = QtWidgets.QComboBox()
    box.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(15)
    box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
    return box


def _label(text: str, buddy: QtWidgets.QWidget) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(text)
    label.setBuddy(buddy)
    return label
