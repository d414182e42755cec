"""Loads the graph that ``file.py``, ``file.py:name`` or ``package.module:name`` names.

If the name is that of a function, it is called with parameters, whose texts are converted to the types it declares.
"""

from __future__ import annotations

import difflib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from flowpipe import Graph, INode
from flowpipe.graph import get_default_graph

from ..core.bundle import MANIFEST
from ..core.errors import UsageError, error_line
from ..core.files import is_file
from ..core.loading import refuse_while_loading
from ..core.locate import LoadError, annotations_of, load_file, load_module, own_line
from ..core.text import listing, one_line
from ..planning.graph import connected_nodes
from .annotations import declared_types
from .parameters import ParameterError, bind_parameters

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_NOTHING = object()


def load_target(spec: str) -> Any:
    """The graph that ``spec`` names, or the callable that builds it.

    Without a name, that is the module's only graph, its only function that is declared to return one, else its
    ``build``, or flowpipe's default graph if the module has put nodes into it.

    Raises:
        UsageError: There is no such file or name.
        LoadError: The module cannot be loaded.
        LoadingError: A script calls this while it is being loaded itself, also in a command that it starts.
    """
    refuse_while_loading("load a graph")
    location, name = _split(spec)
    module = _load(location)
    return _find(module, name, location) if name else _only_graph(module, location)


def _split(spec: str) -> tuple[str, str | None]:
    drive = spec[:2] if _WINDOWS_DRIVE.match(spec) else ""
    location, _, name = spec[len(drive) :].partition(":")
    return drive + location, name or None


def _load(location: str) -> ModuleType:
    is_module_name = bool(location) and all(part.isidentifier() for part in location.split("."))
    path = Path(os.path.expanduser(location))
    if path.suffix == ".py" or not is_module_name:
        if not is_file(path):
            what = f"the file '{location}' does not exist" if location else "no graph is named"
            if location and path.is_dir():
                kind = "bundle" if (path / MANIFEST).exists() else f"folder, and not a bundle: it has no {MANIFEST}"
                what = f"'{location}' is a {kind}"
            raise UsageError(f"{what}; a graph is file.py, file.py:name or package.module:name")
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
        raise UsageError(f"{location} has several graphs, {', '.join(graphs)}; say which, as {location}:NAME")
    if distinct:
        return distinct[-1]
    functions = _functions(module)
    builders = [name for name, value in functions.items() if _returns_graph(value)]
    if not builders and "build" in functions and "return" not in declared_types(functions["build"]):
        builders = ["build"]
    if len(builders) == 1:
        return functions[builders[0]]
    if not builders and get_default_graph().nodes:
        return get_default_graph()
    if builders:
        raise UsageError(f"{location} has several graphs, {', '.join(builders)}; say which, as {location}:NAME")
    classes = [name for name, value in _definitions(module) if isinstance(value, type) and not issubclass(value, INode)]
    passed_over = [f"{name}() {_why_no_builder(value)}" for name, value in functions.items()]
    passed_over += [f"{name} is a class" for name in classes]  # They may have a graph of their own.
    others = f". Passed over: {listing(passed_over, most=6)}" if passed_over else ""
    advice = f"declare which function builds one by  -> Graph,  or name it, {location}:NAME"
    raise UsageError(f"{location} has no graph; {advice}{others}")


def _are_connected(graphs: Sequence[Graph]) -> bool:
    """Whether it makes no difference which of them is planned, as all have the same nodes."""
    members = [{id(node) for node in connected_nodes(graph)} for graph in graphs]
    return bool(members[0]) and all(nodes == members[0] for nodes in members)


def _definitions(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public functions and classes that the module itself defines."""
    for name, value in vars(module).items():
        is_definition = inspect.isfunction(value) or isinstance(value, type)
        if is_definition and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value


def _functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    return {name: value for name, value in _definitions(module) if inspect.isfunction(value)}


def _why_no_builder(function: Callable[..., Any]) -> str:
    annotation = annotations_of(inspect.unwrap(function)).get("return", _NOTHING)
    if annotation is _NOTHING:
        return "does not say what it returns"
    return f"returns {annotation if isinstance(annotation, str) else getattr(annotation, '__name__', annotation)}"


def _graph_names(module: ModuleType) -> list[str]:
    return [*(name for name, value in vars(module).items() if isinstance(value, Graph)), *_functions(module)]


def _returns_graph(function: Callable[..., Any]) -> bool:
    kinds = declared_types(function).get("return", ())
    if not kinds:  # It may be a name for type checkers only.
        annotation = annotations_of(inspect.unwrap(function)).get("return")
        return isinstance(annotation, str) and annotation.strip("'\" ").rpartition(".")[2] == "Graph"
    return any(isinstance(kind, type) and issubclass(kind, Graph) for kind in kinds)


def build_graph(target: Any, *, spec: str, parameters: Mapping[str, str]) -> Graph:
    """The graph that the target of ``spec`` is, or builds with these parameters.

    Raises:
        UsageError: It is not a graph and builds none, or takes no such parameters.
        ParameterError: The text of a parameter does not fit.
        PreflightError: There are several of these errors.
        LoadError: The callable raises.
    """
    if not isinstance(target, Graph) and callable(target):
        arguments = bind_parameters(target, parameters, name=spec)
        try:
            target = target(*arguments.args, **arguments.kwargs)
        except (KeyboardInterrupt, ParameterError):
            raise
        except BaseException as error:  # The function is the user's, and may even exit.
            place = own_line(error)
            where = f" ({place})" if place else ""
            raise LoadError(f"{spec} failed to build its graph: {error_line(error)}{where}") from error
    elif parameters:
        raise UsageError(f"{spec} is a graph and takes no parameters; leave {', '.join(parameters)} out")
    if target is None and get_default_graph().nodes:
        return get_default_graph()
    graph = getattr(target, "graph", target)
    if not isinstance(graph, Graph):
        raise UsageError(f"{spec} gives {one_line(repr(target), longest=60)}, and not a graph; name what gives one")
    return graph


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """``key=value`` texts as a dict.

    Raises:
        UsageError: One has no ``=``.
    """
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not equals or not key:
            what = f"'{key}' has no value" if key else "a parameter has no name"
            raise UsageError(f"{what}; write -p NAME=VALUE")
    return {key: value for key, _, value in pairs}
