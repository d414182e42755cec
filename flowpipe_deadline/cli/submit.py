"""``flowpipe-deadline submit``"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from ..bundle import ROOT_VARIABLE, write_bundle
from ..errors import UsageError
from ..studio_plan import studio_plan
from ..submit import find_deadlinecommand, submit_bundle
from .effective import effective_options
from .options import (
    graph_from,
    output_option,
    parameter_option,
    root_option,
    settings_options,
    store_option,
    templates_option,
)
from .output import answer, answer_json, reserve_stdout, say, say_warnings
from .signals import terminable


@click.command()
@click.argument("graph", metavar="GRAPH")
@parameter_option
@root_option(help_text="The folder that gets the bundle; all workers must see it.")
@templates_option
@store_option
@settings_options
@click.option("--dry-run", is_flag=True, help="Only write the bundle: nothing is submitted.")
@output_option
def submit(
    graph: str,
    parameters: tuple[str, ...],
    root: Optional[Path],
    templates: Optional[Path],
    store: str,
    sets: tuple[str, ...],
    presets: tuple[str, ...],
    dry_run: bool,
    output: str,
) -> None:
    """Submit a graph to Deadline, one job per node.

    Writes the bundle and hands its jobs to deadlinecommand, upstream first. If Deadline refuses one, those before it
    are deleted.

    \b
    Examples:
      flowpipe-deadline submit shot.py:build -p frames=48 --root /mnt/projects/show/farm
      flowpipe-deadline submit shot.py --root //server/show/farm --dry-run
    """
    reserve_stdout()
    # Before the script is loaded, which may change the current folder.
    effective = effective_options(root=root, store=store, templates=templates, sets=sets, presets=presets)
    if effective.root is None:
        where = f"Give --root, set {ROOT_VARIABLE}, or let the studio file name it"
        raise UsageError(f"where do the workers see the bundle? {where}")
    plan = studio_plan(graph_from(graph, parameters), studio=effective.studio, layers=effective.layers)
    say_warnings(plan.warnings)
    if not dry_run:
        find_deadlinecommand()  # Before anything is written.
    bundle = write_bundle(plan, root=effective.root, templates=effective.templates, store=effective.store)
    with terminable():
        job_ids = {} if dry_run else submit_bundle(bundle, on_message=say)
    if output == "json":
        answer_json({"bundle": str(bundle.folder), "jobs": job_ids})
    else:
        answer(f"{len(plan.jobs)} jobs {'planned' if dry_run else 'submitted'}: {bundle.folder}")
