"""``flowpipe-deadline submit``"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from ..bundle import ROOT_VARIABLE, Bundle, read_bundle, write_again, write_bundle
from ..errors import UsageError
from ..farm.bundle import MANIFEST
from ..planner import plan_graph
from ..submit import Way, choose_way, submit_bundle
from .options import (
    graph_from,
    is_given,
    is_typed,
    output_option,
    parameter_option,
    root_option,
    store_option,
    templates_option,
    via_option,
)
from .output import answer, answer_json, reserve_stdout, say, say_warnings


@click.command()
@click.argument("target", metavar="GRAPH|BUNDLE")
@parameter_option
@root_option(help_text="The folder that gets the bundle; all workers must see it.")
@templates_option
@store_option
@via_option
@click.option("--again", is_flag=True, help="Submit the plan of a BUNDLE once more, as a new bundle without results.")
@click.option("--suspended", is_flag=True, help="Leave the jobs suspended, for somebody to resume in the Monitor.")
@click.option("--dry-run", is_flag=True, help="Only write the bundle: nothing is submitted.")
@output_option
def submit(
    target: str,
    parameters: tuple[str, ...],
    root: Optional[Path],
    templates: Optional[Path],
    store: str,
    via: Optional[str],
    again: bool,
    suspended: bool,
    dry_run: bool,
    output: str,
) -> None:
    """Submit a graph to Deadline, one job per node: all of them, or none.

    Writes the bundle and hands its jobs to Deadline, suspended and upstream first; when all are there as planned, they
    are released together. If anything goes wrong, or on Ctrl+C, the jobs are deleted again. A BUNDLE that was only
    written is submitted as it is.

    \b
    Examples:
      flowpipe-deadline submit shot.py:build -p frames=48 --root /mnt/projects/show/farm
      flowpipe-deadline submit shot.py --root //server/show/farm --dry-run
      flowpipe-deadline submit //server/show/farm/Shot-20261123-101500-1a2b3c4d --again
    """
    reserve_stdout()
    way = None if dry_run else choose_way(via)  # Before anything is written.
    if (Path(target).expanduser() / MANIFEST).exists():
        given = [name for name in ("parameters", "templates", "store") if is_typed(name)]
        if given:
            raise UsageError(f"{target} is a bundle, planned already: it takes no {', '.join(given)}")
        bundle = write_again(target, root=root if is_typed("root") else None) if again else read_bundle(target)
    elif again:
        raise UsageError(f"--again is for a bundle, and {target} is none")
    else:
        bundle = _new_bundle(target, parameters=parameters, root=root, templates=templates, store=store)
    job_ids = {} if way is None else _submit(bundle, way, suspended=suspended)
    if output == "json":
        answer_json({"bundle": str(bundle.folder), "jobs": job_ids})
    else:
        answer(f"{len(bundle.jobs)} jobs {'planned' if dry_run else 'submitted'}: {bundle.folder}")


def _new_bundle(
    graph: str, *, parameters: tuple[str, ...], root: Optional[Path], templates: Optional[Path], store: str
) -> Bundle:
    if root is None or not is_given(root):
        raise UsageError(f"where do the workers see the bundle? Give --root, or set {ROOT_VARIABLE}")
    root = root.absolute()  # Before the script is loaded, which may change the current folder.
    plan = plan_graph(graph_from(graph, parameters))
    say_warnings(plan.warnings)
    return write_bundle(plan, root=root, templates=templates if is_given(templates) else None, store=store)


def _submit(bundle: Bundle, way: Way, *, suspended: bool) -> dict[str, str]:
    say(f"Bundle: {bundle.folder}")
    say(f"Submitting by {way}")
    return submit_bundle(bundle, way=way, on_message=say, keep_suspended=suspended)
