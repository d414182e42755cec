"""A graph's plan as the studio wants it: its settings below the caller's, its hooks at the end.

Everything that plans a graph for people calls this, ``plan``, ``run``, ``submit`` and the evaluators alike: what one of
them shows or runs is what another submits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flowpipe import Graph, INode

from ..planning.plan import Plan
from ..planning.planner import make_plan
from ..settings.context import read_plan_context
from ..settings.layers import Layer, Layers
from .file import StudioFile, load_studio_file
from .hooks import apply_hooks
from .snapshot import with_snapshot


def plan_graph(  # noqa: PLR0913  (six beside the graph)
    graph: Graph,
    *,
    settings: Mapping[str, Any] | None = None,
    presets: Sequence[str] = (),
    interpreters: Collection[str] | None = None,
    skip: Collection[INode] = (),
    studio: StudioFile | None = None,
    snapshot_code: bool = False,
) -> Plan:
    """The jobs that the graph becomes, upstream first, as the hooks of the studio leave them; the graph is only read.

    ``settings`` are job settings for all nodes, as in ``metadata["deadline"]``; a node's own win. They win over the
    ``presets``, a later preset over an earlier one, and both over the settings of the studio file. ``interpreters`` are
    the names of those that are configured; others are worth a warning. Nodes in ``skip`` are not part of the plan: what
    they feed keeps the values that it has. ``studio`` is read from its place if it is not given. With ``snapshot_code``
    the graph's own modules travel along as they are now, so that edits while jobs wait change nothing.

    Raises:
        CycleError: Nodes feed each other.
        SettingError: A node's settings do not exist or do not fit.
        PlanError: There is no node, or one that a worker could not load or that holds a value that does not survive.
        PreflightError: Several of these, in the order of the graph; or several values of the studio file do not fit.
        UsageError: There is no such preset.
        StudioFileError: The studio file cannot be read, or one of its values does not fit.
        HookError: A hook cannot be loaded, raises, or returns something other than a plan of the same work.
        LoadingError: A script plans while it is only being loaded.
    """
    studio = load_studio_file() if studio is None else studio
    layers = studio_layers(studio, presets=presets, given=settings)
    context = read_plan_context(interpreters=interpreters)
    plan = make_plan(graph, settings=layers.merged(), skip=skip, context=context)
    planned = apply_hooks(plan, disabled=studio.disabled_hooks)
    return with_snapshot(planned) if snapshot_code else planned


def studio_layers(
    studio: StudioFile,
    *,
    presets: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
    source: str = "settings",
) -> Layers:
    """The settings of a graph: those ``given`` over the presets, a later one over an earlier, over the studio's.

    Raises:
        UsageError: There is no such preset.
    """
    named = [Layer(f"preset '{name}', studio file {studio.path}", studio.preset(name)) for name in presets]
    return Layers((Layer(f"studio file {studio.path}", studio.settings), *named, Layer(source, given or {})))
