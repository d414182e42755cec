"""A part of a bundle again, where its jobs are: on the farm if it is submitted, else on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..core.errors import InterruptedRunError, UsageError
from ..core.interrupts import stop_requests
from ..core.loading import refuse_while_loading
from ..core.rights import user_name
from ..core.warnings import ErrorCollector
from ..deadline.client import DeadlineClient
from ..deadline.properties import PROPERTIES
from ..offline.farm import DEFAULT_FAILURE_LIMIT, DEFAULT_WORKERS, RunState, last_states, run_bundle
from ..offline.setup import WorkerSetup
from ..results.edits import Edit, write_edits
from ..results.failures import read_failures, without_later_result
from ..results.stale import BundleResults
from ..settings.parse import OWN_SETTINGS, parse_job_settings
from ..settings.table import SETTINGS
from ..status.notices import is_copy, submitted_record
from ..studio.connect import studio_client
from ..submit.record import read_submission
from ..submit.transaction import ignore
from .by_script import redo_by
from .ended import failed_or_empty
from .farm import FarmRedo, take_back
from .missing import left_stale, runnable, tolerant_results
from .options import ALL, FAILED, REPOINT, WAITING, RedoOptions, RedoResult, Tasks, Wish
from .selection import Selection, find_key, select

CHANGEABLE = tuple(name for key in PROPERTIES for name, setting in SETTINGS.items() if setting.key == key)
"""The settings that Deadline can change of a job that it has (plugin API, section 5.5)."""


def redo_bundle(  # noqa: PLR0913  (what, and how)
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    node: str | None = None,
    frames: str | Iterable[int] | None = None,
    which: str = ALL,
    only: bool = False,
    new_jobs: bool = False,
    waiting: str = REPOINT,
    settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
    dry_run: bool = False,
    workers: int = DEFAULT_WORKERS,
    failure_limit: int = DEFAULT_FAILURE_LIMIT,
    setup: WorkerSetup | None = None,
    on_selected: Callable[[Selection], None] | None = None,
    on_message: Callable[[str], None] | None = None,
    on_progress: Callable[[RunState], None] | None = None,
) -> RedoResult:
    """Makes tasks of a bundle again with all that is made from them, and nothing else; nothing to do is no error.

    ``node``, a key, ``graph.node`` or a name, and ``frames`` limit what is asked for; ``which`` is ``all``, ``failed``
    (also what has ended without a result), or ``stale``. With ``only``, nothing downstream runs. ``inputs`` are new
    values of inputs that nothing feeds, by node and input: these nodes run again as well, and alone if nothing else is
    asked for. ``settings`` are those of ``CHANGEABLE``, for the jobs that run again.

    A bundle that is submitted runs on the farm: its tasks are requeued, or ``new_jobs`` come for them; jobs that wait
    for those which are replaced are then re-pointed, deleted or left, as ``waiting`` says. Any other bundle runs on
    this machine, with ``workers``, ``failure_limit`` and ``setup`` as for ``run_bundle``, which call ``on_progress``.

    ``on_selected`` is called with what will run, before anything is changed, and may raise. A ``dry_run`` ends there.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        UsageError: There is no such node, frame, input or setting, or it cannot be changed.
        BundleError: A task that was asked for misses results that nobody makes; or, on this machine, as ``run_bundle``.
        SubmissionError: Deadline cannot be asked or refuses; what was changed is as before, or the message says what is
            not. Its ``exit_code`` is 130 after Ctrl+C.
        InterruptedRunError: Ctrl+C on this machine; nothing is left running, and results are whole.
        LoadingError: A script calls this while it is only being loaded.
    """
    refuse_while_loading("redo")
    opened = read_bundle(bundle)
    if waiting not in WAITING:
        raise UsageError(f"jobs that wait cannot be '{waiting}'; choose {', '.join(WAITING)}")
    changes = {find_key(opened, name): values for name, values in (inputs or {}).items()}
    wish = Wish(() if node is None else (node,), frames, which, only, inputs=changes)
    entries = entries_for_jobs(settings or {})
    redo = _Redo(opened, wish, on_selected or (lambda _: None), on_message or ignore, dry_run)
    if read_submission(opened.folder) is not None and not is_copy(opened):
        submitted_record(opened)  # Before Deadline is asked.
        how = RedoOptions(new_jobs=new_jobs, waiting=waiting, entries=entries, note=f"redo by {user_name()}")
        return redo.on_farm(open_client(), how)
    if new_jobs:
        raise UsageError(f"{opened.name} is not submitted, so it has no jobs on a farm that new ones could replace")
    return redo.offline(
        workers=workers, failure_limit=failure_limit, setup=setup, on_progress=on_progress, entries=entries
    )


@dataclass(frozen=True)
class _Redo:
    """What both ways need to know."""

    bundle: Bundle
    wish: Wish
    on_selected: Callable[[Selection], None]
    say: Callable[[str], None]
    is_dry_run: bool

    @property
    def advice(self) -> str:
        """What to do about frames that were made with other inputs."""
        return f"; to make them as well:  flowpipe-deadline redo {self.bundle.folder} --stale"

    def offline(self, **how: Any) -> RedoResult:
        """On this machine; ``how`` is for ``run_bundle``."""
        results = tolerant_results(self.bundle)
        selection, messages = runnable(self.bundle, self._choose(results), results=results)
        others = left_stale(self.bundle, selection, self.wish.inputs, advice=self.advice)
        self.on_selected(selection)
        if self.is_dry_run or not selection.tasks:
            return RedoResult(tasks=selection.tasks, messages=(*messages, *others))
        result = self._run(**how)
        return replace(result, messages=(*result.messages, *others))

    def _run(self, *, on_progress: Callable[[RunState], None] | None, **how: Any) -> RedoResult:
        """Edits inputs and chooses once nobody else can run the bundle, and runs these tasks and no others.

        Results stay until they are replaced. Edits are taken back if no task begins. Tasks that are made from what is
        chosen wait where they miss other results.
        """
        edits: Sequence[Edit] = ()
        tasks: Tasks = {}
        messages: tuple[str, ...] = ()
        has_begun = False  # Whether a task may have been run.

        def select_tasks() -> Tasks:
            nonlocal edits, tasks, messages
            edits = write_edits(self.bundle.folder, self.wish.inputs, user=user_name()) if self.wish.inputs else ()
            results = tolerant_results(self.bundle)
            chosen, messages = runnable(self.bundle, self._choose(results), results=results)
            tasks = chosen.tasks
            return tasks

        def show(state: RunState) -> None:
            nonlocal has_begun
            has_begun = True
            if on_progress is not None:
                on_progress(state.part(tasks))

        try:
            state = run_bundle(self.bundle, select=select_tasks, on_progress=show, **how)
        except InterruptedRunError:
            raise InterruptedRunError(
                "interrupted; results that were not replaced are as before. The same command makes all of it again; to"
                f" make only what no longer fits:  flowpipe-deadline redo {self.bundle.folder} --stale"
            ) from None
        finally:
            if not has_begun:
                take_back(self.bundle, edits, say=self.say)
        return RedoResult(tasks=tasks, messages=messages, left=state.open_tasks(tasks))

    def on_farm(self, client: DeadlineClient, how: RedoOptions) -> RedoResult:
        """On the farm, whose jobs are on record."""
        farm = FarmRedo(self.bundle, client, act=redo_by, advice=self.advice)
        if not self.is_dry_run:
            farm.mend(self.say)
        farm.look(needs_states=self.wish.which == FAILED)
        selection, messages = chosen = farm.choose(self.wish)
        self.on_selected(selection)
        if self.is_dry_run or not selection.tasks:
            return RedoResult(tasks=selection.tasks, messages=messages)
        with stop_requests(self.say) as is_stopping:
            return farm.run(self.wish, chosen, how=how, say=self.say, is_stopping=is_stopping)

    def _choose(self, results: BundleResults) -> Selection:
        failed = _failed_here(self.bundle, results=results) if self.wish.which == FAILED else {}
        return select(self.bundle, results=results, failed=failed, **self.wish.asked)


def _failed_here(bundle: Bundle, *, results: BundleResults) -> Mapping[str, frozenset[str | None]]:
    """The tasks, by node key, whose last attempt on this machine failed, or that have ended without a result."""
    states = last_states(bundle)
    failed = {}
    for job in bundle.jobs:
        there = results.latest(job.key)
        kept = {failure.frames for failure in without_later_result(read_failures(bundle.folder, job.key), there)}
        failed[job.key] = failed_or_empty(job, states.get(job.key, {}), results=results).union(kept)
    return failed


def entries_for_jobs(settings: Mapping[str, Any]) -> dict[str, str]:
    """The job info entries to set on jobs that there are.

    >>> entries_for_jobs({"priority": 80, "limits": ["maya", "arnold"]})
    {'Priority': '80', 'LimitGroups': 'maya,arnold'}

    Raises:
        UsageError: A setting does not exist or fit, or cannot be changed any more.
        PreflightError: Several are wrong.
    """
    parsed = parse_job_settings(settings, environ={})
    errors = ErrorCollector(UsageError(str(error)) for error in parsed.errors)
    for name in settings:
        if name not in CHANGEABLE and (name in SETTINGS or name in OWN_SETTINGS):
            errors.add(
                UsageError(
                    f"'{name}' cannot be changed of a job that there is, but for a new submission: submit --again. What"
                    f" can be: {', '.join(CHANGEABLE)}; and inputs of nodes, as NODE.INPUT=VALUE"
                )
            )
    errors.raise_all()
    return dict(parsed.job_info)
