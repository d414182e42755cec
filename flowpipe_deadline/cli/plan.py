"""``flowpipe-deadline plan``"""

from __future__ import annotations

import click
from rich import box
from rich.table import Table
from rich.text import Text

from ..planning.plan import Job, Plan, frames_text
from ..studio.plan import plan_graph
from .support.effective import effective_options
from .support.options import (
    graph_from,
    interpreter_option,
    job_label,
    output_option,
    parameter_option,
    parse_interpreters,
    settings_options,
)
from .support.output import answer_console, answer_json, reserve_stdout, say_warnings


@click.command()
@click.argument("graph", metavar="GRAPH")
@parameter_option
@interpreter_option
@settings_options
@output_option
def plan(
    graph: str,
    parameters: tuple[str, ...],
    interpreters: tuple[str, ...],
    sets: tuple[str, ...],
    presets: tuple[str, ...],
    output: str,
) -> None:
    """Show the jobs that a graph becomes, and why.

    Nothing is written or run.

    \b
    Examples:
      flowpipe-deadline plan turntable.py
      flowpipe-deadline plan shot.py:build -p frames=48
      flowpipe-deadline plan studio.graphs:publish --preset comp --set priority=80 -o json
    """
    reserve_stdout()
    known = {"python", *parse_interpreters(interpreters)}
    effective = effective_options(sets=sets, presets=presets)
    planned = plan_graph(
        graph_from(graph, parameters),
        settings=effective.settings,
        presets=presets,
        interpreters=known,
        studio=effective.studio,
    )
    if output == "json":
        answer_json(planned.to_json())
    else:
        _print_plan(planned)


def _print_plan(planned: Plan) -> None:
    out = answer_console()
    table = Table(title=Text(planned.name), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for heading in ("Job", "Interpreter", "Frames", "Tasks", "Waits for", "Why"):
        table.add_column(heading, justify="right" if heading == "Tasks" else "left", overflow="fold")
    labels = {job.key: job_label(job.key, graph=job.graph, main=planned.name) for job in planned.jobs}
    for job in planned.jobs:
        waits = ", ".join(labels[dependency.upstream] for dependency in job.dependencies) or "-"
        cells = (
            labels[job.key],
            job.interpreter,
            frames_text(job) or "-",
            str(job.task_count),
            waits,
            _why(job, labels),
        )
        table.add_row(*map(Text, cells))
    out.print(table)
    for node in planned.omitted:
        out.print(Text(f"omitted: {node.graph}.{node.node}"))
    say_warnings(planned.warnings)
    tasks = sum(job.task_count for job in planned.jobs)
    out.print(Text(f"{len(planned.jobs)} jobs, {tasks} tasks"))


def _why(job: Job, labels: dict[str, str]) -> str:
    waits = [f"{labels[dependency.upstream]} {dependency.reason}" for dependency in job.dependencies[:3]]
    more = [f"{len(job.dependencies) - 3} more"] if len(job.dependencies) > 3 else []
    return "; ".join([*job.notes, *waits, *more])
