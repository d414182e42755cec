"""What is chosen in the dialog, and what is wrong with it: no widgets.

Parameters of a workflow and options of its jobs are alike: fields with texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.text import counted
from ..workflows.annotations import Control
from ..workflows.parameters import ParameterError, ParameterType, WorkflowParameter
from ..workflows.texts import text_of

_KINDS: Mapping[str, Any] = {"STRING": str, "INT": int, "BOOL": bool, "PATH": str, "LIST": list[str]}


def _row(  # noqa: PLR0913, PLR0917  (a table)
    group: str, name: str, label: str, description: str, kind: ParameterType, control: Control, **more: Any
) -> WorkflowParameter:
    more = {"is_required": False, "kinds": (_KINDS[kind],), **more}
    return WorkflowParameter(name, kind, control, label, description, group, **more)


# fmt: off
JOB_OPTIONS = (
    _row("Job", "pool", "Pool", "The pool of workers.", "STRING", "LINE_EDIT", choices_from="pools"),
    _row("Job", "secondary_pool", "Secondary pool", "A further pool, whose workers are used when they are free.",
         "STRING", "LINE_EDIT", choices_from="pools"),
    _row("Job", "group", "Group", "The group of workers.", "STRING", "LINE_EDIT", choices_from="groups"),
    _row("Job", "limits", "Limits", "Limits, such as licences, that the tasks count against.",
         "LIST", "CHECK_LIST", choices_from="limits"),
    _row("Job", "priority", "Priority", "The higher, the sooner.", "INT", "SPIN_BOX", min_value=0),
    _row("Job", "department", "Department", "Groups jobs in the Monitor.", "STRING", "LINE_EDIT"),
    _row("Job", "comment", "Comment", "A note for the Monitor.", "STRING", "LINE_EDIT"),
    _row("Submission", "presets", "Studio settings",
         "Settings that the studio has under a name. What is chosen above wins over them.",
         "LIST", "CHECK_LIST", choices_from="presets"),
    _row("Submission", "root", "Shared folder", "The folder that gets the bundle. All workers must see it.",
         "PATH", "CHOOSE_DIRECTORY"),
    _row("Submission", "keep_suspended", "Suspended", "The jobs wait until somebody resumes them in the Monitor.",
         "BOOL", "CHECK_BOX", default="false"),
    _row("Submission", "is_dry_run", "Only write the bundle", "All is checked and written, and nothing is submitted.",
         "BOOL", "CHECK_BOX", default="false"),
)
# fmt: on
"""The options of a submission; an empty text leaves it to the studio, or to Deadline."""
PASSING = ("comment", "is_dry_run")
"""Options that concern one submission, and are not offered again."""
_SETTINGS = ("pool", "secondary_pool", "group", "limits", "priority", "department", "comment")


class Fields:
    """The texts of some fields: typed over those of a preset, over the host's facts, over those of last time."""

    def __init__(
        self,
        parameters: Iterable[WorkflowParameter],
        *,
        facts: Mapping[str, str] | None = None,
        sticky: Mapping[str, str] | None = None,
    ) -> None:
        self.parameters = {parameter.name: parameter for parameter in parameters}
        self._typed: dict[str, str] = {}
        self._preset: Mapping[str, str] = {}
        self._facts = facts or {}
        self._sticky = sticky or {}

    def text(self, name: str) -> str:
        """What the field holds; the default where nothing else is known."""
        for layer in (self._typed, self._preset, self._facts, self._sticky):
            if name in layer:
                return layer[name]
        return self.parameters[name].default or ""

    def type_text(self, name: str, text: str) -> None:
        """Keeps what a person has typed or chosen."""
        self._typed[name] = text

    def choose_preset(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Takes the texts of a preset in place of what was typed; returns the names in it that are no fields."""
        self._preset = texts
        self._typed = {name: text for name, text in self._typed.items() if name not in texts}
        return tuple(name for name in texts if name not in self.parameters)

    def take_over(self, before: Fields) -> None:
        """Takes what was typed, and the preset that was chosen, in these fields as they were before."""
        self._typed = {name: text for name, text in before._typed.items() if name in self.parameters}
        self._preset = before._preset

    def limit(self, name: str, *, max_value: int) -> None:
        """Lets a number be at most so large."""
        self.parameters[name] = replace(self.parameters[name], max_value=max_value)

    def error(self, name: str) -> str:
        """What is wrong with the text, in a sentence; empty for nothing."""
        parameter, text = self.parameters[name], self.text(name)
        if not text and not self._is_kept(name):
            return f"Fill in {parameter.label}." if parameter.is_required or parameter.default else ""
        try:
            parameter.parse(text)
        except ParameterError as error:
            reason = " ".join(error.reason.split())
            return f"{parameter.label} {reason}" + ("" if reason.endswith(".") else ".")
        return ""

    def errors(self) -> dict[str, str]:
        """What is wrong with which fields."""
        found = {name: self.error(name) for name in self.parameters}
        return {name: error for name, error in found.items() if error}

    def note(self, name: str) -> str:
        """What there is to say about a text that is right: how many frames it is; empty for nothing."""
        if self.parameters[name].type != "FRAMES" or not self.text(name) or self.error(name):
            return ""
        return counted(len(self.parameters[name].parse(self.text(name))), "frame")

    def given(self) -> dict[str, str]:
        """The texts to build with; fields that may be empty, and are, are left out."""
        return {name: self.text(name) for name in self.parameters if self.text(name) or self._is_kept(name)}

    def to_keep(self) -> dict[str, str]:
        """What to offer again next time: what differs from the defaults, but for the facts of this scene."""
        names = [name for name in self.parameters if name not in self._facts or name in self._typed]
        return {name: self.text(name) for name in names if self.text(name) != (self.parameters[name].default or "")}

    def _is_kept(self, name: str) -> bool:
        """Whether an empty text is a value of its own: of a text or a list, where the default is another one."""
        parameter = self.parameters[name]
        return parameter.type in ("STRING", "LIST") and bool(parameter.default) and not parameter.is_required


def option_fields(
    sticky: Mapping[str, str],
    *,
    known_presets: Sequence[str] = (),
    presets: Sequence[str] = (),
    root: str | None = None,
) -> Fields:
    """The fields of the job's options; presets and root of the command line win over those of last time.

    ``known_presets`` are those of the studio file; where there are none, there is no field for them.
    """
    given = {"presets": text_of(list(presets)) or "", "root": root or ""}
    options = [option for option in JOB_OPTIONS if option.name != "presets" or known_presets or presets]
    return Fields(options, facts={name: text for name, text in given.items() if text}, sticky=sticky)


def submit_request(workflow: str, parameters: Fields, options: Fields) -> dict[str, Any]:
    """What a worker needs for a preview or a submission: the fields of ``SubmitOptions``, and what they are for."""
    texts = options.given()
    values = {name: options.parameters[name].parse(text) for name, text in texts.items()}
    settings = {name: _plain(values[name]) for name in _SETTINGS if name in values}
    return {
        "workflow": workflow,
        "texts": parameters.given(),
        "root": texts.get("root"),
        "options": {
            "settings": settings,
            "presets": _plain(values.get("presets", [])),
            "keep_suspended": values["keep_suspended"],
            "is_dry_run": values["is_dry_run"],
        },
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value
