"""The parameters of a workflow: read from its signature, shown to people, and read from their texts.

The names of types, controls and hints are those of Open Job Description 2023-09 (job parameter definitions and their
``userInterface``) where it has a counterpart; ``FRAMES``, ``CHECK_LIST`` and ``LIST`` are our own.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import difflib
import enum
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, Optional, Union

from ..core.errors import UsageError
from ..core.frames import FrameList, FrameListError
from ..core.warnings import ErrorCollector

ParameterType = Literal["INT", "FLOAT", "STRING", "PATH", "BOOL", "FRAMES", "LIST"]
Control = Literal[
    "LINE_EDIT",
    "MULTILINE_EDIT",
    "SPIN_BOX",
    "DROPDOWN_LIST",
    "CHECK_BOX",
    "CHOOSE_INPUT_FILE",
    "CHOOSE_OUTPUT_FILE",
    "CHOOSE_DIRECTORY",
    "FRAMES",
    "CHECK_LIST",
    "HIDDEN",
]
_VARIABLE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
_CONTAINERS: tuple[type, ...] = (list, tuple, set, frozenset, dict)
_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    date: "a date such as 2026-01-31",
    datetime: "a time such as 2026-01-31T12:00",
    type(None): "none",
    Sequence: "a list",
    Iterable: "a list",
}
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
        """Its name."""
        self.reason = reason


@dataclass(frozen=True)
class Parameter:
    """What ``typing.Annotated`` says of a parameter beside its type; of several, a later one adds to an earlier.

    ``samples: Annotated[int, Parameter(label="Samples per pixel", min_value=1, max_value=4096)] = 64``
    """

    label: Optional[str] = None
    """What people see; by default the name with blanks."""
    description: Optional[str] = None
    """What it means; by default what the docstring says of it."""
    group_label: Optional[str] = None
    """The heading that it stands under."""
    control: Optional[Control] = None
    """How it is filled in; by default as its type asks for."""
    min_value: Optional[float] = None
    max_value: Optional[float] = None
    file_filters: Sequence[str] = ()
    """The names of files to choose from, such as ``*.ma``."""
    choices_from: Optional[str] = None
    """The fact of a host application that offers choices, such as ``cameras``; other values are taken as well."""


Frames = Annotated[Sequence[int], Parameter(control="FRAMES")]
"""Frames, written as Deadline writes them (``1-100``); the workflow gets a list of them."""
InputFile = Annotated[Path, Parameter(control="CHOOSE_INPUT_FILE")]
OutputFile = Annotated[Path, Parameter(control="CHOOSE_OUTPUT_FILE")]
Folder = Annotated[Path, Parameter(control="CHOOSE_DIRECTORY")]
Camera = Annotated[str, Parameter(choices_from="cameras")]
"""The name of a camera, of which the host application offers those that are rendered."""
RenderLayers = Annotated[Sequence[str], Parameter(choices_from="layers")]
"""The names of render layers, of which the host application offers those that are rendered."""


@dataclass(frozen=True)
class WorkflowParameter:
    """A parameter as a person meets it: what it is called, how it is filled in, and what it takes."""

    name: str
    type: ParameterType
    control: Control
    label: str
    description: str = ""
    group_label: str = ""
    default: Optional[str] = None
    """The default as a text; None if there is none, or if it cannot be written as one."""
    is_required: bool = True
    """Whether there is no default."""
    allowed_values: tuple[str, ...] = ()
    min_value: Optional[float] = None
    max_value: Optional[float] = None
    file_filters: tuple[str, ...] = ()
    choices_from: Optional[str] = None
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
            raise ParameterError(self.name, "needs a path; it is empty")
        if self.type == "FRAMES":
            try:
                return list(FrameList.parse(text))
            except FrameListError as error:
                raise ParameterError(self.name, f"is a frame list: {error}") from error
        value = _value(self.name, text, kinds=self.kinds)
        if isinstance(value, (int, float)):
            if self.min_value is not None and value < self.min_value:
                raise ParameterError(self.name, f"is at least {self.min_value:g}, not {text}")
            if self.max_value is not None and value > self.max_value:
                raise ParameterError(self.name, f"is at most {self.max_value:g}, not {text}")
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
    function: Callable[..., Any], *, descriptions: Optional[Mapping[str, str]] = None
) -> tuple[WorkflowParameter, ...]:
    """The parameters of a callable, in its order, without ``*args`` and ``**kwargs``.

    Type and hints come from the annotation, else from the default; descriptions from the hints, else from those given.

    Raises:
        UsageError: The callable has no signature.
    """
    declared, descriptions = _declarations(function), descriptions or {}
    return tuple(
        _read_parameter(name, item, declared.get(name, _Declared()), descriptions.get(name, ""))
        for name, item in _signature(function).parameters.items()
        if item.kind not in _VARIABLE
    )


def text_of(value: Any) -> Optional[str]:
    """The text that ``parse`` reads as this value; None if there is none.

    >>> text_of(["a", "b"]), text_of(True), text_of(range(1, 11))
    ('a, b', 'true', '1-10')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (str, PurePath, int, float)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and all(isinstance(item, (str, PurePath, enum.Enum)) for item in value):
        texts = [item.name if isinstance(item, enum.Enum) else str(item) for item in value]
        plain = all(text and text == text.strip() and "," not in text and _literal(text) == text for text in texts)
        return ", ".join(texts) if plain else repr(texts)
    if isinstance(value, range):
        with contextlib.suppress(FrameListError):
            return str(FrameList(value))
    text = repr(value)
    try:
        return text if ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


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
            values[key] = known[key].parse(text) if key in known else _literal(text)
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


def declared_types(function: Callable[..., Any]) -> dict[str, tuple[Any, ...]]:
    """The types that each parameter, and ``return``, may have; those that are unknown are left out.

    An annotation that cannot be evaluated here (a name for type checkers only, ``int | None`` on Python 3.9) does not
    affect the others.
    """
    return {key: declared.kinds for key, declared in _declarations(function).items() if declared.kinds}


@dataclass(frozen=True)
class _Declared:
    """What an annotation says."""

    kinds: tuple[Any, ...] = ()
    """The types, those of a union one by one; empty if they are unknown."""
    hint: Parameter = Parameter()


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{getattr(function, '__name__', function)} cannot be called from here: {error}") from error


def _declarations(function: Callable[..., Any]) -> dict[str, _Declared]:
    owner: Any = vars(function).get("__init__", function) if isinstance(function, type) else function
    owner = inspect.unwrap(getattr(owner, "__func__", owner))
    if callable(owner) and not hasattr(owner, "__annotations__"):  # An object that can be called.
        owner = type(owner).__call__
    namespace = {**vars(builtins), **getattr(owner, "__globals__", {})}
    annotations = getattr(owner, "__annotations__", {})
    return {key: _declared(annotation, namespace) for key, annotation in annotations.items()}


def _declared(annotation: Any, namespace: Mapping[str, Any]) -> _Declared:
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, dict(namespace))  # noqa: S307  (the script itself has just been run)
        except Exception:  # An annotation can be any text.
            parts = annotation.split("|") if "|" in annotation and "[" not in annotation else []
            return _united([_declared(part.strip(), namespace) for part in parts])
    origin = typing.get_origin(annotation)
    if origin is Union or type(annotation).__name__ == "UnionType":
        return _united([_declared(part, namespace) for part in typing.get_args(annotation)])
    if annotation is None:
        return _Declared((type(None),))
    if annotation is Any or isinstance(annotation, typing.TypeVar):
        return _Declared()
    if hasattr(annotation, "__metadata__"):  # Annotated[…]
        inner = _declared(typing.get_args(annotation)[0], namespace)
        return replace(inner, hint=_merged([inner.hint, *annotation.__metadata__]))
    return _Declared((annotation,))


def _united(parts: Sequence[_Declared]) -> _Declared:
    """The parts of a union; its types are unknown if one of them is."""
    kinds = tuple(kind for part in parts for kind in part.kinds)
    hint = _merged(part.hint for part in parts)
    return _Declared(kinds if all(part.kinds for part in parts) else (), hint)


def _merged(hints: Iterable[Any]) -> Parameter:
    """The hints together, of which a later one wins; what others have put into an annotation is left alone."""
    merged: dict[str, Any] = {}
    for hint in hints:
        if isinstance(hint, Parameter):
            merged.update({key: value for key, value in vars(hint).items() if value not in (None, ())})
    return Parameter(**merged)


def _read_parameter(name: str, item: inspect.Parameter, declared: _Declared, description: str) -> WorkflowParameter:
    hint = declared.hint
    kinds = declared.kinds or _types_of_default(item)
    kind = _type_of([kind for kind in kinds if kind is not type(None)], hint)
    allowed = _allowed_values(kinds)
    control = hint.control or _CONTROLS.get(kind, "LINE_EDIT")
    if hint.control is None and (allowed or hint.choices_from):
        control = "CHECK_LIST" if kind == "LIST" else "DROPDOWN_LIST"
    default = None if item.default is item.empty else _default_text(item.default, kind)
    return WorkflowParameter(
        name=name,
        type=kind,
        control=control,
        label=hint.label or name.replace("_", " ").strip().capitalize(),
        description=hint.description or description,
        group_label=hint.group_label or "",
        default=default,
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
    kind = _item_kind(wanted[0]) or wanted[0]
    if typing.get_origin(kind) is Literal:
        return tuple(map(str, typing.get_args(kind)))
    return tuple(kind.__members__) if isinstance(kind, type) and issubclass(kind, enum.Enum) else ()


def _default_text(default: Any, kind: ParameterType) -> Optional[str]:
    if kind == "FRAMES" and default is not None:
        with contextlib.suppress(FrameListError, TypeError):
            return str(FrameList(default))
    return text_of(default)


def _types_of_default(item: inspect.Parameter) -> tuple[Any, ...]:
    default = None if item.default is item.empty else item.default
    if isinstance(default, PurePath):
        return (Path,)
    return () if default is None else (type(default),)


def _value(key: str, text: str, *, kinds: Sequence[Any]) -> Any:
    if not kinds:
        return _literal(text)
    for kind in sorted(kinds, key=lambda kind: kind is str):  # Any text is a str, so that comes last.
        with contextlib.suppress(ValueError, TypeError, KeyError):
            return _convert(text, kind)
    wanted = " or ".join(_description(kind) for kind in kinds if kind is not type(None))
    raise ParameterError(key, f"is {wanted}, not '{text}'")


def _convert(text: str, kind: Any) -> Any:
    """The text as that type; a Python literal for a type that cannot be read from text.

    Raises:
        ValueError, TypeError, KeyError: The text is not a value of that type.
    """
    origin = typing.get_origin(kind) or kind
    if origin is Literal:
        return {str(choice): choice for choice in typing.get_args(kind)}[text]
    if not isinstance(origin, type):
        return _literal(text)
    if issubclass(origin, enum.Enum):
        return origin.__members__[text]
    if issubclass(origin, (str, PurePath)):
        return origin(text)
    if issubclass(origin, date):
        return origin.fromisoformat(text)
    value = _literal(text)
    if origin is float and type(value) is int:
        return float(value)
    item = _item_kind(kind)
    if item is not None and not isinstance(value, _CONTAINERS):
        value = [_convert(part.strip(), item) for part in text.split(",") if part.strip()]
    elif item is not None and not isinstance(value, dict):
        value = [_convert(str(part), item) for part in value]
    if origin in (Sequence, Iterable):
        origin = list
    if origin in _CONTAINERS and text.strip() == "":
        value = {} if origin is dict else []
    if origin in _CONTAINERS and isinstance(value, _CONTAINERS) and (origin is dict) == isinstance(value, dict):
        container: Callable[[Any], Any] = origin
        return container(value)
    if origin in (bool, int, float, type(None), *_CONTAINERS) and type(value) is not origin:
        raise ValueError(text)
    return value


def _item_kind(kind: Any) -> Any:
    """What the items of a list are, where all of them are alike and can be read from text; else None."""
    origin, arguments = typing.get_origin(kind), [item for item in typing.get_args(kind) if item is not Ellipsis]
    if origin not in (list, tuple, set, frozenset, Sequence, Iterable) or len(arguments) != 1:
        return None
    item = arguments[0]
    if typing.get_origin(item) is Literal:
        return item
    return item if isinstance(item, type) and issubclass(item, (str, PurePath, enum.Enum)) else None


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())  # Python 3.9 minds blanks before it.
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def _description(kind: Any) -> str:
    item = _item_kind(kind)
    if item is not None and (typing.get_origin(item) is Literal or issubclass(item, enum.Enum)):
        return f"a list, each {_description(item)}"
    if typing.get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, typing.get_args(kind)))}"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"one of {', '.join(kind.__members__)}"
    origin = typing.get_origin(kind) or kind
    return _WORDS.get(origin, f"a {getattr(origin, '__name__', kind)}".lower())
