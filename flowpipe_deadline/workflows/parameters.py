"""The parameters of a workflow: read from its signature, shown to people, and read from their texts.

The names of types are those of Open Job Description 2023-09 where it has a counterpart; ``FRAMES`` and ``LIST`` are our
own.
"""

from __future__ import annotations

import contextlib
import difflib
import enum
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePath
from typing import Any, Literal

from ..core.errors import UsageError
from ..core.frames import FrameList, FrameListError
from ..core.locate import signature_of
from ..core.warnings import ErrorCollector
from .annotations import Control, Declared, Parameter, declarations
from .texts import item_kind, literal, text_of, value_of

ParameterType = Literal["INT", "FLOAT", "STRING", "PATH", "BOOL", "FRAMES", "LIST"]
_VARIABLE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
_TYPES: Mapping[type, ParameterType] = {bool: "BOOL", int: "INT", float: "FLOAT"}
_CONTROLS: Mapping[ParameterType, Control] = {
    "BOOL": "CHECK_BOX",
    "INT": "SPIN_BOX",
    "FLOAT": "SPIN_BOX",
    "PATH": "CHOOSE_INPUT_FILE",
    "FRAMES": "FRAMES",
}
_KINDS: Mapping[ParameterType, type] = {
    **{name: kind for kind, name in _TYPES.items()},
    "PATH": Path,
    "LIST": list[str],
    "FRAMES": list,
}


class ParameterError(UsageError):
    """The text for a parameter does not fit."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"the parameter '{parameter}' {reason}")
        self.parameter = parameter
        self.reason = reason


@dataclass(frozen=True)
class WorkflowParameter:
    """A parameter as a person meets it: what it is called, how it is filled in, and what it takes."""

    name: str
    type: ParameterType
    control: Control
    label: str
    description: str = ""
    group_label: str = ""
    default: str | None = None
    """The default as a text; None if there is none, or if it cannot be written as one."""
    is_required: bool = True
    """Whether there is no default."""
    allowed_values: tuple[str, ...] = ()
    min_value: float | None = None
    max_value: float | None = None
    file_filters: tuple[str, ...] = ()
    choices_from: str | None = None
    kinds: tuple[Any, ...] = field(default=(), compare=False, repr=False)
    """The Python types that it takes; empty for any."""

    def parse(self, text: str) -> Any:
        """The value that the text means.

        Raises:
            ParameterError: It does not fit.
        """
        if not text and self.type not in ("STRING", "LIST") and type(None) in self.kinds:
            return None
        if not text and self.type == "PATH":  # Not the current folder: a variable of the shell is empty.
            raise ParameterError(self.name, "is empty, and needs a path")
        if self.type == "FRAMES" and not (text.lower() == "none" and type(None) in self.kinds):
            try:
                return list(FrameList.parse(text))
            except FrameListError as error:
                raise ParameterError(self.name, f"does not fit: {error}") from error
        try:
            value = value_of(text, self.kinds)
        except ValueError as error:
            raise ParameterError(self.name, f"must be {error}") from error
        if isinstance(value, (int, float)):
            if self.min_value is not None and value < self.min_value:
                raise ParameterError(self.name, f"must be at least {self.min_value:g}, not {text}")
            if self.max_value is not None and value > self.max_value:
                raise ParameterError(self.name, f"must be at most {self.max_value:g}, not {text}")
        return value

    def to_json(self) -> dict[str, Any]:
        """The parameter for another process, without its Python types."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "kinds"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WorkflowParameter:
        """The parameter that another process has read; its texts are judged by its type and its allowed values."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        kind: Any = _KINDS.get(values["type"], str)
        if values["allowed_values"]:
            choice: Any = Literal.__getitem__(values["allowed_values"])
            kind = list.__class_getitem__(choice) if values["type"] == "LIST" else choice
        values["kinds"] = (kind,) if values["is_required"] else (kind, type(None))
        return cls(**values)


def read_parameters(
    function: Callable[..., Any], *, descriptions: Mapping[str, str] | None = None
) -> tuple[WorkflowParameter, ...]:
    """The parameters of a callable, in its order, without ``*args`` and ``**kwargs``.

    Type and hints come from the annotation, else from the default; descriptions from the hints, else from those given.

    Raises:
        UsageError: The callable has no signature.
    """
    declared, descriptions = declarations(function), descriptions or {}
    return tuple(
        _read_parameter(name, item, declared.get(name, Declared()), descriptions.get(name, ""))
        for name, item in _signature(function).parameters.items()
        if item.kind not in _VARIABLE
    )


def bind_parameters(function: Callable[..., Any], texts: Mapping[str, str], *, name: str) -> inspect.BoundArguments:
    """The arguments to call the function with.

    Each text is converted to the type of the parameter's annotation, or else of its default; without either, it is read
    as a Python literal if it looks like one.

    Raises:
        UsageError: A parameter does not exist (a similar one is suggested), or is missing.
        ParameterError: The text of one does not fit.
        PreflightError: There are several of these errors.
    """
    signature = _signature(function)
    known = {parameter.name: parameter for parameter in read_parameters(function)}
    takes_any = any(item.kind is item.VAR_KEYWORD for item in signature.parameters.values())
    errors = ErrorCollector()
    for key in texts:
        if key not in known and not takes_any:
            guess = difflib.get_close_matches(key, known, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it takes {', '.join(known) or 'none'}"
            errors.add(UsageError(f"{name} has no parameter '{key}'; {advice}"))
    missing = [key for key, parameter in known.items() if parameter.is_required and key not in texts]
    if missing:
        listed = " ".join(f"-p {key}=…" for key in missing)
        errors.add(UsageError(f"{name} needs {', '.join(missing)}:  {listed}"))
    values: dict[str, Any] = {}
    for key, text in texts.items():
        try:
            values[key] = known[key].parse(text) if key in known else literal(text)
        except ParameterError as error:
            errors.add(error)
    errors.raise_all()
    for key, parameter in known.items():
        default = signature.parameters[key].default
        if parameter.type == "FRAMES" and key not in texts and isinstance(default, Sequence):
            # flowpipe cannot hash a range (flowpipe 1.3.0).
            values[key] = parameter.parse(default) if isinstance(default, str) else list(default)
    by_position = inspect.Parameter.POSITIONAL_ONLY
    positional = [values.pop(key) for key in known if signature.parameters[key].kind is by_position and key in values]
    return signature.bind(*positional, **values)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return signature_of(function)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{getattr(function, '__name__', function)} cannot be called from here: {error}") from error


def _read_parameter(name: str, item: inspect.Parameter, declared: Declared, description: str) -> WorkflowParameter:
    hint = declared.hint
    kinds = declared.kinds or _types_of_default(item)
    kind = _type_of([kind for kind in kinds if kind is not type(None)], hint)
    allowed = _allowed_values(kinds)
    control = hint.control or _CONTROLS.get(kind, "LINE_EDIT")
    if hint.control is None and (allowed or hint.choices_from):
        control = "CHECK_LIST" if kind == "LIST" else "DROPDOWN_LIST"
    return WorkflowParameter(
        name=name,
        type=kind,
        control=control,
        label=hint.label or name.replace("_", " ").strip().capitalize(),
        description=hint.description or description,
        group_label=hint.group_label or "",
        default=None if item.default is item.empty else _default_text(item.default, kind),
        is_required=item.default is item.empty,
        allowed_values=allowed,
        min_value=hint.min_value,
        max_value=hint.max_value,
        file_filters=tuple(hint.file_filters),
        choices_from=hint.choices_from,
        kinds=tuple(kinds),
    )


def _type_of(kinds: Sequence[Any], hint: Parameter) -> ParameterType:
    if hint.control == "FRAMES":
        return "FRAMES"
    if len(kinds) != 1:
        return "STRING"
    origin = typing.get_origin(kinds[0]) or kinds[0]
    if not isinstance(origin, type):
        return "STRING"
    if issubclass(origin, PurePath):
        return "PATH"
    if issubclass(origin, (list, tuple, set, frozenset)) or origin in (Sequence, Iterable):
        return "LIST"
    return _TYPES.get(origin, "STRING")


def _allowed_values(kinds: Sequence[Any]) -> tuple[str, ...]:
    """The choices of a ``Literal`` or an enumeration, or of a list of these; none where other values fit as well."""
    wanted = [kind for kind in kinds if kind is not type(None)]
    if len(wanted) != 1:
        return ()
    kind = item_kind(wanted[0]) or wanted[0]
    if typing.get_origin(kind) is Literal:
        return tuple(map(str, typing.get_args(kind)))
    return tuple(kind.__members__) if isinstance(kind, type) and issubclass(kind, enum.Enum) else ()


def _default_text(default: Any, kind: ParameterType) -> str | None:
    if kind == "FRAMES" and default is not None:
        with contextlib.suppress(FrameListError, TypeError):
            return str(FrameList(default))
    return text_of(default)


def _types_of_default(item: inspect.Parameter) -> tuple[Any, ...]:
    if item.default is item.empty or item.default is None:
        return ()
    return (Path if isinstance(item.default, PurePath) else type(item.default),)
