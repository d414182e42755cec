"""One task: a node record, the values from upstream, the frames of the chunk; a result in the store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from .backends import open_store
from .bundle import read_node
from .codec import compound
from .cut import cut_inputs
from .errors import FlowpipeDeadlineError
from .frames import FrameList
from .merge import Batch, MissingResultsError, merge_results
from .nodes import Record, build_node, evaluate_node, feed_inputs, sources
from .store import ChunkResult, Store

_PAUSE = 0.2  # Seconds between two looks for a late result.


def _unheard(text: str) -> None:
    """For callers that do not want to know."""


class TaskError(FlowpipeDeadlineError):
    """A task that does not fit its node."""


def evaluate_task(
    bundle: Path,
    *,
    node: str,
    frames: Optional[FrameList] = None,
    wait: float = 0.0,
    report: Callable[[str], None] = _unheard,
) -> ChunkResult:
    """The result of one task, which is also in the bundle's store by then.

    ``frames`` are those of the task (item numbers for a node in ``items`` mode), None for a node that is not batched;
    ``wait`` is how many seconds to look again for upstream results; ``report`` hears what is being done.

    Raises:
        FlowpipeDeadlineError: Something is missing or does not fit; the message says what to do.
        BaseException: Whatever the node raises.
    """
    record = read_node(bundle, node)
    batch = Batch.from_json(record["batch"])
    if (batch is None) != (frames is None):
        really = "is not batched" if batch is None else "is batched"
        raise TaskError(f"{node} {really}, but the task says otherwise; submit the bundle's own job files again")
    store = open_store(bundle)
    report(f"Loading {record['name']}")
    instance = build_node(record)
    feed_inputs(instance, record=record, upstream=_read_upstream(record, bundle=bundle, store=store, wait=wait))
    if batch is not None and frames is not None:
        values = {name: instance.inputs[name].value for name in batch.over}
        for name, part in cut_inputs(values, batch=batch, frames=frames).items():
            instance.inputs[name].value = part
    report(f"Evaluating {record['name']}" + ("" if frames is None else f" {frames}"))
    outputs = evaluate_node(instance)
    result = ChunkResult(frames=frames, outputs=outputs, written=time.time_ns())
    store.write(node, result)
    return result


def final_outputs(record: Record, merged: Record) -> Dict[str, Any]:
    """Every output of a node as it stands after evaluation, encoded: as it was set, else as it was planned.

    An output with sub-plugs is the dict of these, as flowpipe shows it.
    """
    outputs = {}
    for name, planned in record["outputs"].items():
        result = merged.get(name, {"value": planned.get("value"), "sub_plugs": {}})
        sub_plugs = {key: sub_plug.get("value") for key, sub_plug in planned["sub_plugs"].items()}
        sub_plugs.update(result["sub_plugs"])
        outputs[name] = compound(sub_plugs) if sub_plugs else result["value"]
    return outputs


def _read_upstream(record: Record, *, bundle: Path, store: Store, wait: float) -> Dict[str, Dict[str, Any]]:
    """The merged outputs of every node that feeds this one, each read once."""
    keys = dict.fromkeys(source["node"] for source, _, _ in sources(record))
    deadline = time.monotonic() + wait
    return {key: _merged_outputs(bundle, store=store, key=key, deadline=deadline) for key in keys}


def _merged_outputs(bundle: Path, *, store: Store, key: str, deadline: float) -> Dict[str, Any]:
    """One node's outputs.

    Network file systems show new files late, so missing ones are looked for until the deadline.
    """
    batch = Batch.from_json(read_node(bundle, key)["batch"])
    while True:
        try:
            return merge_results(key, batch=batch, results=store.read(key))
        except MissingResultsError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
