"""Loads the graph that ``file.py``, ``file.py:name`` or ``package.module:name`` names.

If the name is that of a function, it is called with parameters, whose texts are converted to the types it declares.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import difflib
import enum
import inspect
import os
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, Literal, Optional, Union

from flowpipe import Graph
from flowpipe.graph import get_default_graph

from ..core.errors import UsageError
from ..core.loading import refuse_while_loading
from ..core.locate import LoadError, load_file, load_module
from .graph import connected_nodes

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_VARIABLE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
_CONTAINERS: tuple[type, ...] = (list, tuple, set, frozenset, dict)
_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    date: "a date such as 2026-01-31",
    datetime: "a time such as 2026-01-31T12:00",
    type(None): "none",
}


def load_graph(spec: str, *, parameters: Optional[Mapping[str, str]] = None) -> Graph:
    """The graph that ``spec`` names; a callable that builds one is called with the ``parameters``.

    Without a name, that is the module's only graph, the result of its only function that is declared to return one, or
    flowpipe's default graph if the module has put nodes into it.

    Raises:
        UsageError: There is no such file or name, it is not a graph, or the parameters do not fit.
        LoadError: The module cannot be loaded, or the callable raises.
        LoadingError: A script calls this while it is being loaded itself, also in a command that it starts.
    """
    refuse_while_loading("load a graph")
    location, name = _split(spec)
    module = _load(location)
    target = _find(module, name, location) if name else _only_graph(module, location)
    return _as_graph(target, spec=spec, parameters=parameters or {})


def _split(spec: str) -> tuple[str, Optional[str]]:
    drive = spec[:2] if _WINDOWS_DRIVE.match(spec) else ""
    location, _, name = spec[len(drive) :].partition(":")
    return drive + location, name or None


def _load(location: str) -> ModuleType:
    is_module_name = bool(location) and all(part.isidentifier() for part in location.split("."))
    path = Path(os.path.expanduser(location))
    if path.suffix == ".py" or not is_module_name:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise UsageError(f"the file '{location}' {what}; GRAPH is file.py, file.py:name or package.module:name")
        return load_file(str(path))
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return load_module(location, file=None)


def _find(module: ModuleType, name: str, location: str) -> Any:
    target: Any = module
    for part in name.split("."):
        if not hasattr(target, part):
            guess = difflib.get_close_matches(part, _graph_names(module), n=1) or _graph_names(module)
            advice = f"; it has {', '.join(guess)}" if guess else ""
            raise UsageError(f"{location} has no '{name}'{advice}")
        target = getattr(target, part)
    return target


def _only_graph(module: ModuleType, location: str) -> Any:
    graphs = {name: value for name, value in vars(module).items() if isinstance(value, Graph)}
    distinct = list({id(graph): graph for graph in graphs.values()}.values())
    if len(distinct) > 1 and not _are_connected(distinct):
        raise UsageError(f"{location} has several graphs; say which:  {location}:{'  '.join(graphs)}")
    if distinct:
        return distinct[-1]
    builders = [name for name, value in _functions(module) if _returns_graph(value)]
    if len(builders) == 1:
        return getattr(module, builders[0])
    if not builders and get_default_graph().nodes:
        return get_default_graph()
    names = builders or [name for name, _ in _functions(module)]
    advice = f"; name the function that builds one:  {location}:{'  '.join(names)}" if names else ""
    raise UsageError(f"{location} has no graph{advice}")


def _are_connected(graphs: Sequence[Graph]) -> bool:
    """Whether it makes no difference which of them is planned, as all have the same nodes."""
    members = [{id(node) for node in connected_nodes(graph)} for graph in graphs]
    return bool(members[0]) and all(nodes == members[0] for nodes in members)


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions that the module itself defines."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value


def _graph_names(module: ModuleType) -> list[str]:
    names = [name for name, value in vars(module).items() if isinstance(value, Graph)]
    return names + [name for name, _ in _functions(module)]


def _returns_graph(function: Callable[..., Any]) -> bool:
    kinds = declared_types(function).get("return", ())
    return any(isinstance(kind, type) and issubclass(kind, Graph) for kind in kinds)


def _as_graph(target: Any, *, spec: str, parameters: Mapping[str, str]) -> Graph:
    if not isinstance(target, Graph) and callable(target):
        arguments = bind_parameters(target, parameters, name=spec)
        try:
            target = target(*arguments.args, **arguments.kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # The function is the user's, and may even exit.
            raise LoadError(f"{spec} failed to build its graph: {type(error).__name__}: {error}") from error
    elif parameters:
        raise UsageError(f"{spec} is a graph and takes no parameters")
    if target is None and get_default_graph().nodes:
        return get_default_graph()
    graph = getattr(target, "graph", target)
    if not isinstance(graph, Graph):
        raise UsageError(f"{spec} is not a graph and does not return one, but a {type(target).__name__}")
    return graph


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """``key=value`` texts as a dict.

    Raises:
        UsageError: One has no ``=``.
    """
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not equals or not key:
            raise UsageError(f"'{key}' is not a parameter; write -p key=value")
    return {key: value for key, _, value in pairs}


def bind_parameters(function: Callable[..., Any], texts: Mapping[str, str], *, name: str) -> inspect.BoundArguments:
    """The arguments to call the function with.

    Each text is converted to the type of the parameter's annotation, or else of its default; without either, it is read
    as a Python literal if it looks like one.

    Raises:
        UsageError: A parameter does not exist (a similar one is suggested), is missing, or its text does not fit.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} cannot be called from here: {error}") from error
    known = {key: kind for key, kind in signature.parameters.items() if kind.kind not in _VARIABLE}
    takes_any = any(kind.kind is kind.VAR_KEYWORD for kind in signature.parameters.values())
    for key in texts:
        if key not in known and not takes_any:
            guess = difflib.get_close_matches(key, known, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it takes {', '.join(known) or 'none'}"
            raise UsageError(f"{name} has no parameter '{key}'; {advice}")
    missing = [key for key, kind in known.items() if kind.default is kind.empty and key not in texts]
    if missing:
        raise UsageError(f"{name} needs {', '.join(missing)}:  {' '.join(f'-p {key}=…' for key in missing)}")
    kinds = declared_types(function)
    values = {
        key: _value(key, text, kinds=kinds.get(key) or _types_of_default(known.get(key))) for key, text in texts.items()
    }
    positional = [values.pop(key) for key, kind in known.items() if kind.kind is kind.POSITIONAL_ONLY and key in values]
    return signature.bind(*positional, **values)


def declared_types(function: Callable[..., Any]) -> dict[str, tuple[Any, ...]]:
    """The types that each parameter, and ``return``, may have; those that are unknown are left out.

    An annotation that cannot be evaluated here (a name for type checkers only, ``int | None`` on Python 3.9) does not
    affect the others.
    """
    owner: Any = vars(function).get("__init__", function) if isinstance(function, type) else function
    owner = inspect.unwrap(getattr(owner, "__func__", owner))
    namespace = {**vars(builtins), **getattr(owner, "__globals__", {})}
    found = {
        key: _alternatives(annotation, namespace) for key, annotation in getattr(owner, "__annotations__", {}).items()
    }
    return {key: kinds for key, kinds in found.items() if kinds}


def _alternatives(annotation: Any, namespace: Mapping[str, Any]) -> tuple[Any, ...]:
    """The types of an annotation, those of a union one by one; empty if they are unknown."""
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, dict(namespace))  # noqa: S307  (the script itself has just been run)
        except Exception:  # An annotation can be any text.
            parts = annotation.split("|") if "|" in annotation and "[" not in annotation else []
            kinds = [kind for part in parts for kind in _alternatives(part.strip(), namespace)]
            return tuple(kinds) if len(kinds) >= len(parts) else ()
    origin = typing.get_origin(annotation)
    if origin is Union or type(annotation).__name__ == "UnionType":
        return tuple(kind for part in typing.get_args(annotation) for kind in _alternatives(part, namespace))
    if annotation is None:
        return (type(None),)
    if annotation is Any or isinstance(annotation, typing.TypeVar):
        return ()
    if hasattr(annotation, "__metadata__"):  # Annotated[…]
        return _alternatives(typing.get_args(annotation)[0], namespace)
    return (annotation,)


def _types_of_default(parameter: Optional[inspect.Parameter]) -> tuple[Any, ...]:
    default = None if parameter is None or parameter.default is parameter.empty else parameter.default
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
    raise UsageError(f"the parameter '{key}' is {wanted}, not '{text}'")


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
    if origin in _CONTAINERS and isinstance(value, _CONTAINERS) and (origin is dict) == isinstance(value, dict):
        container: Callable[[Any], Any] = origin
        return container(value)
    if origin in (bool, int, float, type(None), *_CONTAINERS) and type(value) is not origin:
        raise ValueError(text)
    return value


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def _description(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, typing.get_args(kind)))}"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"one of {', '.join(kind.__members__)}"
    return _WORDS.get(kind, f"a {getattr(typing.get_origin(kind) or kind, '__name__', kind)}")
