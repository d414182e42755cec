"""What annotates the parameters of a workflow, and what its annotations say.

The names of controls and hints are those of Open Job Description 2023-09 (the ``userInterface`` of job parameters)
where it has a counterpart; ``FRAMES`` and ``CHECK_LIST`` are our own.
"""

from __future__ import annotations

import builtins
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from ..core.locate import annotations_of

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


@dataclass(frozen=True)
class Parameter:
    """What ``typing.Annotated`` says of a parameter beside its type; of several, a later one adds to an earlier.

    ``samples: Annotated[int, Parameter(label="Samples per pixel", min_value=1, max_value=4096)] = 64``
    """

    label: str | None = None
    """What people see; by default the name with blanks."""
    description: str | None = None
    """What it means; by default what the docstring says of it."""
    group_label: str | None = None
    """The heading that it stands under."""
    control: Control | None = None
    """How it is filled in; by default as its type asks for."""
    min_value: float | None = None
    max_value: float | None = None
    file_filters: Sequence[str] = ()
    """The names of files to choose from, such as ``*.ma``."""
    choices_from: str | None = None
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


def declared_types(function: Callable[..., Any]) -> dict[str, tuple[Any, ...]]:
    """The types that each parameter, and ``return``, may have; those that are unknown are left out.

    An annotation that cannot be evaluated here, such as a name for type checkers only, does not affect the others.
    """
    return {key: declared.kinds for key, declared in declarations(function).items() if declared.kinds}


@dataclass(frozen=True)
class Declared:
    """What an annotation says."""

    kinds: tuple[Any, ...] = ()
    """The types, those of a union one by one; empty if they are unknown."""
    hint: Parameter = Parameter()


def declarations(function: Callable[..., Any]) -> dict[str, Declared]:
    """What the annotations of a callable say, by parameter, and of what it returns."""
    owner: Any = vars(function).get("__init__", function) if isinstance(function, type) else function
    owner = inspect.unwrap(getattr(owner, "__func__", owner))
    if callable(owner) and not inspect.isroutine(owner):  # An object that can be called.
        owner = type(owner).__call__
    namespace = {**vars(builtins), **getattr(owner, "__globals__", {})}
    return {key: _declared(annotation, namespace) for key, annotation in annotations_of(owner).items()}


def _declared(annotation: Any, namespace: Mapping[str, Any]) -> Declared:
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
        return Declared((type(None),))
    if annotation is Any or isinstance(annotation, typing.TypeVar):
        return Declared()
    if hasattr(annotation, "__metadata__"):  # Annotated[…]
        inner = _declared(typing.get_args(annotation)[0], namespace)
        return replace(inner, hint=_merged([inner.hint, *annotation.__metadata__]))
    return Declared((annotation,))


def _united(parts: Sequence[Declared]) -> Declared:
    """The parts of a union; its types are unknown if one of them is."""
    kinds = tuple(kind for part in parts for kind in part.kinds)
    hint = _merged(part.hint for part in parts)
    return Declared(kinds if all(part.kinds for part in parts) else (), hint)


def _merged(hints: Iterable[Any]) -> Parameter:
    """The hints together, of which a later one wins; what others have put into an annotation is left alone."""
    merged: dict[str, Any] = {}
    for hint in hints:
        if isinstance(hint, Parameter):
            merged.update({key: value for key, value in vars(hint).items() if value not in (None, ())})
    return Parameter(**merged)
