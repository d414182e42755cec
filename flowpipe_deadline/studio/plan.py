"""A graph's plan as the studio wants it: its settings below the caller's, its hooks at the end.

Everything that plans for people goes this way, ``plan``, ``run``, ``submit`` and the evaluators alike: what one shows
or tries out is what another submits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional

from flowpipe import Graph, INode

from ..planning.plan import Plan
from ..planning.planner import plan_graph
from ..settings.context import read_plan_context
from ..settings.layers import Layer, Layers
from .file import StudioFile
from .hooks import apply_hooks


def studio_layers(
    studio: StudioFile,
    *,
    presets: Sequence[str] = (),
    given: Optional[Mapping[str, Any]] = None,
    source: str = "settings",
) -> Layers:
    """The settings of a graph: those ``given`` over the presets, a later one over an earlier, over the studio's.

    Raises:
        UsageError: There is no such preset.
    """
    named = [Layer(f"preset '{name}', studio file {studio.path}", studio.preset(name)) for name in presets]
    return Layers((Layer(f"studio file {studio.path}", studio.settings), *named, Layer(source, given or {})))


def studio_plan(
    graph: Graph,
    *,
    studio: StudioFile,
    layers: Layers,
    interpreters: Optional[Collection[str]] = None,
    skip: Collection[INode] = (),
) -> Plan:
    """The plan of the graph in its surroundings here, with these settings, as the hooks leave it.

    Raises:
        FlowpipeDeadlineError: As ``plan_graph`` and ``apply_hooks`` do.
    """
    around = read_plan_context(interpreters=interpreters)
    plan = plan_graph(graph, settings=layers.merged(), skip=skip, context=around)
    return apply_hooks(plan, disabled=studio.disabled_hooks)
