"""``flowpipe-deadline submit``"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Optional

import click

from ..bundle import ROOT_VARIABLE, Bundle, read_bundle, write_again, write_bundle
from ..deadline import RepositoryFacts
from ..errors import UsageError
from ..farm.bundle import MANIFEST
from ..findings import Kind
from ..plan import Plan
from ..planner import plan_graph
from ..preflight import check_plan, parse_kinds, raise_findings
from ..problems import Problems
from ..submit import choose_way, submit_bundle, submit_new_bundle
from .options import (
    graph_from,
    is_given,
    is_typed,
    output_option,
    parameter_option,
    root_option,
    store_option,
    strict_option,
    templates_option,
    tolerate_option,
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
@strict_option
@tolerate_option
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
    strict: tuple[str, ...],
    tolerate: tuple[str, ...],
    dry_run: bool,
    output: str,
) -> None:
    """Submit a graph to Deadline, one job per node: all of them, or none.

    Everything that is wrong with the graph, the root or the farm's pools and limits is told first, at once. Then the
    bundle is written and its jobs go to Deadline, suspended and upstream first; when all are there as planned, they are
    released together. If anything goes wrong, or on Ctrl+C, the jobs are deleted again. A BUNDLE that was only written
    is submitted as it is.

    \b
    Examples:
      flowpipe-deadline submit shot.py:build -p frames=48 --root /mnt/projects/show/farm
      flowpipe-deadline submit shot.py --root //server/show/farm --dry-run
      flowpipe-deadline submit //server/show/farm/Shot-20261123-101500-1a2b3c4d --again
    """
    reserve_stdout()
    way = None if dry_run else choose_way(via)  # Before anything is written.
    if way is not None:
        say(f"Submitting by {way}")
    is_bundle = (Path(target).expanduser() / MANIFEST).exists()
    if again and not is_bundle:
        raise UsageError(f"--again is for a bundle, and {target} is none")
    if is_bundle:
        _refuse(("parameters", "templates", "store"), f"{target} is a bundle, planned already: it takes no")
        bundle = write_again(target, root=root if is_typed("root") else None) if again else read_bundle(target)
        job_ids = {} if way is None else submit_bundle(bundle, way=way, on_message=say, keep_suspended=suspended)
    else:
        new = _NewBundle(target, parameters, root, strict=strict, tolerate=tolerate)
        write = partial(new.write, templates=templates if is_given(templates) else None, store=store)
        job_ids = {} if way is None else submit_new_bundle(write, way=way, on_message=say, keep_suspended=suspended)
        bundle = new.bundle or write(None)
    if output == "json":
        answer_json({"bundle": str(bundle.folder), "jobs": job_ids})
    else:
        answer(f"{len(bundle.jobs)} jobs {'planned' if dry_run else 'submitted'}: {bundle.folder}")


def _refuse(names: tuple[str, ...], why: str) -> None:
    given = [name for name in names if is_typed(name)]
    if given:
        raise UsageError(f"{why} {', '.join(given)}")


class _NewBundle:
    """A graph that is planned now, and written once it is known what the repository is like."""

    def __init__(
        self,
        graph: str,
        parameters: tuple[str, ...],
        root: Optional[Path],
        *,
        strict: tuple[str, ...],
        tolerate: tuple[str, ...],
    ) -> None:
        if root is None or not is_given(root):
            raise UsageError(f"where do the workers see the bundle? Give --root, or set {ROOT_VARIABLE}")
        self.bundle: Optional[Bundle] = None
        self._strict = "all" in strict or parse_kinds(strict)
        self._tolerated = parse_kinds(tolerate)
        self._root = root.absolute()  # Before the script is loaded, which may change the current folder.
        self._plan: Optional[Plan] = None
        self._problems = Problems()
        with self._problems.collected():
            self._plan = plan_graph(graph_from(graph, parameters))

    def write(self, repository: Optional[RepositoryFacts], *, templates: Optional[Path], store: str) -> Bundle:
        """The bundle, if nothing is wrong with it; all that is wrong is told at once."""
        # Without a repository nothing is submitted, so a root of this machine does no harm.
        tolerated = {*self._tolerated, *(() if repository else (Kind.LOCAL_ROOT,))}
        findings = check_plan(self._plan, root=self._root, repository=repository)
        say_warnings(raise_findings(findings, strict=self._strict, tolerated=tolerated, problems=self._problems))
        assert self._plan is not None
        self.bundle = write_bundle(self._plan, root=self._root, templates=templates, store=store)
        say(f"Bundle: {self.bundle.folder}")
        return self.bundle
