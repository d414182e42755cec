"""The window: what a person does, what the worker answers, and which page shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Qt

from ..core.errors import words_of
from ..core.text import counted
from ..workflows.parameters import WorkflowParameter
from .application import Given
from .edit_page import EditPage, Finding, PresetDialog
from .form import Form
from .presets import Preset, PresetError, Texts, read_last_workflow, read_presets, read_sticky, save_preset, save_sticky
from .process import Request, Worker
from .state import PASSING, Fields, option_fields, submit_request
from .submission import JobsPage, SubmissionPage

_PAUSE = 250  # Milliseconds after the last key before the preview follows.


class Window(QtWidgets.QWidget):
    """The whole dialog."""

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.setWindowTitle("Submit to Deadline")
        self.parameters, self.options = Fields(()), option_fields({})
        self._given = given
        self._worker = Worker(self)
        self._asked: dict[str, Request] = {}
        """What the worker is at: to describe a workflow, or to plan it."""
        self._workflow = ""
        self._studio: Mapping[str, Any] = {"root": None, "presets": (), "presets_folder": None}
        self._repository: Mapping[str, Any] | None = None
        self._presets: Sequence[Preset] = ()
        self._findings = {"given": [_warning(line) for line in (*given.warnings, *given.facts.warnings)]}
        """By where they come from."""
        self._timer = QtCore.QTimer(self, singleShot=True, interval=_PAUSE)
        self._timer.timeout.connect(self._ask_for_plan)
        self.edit, self.submission, self.jobs = EditPage(), SubmissionPage(self._worker), JobsPage(self._worker)
        self.pages = QtWidgets.QStackedWidget()
        for page in (self.edit, self.submission, self.jobs):
            self.pages.addWidget(page)
        QtWidgets.QVBoxLayout(self).addWidget(self.pages)
        self.question = self._make_question()
        self._connect()
        self._show_forms()
        metrics, room = self.fontMetrics(), self.screen().availableSize()
        self.resize(min(metrics.averageCharWidth() * 160, room.width()), min(metrics.height() * 42, room.height()))
        self.open_workflow(given.workflow)
        self.ask_deadline()
        if given.facts.files:
            request = self._worker.ask("files", files=[vars(file) for file in given.facts.files])
            request.done.connect(lambda end: self._find("files", (end.get("answer") or end)["findings"]))

    @property
    def is_working(self) -> bool:
        """Whether a workflow is being loaded, or its jobs worked out."""
        return bool(self._asked) or self._timer.isActive()

    def open_workflow(self, name: str = "") -> None:
        """Loads the workflow anew and shows its fields; without a name, the one of the host, or the last one."""
        self.edit.status.setText("Loading the workflow…")
        self._allow_submission(False)
        self._drop("plan")
        last = read_last_workflow()
        self._ask("describe", self._take_workflow, workflow=name, host=self._given.facts.host, last=last)

    def ask_deadline(self) -> None:
        """Asks Deadline what can be chosen."""
        self.edit.deadline_note.say("Asking Deadline for its pools, groups and limits…", "note")
        self.edit.deadline_button.setVisible(False)
        self._worker.ask("repository").done.connect(self._take_repository)

    def submit(self) -> None:
        """Submits, or leads to the first error."""
        wrong = self._errors()
        if wrong:
            self.edit.focus_field(wrong[0]["field"])
        else:
            self._timer.stop()
            self._drop("plan")
            with suppress(PresetError):  # The submission matters more.
                save_sticky(self._workflow, self._to_keep())
            self.pages.setCurrentWidget(self.submission)
            self.submission.submit(submit_request(self._workflow, self.parameters, self.options))

    def choose_preset(self, index: int) -> None:
        """Takes the texts of a preset; 0 is none."""
        texts = self._presets[index - 1].texts if index > 0 else Texts()
        unknown = self.parameters.choose_preset(texts.parameters)
        self.options.choose_preset(texts.options)
        self.edit.parameters_form.refresh()
        self.edit.options_form.refresh()
        text = "The preset has a text for '{}', which this workflow does not have: it is ignored."
        self._findings["preset"] = [_warning(text.format(name)) for name in unknown]
        self._follow()

    def save_preset(self) -> None:
        """Asks for a name, and saves what the fields hold."""
        names = [(preset.name, preset.is_shared) for preset in self._presets]
        self.preset_dialog = PresetDialog(self, names, can_share=self._studio["presets_folder"] is not None)
        self.preset_dialog.accepted.connect(lambda: self._save_preset(*self.preset_dialog.chosen))
        self.preset_dialog.open()

    def show_bug(self, error: BaseException) -> None:
        """Tells of an exception that nobody foresaw; the dialog goes on."""
        text = f"internal error: {words_of(error)}; details are on the terminal"
        self._find("bug", [{"severity": "error", "text": text, "field": ""}])

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802  (Qt's name)
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: N802  (Qt's name)
        """Closes, unless a submission is under way: then it asks, and while that is cancelled it stays."""
        if not self.submission.is_under_way:
            self.hide()  # The processes may need a moment.
            self._worker.close()
            return
        event.ignore()
        if not self.submission.is_cancelling:
            self.question.open()

    def _make_question(self) -> QtWidgets.QMessageBox:
        """What is asked where the window is closed during a submission."""
        box = QtWidgets.QMessageBox(self)
        box.setIcon(QtWidgets.QMessageBox.Icon.Question)
        box.setText("The jobs are being submitted.")
        box.setInformativeText("If you cancel, the jobs that are submitted already are deleted again.")
        keep = box.addButton("&Keep Submitting", QtWidgets.QMessageBox.ButtonRole.RejectRole)
        stop = box.addButton("&Cancel Submission", QtWidgets.QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        stop.clicked.connect(self.submission.cancel)
        self.submission.ended.connect(box.close)
        return box

    def _connect(self) -> None:
        edit = self.edit
        edit.workflow_box.textActivated.connect(self.open_workflow)
        edit.preset_box.activated.connect(self.choose_preset)
        edit.browse_button.clicked.connect(self._browse)
        edit.reload_button.clicked.connect(lambda: self.open_workflow(self._workflow))
        QtGui.QShortcut(QtGui.QKeySequence(Qt.Key.Key_F5), edit, edit.reload_button.click)
        edit.save_button.clicked.connect(self.save_preset)
        edit.deadline_button.clicked.connect(self.ask_deadline)
        edit.messages.chosen.connect(edit.focus_field)
        edit.submit_button.clicked.connect(self.submit)
        edit.close_button.clicked.connect(self.close)
        self.submission.submitted.connect(self._show_jobs)
        self.submission.left.connect(self._go_back)
        self.jobs.left.connect(self._go_back)
        self.jobs.close_button.clicked.connect(self.close)

    def _ask(self, do: str, take: Callable[[Mapping[str, Any]], None], **request: Any) -> None:
        """Asks for a workflow or its plan; what was asked before is outdated."""
        self._drop(do)
        self._asked[do] = self._worker.ask(do, **request)
        self._asked[do].done.connect(take)

    def _drop(self, do: str) -> None:
        if do in self._asked:
            self._asked.pop(do).drop()

    def _ask_for_plan(self) -> None:
        request = submit_request(self._workflow, self.parameters, self.options)
        self._ask("plan", self._take_plan, repository=self._repository, **request)

    def _take_workflow(self, end: Mapping[str, Any]) -> None:
        self._asked.pop("describe")
        self.edit.status.setText("")
        self._findings["plan"] = (end.get("answer") or end)["findings"]
        if "answer" in end:
            workflow, self._studio = end["answer"]["workflow"], end["answer"]["studio"]
            names = end["answer"]["workflows"]
            spec = workflow["spec"] if workflow else self._workflow  # Whose fields are shown.
            self.edit.workflow_box.clear()
            self.edit.workflow_box.addItems(names if spec in ("", *names) else [*names, spec])
            self.edit.workflow_box.setCurrentIndex(self.edit.workflow_box.findText(spec) if spec else -1)
            if workflow:
                self._show_workflow(workflow)
            elif not self._workflow:
                self.edit.description.say("Choose a workflow.")
        self._allow_submission(bool(self._workflow))
        self._show_findings()

    def _allow_submission(self, is_allowed: bool) -> None:
        """Not while the name above is that of one workflow, and the fields are still those of another."""
        self.edit.submit_button.setEnabled(is_allowed)
        self.edit.save_button.setEnabled(is_allowed)

    def _show_workflow(self, workflow: Mapping[str, Any]) -> None:
        spec, description = workflow["spec"], workflow["description"]
        self.setWindowTitle(f"{workflow['title']} – Submit to Deadline")
        nothing = [] if workflow["parameters"] else ["There is nothing to fill in."]
        self.edit.description.say(" ".join([*description.partition("\n\n")[0].split(), *nothing]))
        self.edit.description.setToolTip(description)
        parameters = [WorkflowParameter.from_json(each) for each in workflow["parameters"]]
        sticky, given, studio, before = read_sticky(spec), self._given, self._studio, (self.parameters, self.options)
        self.parameters = Fields(parameters, facts=given.facts.texts_for(parameters), sticky=sticky.parameters)
        self.options = option_fields(
            sticky.options, known_presets=studio["presets"], presets=given.presets, root=given.root
        )
        chosen = ""
        if spec == self._workflow:  # It is loaded anew.
            self.parameters.take_over(before[0])
            self.options.take_over(before[1])
            chosen = self.edit.preset_box.currentText()
        else:
            self._findings.pop("preset", None)
        self._workflow = spec
        self._show_forms()
        self._list_presets()
        self.edit.preset_box.setCurrentIndex(max(self.edit.preset_box.findText(chosen), 0))
        self._follow()

    def _take_repository(self, end: Mapping[str, Any]) -> None:
        self._repository = end.get("answer")
        if self._repository is None:
            words = " ".join(finding["text"] for finding in end["findings"])
            self.edit.deadline_note.say(f"Deadline does not answer: {words}. Type what you know.", "warning")
            self.edit.deadline_button.setVisible(True)
        else:
            self.edit.deadline_note.say("")
            self._offer()
            self._follow()

    def _take_plan(self, end: Mapping[str, Any]) -> None:
        self._asked.pop("plan")
        jobs = end["answer"]["jobs"] if "answer" in end else ()
        self.edit.preview.show_jobs(jobs)
        tasks = counted(sum(job["tasks"] for job in jobs), "task")
        self.edit.status.setText(f"{counted(len(jobs), 'job')}, {tasks}" if jobs else "")
        self._find("plan", (end.get("answer") or end)["findings"])

    def _follow(self, _name: str = "") -> None:
        """The fields have changed: errors and preview follow."""
        self._drop("plan")
        is_right = bool(self._workflow) and not self._errors()
        (self._timer.start if is_right else self._timer.stop)()
        self._show_findings()
        self.edit.preview.setEnabled(is_right)  # Else it shows what was right last.
        if "describe" not in self._asked:
            self.edit.status.setText("Working out the jobs…" if is_right else "")

    def _errors(self) -> list[Finding]:
        """What is wrong with the fields by themselves."""
        return [
            {"severity": "error", "text": text, "field": f"{part}.{name}"}
            for part, fields in (("parameters", self.parameters), ("options", self.options))
            for name, text in fields.errors().items()
        ]

    def _find(self, source: str, findings: Sequence[Finding]) -> None:
        self._findings[source] = list(findings)
        self._show_findings()

    def _show_findings(self) -> None:
        """The errors, then the warnings; those of the last plan, unless the fields have errors of their own."""
        wrong = self._errors()
        found = [each for source, part in self._findings.items() for each in part if source != "plan" or not wrong]
        found = sorted([*wrong, *found], key=lambda each: each["severity"] != "error")
        self.edit.messages.show_findings(found, is_all=bool(self._workflow) and not self.is_working)

    def _show_forms(self) -> None:
        facts = self._given.facts
        choices = {name: facts.choices_for(parameter) for name, parameter in self.parameters.parameters.items()}
        parameters, options = Form(self.parameters, choices=choices), Form(self.options, choices={})
        self.edit.show_forms(parameters, options)
        for form in (parameters, options):
            form.edited.connect(self._follow)
        self._offer()

    def _offer(self) -> None:
        """Lets people choose from what Deadline and the studio have."""
        form, known = self.edit.options_form, {**(self._repository or {}), "presets": self._studio["presets"]}
        if known.get("maximum_priority") is not None:
            self.options.limit("priority", max_value=known["maximum_priority"])
            form.set_choices("priority", ())
        for name, parameter in self.options.parameters.items():
            if known.get(parameter.choices_from or ""):
                form.set_choices(name, known[parameter.choices_from or ""])
        for name in ("pool", "group", "priority"):
            form.set_placeholder(name, "as the studio or Deadline says")
        form.set_placeholder("root", self._studio["root"] or "")

    def _list_presets(self) -> None:
        folder = self._studio["presets_folder"]
        self._presets, notes = read_presets(self._workflow, shared=None if folder is None else Path(folder))
        self._findings["presets"] = [_warning(line) for line in notes]
        box = self.edit.preset_box
        box.clear()
        box.addItem("No preset" if self._presets else "No presets yet")
        box.addItems([f"{each.name} (studio)" if each.is_shared else each.name for each in self._presets])
        box.setEnabled(bool(self._presets))

    def _save_preset(self, name: str, is_shared: bool) -> None:
        folder = Path(self._studio["presets_folder"]) if is_shared else None
        try:
            save_preset(name, self._to_keep(), workflow=self._workflow, shared=folder)
        except PresetError as error:
            self._find("preset", [{"severity": "error", "text": f"The preset is not saved: {error}.", "field": ""}])
            return
        self._list_presets()
        saved = [(preset.name, preset.is_shared) for preset in self._presets].index((name, is_shared))
        self.edit.preset_box.setCurrentIndex(saved + 1)
        self._find("preset", [])

    def _to_keep(self) -> Texts:
        """What a preset or the next time gets."""
        options = {name: text for name, text in self.options.to_keep().items() if name not in PASSING}
        return Texts(self.parameters.to_keep(), options)

    def _browse(self) -> None:
        chooser = QtWidgets.QFileDialog(self, "A Python file with a workflow", "", "Python (*.py)")
        chooser.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.open_workflow)
        chooser.open()

    def _show_jobs(self, result: Mapping[str, Any]) -> None:
        self.jobs.show_jobs(result)
        self.pages.setCurrentWidget(self.jobs)

    def _go_back(self, findings: Sequence[Finding]) -> None:
        self.pages.setCurrentWidget(self.edit)
        self._follow()
        self._find("plan", findings)


def _warning(text: str) -> Finding:
    return {"severity": "warning", "text": text, "field": ""}
