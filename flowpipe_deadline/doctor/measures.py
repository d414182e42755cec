"""What the doctor's graph shows on a farm: the right outputs, and how long things take."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Optional

from ..core.text import counted, one_line
from ..deadline.client import ACTIVE, COMPLETED, DeadlineClient, SubmissionError
from ..deadline.process import ProcessClient
from ..results.outputs import NodeResults
from ..results.plain import plain
from . import probe_graph
from .report import Check

LONGEST = 300
"""Characters of an error."""
_SPAN = re.compile(r"^(?:Task)?RenderTime=(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)\s*$", re.MULTILINE | re.IGNORECASE)
_MOST_DAYS = 1000  # An unset span has ten million days (submission, section 2.5).


@dataclass(frozen=True)
class Snapshot:
    """The jobs at one moment."""

    seconds: float
    """On a monotonic clock."""
    statuses: Mapping[str, str]
    """By node key."""
    tasks: Mapping[str, Mapping[str, int]]
    """How many tasks of each job are in which state; empty for a job where Deadline does not say."""


@dataclass(frozen=True)
class Delay:
    """The time between two events, as exactly as snapshots can show it."""

    seconds: float
    uncertainty: float
    """The longest gap between two snapshots there."""

    def __str__(self) -> str:
        return f"{self.seconds:.2g} s (give or take {self.uncertainty:.2g})"


def release_delay(snapshots: Sequence[Snapshot], *, upstream: str, downstream: str) -> Optional[Delay]:
    """How long a job was held back after the job that it waits for was complete; None if no snapshot shows it.

    >>> states = [("Rendering", "Pending"), ("Completed", "Pending"), ("Completed", "Queued")]
    >>> seen = [Snapshot(5 * number, {"a": a, "b": b}, {}) for number, (a, b) in enumerate(states)]
    >>> str(release_delay(seen, upstream="a", downstream="b"))
    '5 s (give or take 5)'
    """
    complete = _first_with(snapshots, upstream, (COMPLETED,))
    released = _first_with(snapshots, downstream, (*ACTIVE, COMPLETED))
    if complete is None or released is None or complete == 0:
        return None
    gaps = [snapshots[index].seconds - snapshots[index - 1].seconds for index in (complete, released)]
    return Delay(snapshots[released].seconds - snapshots[complete].seconds, max(gaps))


def _first_with(snapshots: Sequence[Snapshot], key: str, statuses: Sequence[str]) -> Optional[int]:
    return next((index for index, snapshot in enumerate(snapshots) if snapshot.statuses[key] in statuses), None)


def was_released_by_task(snapshots: Sequence[Snapshot], *, upstream: str, downstream: str) -> Optional[bool]:
    """Whether a task was released while the upstream job was not complete; None if the numbers of tasks are missing."""
    if not any(snapshot.tasks.get(downstream) for snapshot in snapshots):
        return None
    return any(
        snapshot.statuses[upstream] != COMPLETED
        and any(snapshot.tasks.get(downstream, {}).get(state) for state in ("Queued", "Rendering", COMPLETED))
        for snapshot in snapshots
    )


def check_submissions(submissions: Mapping[str, Mapping[str, Any]]) -> Check:
    """How long it took to submit the graph, by connection, or why it failed."""
    texts, check = [], Check("submission", "ok", "", details=submissions)
    for via, info in submissions.items():
        if "error" in info:
            check = replace(check, verdict="warning", advice="please report this, with --output json")
            texts.append(f"{via}: failed ({one_line(info['error'], longest=LONGEST)})")
        else:
            each = info["seconds"] / info["jobs"]
            texts.append(f"{via}: {info['seconds']:.2g} s for {counted(info['jobs'], 'job')}, {each:.2g} s for one")
    return replace(check, found="; ".join(texts))


def check_outputs(results: Mapping[str, NodeResults], expected: Mapping[str, Mapping[str, Any]]) -> Check:
    """Whether the farm gave what ``graph.evaluate()`` gives."""
    wrong = probe_graph.differences(results, expected)
    pythons = sorted({str(_measure(results[node], "python")) for node in expected})
    details = {"pythons": pythons, "differences": wrong}
    if wrong:
        return Check("graph", "problem", "; ".join(wrong), "please report this, with --output json", details)
    tasks = sum(len(result.chunks) for result in results.values())
    work = f"{counted(tasks, 'task')} of {counted(len(results), 'job')}"
    found = f"{work} gave what graph.evaluate() gives, by Python {', '.join(pythons)}"
    return Check("graph", "ok", found, details=details)


def check_release(snapshots: Sequence[Snapshot]) -> Check:
    """How long Deadline took to release a job, and whether it releases task by task."""
    delay = release_delay(snapshots, upstream=probe_graph.SHIFT, downstream=probe_graph.TOTAL)
    by_task = was_released_by_task(snapshots, upstream=probe_graph.SQUARE, downstream=probe_graph.SHIFT)
    words = {True: "seen", False: "not seen", None: "unknown"}[by_task]
    if delay is None:
        found = f"how long it takes was not seen; task by task: {words}"
        return Check("release", "unknown", found, details={"by_task": by_task})
    found = f"{delay} after the last task before it; task by task: {words}"
    return Check("release", "ok", found, details={"by_task": by_task, **asdict(delay)})


def check_overhead(client: DeadlineClient, job_ids: Mapping[str, str], results: Mapping[str, NodeResults]) -> Check:
    """What a task costs in addition to its node."""
    name = "task overhead"
    if not isinstance(client, ProcessClient):
        return Check(name, "unknown", "the times of tasks need deadlinecommand")
    try:
        outputs = [client.run(["-GetJobTasks", job_id]) for job_id in job_ids.values()]
    except SubmissionError as error:
        return Check(name, "unknown", str(error))
    times = [seconds for output in outputs for seconds in parse_render_times(output)]
    if not times:
        return Check(name, "unknown", "GetJobTasks does not print the times of tasks")
    own = sum(float(_measure(results[node], "seconds") or 0.0) for node in job_ids)
    spread = f"{min(times):.2g} to {max(times):.2g} s, mostly {statistics.median(times):.2g} s"
    found = f"{(sum(times) - own) / len(times):.2g} s for each task (tasks took {spread})"
    return Check(name, "ok", found, details={"seconds": times, "own_seconds": own})


def parse_render_times(output: str) -> list[float]:
    r"""The seconds of each task, as ``GetJobTasks`` prints them.

    >>> parse_render_times("TaskRenderTime=00:01:02.5000000\nTaskRenderTime=10675199.02:48:05.4775807\n")
    [62.5]
    """
    spans = [[float(number or 0) for number in found] for found in _SPAN.findall(output)]
    return [((d * 24 + h) * 60 + m) * 60 + s for d, h, m, s in spans if d < _MOST_DAYS]


def _measure(result: NodeResults, name: str) -> Any:
    return None if result.encoded is None or name not in result.encoded else plain(result.encoded[name])
