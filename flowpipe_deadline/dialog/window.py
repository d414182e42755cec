"""The window: a workflow and its fields, what they will become, and the pages of the submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QStyle,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..submit.summary import counted
from ..workflows.facts import Facts
from ..workflows.parameters import WorkflowParameter
from .fields import Form, tint
from .presets import (
    Preset,
    PresetError,
    Texts,
    read_last_workflow,
    read_presets,
    read_sticky,
    save_preset,
    save_sticky,
)
from .preview import Preview
from .process import Request, Worker
from .state import Fields, option_fields, submit_request
from .submission import JobsPage, SubmissionPage, button

_PAUSE = 250  # Milliseconds after the last key before the preview follows.
Finding = Mapping[str, str]


@dataclass(frozen=True)
class Given:
    """What the dialog is started with."""

    workflow: str = ""
    facts: Facts = field(default_factory=Facts)
    root: Optional[str] = None
    presets: Sequence[str] = ()
    """Those of the studio file."""
    warnings: Sequence[str] = ()


class Window(QWidget):
    """The whole dialog."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self._given = given
        self._worker = Worker(self)
        self._workflow = ""
        self._presets: Sequence[Preset] = ()
        self._repository: Optional[Mapping[str, Any]] = None
        self._studio: Mapping[str, Any] = {}
        self._notes: dict[str, Sequence[Finding]] = {
            "given": [_warning(line) for line in (*given.warnings, *given.facts.warnings)]
        }
        """What there is to say, by where it comes from."""
        self._asked: Optional[Request] = None
        self.parameters, self.options = Fields(()), option_fields({})
        self.setWindowTitle("Submit to Deadline")
        self._make_edit_page()
        self.submission, self.jobs = SubmissionPage(self._worker), JobsPage(self._worker)
        self.submission.submitted.connect(self._show_jobs)
        self.submission.left.connect(self._go_back)
        self.jobs.left.connect(lambda: self._go_back([]))
        self.pages = QStackedWidget()
        for page in (self._edit_page, self.submission, self.jobs):
            self.pages.addWidget(page)
        QVBoxLayout(self).addWidget(self.pages)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._ask_for_plan)
        metrics = self.fontMetrics()
        available = self.screen().availableSize()
        self.resize(
            min(metrics.averageCharWidth() * 170, available.width()), min(metrics.height() * 42, available.height())
        )
        self.ask_deadline()
        if given.facts.files:
            request = self._worker.ask("files", files=[vars(each) for each in given.facts.files])
            request.done.connect(lambda end: self._note("files", (end.get("answer") or end)["findings"]))
        self.open_workflow(given.workflow)

    # What is asked of the worker.

    def open_workflow(self, name: str = "") -> None:
        """Loads the workflow anew and shows its fields; without a name, the one that the host or the user has."""
        self.title.setText("Loading the workflow…")
        self._ask(
            "describe", self._take_workflow, workflow=name, host=self._given.facts.host, last=read_last_workflow()
        )

    def ask_deadline(self) -> None:
        """Asks Deadline what can be chosen."""
        self.deadline_line.setText("Asking Deadline for pools, groups and limits. You can type them meanwhile.")
        self.deadline_button.setVisible(False)
        self.deadline_box.setVisible(True)
        self._worker.ask("repository").done.connect(self._take_repository)

    def submit(self) -> None:
        """Submits, or leads to the first error."""
        wrong = self._errors()
        if wrong:
            self.form.show_all_errors()
            self.options_form.show_all_errors()
            self._show_messages()
            self.focus_field(wrong[0]["field"])
            return
        self._timer.stop()
        self._drop()
        with suppress(PresetError):  # The submission matters more.
            save_sticky(self._workflow, Texts(self.parameters.to_keep(), self.options.to_keep()))
        self.pages.setCurrentWidget(self.submission)
        self.submission.submit(self._request(), self.preview.jobs)

    def focus_field(self, field_name: str) -> None:
        """Leads to the field of a finding."""
        part, _, name = field_name.partition(".")
        form = {"parameters": self.form, "options": self.options_form}.get(part)
        if form is not None:
            self.tabs.setCurrentIndex(0 if part == "parameters" else 1)
            form.focus(name)

    def _ask(self, do: str, take: Any, **request: Any) -> None:
        """Asks for a workflow or its plan; what was asked before is outdated."""
        self._drop()
        self._asked = self._worker.ask(do, **request)
        self._asked.done.connect(take)

    def _drop(self) -> None:
        if self._asked is not None:
            self._asked.drop()
            self._asked = None

    def _request(self) -> dict[str, Any]:
        return submit_request(self._workflow, self.parameters, self.options)

    def _take_workflow(self, end: Mapping[str, Any]) -> None:
        self._asked = None
        answer = end.get("answer")
        if answer is None:
            self.title.setText("No workflow could be loaded.")
            self._note("plan", end["findings"])
            return
        self._studio = answer["studio"]
        self._note("plan", answer["findings"])
        names = [each["name"] for each in answer["workflows"]]
        workflow = answer["workflow"]
        self.workflow_box.clear()
        self.workflow_box.addItems(names if workflow is None or workflow["spec"] in names else [*names, workflow["spec"]])
        self.workflow_box.setCurrentIndex(-1 if workflow is None else self.workflow_box.findText(workflow["spec"]))
        if workflow is None:
            self.title.setText("Choose a workflow." if not answer["findings"] else "The workflow could not be loaded.")
            return
        is_same = workflow["spec"] == self._workflow
        self._workflow = workflow["spec"]
        self.title.setText(workflow["title"])
        self.description.setText(workflow["description"].partition("\n\n")[0].replace("\n", " "))
        self.description.setToolTip(workflow["description"])
        self.description.setVisible(bool(workflow["description"]))
        parameters = [WorkflowParameter.from_json(each) for each in workflow["parameters"]]
        sticky = read_sticky(self._workflow)
        if is_same:  # It was loaded anew: what was typed stays.
            sticky = Texts({**sticky.parameters, **self.parameters.to_keep()}, self.options.to_keep())
        self.parameters = Fields(
            parameters, facts=self._given.facts.texts_for(parameters), sticky=sticky.parameters
        )
        self.options = option_fields(sticky.options, presets=self._given.presets, root=self._given.root)
        self._make_forms()
        self._read_presets()
        self._changed()

    def _take_repository(self, end: Mapping[str, Any]) -> None:
        self._repository = end.get("answer")
        self.deadline_box.setVisible(self._repository is None)
        if self._repository is None:
            words = " ".join(finding["text"] for finding in end["findings"])
            self.deadline_line.setText(f"Deadline does not answer: {words}. You can type what you know.")
            self.deadline_button.setVisible(True)
        else:
            self._offer()
            self._changed()

    def _take_plan(self, end: Mapping[str, Any]) -> None:
        self._asked = None
        answer = end.get("answer") or {"jobs": [], **end}
        self.preview.show_jobs(answer["jobs"])
        self.preview.setEnabled(True)
        tasks = sum(job["tasks"] for job in answer["jobs"])
        self.status.setText(f"{counted(len(answer['jobs']), 'job')}, {counted(tasks, 'task')}" if answer["jobs"] else "")
        self._note("plan", answer["findings"])

    # What a person does.

    def _changed(self, _name: str = "") -> None:
        """The fields have changed: the preview follows."""
        self._drop()
        self.preview.setEnabled(False)
        self._show_messages()
        self.status.setText("")
        if self._workflow and not self._errors():
            self.status.setText("Working out the jobs…")
            self._timer.start()

    def _ask_for_plan(self) -> None:
        self._ask("plan", self._take_plan, repository=self._repository, **self._request())

    def _errors(self) -> list[Finding]:
        """What is wrong with the fields, without asking anybody."""
        return [
            {"severity": "error", "text": text, "field": f"{part}.{name}"}
            for part, fields in (("parameters", self.parameters), ("options", self.options))
            for name, text in fields.errors().items()
        ]

    def _note(self, source: str, findings: Sequence[Finding]) -> None:
        self._notes[source] = findings
        self._show_messages()

    def _show_messages(self) -> None:
        """The errors, then the warnings."""
        wrong = self._errors()
        others = [each for source, notes in self._notes.items() for each in notes if source != "plan" or not wrong]
        findings = sorted([*wrong, *others], key=lambda finding: finding["severity"] != "error")
        self.messages.show_findings(findings)

    def _go_back(self, findings: Sequence[Finding]) -> None:
        self.pages.setCurrentWidget(self._edit_page)
        self._changed()
        self._note("plan", findings)

    def _show_jobs(self, result: Mapping[str, Any]) -> None:
        self.jobs.show_jobs(result, self.preview.jobs)
        self.pages.setCurrentWidget(self.jobs)

    def _browse(self) -> None:
        chooser = QFileDialog(self, "A Python file with a workflow", "", "Python (*.py)")
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.open_workflow)
        chooser.open()

    def _read_presets(self) -> None:
        folder = self._studio["presets_folder"]
        self._presets, notes = read_presets(self._workflow, shared=None if folder is None else Path(folder))
        self._notes["presets"] = [_warning(line) for line in notes]
        self.preset_box.clear()
        self.preset_box.addItem("")
        self.preset_box.addItems([f"{each.name} (studio)" if each.is_shared else each.name for each in self._presets])
        self.preset_box.setEnabled(bool(self._presets))

    def choose_preset(self, index: int) -> None:
        """Takes the texts of a preset; 0 is none."""
        texts = self._presets[index - 1].texts if index > 0 else Texts()
        unknown = self.parameters.choose_preset(texts.parameters)
        self.options.choose_preset(texts.options)
        self._notes["preset"] = [
            _warning(f"The preset has a parameter '{name}', which this workflow does not have: it is ignored.")
            for name in unknown
        ]
        self.form.refresh()
        self.options_form.refresh()
        self._changed()

    def ask_preset_name(self) -> None:
        """Asks for a name, and saves what the fields hold."""
        names = [(preset.name, preset.is_shared) for preset in self._presets]
        self.preset_dialog = PresetDialog(self, names, can_share=self._studio.get("presets_folder") is not None)
        self.preset_dialog.accepted.connect(lambda: self._save_preset(*self.preset_dialog.chosen))
        self.preset_dialog.open()

    def _save_preset(self, name: str, is_shared: bool) -> None:
        folder = Path(self._studio["presets_folder"]) if is_shared else None
        texts = Texts(self.parameters.to_keep(), self.options.to_keep())
        try:
            save_preset(name, texts, workflow=self._workflow, shared=folder)
        except PresetError as error:
            self._note("preset", [{"severity": "error", "text": f"The preset is not saved: {error}.", "field": ""}])
            return
        self._read_presets()
        known = [(preset.name, preset.is_shared) for preset in self._presets]
        self.preset_box.setCurrentIndex(known.index((name, is_shared)) + 1)
        self._note("preset", [])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  (Qt's name)
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  (Qt's name)
        """Closes, unless a submission is under way: then it asks."""
        if not self.submission.is_under_way:
            self._worker.close()
            event.accept()
            return
        event.ignore()
        self.question = QMessageBox(self)
        self.question.setIcon(QMessageBox.Icon.Question)
        self.question.setText("The jobs are being submitted.")
        self.question.setInformativeText("If you cancel, the jobs that are submitted already are deleted again.")
        keep = self.question.addButton("&Keep Submitting", QMessageBox.ButtonRole.RejectRole)
        stop = self.question.addButton("&Cancel Submission", QMessageBox.ButtonRole.DestructiveRole)
        self.question.setDefaultButton(keep)
        self.question.setEscapeButton(keep)
        stop.clicked.connect(self.submission.cancel)
        self.question.open()

    # Widgets.

    def _make_edit_page(self) -> None:
        self.workflow_box, self.preset_box = QComboBox(), QComboBox()
        for box in (self.workflow_box, self.preset_box):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(20)
        self.workflow_box.textActivated.connect(self.open_workflow)
        self.preset_box.activated.connect(self.choose_preset)
        browse, reload, save = button("&Browse…"), button("&Reload"), button("S&ave Preset…")
        browse.clicked.connect(self._browse)
        reload.clicked.connect(lambda: self.open_workflow(self._workflow))
        reload.setToolTip("Reads the workflow anew (F5).")
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self, reload.click)
        save.clicked.connect(self.ask_preset_name)
        top = QHBoxLayout()
        for text, box, buttons in (("&Workflow", self.workflow_box, (browse, reload)), ("&Preset", self.preset_box, (save,))):
            label = QLabel(text)
            label.setBuddy(box)
            top.addWidget(label)
            top.addWidget(box, stretch=1)
            for each in buttons:
                top.addWidget(each)
            top.addSpacing(self.fontMetrics().averageCharWidth() * 2)
        self.title, self.description = QLabel(), QLabel()
        self.title.setVisible(False)
        self.description.setWordWrap(True)
        self.description.setTextFormat(Qt.TextFormat.PlainText)
        self.tabs = QTabWidget()
        self._parameter_area, self._option_area = _area(), _area()
        self.tabs.addTab(self._parameter_area, "Workflow")
        self.tabs.addTab(self._make_option_page(), "Job")
        self.preview, self.messages = Preview(), Messages()
        self.messages.chosen.connect(self.focus_field)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.preview)
        right.addWidget(self.messages)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 1)
        middle = QSplitter(Qt.Orientation.Horizontal)
        middle.addWidget(self.tabs)
        middle.addWidget(right)
        middle.setChildrenCollapsible(False)
        self.status = QLabel()
        self.submit_button, close = button("&Submit"), button("Close")
        self.submit_button.clicked.connect(self.submit)
        close.clicked.connect(self.close)
        bottom = QHBoxLayout()
        bottom.addWidget(self.status, stretch=1)
        bottom.addWidget(self.submit_button)
        bottom.addWidget(close)
        self._edit_page = QWidget()
        layout = QVBoxLayout(self._edit_page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.description)
        layout.addWidget(middle, stretch=1)
        layout.addLayout(bottom)
        self._make_forms()

    def _make_option_page(self) -> QWidget:
        self.deadline_line, self.deadline_button = QLabel(), button("&Try Again")
        self.deadline_line.setWordWrap(True)
        self.deadline_line.setTextFormat(Qt.TextFormat.PlainText)
        self.deadline_button.clicked.connect(self.ask_deadline)
        self.deadline_box = QWidget()
        line = QHBoxLayout(self.deadline_box)
        line.addWidget(self.deadline_line, stretch=1)
        line.addWidget(self.deadline_button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.deadline_box)
        layout.addWidget(self._option_area, stretch=1)
        return page

    def _make_forms(self) -> None:
        facts = self._given.facts
        choices = {name: facts.choices_for(parameter) for name, parameter in self.parameters.parameters.items()}
        self.form = Form(self.parameters, choices=choices, title="Parameters")
        self.options_form = Form(self.options, choices={})
        for form, area in ((self.form, self._parameter_area), (self.options_form, self._option_area)):
            form.edited.connect(self._changed)
            area.setWidget(form)
        self._offer()

    def _offer(self) -> None:
        """Lets people choose from what Deadline and the studio have."""
        known = {**(self._repository or {}), "presets": self._studio.get("presets")}
        for name, parameter in self.options.parameters.items():
            if known.get(parameter.choices_from or ""):
                self.options_form.set_choices(name, known[parameter.choices_from or ""])
        if known.get("maximum_priority") is not None:
            self.options.limit("priority", max_value=known["maximum_priority"])
            self.options_form.set_choices("priority", ())
        for name in ("pool", "group", "priority"):
            self.options_form.set_placeholder(name, "as the studio or Deadline says")
        self.options_form.set_placeholder("root", self._studio.get("root") or "")


class Messages(QListWidget):
    """Errors and warnings; one that belongs to a field leads there."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setAccessibleName("Errors and warnings")
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Shows these, in this order."""
        self.clear()
        icons = {
            "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
            "warning": QStyle.StandardPixmap.SP_MessageBoxWarning,
        }
        for finding in findings:
            item = QListWidgetItem(self.style().standardIcon(icons[finding["severity"]]), finding["text"], self)
            item.setData(Qt.ItemDataRole.UserRole, finding["field"])
            item.setForeground(tint(self.palette(), finding["severity"]))
            item.setToolTip("Click to go to the field." if finding["field"] else "")

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


class PresetDialog(QDialog):
    """Asks for the name of a preset, and whether everybody gets it."""

    def __init__(self, parent: QWidget, names: Sequence[tuple[str, bool]], *, can_share: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save Preset")
        self._names = names
        self.name, self.shared, self._note = QLineEdit(), QCheckBox("For the whole studio"), QLabel()
        self.shared.setVisible(can_share)
        label = QLabel("&Name")
        label.setBuddy(self.name)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for part in (label, self.name, self.shared, self._note, self._buttons):
            layout.addWidget(part)
        self.name.textChanged.connect(self._follow)
        self.shared.toggled.connect(self._follow)
        self._follow()

    @property
    def chosen(self) -> tuple[str, bool]:
        """The name, and whether the preset is shared."""
        return self.name.text().strip(), self.shared.isChecked()

    def _follow(self, _: object = None) -> None:
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(bool(self.chosen[0]))
        self._note.setText("It replaces the preset of that name." if self.chosen in self._names else " ")


def _warning(text: str) -> Finding:
    return {"severity": "warning", "text": text, "field": ""}


def _area() -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    return area
