"""What came of the doctor's graph, as checks."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.bundle import FILES
from ..core.text import one_line
from ..deadline.client import DeadlineClient, SubmissionError
from ..deadline.process import ProcessClient
from ..results.outputs import NodeResults
from ..results.plain import plain
from . import probe_graph
from .report import Check, Verdict
from .watch import Sight, release_delay, was_released_by_task

LONGEST = 300
"""Characters of an error."""


def submissions(facts: Mapping[str, Mapping[str, Any]]) -> Check:
    """How long it took to submit the graph, by each way, or why it failed."""
    told = [f"{via}: {_submission_text(fact)}" for via, fact in facts.items()]
    failed = [via for via, fact in facts.items() if "error" in fact]
    verdict: Verdict = "warning" if failed else "ok"
    advice = "please report this, with --output json" if failed else ""
    return Check("submission", verdict, "; ".join(told), advice, dict(facts))


def remains(left: Sequence[str], store: str) -> Check:
    """What could not be cleaned up."""
    if left:
        return Check("clean-up", "problem", "; ".join(left), "delete them by hand")
    expiring = "; the results of the graph go from the store by themselves, once they expire"
    return Check("clean-up", "ok", f"nothing is left{expiring * (store != FILES)}")


def compared(results: Mapping[str, NodeResults], expected: Mapping[str, Mapping[str, Any]]) -> Check:
    """Whether the farm gave what ``graph.evaluate()`` gives."""
    wrong = probe_graph.differences(results, expected)
    pythons = sorted({str(_measure(results, node, "python")) for node in expected})
    facts = {"pythons": pythons, "differences": wrong}
    if wrong:
        return Check("graph", "problem", "; ".join(wrong), "please report this, with --output json", facts)
    tasks = sum(len(result.chunks) for result in results.values())
    found = f"{tasks} tasks of {len(results)} jobs gave what graph.evaluate() gives, by Python {', '.join(pythons)}"
    return Check("graph", "ok", found, facts=facts)


def release(sights: Sequence[Sight]) -> Check:
    """How long Deadline took to let a job go, and whether it lets go task by task."""
    delay = release_delay(sights, upstream=probe_graph.SHIFT, downstream=probe_graph.TOTAL)
    by_task = was_released_by_task(sights, upstream=probe_graph.SQUARE, downstream=probe_graph.SHIFT)
    words = {True: "seen", False: "not seen", None: "cannot be told"}[by_task]
    facts: dict[str, Any] = {"by_task": by_task}
    if delay is None:
        return Check("release", "unknown", f"how long it takes was not seen; task by task: {words}", facts=facts)
    facts.update(seconds=delay.seconds, uncertainty=delay.uncertainty)
    return Check("release", "ok", f"{delay} after the last task before it; task by task: {words}", facts=facts)


def overhead(client: DeadlineClient, job_ids: Mapping[str, str], results: Mapping[str, NodeResults]) -> Check:
    """What a task costs beside its node."""
    name = "task overhead"
    if not isinstance(client, ProcessClient):
        return Check(name, "unknown", "without deadlinecommand, nothing tells how long a task took")
    try:
        times = [
            seconds
            for job_id in job_ids.values()
            for seconds in probe_graph.parse_render_times(client.run(["-GetJobTasks", job_id]))
        ]
    except SubmissionError as error:
        return Check(name, "unknown", str(error))
    if not times:
        return Check(name, "unknown", "GetJobTasks does not tell how long a task took")
    own = sum(float(_measure(results, node, "seconds") or 0.0) for node in job_ids)
    each = (sum(times) - own) / len(times)
    facts = {"seconds": times, "own_seconds": own}
    spread = f"{min(times):.2g} to {max(times):.2g} s, mostly {statistics.median(times):.2g} s"
    found = f"{each:.2g} s for each task (tasks took {spread})"
    return Check(name, "ok", found, facts=facts)


def _submission_text(fact: Mapping[str, Any]) -> str:
    if "error" in fact:
        return f"failed ({one_line(fact['error'], longest=LONGEST)})"
    return f"{fact['seconds']:.2g} s for {fact['jobs']} jobs, {fact['seconds'] / fact['jobs']:.2g} s for one"


def _measure(results: Mapping[str, NodeResults], node: str, name: str) -> Any:
    encoded = results[node].encoded
    return None if encoded is None or name not in encoded else plain(encoded[name])
