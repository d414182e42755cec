"""Nodes from their records: built as planned, fed from upstream, evaluated, and their outputs encoded."""

from __future__ import annotations

import difflib
import json
import traceback
from typing import Any, Callable, Iterator, Mapping

from flowpipe import INode, InputPlug, OutputPlug
from flowpipe.node import FunctionNode

from ..core.errors import FlowpipeDeadlineError, error_line, locals_of, text_of, traceback_of
from ..core.locate import resolve
from ..core.text import size_text
from ..results.codec import UnsupportedValueError, canonical, decode, encode
from ..results.shapes import decode_output
from ..results.upstream import Record, sources

UNKEPT = "unkept"
LARGE_VALUE = 1_000_000
"""Bytes of JSON from which a single value is large."""
LARGE_ADVICE = "write it into a file that all machines see, and pass on the path"


class NodeError(FlowpipeDeadlineError):
    """A node that cannot be built from its record, or whose outputs cannot be kept."""


def build_node(record: Record) -> INode:
    """The node as it was planned: class or function, attributes, plugs and their values; connections are not made.

    Raises:
        LoadError: Its class or function cannot be imported here.
        NodeError: Its class cannot be built.
    """
    cls = resolve(record["class"])
    node = _build_function(cls, record) if record["function"] else _build_class(cls, record)
    node.name = record["name"]
    node.identifier = record["identifier"]
    node.metadata = decode(record["metadata"])
    node.graph.name = record["graph"]
    for name, value in record["attributes"].items():
        setattr(node, name, decode(value))
    _restore_plugs(node, node.inputs, record["inputs"], InputPlug)
    _restore_plugs(node, node.outputs, record["outputs"], OutputPlug)
    return node


def feed_inputs(node: INode, *, record: Record, upstream: Mapping[str, Record]) -> None:
    """Sets every connected input to what its upstream output was set to.

    ``upstream`` holds merged outputs by node key. An input keeps its planned value if upstream did not set the output,
    as in flowpipe. Inputs that are fed frame by frame are not set here: they belong to a chunk.

    Raises:
        NodeError: Upstream did not set the output, and the planned value could not be kept.
    """
    for source, name, key in sources(record):
        if source["by_frame"]:
            continue
        plug = node.inputs[name] if key is None else node.inputs[name][key]
        planned = record["inputs"][name] if key is None else record["inputs"][name]["sub_plugs"][key]
        output = upstream[source["node"]].get(source["output"])
        if output is not None and source["sub_plug"] is None:
            plug.value = decode_output(output["value"], f"{source['node']}.{source['output']}")
        elif output is not None and source["sub_plug"] in output["sub_plugs"]:
            place = f"{source['node']}.{source['output']}.{source['sub_plug']}"
            plug.value = decode_output(output["sub_plugs"][source["sub_plug"]], place)
        elif UNKEPT in planned:
            raise NodeError(
                f"{source['node']} did not set its output '{source['output']}', and the value that"
                f" '{name}' had when planned cannot be kept: {planned[UNKEPT]}"
            )


def evaluate_node(node: INode) -> dict[str, Any]:
    """The outputs that the node sets when it is evaluated, as a store keeps them.

    Raises:
        NodeError: What the node returns is not what flowpipe takes, or an output has a value that cannot be kept.
        BaseException: Whatever the node raises.
    """
    sink = _Sink(node)
    before = {place: (value, _snapshot(value)) for place, value in _held_values(node, sink)}
    try:
        answer = node.evaluate()
    except Exception as error:
        reason = _unfit_answer(node, error)
        if reason:
            raise NodeError(f"{node.name} {reason}") from error
        raise
    returned = set(answer) if isinstance(answer, dict) else set()
    changed = {
        place
        for place, value in _held_values(node, sink)
        if place not in before or before[place][0] is not value or before[place][1] != _snapshot(value)
    }
    outputs = {}
    for name, plug in node.outputs.items():
        keys = [key for key in plug.sub_plugs if (name, key) in changed or f"{name}.{key}" in returned]
        if keys or name in returned or (name, None) in changed:
            value = _encode_output(node, name, _handed_on(name, plug, sink))
            sub_plugs = {key: _encode_output(node, f"{name}.{key}", plug[key].value) for key in keys}
            outputs[name] = {"value": value, "sub_plugs": sub_plugs}
    return outputs


def size_of(encoded: Any) -> int:
    """Bytes of its JSON, without blanks."""
    return len(json.dumps(encoded, separators=(",", ":")))


def remarks_on(outputs: Mapping[str, Any], *, record: Callable[[], Record]) -> Iterator[str]:
    """What is odd about the outputs that a node has set, but may be intended; the record is read if need be."""
    names = [] if outputs else list(record()["outputs"])
    if names:
        text = f"The node has set none of its outputs ({', '.join(names)}), so what they feed keeps its planned values"
        yield f"{text}; return a dict with them if it should not."
    for name, output in outputs.items():
        size = size_of(output)
        if size >= LARGE_VALUE:
            text = f"The output '{name}' has {size_text(size)}, which each task that it feeds reads"
            yield f"{text}; {LARGE_ADVICE}."


def _unfit_answer(node: INode, error: Exception) -> str:
    """What is wrong with what the node returned, where flowpipe has failed to take it; empty for other errors."""
    *_, (last, _) = traceback.walk_tb(traceback_of(error))
    evaluation = locals_of(error, "evaluate", module=INode.__module__)
    is_flowpipes = last.f_globals.get("__name__", "").partition(".")[0] == "flowpipe"
    if evaluation is None or evaluation["self"] is not node or not is_flowpipes:  # It may evaluate a graph itself.
        return ""
    names = ", ".join(node.outputs)
    advice = f"return a dict with its outputs ({names}) as keys" if names else "it has no outputs, so return nothing"
    if "outputs" not in evaluation:  # It asks whether the answer is empty, which an array does not tell.
        if last.f_code.co_name != "evaluate":
            return ""
        return f"returned what is neither true nor false ({text_of(error)}); {advice}"
    answer, name = evaluation["outputs"], evaluation.get("name")
    if not hasattr(answer, "items"):
        kind = type(answer).__name__
        why = {"generator": ", as it has a yield", "coroutine": ", as it is async, which flowpipe does not await"}
        return f"returned a value of the type {kind}{why.get(kind, '')}; {advice}"
    if not isinstance(name, str):
        return f"returned a dict with the key {name!r}; {advice}"
    if name.partition(".")[0] not in node.outputs:
        guess = difflib.get_close_matches(name, node.outputs, n=1)
        meant = f"did you mean '{guess[0]}'?" if guess else advice
        return f"returned '{name}', which is not one of its outputs; {meant}"
    if name.count(".") > 1:
        return f"returned '{name}'; an output has one level of sub-plugs, such as '{'.'.join(name.split('.')[:2])}'"
    return f"returned '{name}', which cannot be set: {error_line(error)}"


class _Sink(INode):
    """A downstream node whose inputs receive what a plain connection carries."""

    def __init__(self, node: INode) -> None:
        super().__init__(graph=None)
        for name, plug in node.outputs.items():
            InputPlug(name, self)
            plug.connect(self.inputs[name])

    def compute(self, *args: Any, **kwargs: Any) -> None:
        """Never called."""


def _held_values(node: INode, sink: _Sink) -> Iterator[tuple[tuple[str, str | None], Any]]:
    """What each output and each of its sub-plugs holds."""
    for name, plug in node.outputs.items():
        yield (name, None), _handed_on(name, plug, sink)
        for key, sub_plug in plug.sub_plugs.items():
            yield (name, key), sub_plug.value


def _handed_on(name: str, plug: OutputPlug, sink: _Sink) -> Any:
    """What a plain connection carries; a plug that was made during evaluation is not connected."""
    return sink.inputs[name].value if name in sink.inputs else plug.value


def _snapshot(value: Any) -> str | None:
    """A text that changes if the value is changed in place; None if the value cannot be kept."""
    try:
        return canonical(encode(value))
    except UnsupportedValueError:
        return None


def _encode_output(node: INode, name: str, value: Any) -> Any:
    try:
        return encode(value)
    except UnsupportedValueError as error:
        raise NodeError(
            f"{node.name}: its output '{name}' cannot be passed on: {error}; return plain values, or a path to a file"
        ) from error


def _build_function(cls: Callable[..., INode], record: Record) -> INode:
    found = resolve(record["function"])
    function = found.func if isinstance(found, FunctionNode) else found
    return cls(func=function, outputs=[], name=record["name"], graph=None)


def _build_class(cls: type[INode], record: Record) -> INode:
    """Calls the constructor with its defaults, as flowpipe does; if it needs arguments, bypasses it, as pickle does."""
    if record["default_constructor"]:
        try:
            return cls(graph=None)
        except Exception as error:  # The constructor is the user's.
            if record["unkept"]:
                raise NodeError(f"{cls.__qualname__}() fails without arguments: {error_line(error)}") from error
    node = cls.__new__(cls)
    INode.__init__(node, name=record["name"], graph=None)
    return node


def _restore_plugs(node: INode, plugs: dict[str, Any], records: Mapping[str, Record], make: Callable[..., Any]) -> None:
    """Gives the node exactly the plugs, sub-plugs and values of its record, in that order."""
    for name, record in records.items():
        if name not in plugs:
            make(name, node)
        for key, sub_plug in record["sub_plugs"].items():
            plugs[name][key].value = decode(sub_plug.get("value"))
        plugs[name].value = decode(record.get("value"))
        plugs[name].sub_plugs = {key: plugs[name].sub_plugs[key] for key in record["sub_plugs"]}
    ordered = {name: plugs[name] for name in records}
    plugs.clear()
    plugs.update(ordered)
