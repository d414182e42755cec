"""Makes the records of nodes that a bundle keeps; ``evaluator/nodes.py`` builds the nodes from them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from flowpipe import INode
from flowpipe.node import FunctionNode
from flowpipe.plug import IPlug

from ..core.bundle import FORMAT
from ..core.errors import PlanError
from ..core.locate import NotImportableError, describe, signature_of
from ..core.warnings import ErrorCollector
from ..evaluator.nodes import UNKEPT
from ..results.codec import UnsupportedValueError, encode
from .graph import Connection, GraphNode, label


class _Plain(INode):
    """A node without attributes of its own."""

    def compute(self, *args: Any, **kwargs: Any) -> None:
        """Never called."""


# What every node has. Other attributes of an instance are its own, and go into its record.
_COMMON_ATTRIBUTES = frozenset(vars(_Plain(graph=None)))
_FUNCTION_ATTRIBUTES = frozenset(vars(FunctionNode(func=_Plain.compute)))


def node_record(
    graph_node: GraphNode,
    *,
    interpreter: str,
    batch: Mapping[str, Any] | None,
    feeds: Iterable[Connection],
    errors: ErrorCollector,
) -> dict[str, Any]:
    """The record of one node, ready for JSON.

    Where another process could not import it, or it holds a value that cannot be kept, that is added to the errors.
    """
    node = graph_node.node
    return {
        "format": FORMAT,
        "key": graph_node.key,
        "name": str(node.name),
        "identifier": str(node.identifier),
        "graph": str(node.graph.name),
        "interpreter": interpreter,
        "class": _source(node, type(node), type(node).__qualname__, errors),
        "function": _function_source(node, errors) if isinstance(node, FunctionNode) else None,
        **_attributes(node, errors),
        "metadata": _kept(node, "metadata", _without_variables(node.metadata), errors),
        "inputs": _inputs(node, feeds, errors),
        "outputs": {name: _output(plug) for name, plug in node.outputs.items()},
        "batch": batch,
    }


def _without_variables(metadata: Any) -> Any:
    """The metadata without the job's variables: more people may read a node's record than the job's files."""
    settings = metadata.get("deadline") if isinstance(metadata, dict) else None
    if not isinstance(settings, dict) or "environment" not in settings:
        return metadata
    return {**metadata, "deadline": {name: value for name, value in settings.items() if name != "environment"}}


def _source(node: INode, thing: Any, qualname: str, errors: ErrorCollector) -> dict[str, str | None] | None:
    try:
        return describe(thing, qualname=qualname)
    except NotImportableError as error:
        errors.add(PlanError(label(node), f"a worker could not load it: {error}"))
        return None


def _function_source(node: FunctionNode[Any], errors: ErrorCollector) -> dict[str, str | None] | None:
    """Where the function is defined: under its own name, as a function or a node, or under the name of its node."""
    function, own_name = node.func, node.func.__qualname__
    module = sys.modules.get(function.__module__)
    names = {} if module is None else dict(vars(module))
    leading = (name for name in (own_name, *names) if _unwrapped(names.get(name)) is function)
    return _source(node, function, next(leading, own_name), errors)


def _unwrapped(thing: Any) -> Any:
    """The function of a node that a decorator made of it; anything else as it is."""
    return thing.func if isinstance(thing, FunctionNode) else thing


@lru_cache(maxsize=256)
def _has_default_constructor(cls: type) -> bool:
    """Whether the class can be called as ``cls(graph=None)``, which is what flowpipe does to load a node."""
    try:
        signature_of(cls).bind(graph=None)
    except (TypeError, ValueError):
        return False
    return True


def _attributes(node: INode, errors: ErrorCollector) -> dict[str, Any]:
    """The instance's own attributes, and the names of those that cannot be kept.

    Those are left to the constructor. If it needs arguments, that is not possible, and is an error.
    """
    common = _FUNCTION_ATTRIBUTES if isinstance(node, FunctionNode) else _COMMON_ATTRIBUTES
    cls: type = type(node)
    has_default_constructor = _has_default_constructor(cls)
    kept: dict[str, Any] = {}
    unkept: list[str] = []
    for name, value in vars(node).items():
        if name in common:
            continue
        held = _encoded(value)
        if "value" in held:
            kept[name] = held["value"]
        elif has_default_constructor:
            unkept.append(name)
        else:
            advice = "give all arguments of its constructor defaults, or keep it out of the node"
            reason = f"its attribute '{name}' cannot go to the farm: {held[UNKEPT]}; {advice}"
            errors.add(PlanError(label(node), reason))
    return {"default_constructor": has_default_constructor, "unkept": unkept, "attributes": kept}


def _inputs(node: INode, feeds: Iterable[Connection], errors: ErrorCollector) -> dict[str, Any]:
    by_plug = {(feed.input, feed.input_key): feed for feed in feeds}
    return {
        name: {
            **_input(node, plug, by_plug.get((name, None)), errors),
            "sub_plugs": {
                key: _input(node, sub_plug, by_plug.get((name, key)), errors)
                for key, sub_plug in plug.sub_plugs.items()
            },
        }
        for name, plug in node.inputs.items()
    }


def _input(node: INode, plug: IPlug, feed: Connection | None, errors: ErrorCollector) -> dict[str, Any]:
    """Value and source of an input. A connected one keeps its value, in case upstream does not set the output."""
    value = None if plug.sub_plugs else plug.value
    if feed is None:
        return {"value": _kept(node, f"input '{plug.name}'", value, errors), "source": None}
    source = {
        "node": feed.source,
        "output": feed.output,
        "sub_plug": feed.output_key,
        "by_frame": feed.by_frame,
    }
    return {**_encoded(value), "source": source}


def _output(plug: IPlug) -> dict[str, Any]:
    """The value that an output has before it is evaluated."""
    return {
        **_encoded(None if plug.sub_plugs else plug.value),
        "sub_plugs": {key: _encoded(sub_plug.value) for key, sub_plug in plug.sub_plugs.items()},
    }


def _kept(node: INode, what: str, value: Any, errors: ErrorCollector) -> Any:
    held = _encoded(value)
    if UNKEPT in held:
        errors.add(PlanError(label(node), f"{what} cannot go to the farm, as plain data and paths can: {held[UNKEPT]}"))
    return held.get("value")


def _encoded(value: Any) -> dict[str, Any]:
    """The value as a record holds it, or why it cannot be kept."""
    try:
        return {"value": encode(value)}
    except UnsupportedValueError as error:
        return {UNKEPT: str(error)}
