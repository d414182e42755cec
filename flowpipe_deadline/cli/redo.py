"""``flowpipe-deadline redo``"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..core.bundle import Bundle, job_labels
from ..core.errors import UsageError
from ..core.frames import FrameList
from ..core.interrupts import terminable
from ..core.text import counted
from ..offline.farm import RunState
from ..offline.setup import WorkerSetup
from ..redo.farm import texts_of
from ..redo.options import ALL, FAILED, REPOINT, STALE, WAITING, RedoResult
from ..redo.redo import redo_bundle
from ..redo.selection import Selection
from ..results.edits import parse_inputs
from ..results.outputs import read_results
from ..studio.connect import studio_client
from .run import local_options, print_problems, show_state
from .support.assignments import parse_assignments, split_assignments
from .support.options import bundle_argument, opened_bundle, output_option, parse_interpreters, set_option, via_option
from .support.output import answer, answer_json, can_ask, reserve_stdout, say
from .support.progress import Display, progress_display
from .support.report import print_answer

_NOTHING = {ALL: "there is no task", FAILED: "no task has failed", STALE: "nothing is stale"}


@click.command()
@bundle_argument
@click.argument("node", metavar="[NODE", required=False)
@click.argument("frames", metavar="[FRAMES]]", required=False)
@click.option("--only", is_flag=True, help="Only what is asked for; what is made from it becomes stale.")
@click.option("--failed", is_flag=True, help="What failed, or has ended without a result.")
@click.option("--stale", is_flag=True, help="What was made from results that have been replaced.")
@click.option("--new-jobs", is_flag=True, help="On the farm: new jobs, in place of requeued tasks.")
@click.option(
    "--waiting",
    type=click.Choice(WAITING),
    default=REPOINT,
    show_default=True,
    help="With --new-jobs: what becomes of jobs that wait for those which are replaced.",
)
@set_option
@local_options
@click.option("--dry-run", is_flag=True, help="Only show what would run again.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, also on a terminal.")
@via_option
@output_option
def redo(
    bundle: str,
    node: str | None,
    frames: str | None,
    only: bool,
    failed: bool,
    stale: bool,
    new_jobs: bool,
    waiting: str,
    sets: tuple[str, ...],
    workers: int,
    failures: int,
    interpreters: tuple[str, ...],
    repository: Path | None,
    dry_run: bool,
    yes: bool,
    via: str | None,
    output: str,
) -> int:
    """Make a part of a bundle again, with all that is made from it, and nothing else.

    NODE is a key, graph.node or a node's name, FRAMES a frame list; without them, all of the bundle is meant. What is
    made from that runs again as well: the same frames where nodes are connected frame by frame, else all of a node. A
    bundle that is submitted runs on the farm, in its own jobs; any other on this machine. Results stay until they are
    replaced. On a terminal, it asks first. Exits with 0 if there is nothing to do.

    \b
    Examples:
      flowpipe-deadline redo ./Shot-20261123-101500-1a2b3c4d Render 2-3
      flowpipe-deadline redo ./Shot-20261123-101500-1a2b3c4d --failed --set priority=80
      flowpipe-deadline redo ./Shot-20261123-101500-1a2b3c4d --stale --dry-run
      flowpipe-deadline redo ./Shot-20261123-101500-1a2b3c4d Render --set Render.camera=side
      flowpipe-deadline redo ./Shot-20261123-101500-1a2b3c4d Render --new-jobs --waiting leave --yes -o json
    """
    reserve_stdout()
    if failed and stale:
        raise UsageError("--failed and --stale exclude each other; redo one after the other")
    which = FAILED if failed else STALE if stale else ALL
    opened = opened_bundle(bundle, via)
    setup = WorkerSetup(interpreters=parse_interpreters(interpreters), repository=repository)
    settings, inputs = split_assignments(sets)
    screen = _Screen(opened, asks=not yes and not dry_run)
    with terminable(), screen:
        result = redo_bundle(
            opened,
            partial(studio_client, via=via),
            node=node,
            frames=frames,
            which=which,
            only=only,
            new_jobs=new_jobs,
            waiting=waiting,
            settings=parse_assignments(settings),
            inputs=parse_inputs(opened, inputs),
            dry_run=dry_run,
            workers=workers,
            failure_limit=failures,
            setup=setup,
            on_selected=screen.confirm,
            on_message=say,
            on_progress=screen.show,
        )
    if output == "json":
        answer_json(_report(opened, result, screen.selection, is_dry_run=dry_run))
    else:
        _print_report(opened, result, screen, which=which, is_dry_run=dry_run)
    return 1 if result.left else 0


class _Screen(ExitStack):
    """What is shown while tasks run again: first a question, then how far they are."""

    def __init__(self, bundle: Bundle, *, asks: bool) -> None:
        super().__init__()
        self.labels = job_labels(bundle.jobs, main=bundle.graph)
        self.selection = Selection()
        self.state: RunState | None = None
        """The last one on this machine."""
        self._bundle = bundle
        self._asks = asks and can_ask()
        self._display: Display | None = None

    def confirm(self, selection: Selection) -> None:
        """Asks on a terminal, if there is something to do."""
        self.selection = selection
        if self._asks and selection.tasks:
            for line in selection_lines(self._bundle, selection, self.labels):
                say(line)
            tasks = counted(selection.count, "task")
            click.confirm(f"Make {tasks} of {self._bundle.name} again? Results stay until then.", abort=True, err=True)

    def show(self, state: RunState) -> None:
        """Shows how far the tasks on this machine are."""
        self.state = state
        if self._display is None:
            self._display = self.enter_context(progress_display(self.labels))
        show_state(state, self._bundle, self.labels, self._display)


def selection_lines(bundle: Bundle, selection: Selection, labels: Mapping[str, str]) -> Iterator[str]:
    """A line for each node: its tasks that run again, and whether they were asked for."""
    for key, chunks in selection.tasks.items():
        frames = sorted(frame for chunk in chunks for frame in chunk or ())
        where = f" {bundle.job(key).shown_frames(str(FrameList(frames)))}" if frames else ""
        asked = len(selection.asked.get(key, ()))
        why = "" if asked == len(chunks) else ", made from that" if not asked else f", {asked} asked for"
        yield f"{labels[key]}{where}: {counted(len(chunks), 'task')}{why}"


def _report(bundle: Bundle, result: RedoResult, selection: Selection, *, is_dry_run: bool) -> dict[str, Any]:
    return {
        "bundle": str(bundle.folder),
        "dry_run": is_dry_run,
        "tasks": texts_of(result.tasks),
        "asked": texts_of(selection.asked),
        "new_jobs": dict(result.new_jobs),
        "left": texts_of(result.left),
        "messages": list(result.messages),
    }


def _print_report(bundle: Bundle, result: RedoResult, screen: _Screen, *, which: str, is_dry_run: bool) -> None:
    for message in result.messages:
        say(message)
    if not result.tasks:
        answer(f"Nothing of {bundle.name} runs again: {_NOTHING[which]}")
    elif is_dry_run:
        for line in selection_lines(bundle, screen.selection, screen.labels):
            answer(line)
    elif screen.state is None:
        new = f" in {counted(len(result.new_jobs), 'new job')}" if result.new_jobs else ""
        answer(f"{counted(sum(map(len, result.tasks.values())), 'task')} of {bundle.name} will run again{new}")
        say(f"To wait for that:  flowpipe-deadline wait {bundle.folder}")
    else:
        print_answer(read_results(bundle))
        print_problems(bundle, screen.state, screen.labels)
        if result.left:
            say(f"To go on after fixing that:  flowpipe-deadline redo {bundle.folder} --failed")
