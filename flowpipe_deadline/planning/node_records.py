"""Makes the records of nodes that a bundle keeps; ``evaluator/nodes.py`` builds the nodes from them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Optional

from flowpipe import INode
from flowpipe.node import FunctionNode
from flowpipe.plug import IPlug

from ..core.bundle import FORMAT
from ..core.errors import PlanError
from ..core.locate import NotImportableError, describe
from ..core.warnings import ErrorCollector
from ..evaluator.nodes import UNKEPT
from ..results.codec import UnsupportedValueError, encode
from .graph import Connection, label


class _Plain(INode):
    """A node without attributes of its own."""

    def compute(self, *args: Any, **kwargs: Any) -> None:
        """Never called."""


# What every node has. Other attributes of an instance are its own, and go into its record.
_COMMON_ATTRIBUTES = frozenset(vars(_Plain(graph=None)))
_FUNCTION_ATTRIBUTES = frozenset(vars(FunctionNode(func=_Plain.compute)))


@dataclass(frozen=True)
class Feed:
    """A connection from a node that will run."""

    connection: Connection
    by_frame: bool
    """Whether a chunk takes only the items of its own frames."""


def node_record(
    node: INode, *, key: str, interpreter: str, batch: Optional[Mapping[str, Any]], feeds: Iterable[Feed]
) -> dict[str, Any]:
    """The record of one node, ready for JSON.

    Raises:
        PlanError: Another process could not import it, or it holds a value that cannot be kept.
        PreflightError: There are several such errors.
    """
    errors = ErrorCollector()
    cls: type = type(node)
    has_default_constructor = _has_default_constructor(cls)
    record: dict[str, Any] = {
        "format": FORMAT,
        "key": key,
        "name": str(node.name),
        "identifier": str(node.identifier),
        "graph": str(node.graph.name),
        "interpreter": interpreter,
        "class": None,
        "function": None,
        "default_constructor": has_default_constructor,
        "unkept": [],
        "attributes": {},
        "metadata": {},
        "inputs": {},
        "outputs": {name: _output(plug) for name, plug in node.outputs.items()},
        "batch": batch,
    }
    with errors.collected():
        record["class"] = _describe(node, cls)
    if isinstance(node, FunctionNode):
        with errors.collected():
            record["function"] = _describe_function(node)
    with errors.collected():
        record["attributes"], record["unkept"] = _attributes(node, has_default_constructor)
    with errors.collected():
        record["metadata"] = _keep(node, "metadata", node.metadata)
    with errors.collected():
        record["inputs"] = _inputs(node, feeds)
    errors.raise_all()
    return record


def _describe(node: INode, thing: Any, qualname: Optional[str] = None) -> dict[str, Optional[str]]:
    try:
        return describe(thing, qualname=qualname)
    except NotImportableError as error:
        raise PlanError(label(node), f"a worker could not load it: {error}") from error


def _describe_function(node: FunctionNode[Any]) -> dict[str, Optional[str]]:
    """Where the function is defined: under its own name, as a function or a node, or under the name of its node."""
    function, own_name = node.func, node.func.__qualname__
    module = sys.modules.get(function.__module__)
    names = {} if module is None else dict(vars(module))
    if _unwrapped(names.get(own_name)) is function:
        return _describe(node, function, own_name)
    name = next((name for name, thing in names.items() if _unwrapped(thing) is function), own_name)
    return _describe(node, function, name)


def _unwrapped(thing: Any) -> Any:
    """The function of a node that a decorator made of it; anything else as it is."""
    return thing.func if isinstance(thing, FunctionNode) else thing


@lru_cache(maxsize=256)
def _has_default_constructor(cls: type) -> bool:
    """Whether the class can be called as ``cls(graph=None)``, which is what flowpipe does to load a node."""
    try:
        inspect.signature(cls).bind(graph=None)
    except (TypeError, ValueError):
        return False
    return True


def _attributes(node: INode, has_default_constructor: bool) -> tuple[dict[str, Any], list[str]]:
    """The instance's own attributes, and the names of those that cannot be kept.

    Those are left to the constructor. If it needs arguments, that is not possible, and is an error.
    """
    common = _FUNCTION_ATTRIBUTES if isinstance(node, FunctionNode) else _COMMON_ATTRIBUTES
    errors = ErrorCollector()
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
            reason = f"its attribute '{name}' does not survive: {held[UNKEPT]}; {advice}"
            errors.add(PlanError(label(node), reason))
    errors.raise_all()
    return kept, unkept


def _inputs(node: INode, feeds: Iterable[Feed]) -> dict[str, Any]:
    by_plug = {(feed.connection.input, feed.connection.input_key): feed for feed in feeds}
    errors = ErrorCollector()
    inputs: dict[str, Any] = {}
    for name, plug in node.inputs.items():
        sub_plugs: dict[str, Any] = {}
        with errors.collected():
            inputs[name] = {**_input(node, plug, by_plug.get((name, None))), "sub_plugs": sub_plugs}
        for key, sub_plug in plug.sub_plugs.items():
            with errors.collected():
                sub_plugs[key] = _input(node, sub_plug, by_plug.get((name, key)))
    errors.raise_all()
    return inputs


def _input(node: INode, plug: IPlug, feed: Optional[Feed]) -> dict[str, Any]:
    """Value and source of an input. A connected one keeps its value, in case upstream does not set the output."""
    value = None if plug.sub_plugs else plug.value
    if feed is None:
        return {"value": _keep(node, f"input '{plug.name}'", value), "source": None}
    source = {
        "node": feed.connection.source,
        "output": feed.connection.output,
        "sub_plug": feed.connection.output_key,
        "by_frame": feed.by_frame,
    }
    return {**_encoded(value), "source": source}


def _output(plug: IPlug) -> dict[str, Any]:
    """The value that an output has before it is evaluated."""
    value = None if plug.sub_plugs else plug.value
    return {
        **_encoded(value),
        "sub_plugs": {key: _encoded(sub_plug.value) for key, sub_plug in plug.sub_plugs.items()},
    }


def _keep(node: INode, what: str, value: Any) -> Any:
    held = _encoded(value)
    if UNKEPT in held:
        raise PlanError(label(node), f"{what} does not survive the way to the farm: {held[UNKEPT]}")
    return held["value"]


def _encoded(value: Any) -> dict[str, Any]:
    """The value as a record holds it, or why it cannot be kept."""
    try:
        return {"value": encode(value)}
    except UnsupportedValueError as error:
        return {UNKEPT: str(error)}
