"""``flowpipe-deadline submit``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..core.bundle import Bundle
from ..core.errors import UsageError
from ..core.text import counted
from ..studio.connect import studio_connection
from ..studio.options import SubmitOptions, find_root
from ..studio.submit import resubmit_bundle, submit_bundle, submit_graph
from .support.effective import effective_options
from .support.options import (
    bundle_options,
    check_options,
    graph_from,
    is_bundle,
    is_typed,
    output_option,
    parameter_option,
    planned_bundle,
    settings_options,
    snapshot_option,
    via_option,
)
from .support.output import answer, answer_json, reserve_stdout, say, say_warning
from .support.workflow_command import Target, WorkflowCommand


@click.command(cls=WorkflowCommand)
@click.argument("target", metavar="WORKFLOW|GRAPH|BUNDLE", type=Target())
@parameter_option
@bundle_options(root_help="The folder that gets the bundle; all workers must see it.")
@via_option
@click.option("--again", is_flag=True, help="Submit the plan of a BUNDLE once more, as a new bundle without results.")
@click.option("--suspended", is_flag=True, help="Leave the jobs suspended, to be resumed in the Monitor.")
@check_options
@settings_options
@snapshot_option
@click.option("--dry-run", is_flag=True, help="Only write the bundle: nothing is submitted.")
@output_option
def submit(
    target: str,
    parameters: tuple[str, ...],
    root: Path | None,
    via: str | None,
    again: bool,
    suspended: bool,
    strict: tuple[str, ...],
    tolerate: tuple[str, ...],
    snapshot_code: bool,
    dry_run: bool,
    output: str,
    **_: Any,
) -> None:
    """Submit a graph to Deadline, one job per node: all of them, or none.

    First, everything that is wrong with the graph, the root, or the farm's pools and limits is reported at once. Then
    the bundle is written and its jobs go to Deadline, suspended and upstream first; when all are there as planned, they
    are released together. If anything goes wrong, or on Ctrl+C, the jobs are deleted again. A BUNDLE that was only
    written is submitted as it is. With --again, --set changes settings of all its jobs, and inputs that no node feeds.

    \b
    Examples:
      flowpipe-deadline submit turntable --frames 1-100 --camera top --preset night
      flowpipe-deadline submit shot.py:build -p frames=48 --root /mnt/projects/show/farm
      flowpipe-deadline submit shot.py --root //server/show/farm --dry-run
      flowpipe-deadline submit //server/show/farm/Shot-20261123-101500-1a2b3c4d --again --set priority=80
    """
    reserve_stdout()
    has_bundle = is_bundle(target)
    if again and not has_bundle:
        raise UsageError(f"--again submits a bundle once more, and {target} is not one; leave it out")
    # Before the script is loaded, which may change the current folder.
    settings, inputs = _again() if again else (None, [])
    effective = effective_options(settings)
    if not has_bundle:
        find_root(effective.root, effective.studio)
    connection = None if dry_run else studio_connection(effective.studio, via=via)
    if connection is not None:
        say(f"Submitting by {connection}")
    options = SubmitOptions(
        settings=effective.settings,
        presets=effective.presets,
        snapshot_code=snapshot_code,
        templates=effective.templates,
        store=effective.store,
        strict=strict or None,
        tolerate=tolerate or None,
        via=connection,
        keep_suspended=suspended,
        is_dry_run=dry_run,
        studio=effective.studio,
    )
    how: dict[str, Any] = {"options": options, "on_message": say, "on_warning": say_warning}
    if again:
        below, old = root if is_typed("root") else None, planned_bundle(target, via=via, again=True)
        result = resubmit_bundle(old, root=below, settings=effective.settings, inputs=_parsed(old, inputs), **how)
    elif has_bundle:
        result = submit_bundle(planned_bundle(target, via=via), **how)
    else:
        result = submit_graph(
            graph_from(target, parameters, folders=effective.studio.workflows), root=effective.root, **how
        )
    if output == "json":
        answer_json({"bundle": str(result.bundle.folder), "jobs": dict(result.job_ids)})
    else:
        done = "planned" if dry_run else "submitted"
        answer(f"{counted(len(result.bundle.jobs), 'job')} {done}: {result.bundle.folder}")


def _again() -> tuple[list[str], list[str]]:
    """The settings, and the inputs of nodes, that ``--set`` names for a plan that is there."""
    from .support.assignments import split_assignments  # noqa: PLC0415 (only for a plan that is there)

    return split_assignments(click.get_current_context().params["sets"])


def _parsed(bundle: Bundle, inputs: list[str]) -> dict[str, dict[str, Any]]:
    from ..results.edits import parse_inputs  # noqa: PLC0415 (as above)

    return parse_inputs(bundle, inputs)
