"""``flowpipe-deadline submit``"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Optional, Union

import click

from ..bundle.write import copy_bundle, write_bundle
from ..core.bundle import MANIFEST, ROOT_VARIABLE, Bundle
from ..core.errors import UsageError
from ..core.warnings import ErrorCollector, WarningKind
from ..deadline.client import RepositoryInfo
from ..planning.plan import Plan
from ..preflight.check import check_plan, parse_kinds, parse_strict, raise_errors
from ..studio.connect import studio_connection
from ..studio.plan import studio_plan
from ..submit.record import SUBMITTED, refuse_taken
from ..submit.submit import submit_new_bundle
from .support.effective import Effective, effective_options
from .support.options import (
    graph_from,
    is_typed,
    output_option,
    parameter_option,
    planned_bundle,
    root_option,
    settings_options,
    store_option,
    strict_option,
    templates_option,
    tolerate_option,
    via_option,
)
from .support.output import answer, answer_json, reserve_stdout, say, say_warnings


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
@settings_options
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
    sets: tuple[str, ...],
    presets: tuple[str, ...],
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
    is_bundle = (Path(os.path.expanduser(target)) / MANIFEST).exists()
    if again and not is_bundle:
        raise UsageError(f"--again is for a bundle, and {target} is none")
    # Before the script is loaded, which may change the current folder.
    effective = effective_options(root=root, store=store, templates=templates, sets=sets, presets=presets)
    if not is_bundle and effective.root is None:
        where = f"Give --root, set {ROOT_VARIABLE}, or let the studio file name it"
        raise UsageError(f"where do the workers see the bundle? {where}")
    connection = None if dry_run else studio_connection(effective.studio, via=via)  # Before anything is written.
    if connection is not None:
        say(f"Submitting by {connection}")
    if is_bundle:
        old = _OldBundle(
            target, effective, strict=strict, tolerate=tolerate, again_below=_again_below(root, again=again)
        )
        job_ids = (
            {}
            if connection is None
            else submit_new_bundle(old.check, connection=connection, on_message=say, keep_suspended=suspended)
        )
        bundle = old.bundle or old.check(None)
    else:
        new = _NewBundle(target, parameters, effective, strict=strict, tolerate=tolerate)
        job_ids = (
            {}
            if connection is None
            else submit_new_bundle(new.write, connection=connection, on_message=say, keep_suspended=suspended)
        )
        bundle = new.bundle or new.write(None)
    if output == "json":
        answer_json({"bundle": str(bundle.folder), "jobs": job_ids})
    else:
        answer(f"{len(bundle.jobs)} jobs {'planned' if dry_run else 'submitted'}: {bundle.folder}")


def _again_below(root: Optional[Path], *, again: bool) -> Optional[Union[bool, Path]]:
    """Where ``--again`` writes: below the root that was typed, else beside the old bundle; None without it."""
    return None if not again else root if root is not None and is_typed("root") else True


class _OldBundle:
    """A bundle that was planned before: only what it is submitted to is looked at."""

    def __init__(
        self,
        folder: str,
        effective: Effective,
        *,
        strict: tuple[str, ...],
        tolerate: tuple[str, ...],
        again_below: Optional[Union[bool, Path]],
    ) -> None:
        self.bundle: Optional[Bundle] = None
        self._old = planned_bundle(folder, may_move=again_below is not None)
        self._strict = _strict_kinds(strict or effective.studio.strict)
        self._tolerated = _tolerated_kinds(tolerate, effective)
        self._again_below = again_below
        record = refuse_taken(self._old.folder, takes_submitted=again_below is not None)
        if again_below is not None and record is not None and record.state != SUBMITTED:
            raise UsageError(
                f"{self._old.name} is not submitted as a whole, and some of its jobs may be there: submit it without"
                " --again, which undoes them first, or cancel it"
            )

    def check(self, repository: Optional[RepositoryInfo]) -> Bundle:
        """The bundle, if its root and the repository are right; with ``--again``, a new one."""
        root = self._again_below if isinstance(self._again_below, Path) else self._old.folder.parent
        tolerated = self._tolerated | (set() if repository else {WarningKind.LOCAL_ROOT})
        warnings = check_plan(None, root=root, repository=repository)
        say_warnings(raise_errors(warnings, strict=self._strict, tolerated=tolerated))
        self.bundle = self._old if self._again_below is None else copy_bundle(self._old, root=root)
        say(f"Bundle: {self.bundle.folder}")
        return self.bundle


class _NewBundle:
    """A graph that is planned now, and written once it is known what the repository is like."""

    def __init__(
        self,
        graph: str,
        parameters: tuple[str, ...],
        effective: Effective,
        *,
        strict: tuple[str, ...],
        tolerate: tuple[str, ...],
    ) -> None:
        self.bundle: Optional[Bundle] = None
        self._effective = effective
        self._strict = _strict_kinds(strict or effective.studio.strict)
        self._tolerated = _tolerated_kinds(tolerate, effective)
        self._plan: Optional[Plan] = None
        self._errors = ErrorCollector()
        with self._errors.collected():
            loaded = graph_from(graph, parameters)
            self._plan = studio_plan(loaded, studio=effective.studio, layers=effective.layers)

    def write(self, repository: Optional[RepositoryInfo]) -> Bundle:
        """The bundle, if nothing is wrong with it; all that is wrong is told at once."""
        effective = self._effective
        # Without a repository nothing is submitted, so a root of this machine does no harm.
        tolerated = self._tolerated | (set() if repository else {WarningKind.LOCAL_ROOT})
        warnings = check_plan(self._plan, root=effective.root, repository=repository)
        say_warnings(raise_errors(warnings, strict=self._strict, tolerated=tolerated, errors=self._errors))
        assert self._plan is not None
        assert effective.root is not None
        self.bundle = write_bundle(
            self._plan, root=effective.root, templates=effective.templates, store=effective.store
        )
        say(f"Bundle: {self.bundle.folder}")
        return self.bundle


def _tolerated_kinds(tolerate: tuple[str, ...], effective: Effective) -> set[WarningKind]:
    return set(parse_kinds(tolerate)) | ({WarningKind.LOCAL_ROOT} if effective.studio.allow_local_root else set())


def _strict_kinds(strict: Union[bool, tuple[str, ...]]) -> Union[bool, Collection[WarningKind]]:
    return strict if isinstance(strict, bool) else parse_strict(strict)
