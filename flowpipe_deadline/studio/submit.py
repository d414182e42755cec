"""A graph to its jobs on the farm, as the studio wants it: planned, checked, written, and submitted all or nothing.

``flowpipe-deadline submit`` and ``DeadlineEvaluator`` call this, and so do scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowpipe import Graph

from ..bundle.write import copy_bundle
from ..core.bundle import AnyPath, Bundle, read_bundle
from ..core.errors import UsageError
from ..core.loading import refuse_while_loading
from ..core.rights import user_name
from ..core.warnings import ErrorCollector, PlanWarning, warning_lines
from ..deadline.client import RepositoryInfo
from ..planning.checks import secret_warnings
from ..planning.plan import Plan
from ..results.edits import write_edits
from ..settings.parse import parse_job_settings
from ..submit.record import SUBMITTED, refuse_taken
from ..submit.submit import submit_new_bundle
from ..submit.transaction import ignore
from .connect import studio_connection
from .file import load_studio_file
from .options import SubmitOptions, check_all, find_root
from .write import write_bundle

_Say = Callable[[str], None]


@dataclass(frozen=True)
class SubmitResult:
    """What was submitted."""

    bundle: Bundle
    warnings: tuple[PlanWarning, ...]
    """What is odd about the plan, its root or the repository."""
    job_ids: Mapping[str, str] = field(default_factory=dict)
    """Deadline's job IDs by node key, upstream first; empty after a dry run."""


def submit_graph(
    graph: Graph,
    *,
    root: AnyPath | None = None,
    options: SubmitOptions | None = None,
    on_message: _Say | None = None,
    on_warning: _Say | None = None,
) -> SubmitResult:
    """Plans the graph, checks the plan, writes its bundle below ``root``, and submits all of its jobs or none.

    Everything that is wrong with the graph, the root and the repository is raised at once, before anything is written.
    ``root`` is a folder that all machines see; by default the one that FLOWPIPE_DEADLINE_ROOT or the studio file names.
    ``on_message`` is called with a line for each step and each job, ``on_warning`` with a line for each warning, before
    the bundle is written. By script, one ``deadlinecommand`` process is enough. Ctrl+C, or a signal to end, undoes
    everything.

    Raises:
        CheckError, CycleError, PlanError: One thing is wrong with the graph, the root or the repository.
        PreflightError: Several are; or several values of the studio file do not fit.
        StudioFileError: The studio file cannot be read, or one of its values does not fit.
        UsageError: No root is known, or there is no such preset or connection.
        HookError: A hook cannot be loaded, raises, or returns something other than a plan of the same work.
        BundleError, StoreError: The bundle cannot be written, as for ``write_bundle``.
        SubmissionError: There is no connection to Deadline, or submitting fails, as for ``submit_bundle``.
        LoadingError: A script submits while it is only being loaded.
    """
    refuse_while_loading("submit")
    steps = _Steps(options, on_message, on_warning)
    chosen = steps.options
    below = find_root(root, steps.studio)
    plan: Plan | None = None
    errors = ErrorCollector()
    with errors.collected():
        plan = chosen.plan(graph, studio=steps.studio)

    def write() -> Bundle:
        assert plan is not None  # Otherwise its errors have been raised.
        return write_bundle(plan, root=below, templates=chosen.templates, store=chosen.store, studio=steps.studio)

    return steps.submit(write, plan=plan, root=below, errors=errors)


def submit_bundle(
    bundle: AnyPath,
    *,
    options: SubmitOptions | None = None,
    on_message: _Say | None = None,
    on_warning: _Say | None = None,
) -> SubmitResult:
    """Submits a bundle that was only written: all of its jobs, or none. What an earlier attempt left is undone first.

    The root and the repository are checked before; of the ``options``, those of the plan do not count. The other
    arguments are those of ``submit_graph``.

    Raises:
        CheckError: One thing is wrong with the root or the repository.
        PreflightError: Several are; or several values of the studio file do not fit.
        StudioFileError: The studio file cannot be read, or one of its values does not fit.
        UsageError: There is no such connection.
        SubmissionError: There is no connection to Deadline, the bundle is submitted already, being submitted, or moved;
            or anything goes wrong on the way: the jobs submitted so far are deleted then, and the message names those
            that could not be. Its ``exit_code`` is 130 after Ctrl+C.
        RecordError: The folder is not a bundle, or is damaged.
        LoadingError: A script submits while it is only being loaded.
    """
    refuse_while_loading("submit")
    steps = _Steps(options, on_message, on_warning)
    opened = read_bundle(bundle)
    refuse_taken(opened.folder)
    return steps.submit(lambda: opened, root=opened.folder.parent)


def resubmit_bundle(  # noqa: PLR0913  (six beside the bundle)
    bundle: AnyPath,
    *,
    root: AnyPath | None = None,
    options: SubmitOptions | None = None,
    on_message: _Say | None = None,
    on_warning: _Say | None = None,
    settings: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> SubmitResult:
    """Submits the plan of a bundle once more, as a new bundle without results beside the old one or below ``root``.

    The root and the repository are checked before; of the ``options``, those of the plan do not count. ``settings``
    take the place of those of all jobs; ``inputs`` are new values of inputs that nothing feeds, by node key and input.
    The other arguments are those of ``submit_graph``.

    Raises:
        UsageError: An earlier submission of the bundle is not complete, so that some of its jobs may be there; a
            setting says how a graph is planned; or an input cannot be changed.
        SettingError, PreflightError: A setting does not exist or does not fit, or several do not.
        BundleError, StoreError: The new bundle cannot be written.
        FlowpipeDeadlineError: As ``submit_bundle`` does, except that the bundle may be submitted already.
    """
    refuse_while_loading("submit")
    steps = _Steps(options, on_message, on_warning)
    old = read_bundle(bundle)
    record = refuse_taken(old.folder, takes_submitted=True)
    if record is not None and record.state != SUBMITTED:
        raise UsageError(
            f"{old.name} is not submitted as a whole, and some of its jobs may be there: submit it without --again,"
            " which undoes them first, or cancel it"
        )
    below = root or old.folder.parent

    def copy() -> Bundle:
        new = copy_bundle(old, root=below, settings=settings)
        if inputs:
            write_edits(new.folder, inputs, user=user_name())
        return new

    odd = tuple(secret_warnings([parse_job_settings(settings or {}, environ={}).job_info]))
    return steps.submit(copy, root=below, odd=odd)


class _Steps:
    """What every submission does alike; how Deadline is reached is known before anything is planned or written."""

    def __init__(self, options: SubmitOptions | None, on_message: _Say | None, on_warning: _Say | None) -> None:
        options = options or SubmitOptions()
        self.studio = options.studio or load_studio_file()
        self.options = options.completed(self.studio)
        self._connection = None if self.options.is_dry_run else studio_connection(self.studio, via=self.options.via)
        self._on_message = on_message or ignore
        self._on_warning = on_warning or ignore

    def submit(
        self,
        write: Callable[[], Bundle],
        *,
        root: AnyPath,
        plan: Plan | None = None,
        errors: ErrorCollector | None = None,
        odd: Iterable[PlanWarning] = (),
    ) -> SubmitResult:
        """Submits what ``write`` gives, once the plan, its root and the repository have been checked."""
        written: list[SubmitResult] = []

        def check_and_write(repository: RepositoryInfo | None) -> Bundle:
            warnings = check_all(plan, root=root, repository=repository, options=self.options, errors=errors, odd=odd)
            for line in warning_lines(warnings):
                self._on_warning(line)
            bundle = write()
            self._on_message(f"Bundle: {bundle.folder}")
            written.append(SubmitResult(bundle, warnings))
            return bundle

        if self._connection is None:
            check_and_write(None)
            return written[0]
        job_ids = submit_new_bundle(
            check_and_write,
            connection=self._connection,
            on_message=self._on_message,
            keep_suspended=self.options.keep_suspended,
        )
        return replace(written[0], job_ids=job_ids)
