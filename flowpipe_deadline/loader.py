"""``file.py``, ``file.py:name`` or ``package.module:name`` to the graph that is meant."""

from __future__ import annotations

import difflib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

from flowpipe import Graph
from flowpipe.graph import get_default_graph

from .errors import LoadError, UsageError
from .farm.guard import refuse_while_loading
from .farm.locate import load_file, load_module
from .parameters import bind_parameters, declared_types
from .walk import connected_nodes

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def load_graph(spec: str, *, parameters: Optional[Mapping[str, str]] = None) -> Graph:
    """The graph that ``spec`` names; a callable that builds one is called with the ``parameters``, typed for it.

    Without a name, the module's only graph is meant, its only function that is declared to return one, or what it put
    into flowpipe's default graph.

    Raises:
        UsageError: There is no such file or name, it is no graph, or the parameters do not fit.
        LoadError: The module cannot be loaded, or the callable raises.
        LoadingError: A script asks for it while it is only being loaded itself, by a command it starts, say.
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
    raise UsageError(f"{location} has no graph in it{advice}")


def _are_connected(graphs: Sequence[Graph]) -> bool:
    """Whether it does not matter which of them is planned: all belong to each other."""
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
        except BaseException as error:  # Anybody's function, which may even exit.
            raise LoadError(f"{spec} failed to build its graph: {type(error).__name__}: {error}") from error
    elif parameters:
        raise UsageError(f"{spec} is a graph already and takes no parameters")
    if target is None and get_default_graph().nodes:
        return get_default_graph()
    graph = getattr(target, "graph", target)
    if not isinstance(graph, Graph):
        raise UsageError(f"{spec} is no graph and gives none, but a {type(target).__name__}")
    return graph
