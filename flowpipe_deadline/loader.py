"""``file.py``, ``file.py:name`` or ``package.module:name`` to the graph that is meant."""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

from flowpipe import Graph
from flowpipe.graph import get_default_graph

from .errors import LoadError, UsageError
from .farm.guard import refuse_while_loading
from .farm.locate import load_file, load_module
from .walk import sorted_nodes

_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def load_graph(spec: str, *, parameters: Optional[Mapping[str, str]] = None) -> Graph:
    """The graph that ``spec`` names; a callable that builds one is called with the ``parameters``, typed for it.

    Without a name, the module's only graph is meant, its only function that is declared to return one, or what it put
    into flowpipe's default graph. Whatever the module prints goes to stderr.

    Raises:
        UsageError: There is no such file or name, it is no graph, or the parameters do not fit.
        LoadError: The module cannot be loaded, or the callable raises.
        LoadingError: A script asks for it while it is only being loaded itself, by a command it starts, say.
    """
    refuse_while_loading("load a graph")
    location, name = _split(spec)
    with _stdout_to_stderr():
        module = _load(location)
        target = _find(module, name, location) if name else _only_graph(module, location)
        return _as_graph(target, spec=spec, parameters=parameters or {})


def _split(spec: str) -> tuple[str, Optional[str]]:
    drive = spec[:2] if _WINDOWS_DRIVE.match(spec) else ""
    location, _, name = spec[len(drive) :].partition(":")
    return drive + location, name or None


def _load(location: str) -> ModuleType:
    path = Path(location).expanduser()
    if path.suffix == ".py" or path.exists():
        if not path.is_file():
            raise UsageError(f"there is no file {location}")
        return load_file(str(path))
    if os.sep in location or "/" in location or not all(part.isidentifier() for part in location.split(".")):
        raise UsageError(f"{location} is neither a Python file that exists nor a module name")
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
    members = [{id(node) for node in sorted_nodes(graph)} for graph in graphs]
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
    kind = _hints(function).get("return")
    return isinstance(kind, type) and issubclass(kind, Graph)


def _as_graph(target: Any, *, spec: str, parameters: Mapping[str, str]) -> Graph:
    if not isinstance(target, Graph) and callable(target):
        arguments = _typed_parameters(target, spec=spec, parameters=parameters)
        try:
            target = target(**arguments)
        except (Exception, SystemExit) as error:
            raise LoadError(f"{spec} failed to build its graph: {type(error).__name__}: {error}") from error
    elif parameters:
        raise UsageError(f"{spec} is a graph already and takes no parameters")
    if target is None and get_default_graph().nodes:
        return get_default_graph()
    graph = getattr(target, "graph", target)
    if not isinstance(graph, Graph):
        raise UsageError(f"{spec} is no graph and gives none, but a {type(target).__name__}")
    return graph


def _typed_parameters(function: Callable[..., Any], *, spec: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{spec} cannot be called from here: {error}") from error
    kinds = signature.parameters
    takes_any = any(kind.kind is kind.VAR_KEYWORD for kind in kinds.values())
    names = [name for name, kind in kinds.items() if kind.kind not in (kind.VAR_KEYWORD, kind.VAR_POSITIONAL)]
    for name in parameters:
        if name not in names and not takes_any:
            guess = difflib.get_close_matches(name, names, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it takes {', '.join(names) or 'none'}"
            raise UsageError(f"{spec} has no parameter '{name}'; {advice}")
    missing = [name for name in names if kinds[name].default is inspect.Parameter.empty and name not in parameters]
    if missing:
        raise UsageError(f"{spec} needs {', '.join(missing)}:  {' '.join(f'-p {name}=…' for name in missing)}")
    hints = _hints(function)
    return {
        name: _typed(name, text, kind=hints.get(name), default=kinds[name].default if name in kinds else None)
        for name, text in parameters.items()
    }


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(vars(function)["__init__"] if isinstance(function, type) else function)
    except Exception:  # Annotations can be any expression, also one that fails.
        return {}


def _typed(name: str, text: str, *, kind: Any, default: Any) -> Any:
    """The text as its annotation says, else as its default's type, else as the Python literal it may be."""
    kinds = [option for option in typing.get_args(kind) or (kind,) if option is not type(None)]
    wanted = kinds[0] if len(kinds) == 1 else None
    if not isinstance(wanted, type) and isinstance(default, (bool, int, float, str, Path)):
        wanted = Path if isinstance(default, Path) else type(default)
    if isinstance(wanted, type) and issubclass(wanted, (str, Path)):
        return wanted(text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = {"true": True, "false": False, "none": None}.get(text.lower(), text)
    if wanted is float and type(value) is int:
        return float(value)
    if isinstance(wanted, type) and wanted in (bool, int, float) and type(value) is not wanted:
        raise UsageError(f"the parameter '{name}' is {_KINDS[wanted]}, not '{text}'")
    return value


_KINDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number"}


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Keeps what a script prints, also from outside of Python, off our own output."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """``key=value`` texts as a dict.

    Raises:
        UsageError: One has no ``=``.
    """
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not equals or not key:
            raise UsageError(f"'{key}' is no parameter; write -p key=value")
    return {key: value for key, _, value in pairs}
