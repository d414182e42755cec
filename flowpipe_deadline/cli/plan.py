"""``flowpipe-deadline plan``"""

from __future__ import annotations

from typing import Any

import click

from ..core.bundle import job_labels
from ..core.text import counted, listing
from ..offline.hosts import names_here
from ..planning.plan import Job, Plan, shown_text
from .support.effective import effective_options
from .support.options import (
    FARMS,
    interpreter_option,
    output_option,
    parameter_option,
    parse_interpreters,
    settings_options,
)
from .support.output import answer_json, answer_line, print_table, reserve_stdout, say_warnings
from .support.workflow_command import Target, WorkflowCommand

_MOST_NAMES = 8  # Of jobs from one file.


@click.command(cls=WorkflowCommand)
@click.argument("graph", metavar="WORKFLOW|GRAPH", type=Target())
@parameter_option
@interpreter_option
@settings_options
@click.option("--for", "farm", type=click.Choice(FARMS), help="Show what becomes of it by 'export --to'.")
@output_option
def plan(
    graph: str, parameters: tuple[str, ...], interpreters: tuple[str, ...], farm: str | None, output: str, **_: Any
) -> None:
    """Show the jobs that a graph becomes, and why.

    Nothing is written or run.

    \b
    Examples:
      flowpipe-deadline plan turntable.py
      flowpipe-deadline plan turntable --frames 1-100 --camera top
      flowpipe-deadline plan shot.py:build -p frames=48
      flowpipe-deadline plan shot.py --for openjd
      flowpipe-deadline plan studio.graphs:publish --preset comp --set priority=80 -o json
    """
    reserve_stdout()
    hosts = parse_interpreters(interpreters, are_here=not farm)
    known = None if farm else names_here(hosts)  # Those of another farm are on its workers only.
    planned = effective_options().plan(graph, parameters, interpreters=known)
    if farm:
        from ..openjd.export import plan_for_openjd  # noqa: PLC0415 (most plans are for Deadline)

        planned = plan_for_openjd(planned)
    if output == "json":
        answer_json(planned.to_json())
    else:
        _print_plan(planned)


def _print_plan(planned: Plan) -> None:
    labels = job_labels(planned.jobs, main=planned.name)
    rows = [
        (
            labels[job.key],
            job.interpreter,
            shown_text(job) or "-",
            str(job.task_count),
            ", ".join(labels[dependency.upstream] for dependency in job.dependencies) or "-",
            _why(job, labels),
        )
        for job in planned.jobs
    ]
    print_table(
        ("Job", "Interpreter", "Frames", "Tasks", "Waits for", "Why"),
        rows,
        title=planned.name,
        below=("Waits for", "Why"),
    )
    for node in planned.omitted:
        answer_line(f"omitted: {node.graph}.{node.node}")
    for place, keys in planned.sources.items():
        answer_line(f"{place}: {listing([labels[key] for key in keys], most=_MOST_NAMES)}")
    say_warnings(planned.warnings)
    tasks = sum(job.task_count for job in planned.jobs)
    answer_line(f"{counted(len(planned.jobs), 'job')}, {counted(tasks, 'task')}")


def _why(job: Job, labels: dict[str, str]) -> str:
    waits = [f"{labels[dependency.upstream]} {dependency.reason}" for dependency in job.dependencies[:3]]
    more = [f"{len(job.dependencies) - 3} more"] if len(job.dependencies) > 3 else []
    return "; ".join([*job.notes, *waits, *more])
