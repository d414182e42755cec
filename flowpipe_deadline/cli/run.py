"""``flowpipe-deadline run``"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import click

from ..core.bundle import Bundle, job_labels
from ..core.interrupts import terminable
from ..offline.farm import DEFAULT_FAILURE_LIMIT, DEFAULT_WORKERS, RunState, run_bundle, task_log
from ..offline.repository import JobStatus, Task, TaskStatus
from ..offline.setup import WorkerSetup
from ..results.failures import read_failures, reason_in
from ..results.outputs import NodeResults, read_results
from ..studio.file import own_root
from ..studio.write import write_bundle
from .support.effective import effective_options
from .support.options import (
    Folder,
    bundle_options,
    interpreter_option,
    is_bundle,
    output_option,
    parameter_option,
    parse_interpreters,
    planned_bundle,
    settings_options,
    snapshot_option,
)
from .support.output import answer_json, reserve_stdout, say, say_warnings
from .support.progress import Display, JobProgress, progress_display
from .support.report import answer_parts, has_answer, pending_lines, print_answer
from .support.workflow_command import Target, WorkflowCommand

_workers_option = click.option(
    "-w",
    "--workers",
    type=click.IntRange(min=1),
    default=DEFAULT_WORKERS,
    show_default=True,
    help="How many tasks run at once.",
)
_failures_option = click.option(
    "--failures",
    type=click.IntRange(min=1),
    default=DEFAULT_FAILURE_LIMIT,
    show_default=True,
    help="How often a task is tried before it has failed for good.",
)
_repository_option = click.option(
    "--repository",
    type=Folder(),
    metavar="DIR",
    help="Use only the plugin and the packages that are installed there, and nothing of this environment.",
)


def local_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How tasks run on this machine: ``--workers``, ``--failures``, ``--interpreter`` and ``--repository``."""
    for option in (_repository_option, interpreter_option, _failures_option, _workers_option):
        command = option(command)
    return command


@click.command(cls=WorkflowCommand)
@click.argument("target", metavar="WORKFLOW|GRAPH|BUNDLE", type=Target())
@parameter_option
@local_options
@click.option("--anyway", is_flag=True, help="Also if the bundle has jobs on a farm: both will write the same files.")
@bundle_options(root_help="The folder that gets the bundle; by default one in your user data.")
@settings_options
@snapshot_option
@output_option
def run(
    target: str,
    parameters: tuple[str, ...],
    workers: int,
    failures: int,
    interpreters: tuple[str, ...],
    repository: Path | None,
    anyway: bool,
    root: Path | None,
    snapshot_code: bool,
    output: str,
    **_: Any,
) -> int:
    """Run a graph on this machine, through the same plugin as on the farm.

    Writes the bundle, runs its jobs, and prints the outputs of the last nodes. A BUNDLE goes on where it stopped:
    complete tasks are not run again. It is refused while it has jobs on a farm that have not ended, unless you say
    --anyway: results would be written twice. Exits with 0 only if all jobs are complete. The root in a studio file is
    the farm's, and is not used here.

    \b
    Examples:
      flowpipe-deadline run turntable.py
      flowpipe-deadline run shot.py:build -p frames=48 --workers 8
      flowpipe-deadline run ./bundles/Turntable-20261123-101500-1a2b3c4d
      flowpipe-deadline run turntable.py --repository /mnt/DeadlineRepository10 -i python=/usr/bin/python3
    """
    reserve_stdout()
    executables = parse_interpreters(interpreters)
    setup = WorkerSetup(interpreters=executables, repository=repository)
    setup.plugins_folder()  # Before anything is written.
    if is_bundle(target):
        bundle = planned_bundle(target)
    else:
        root = root or own_root()
        effective = effective_options()
        plan = effective.plan(target, parameters, snapshot_code=snapshot_code)
        say_warnings(plan.warnings)
        bundle = write_bundle(
            plan, root=root, templates=effective.templates, store=effective.store, studio=effective.studio
        )
    say(f"Bundle: {bundle.folder}")
    labels = job_labels(bundle.jobs, main=bundle.graph)
    with terminable(), progress_display(labels) as display:
        state = run_bundle(
            bundle,
            workers=workers,
            failure_limit=failures,
            setup=setup,
            on_progress=lambda state: show_state(state, bundle, labels, display),
            anyway=anyway,
        )
    results = read_results(bundle)
    if output == "json":
        answer_json(_report(bundle, state, results))
    else:
        print_answer(results)
        print_problems(bundle, state, labels)
        if not state.is_complete:
            say(f"To go on after fixing that:  flowpipe-deadline run {bundle.folder}")
    return 0 if state.is_complete and has_answer(results) else 1


def _tasks_by_job(state: RunState) -> dict[str, list[Task]]:
    tasks: dict[str, list[Task]] = {key: [] for key in state.jobs}
    for task in state.tasks:
        tasks[task.key].append(task)
    return tasks


def _task_name(task: Task, bundle: Bundle, labels: Mapping[str, str]) -> str:
    """Node and frames, of item numbers what they stand for."""
    return f"{labels[task.key]} {bundle.job(task.key).shown_frames(task.frames)}".rstrip()


def show_state(state: RunState, bundle: Bundle, labels: Mapping[str, str], display: Display) -> None:
    """Shows how far the jobs are, and each new error."""
    jobs = [
        JobProgress(
            key=key,
            status=state.jobs[key].value,
            done=sum(1.0 if task.status is TaskStatus.COMPLETED else task.progress / 100 for task in tasks),
            total=len(tasks),
            is_rendering=any(task.status is TaskStatus.RENDERING for task in tasks),
        )
        for key, tasks in _tasks_by_job(state).items()
    ]
    errors: dict[Hashable, str] = {
        (task.key, task.task_id, task.errors): (
            f"{_task_name(task, bundle, labels)}: error {task.errors}: {reason_in(task.message)}"
        )
        for task in state.tasks
        # The next attempt has a message of its own.
        if task.errors and task.status not in (TaskStatus.COMPLETED, TaskStatus.RENDERING) and task.message
    }
    display.show(jobs, errors)


def _report(bundle: Bundle, state: RunState, results: dict[str, NodeResults]) -> dict[str, Any]:
    tasks = _tasks_by_job(state)
    return {
        "bundle": str(bundle.folder),
        "jobs": [
            {
                "key": job.key,
                "node": job.node,
                "graph": job.graph,
                "status": state.jobs[job.key].value,
                "tasks": [_task_json(task, bundle) for task in tasks[job.key]],
            }
            for job in bundle.jobs
        ],
        **answer_parts(results),
    }


def _task_json(task: Task, bundle: Bundle) -> dict[str, Any]:
    job = bundle.job(task.key)
    return {
        "id": task.task_id,
        "frames": task.frames if job.is_batched else None,
        "real_frames": job.real_frames(task.frames) if job.is_batched else None,
        "status": task.status.value,
        "errors": task.errors,
        "error": task.message if task.errors and task.status is not TaskStatus.COMPLETED else None,
        "reason": _reason(bundle, task) if task.status is TaskStatus.FAILED else None,
        "seconds": None if task.seconds is None else round(task.seconds, 3),
        "log": str(task_log(bundle, task)),
    }


def _reason(bundle: Bundle, task: Task) -> str:
    """Why the task failed, as the bundle keeps it; else as its report says it."""
    kept = {failure.frames or "0": failure.reason for failure in read_failures(bundle.folder, task.key)}
    return kept.get(task.frames) or reason_in(task.message)


def print_problems(bundle: Bundle, state: RunState, labels: Mapping[str, str]) -> None:
    """Prints the tasks that failed, and the jobs that wait for them."""
    for task in state.tasks:
        if task.status is TaskStatus.FAILED:
            say(f"Failed: {_task_name(task, bundle, labels)}: {_reason(bundle, task)}")
            say(f"        {task_log(bundle, task)}")
    stuck = {task.key for task in state.tasks if task.status is TaskStatus.PENDING}
    waiting = [labels[key] for key, status in state.jobs.items() if status is JobStatus.PENDING or key in stuck]
    for line in pending_lines(waiting):
        say(line)
