"""``flowpipe-deadline run``"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import click

from ..bundle import Bundle, read_bundle, write_bundle
from ..errors import UsageError
from ..farm.bundle import MANIFEST
from ..offline.farm import DEFAULT_FAILURE_LIMIT, DEFAULT_WORKERS, FarmState, run_bundle, task_log
from ..offline.repository import JobStatus, Task, TaskStatus
from ..planner import plan_graph
from ..results import NodeResults, read_results
from .options import (
    graph_from,
    interpreter_option,
    is_given,
    is_typed,
    job_label,
    local_root,
    output_option,
    parameter_option,
    parse_interpreters,
    root_option,
    store_option,
    templates_option,
)
from .output import answer_json, progress_console, reserve_stdout, say, say_warnings
from .progress import last_line, progress_display
from .results import print_outputs
from .signals import terminable


@click.command()
@click.argument("target", metavar="GRAPH|BUNDLE")
@parameter_option
@click.option(
    "-w",
    "--workers",
    type=click.IntRange(min=1),
    default=DEFAULT_WORKERS,
    show_default=True,
    help="How many tasks run at once.",
)
@click.option(
    "--failures",
    type=click.IntRange(min=1),
    default=DEFAULT_FAILURE_LIMIT,
    show_default=True,
    help="How often a task may fail before it has failed for good.",
)
@interpreter_option
@root_option(help_text="The folder that gets the bundle; by default one in your user data.")
@templates_option
@store_option
@output_option
def run(
    target: str,
    parameters: tuple[str, ...],
    workers: int,
    failures: int,
    interpreters: tuple[str, ...],
    root: Optional[Path],
    templates: Optional[Path],
    store: str,
    output: str,
) -> int:
    """Run a graph on this machine, through the same plugin as on the farm.

    Writes the bundle, runs its jobs, and prints the outputs of the last nodes. A BUNDLE goes on where it stopped:
    tasks that are complete are not done again. Exits with 0 only if all jobs are complete.

    \b
    Examples:
      flowpipe-deadline run turntable.py
      flowpipe-deadline run shot.py:build -p frames=48 --workers 8
      flowpipe-deadline run ./bundles/Turntable-20261123-101500-1a2b3c4d
    """
    reserve_stdout()
    executables = parse_interpreters(interpreters)
    bundle = _bundle(
        target, parameters=parameters, root=root, templates=templates, store=store, interpreters=executables
    )
    say(f"Bundle: {bundle.folder}")
    labels = {
        job["key"]: job_label(job["key"], graph=job["graph"], main=bundle.manifest["name"]) for job in bundle.jobs
    }
    with terminable(), progress_display(progress_console(), labels) as show:
        state = run_bundle(bundle, workers=workers, failure_limit=failures, interpreters=executables, on_progress=show)
    results = read_results(bundle)
    if output == "json":
        answer_json(_report(bundle, state, results))
    else:
        _print_report(bundle, state, results, labels)
    has_answer = not any(node.problem for node in results.values() if node.is_last)
    return 0 if state.is_complete and has_answer else 1


def _bundle(
    target: str,
    *,
    parameters: tuple[str, ...],
    root: Optional[Path],
    templates: Optional[Path],
    store: str,
    interpreters: dict[str, str],
) -> Bundle:
    """The bundle in that folder, or a new one of that graph."""
    if (Path(target).expanduser() / MANIFEST).exists():
        given = [name for name in ("parameters", "root", "templates", "store") if is_typed(name)]
        if given:
            raise UsageError(f"{target} is a bundle, planned already: it takes no {', '.join(given)}")
        return read_bundle(target)
    root = local_root(root).absolute()  # Before the script is loaded, which may change the current folder.
    plan = plan_graph(graph_from(target, parameters), interpreters={"python", *interpreters})
    say_warnings(plan.warnings)
    own_templates = templates if is_given(templates) else None
    return write_bundle(plan, root=root, templates=own_templates, store=store)


def _report(bundle: Bundle, state: FarmState, results: dict[str, NodeResults]) -> dict[str, Any]:
    tasks: dict[str, list[Task]] = {job["key"]: [] for job in bundle.jobs}
    for task in state.tasks:
        tasks[task.key].append(task)
    return {
        "bundle": str(bundle.folder),
        "jobs": [
            {
                "key": job["key"],
                "node": job["node"],
                "graph": job["graph"],
                "status": state.jobs[job["key"]].value,
                "tasks": [_task_json(task, bundle, batched=job["frame_mode"] != "none") for task in tasks[job["key"]]],
            }
            for job in bundle.jobs
        ],
        "outputs": {label: outputs for label, node in results.items() if (outputs := node.plain_outputs()) is not None},
        "problems": [node.problem for node in results.values() if node.problem],
    }


def _task_json(task: Task, bundle: Bundle, *, batched: bool) -> dict[str, Any]:
    return {
        "id": task.task_id,
        "frames": task.frames if batched else None,
        "status": task.status.value,
        "errors": task.errors,
        "error": task.message if task.errors and task.status is not TaskStatus.COMPLETED else None,
        "seconds": None if task.seconds is None else round(task.seconds, 3),
        "log": str(task_log(bundle, task)),
    }


def _print_report(bundle: Bundle, state: FarmState, results: dict[str, NodeResults], labels: dict[str, str]) -> None:
    for label, node in results.items():
        if node.is_last and node.encoded is not None:
            print_outputs(label, node.encoded)
        if node.problem is not None:
            say(f"{label}: {node.problem}")
    for task in state.tasks:
        if task.status is TaskStatus.FAILED:
            say(f"Failed: {labels[task.key]} task {task.task_id}: {last_line(task.message)}")
            say(f"        {task_log(bundle, task)}")
    stuck = {task.key for task in state.tasks if task.status is TaskStatus.PENDING}
    waiting = [labels[key] for key, status in state.jobs.items() if status is JobStatus.PENDING or key in stuck]
    if waiting:
        shown = ", ".join(waiting[:10]) + (f" and {len(waiting) - 10} more" if len(waiting) > 10 else "")
        say(f"Pending, as what they wait for failed: {shown}")
    if not state.is_complete:
        say(f"To go on once that is mended:  flowpipe-deadline run {bundle.folder}")
