"""What users write against the public names; mypy checks it strictly, and tests call it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowpipe import Graph, Node

from flowpipe_deadline import (
    Bundle,
    DeadlineEvaluator,
    Dependency,
    FlowpipeDeadlineError,
    Job,
    NodeResults,
    OfflineEvaluator,
    Plan,
    PlanWarning,
    RepositoryInfo,
    StudioFile,
    SubmissionStatus,
    SubmitOptions,
    SubmitResult,
    WarningKind,
    WorkerSetup,
    cancel_submission,
    check_plan,
    load_studio_file,
    plan_graph,
    read_bundle,
    read_results,
    read_submission_status,
    resubmit_bundle,
    run_bundle,
    studio_client,
    submit_bundle,
    submit_graph,
    wait_for_submission,
    with_settings,
    write_bundle,
)
from flowpipe_deadline.errors import PreflightError

log = logging.getLogger(__name__)

OPTIONS = SubmitOptions(settings={"comment": "from a script"}, presets=["night"], tolerate=["local-root"])
"""What the command line says as ``--set comment='from a script' --preset night --tolerate local-root``."""


@Node(outputs=["images"])
def Render(frames: Any, scene: str) -> dict[str, Any]:
    """An image per frame."""
    return {"images": [f"{scene}.{frame:04d}.exr" for frame in frames]}


@Node(outputs=["count"], metadata={"deadline": {"pool": "none"}})
def Publish(images: Any) -> dict[str, Any]:
    """How many there are."""
    return {"count": len(images)}


def build(first: int = 1, last: int = 8) -> Graph:
    """A graph of two nodes."""
    graph = Graph(name="Shot")
    frames = list(range(first, last + 1))
    render = Render(graph=graph, scene="sh010", frames=frames, metadata={"batch_size": 4})
    publish = Publish(graph=graph)
    render.outputs["images"].connect(publish.inputs["images"])
    return graph


def adjust(plan: Plan) -> Plan:
    """A plan hook: heavy jobs go last, all know the show, and what is odd is said."""

    def adjusted(job: Job) -> Job:
        settings = {"environment": {"SHOW": "hooked"}, "priority": 30 if job.task_count > 1 else 60}
        return with_settings(job, settings)

    warnings: tuple[PlanWarning, ...] = plan.warnings
    if len(plan.jobs) > 100:
        odd = PlanWarning(WarningKind.TASK_LIMIT, "warning", f"{len(plan.jobs)} jobs", "split the graph")
        warnings = (*warnings, odd)
    dependencies: tuple[Dependency, ...] = plan.jobs[-1].dependencies
    log.debug("the last job waits for %s", [item.upstream for item in dependencies])
    return replace(plan, jobs=tuple(adjusted(job) for job in plan.jobs), warnings=warnings)


def plan() -> Plan:
    """The plan that ``OPTIONS`` make."""
    return plan_graph(build(), settings=OPTIONS.settings, presets=OPTIONS.presets)


def write_step_by_step(root: Path) -> Bundle:
    """A bundle of the plan, once it has been checked against everything."""
    planned = plan()
    repository: RepositoryInfo = studio_client().read_repository()
    for warning in check_plan(planned, root=root, repository=repository, options=OPTIONS):
        log.warning("%s", warning)
    return write_bundle(planned, root=root)


def submit_step_by_step(root: Path) -> SubmitResult:
    """The same, submitted."""
    return submit_bundle(write_step_by_step(root), options=OPTIONS)


def submit_at_once(root: Path) -> SubmitResult:
    """The same in one call."""
    return submit_graph(build(), root=root, options=OPTIONS, on_message=log.info, on_warning=log.warning)


def submit_again(bundle: Bundle) -> SubmitResult:
    """The same plan as another submission, left suspended."""
    return resubmit_bundle(bundle, options=replace(OPTIONS, keep_suspended=True))


def look_at(bundle: Path) -> dict[str, str]:
    """The jobs in Deadline's words."""
    status: SubmissionStatus = read_submission_status(read_bundle(bundle))
    return {job.key: str(job.status) for job in status.jobs}


def wait_or_cancel(bundle: Bundle) -> None:
    """Ends when the farm is done, or has nothing left to do."""
    try:
        wait_for_submission(bundle)
    except KeyboardInterrupt:
        cancel_submission(bundle)


def run_here(root: Path) -> Mapping[str, Any] | None:
    """The outputs of the last node, evaluated on this machine."""
    bundle = write_bundle(plan_graph(build()), root=root)
    run_bundle(bundle, workers=2, setup=WorkerSetup())
    published: NodeResults = read_results(bundle)["Shot.Publish"]
    return published.outputs()


def evaluate(graph: Graph, *, root: Path) -> None:
    """The graph evaluated on the farm, or here where there is none."""
    studio: StudioFile = load_studio_file()
    options = replace(OPTIONS, studio=studio)
    try:
        graph.evaluate(mode=None, evaluator=DeadlineEvaluator(root=root, options=options, poll_seconds=0.05))
    except PreflightError as error:
        log.warning("%s", "; ".join(error.lines))
        raise
    except FlowpipeDeadlineError as error:
        log.warning("not on the farm: %s", error)
        graph.evaluate(mode=None, evaluator=OfflineEvaluator(workers=2, options=options))
