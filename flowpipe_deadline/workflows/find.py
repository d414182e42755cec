"""Finds workflows by name: in the studio's folders, in installed packages, and among our own."""

from __future__ import annotations

import importlib.machinery
import inspect
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowpipe import Graph

from ..core.bundle import AnyPath
from ..core.errors import UsageError
from ..core.text import listing
from ..settings.kinds import suggestion
from .entry_points import find_entry_points
from .loader import build_graph, load_target
from .parameters import WorkflowParameter, read_parameters

if TYPE_CHECKING:
    from docstring_parser import Docstring

GROUP = "flowpipe_deadline.workflows"
_OWN = {name: f"flowpipe_deadline.workflows.{name}:{name}" for name in ("render_scene", "render_blender_scene")}


@dataclass(frozen=True)
class WorkflowSource:
    """A workflow that is there, not loaded yet."""

    name: str
    spec: str
    """Where it is: ``file.py`` or ``package.module:name``."""
    origin: str
    """Who brings it, for people."""


@dataclass(frozen=True)
class Workflow:
    """A callable that builds a graph, and what it wants to know; a graph that is one already wants nothing."""

    name: str
    target: Any
    """What builds the graph, or the graph."""

    @property
    def title(self) -> str:
        """Its name for people.

        >>> Workflow("render_scene", None).title, Workflow("studio.graphs:publish_shot", None).title
        ('Render scene', 'Publish shot')
        """
        name = Path(self.name).stem if self.name.endswith(".py") else self.name.rpartition(":")[2]
        return name.replace("_", " ").capitalize()

    @property
    def description(self) -> str:
        """What its docstring says, without what it says of single parameters; empty for a graph."""
        texts = (self._docstring.short_description, self._docstring.long_description)
        return "\n\n".join(filter(None, texts))

    @cached_property
    def parameters(self) -> tuple[WorkflowParameter, ...]:
        """What it wants to know, in the order of its signature; nothing for a graph."""
        if not self._is_builder:
            return ()
        told = {item.arg_name: " ".join((item.description or "").split()) for item in self._docstring.params}
        return read_parameters(self.target, descriptions=told)

    def build(self, texts: Mapping[str, str]) -> Graph:
        """The graph for these texts of its parameters; what is not given has its default.

        Raises:
            UsageError: A parameter is missing or does not exist, or what is built is not a graph.
            ParameterError: The text of a parameter does not fit.
            PreflightError: There are several of these errors.
            LoadError: The workflow raises.
        """
        return build_graph(self.target, spec=self.name, parameters=texts)

    @property
    def _is_builder(self) -> bool:
        return callable(self.target) and not isinstance(self.target, Graph)

    @cached_property
    def _docstring(self) -> Docstring:
        from docstring_parser import Docstring, parse  # noqa: PLC0415 (plans of graphs do not need it)

        try:
            # Of functools.partial, what it calls.
            target = getattr(self.target, "func", self.target)
            return parse(inspect.getdoc(target) or "") if self._is_builder else Docstring()
        except Exception:  # It is any text, and not only ParseError comes (findings/docstring-parser-index-error.sh).
            return Docstring()


def find_workflows(folders: Sequence[AnyPath] = ()) -> tuple[WorkflowSource, ...]:
    """The workflows that have a name, sorted by it; none is loaded.

    Each Python file in one of the ``folders`` is one, called like the file, unless it begins with an underscore; each
    entry point of the group ``flowpipe_deadline.workflows`` is one. Of the same name, that of an earlier folder counts,
    and a folder's before that of a package. A folder that cannot be read has none.
    """
    found = {name: WorkflowSource(name, spec, "flowpipe-deadline") for name, spec in _OWN.items()}
    for name, value, package in find_entry_points(GROUP):
        found[name] = WorkflowSource(name, value, f"the package {package}")
    for folder in reversed(folders):
        for path in _files(folder):
            found[path.stem] = WorkflowSource(path.stem, str(path), f"the folder {path.parent}")
    return tuple(found[name] for name in sorted(found))


def load_workflow(name: str, *, folders: Sequence[AnyPath] = ()) -> Workflow:
    """The workflow of that name, or the graph or callable that ``file.py:name`` or ``package.module:name`` means.

    Raises:
        UsageError: There is none.
        LoadError: Its module cannot be loaded.
        LoadingError: A script calls this while it is being loaded itself.
    """
    is_place = name.endswith(".py") or ":" in name
    known = {} if is_place else {found.name: found for found in find_workflows(folders)}
    source = known.get(name)
    if source is None and re.fullmatch(r"[\w-]+", name) and not os.path.exists(name) and not _is_module(name):
        missing = [str(folder) for folder in folders if not os.access(folder, os.R_OK)]
        unread = f" The folder {missing[0]} cannot be read." if missing else ""
        others = "or name a file, or a submission with its date, such as Shot-20261123"
        advice = suggestion(name, known, otherwise=f"There are {listing([*known], most=20)}; {others}.")
        raise UsageError(f"there is no workflow '{name}'. {advice}{unread}")
    return Workflow(name, load_target(name if source is None else source.spec))


def _files(folder: AnyPath) -> Iterable[Path]:
    try:
        paths = sorted(Path(folder).iterdir(), key=lambda path: path.name)
    except OSError:
        return ()
    return [path for path in paths if path.suffix == ".py" and not path.name.startswith(("_", ".")) and path.is_file()]


def _is_module(name: str) -> bool:
    """Whether it can be imported, from the current folder too; nothing is imported."""
    return importlib.machinery.PathFinder.find_spec(name, [os.getcwd(), *sys.path]) is not None
