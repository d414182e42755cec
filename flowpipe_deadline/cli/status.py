"""``flowpipe-deadline status``"""

from __future__ import annotations

from collections.abc import Mapping

import click

from ..core.bundle import job_labels
from ..core.text import listing
from ..deadline.client import TaskDetails
from ..status.status import SubmissionStatus, SubmittedJob, read_submission_status
from ..studio.connect import studio_client
from .support.options import bundle_argument, opened_bundle, output_option, via_option
from .support.output import answer, answer_json, print_table, reserve_stdout
from .support.report import MOST_NAMES, pending_lines
from .support.submission import failure_lines, stale_lines, submitted_json, summary

_JOB_HEADINGS = ("Job", "ID", "Status", "Tasks", "Errors", "Waits for")
_TASK_HEADINGS = ("Job", "Task", "Frames", "Status", "Progress", "Worker", "Errors")


@click.command()
@bundle_argument
@click.argument("node", metavar="[NODE]", required=False)
@click.option(
    "--tasks", "with_tasks", is_flag=True, help="Every task as well: frames, state, progress, worker, errors."
)
@via_option
@output_option
def status(bundle: str, node: str | None, with_tasks: bool, via: str | None, output: str) -> None:
    """Show how far the jobs of a submission are, as Deadline tells it.

    NODE is a key, a node's name or graph.node; without it, all are shown. Where Deadline does not say how many tasks
    are done or had errors, the chunks with a result or an error are counted, and marked with *; so are those of a
    bundle that only ran on this machine. Results that are stale, as they were made from others than are there now, are
    named. The exit code is 0 whatever the state is, unless it cannot be read.

    \b
    Examples:
      flowpipe-deadline status //server/show/farm/Shot-20261123-101500-1a2b3c4d
      flowpipe-deadline status ./Shot-20261123-101500-1a2b3c4d --tasks Render
      flowpipe-deadline status ./Shot-20261123-101500-1a2b3c4d -o json
    """
    reserve_stdout()
    opened = opened_bundle(bundle, via)
    submitted = read_submission_status(opened, lambda: studio_client(via=via), node=node, with_tasks=with_tasks)
    if output == "json":
        answer_json(submitted_json(submitted))
    else:
        _print_status(submitted)


def _print_status(submitted: SubmissionStatus) -> None:
    labels = job_labels(submitted.bundle.jobs, main=submitted.bundle.graph)
    jobs = submitted.jobs
    print_table(
        _JOB_HEADINGS, [_job_cells(job, labels) for job in jobs], title=submitted.bundle.name, below=("Waits for",)
    )
    tasks = [_task_cells(task, labels[job.key], job) for job in jobs for task in job.tasks or ()]
    if tasks:
        print_table(_TASK_HEADINGS, tasks, title="Tasks")
    for job in jobs:
        for line in failure_lines(job, labels[job.key]):
            answer(line)
    stuck = [labels[job.key] for job in jobs if job.key in submitted.stuck]
    stale = stale_lines(submitted, labels)
    for line in (*pending_lines(stuck), *stale, *submitted.notices, *submitted.changes, summary(submitted)):
        answer(line)


def _job_cells(job: SubmittedJob, labels: Mapping[str, str]) -> tuple[str, ...]:
    kept = f"{len(job.failures)}*" if job.failures else "-"
    return (
        labels[job.key],
        job.job_id or "-",
        job.status or "-",
        f"{job.done}/{job.total}" + ("" if job.is_reported else "*"),
        kept if job.errors is None else str(job.errors or "-"),
        listing([labels[key] for key in job.waits_for], most=MOST_NAMES) or "-",
    )


def _task_cells(task: TaskDetails, label: str, job: SubmittedJob) -> tuple[str, ...]:
    return (
        label,
        str(task.task_id),
        job.planned.shown_frames(task.frames) or "-",
        task.status,
        "-" if task.progress is None else f"{task.progress:.0f} %",
        task.worker or "-",
        str(task.errors or "-"),
    )
