"""The graph that is sent to the farm: three nodes, a result that is known, and no trace afterwards."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from flowpipe import Graph

from ..core.bundle import Bundle
from ..core.errors import FlowpipeDeadlineError
from ..deadline.client import DeadlineClient
from ..evaluator import probe_nodes
from ..results.outputs import NodeResults, read_results
from ..submit.undo import Deletion

SQUARE, SHIFT, TOTAL = "square", "shift", "total"
_FRAMES = list(range(1, 7))
_SPAN = re.compile(r"^(?:Task)?RenderTime=(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)\s*$", re.MULTILINE | re.IGNORECASE)
_MOST_DAYS = 1000  # An unset span has ten million days (submission, section 2.5).
_WAIT = 30.0  # Seconds that network file systems have to show a result.


def build_graph() -> Graph:
    """A node cut by two frames, one behind it by three, frame by frame, and one that needs all."""
    graph = Graph(name="doctor")
    merge = {"seconds": "sum", "python": "first"}
    square = probe_nodes.square(
        name=SQUARE,
        graph=graph,
        frames=_FRAMES,
        metadata={"batch": {"size": 2, "over": ["frames"], "merge": merge}},
    )
    shift = probe_nodes.shift(
        name=SHIFT,
        graph=graph,
        frames=_FRAMES,
        metadata={"batch": {"size": 3, "over": ["frames", "values"], "merge": merge}},
    )
    total = probe_nodes.total(name=TOTAL, graph=graph)
    square.outputs["values"].connect(shift.inputs["values"])
    shift.outputs["values"].connect(total.inputs["values"])
    return graph


def expected_outputs() -> dict[str, dict[str, Any]]:
    """What ``graph.evaluate()`` gives, by node and output."""
    graph = build_graph()
    graph.evaluate()
    return {
        node.name: {name: plug.value for name, plug in node.outputs.items() if name not in probe_nodes.MEASURES}
        for node in graph.nodes
    }


def read_outputs(bundle: Bundle) -> Mapping[str, NodeResults]:
    """What the farm gave, by node; waits a while for what file systems show late.

    Raises:
        FlowpipeDeadlineError: It cannot be read.
    """
    end = time.monotonic() + _WAIT
    while True:
        results = {result.node: result for result in read_results(bundle).values()}
        if all(result.encoded is not None for result in results.values()) or time.monotonic() > end:
            return results
        time.sleep(1.0)


def differences(results: Mapping[str, NodeResults], expected: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is not as it should be, in words."""
    found = []
    for node, outputs in expected.items():
        try:
            given = results[node].outputs()
        except FlowpipeDeadlineError as error:
            found.append(f"{node}: {error}")
            continue
        wrong = {name: given.get(name) for name in outputs if given.get(name) != outputs[name]}
        found += [f"{node}.{name} is {value!r} where {outputs[name]!r} was expected" for name, value in wrong.items()]
    return found


def parse_render_times(output: str) -> list[float]:
    r"""The seconds of each task, as ``GetJobTasks`` prints them.

    >>> parse_render_times("TaskRenderTime=00:01:02.5000000\nTaskRenderTime=10675199.02:48:05.4775807\n")
    [62.5]
    """
    spans = [
        (int(days or 0), int(hours), int(minutes), float(rest)) for days, hours, minutes, rest in _SPAN.findall(output)
    ]
    return [((d * 24 + h) * 60 + m) * 60 + s for d, h, m, s in spans if d < _MOST_DAYS]


def remove(bundle: Bundle, job_ids: Sequence[str], client: DeadlineClient) -> Optional[str]:
    """Deletes the jobs and the bundle; what could not be, in words."""
    deletion = Deletion(client, bundle.name)
    told = deletion.run(job_ids)
    if not deletion.is_complete:
        return f"{told}; their bundle is {bundle.folder}"
    return remove_folder(bundle)


def remove_folder(bundle: Bundle) -> Optional[str]:
    """Removes the bundle; why that is not possible, in words. A worker may still be writing into it."""
    for pause in (0.0, 0.5, 2.0):
        time.sleep(pause)
        with contextlib.suppress(OSError):
            shutil.rmtree(bundle.folder)
        if not bundle.folder.exists():
            return None
    return f"{bundle.folder} could not be removed"
