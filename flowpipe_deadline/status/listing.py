"""The bundles below a root: whose they are, and how far their submissions are."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..core.bundle import FILES, RESULTS, AnyPath, Bundle, BundleJob
from ..core.errors import FlowpipeDeadlineError, words_of
from ..core.files import RecordError, is_there
from ..core.rights import user_name
from ..deadline.client import COMPLETED, PENDING, UNKNOWN, DeadlineClient, JobDetails
from ..results.counts import ResultCounts
from ..results.store import Store, open_store
from ..studio.connect import studio_client
from ..studio.file import known_root
from ..submit.record import SubmissionRecord, read_submission
from ..submit.transaction import ignore
from .jobs import DELETED, shown_status, told_done
from .notices import state_of
from .root import Found, at_once, read_root

DAMAGED = "damaged"
_Answer = tuple[Mapping[str, JobDetails], Collection[str]]
"""What Deadline said of jobs, and those that it lists and says nothing of."""
_ORDER = ("Failed", "Rendering", "Active", "Queued", UNKNOWN, "Suspended", PENDING, DELETED, COMPLETED)
"""Of a submission whose jobs differ, the state that is told first."""


@dataclass(frozen=True)
class BundleEntry:
    """A bundle, as a list shows it."""

    folder: Path
    graph: str
    user: str | None
    """Who wrote it; None if nobody can tell."""
    created: str | None
    """When, as ISO 8601; None where the bundle does not say it."""
    state: str
    """As that of ``SubmissionStatus``, or ``damaged``."""
    jobs: Mapping[str, int] = field(default_factory=dict)
    """The number of jobs in each of Deadline's states; empty if it was not asked, or has no answer."""
    done: int = 0
    """How many tasks are complete, of all that have a result if Deadline does not say it."""
    total: int = 0
    is_reported: bool = False
    """Whether Deadline says how far it is; otherwise results are counted."""
    error: str = ""
    """What is wrong with the bundle; empty if nothing is."""

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.name

    @property
    def status(self) -> str:
        """How far it is, in one word of Deadline's where Deadline tells it, else its state."""
        return next((status for status in _ORDER if self.jobs.get(status)), self.state).lower()

    @property
    def progress(self) -> float:
        """Percent of the tasks."""
        return 100.0 * self.done / self.total if self.total else 0.0


def list_bundles(
    root: AnyPath | None = None,
    *,
    everyone: bool = False,
    open_client: Callable[[], DeadlineClient] | None = studio_client,
    on_message: Callable[[str], None] = ignore,
) -> tuple[BundleEntry, ...]:
    """The bundles of this user below the root, or those of ``everyone``, the newest first.

    Without a root, it is the one that FLOWPIPE_DEADLINE_ROOT or the studio file names. Deadline is asked once for all
    jobs of all of them; without ``open_client`` it is not asked. ``on_message`` is told if it cannot be. A damaged
    bundle is listed with what is wrong with it.

    Raises:
        UsageError: The root does not exist, or cannot be read.
        StudioFileError, PreflightError: As ``load_studio_file``.
    """
    me = user_name()
    found = [one for one in read_root(known_root(root)) if everyone or one.is_of(me)]
    read = at_once(_Submission.read, found)
    ids = [job_id for one in read for job_id in one.job_ids.values()]
    answer: _Answer | None = None
    if open_client is not None and ids:
        try:
            answer = open_client().read_listed(ids)
        except FlowpipeDeadlineError as error:
            on_message(f"Deadline cannot be asked, so results are counted: {error}")
    entries = at_once(lambda one: one.entry(answer), read)
    return tuple(entry for entry in entries if not entry.error or is_there(entry.folder))


@dataclass(frozen=True)
class _Submission:
    """A bundle with its record."""

    found: Found
    record: SubmissionRecord | None
    error: str

    @classmethod
    def read(cls, found: Found) -> _Submission:
        try:
            record = None if found.bundle is None else read_submission(found.folder)
        except (RecordError, OSError) as error:
            return cls(found, None, words_of(error))
        return cls(found, record, found.error)

    @property
    def job_ids(self) -> Mapping[str, str]:
        """By node key; of other jobs than those planned, by whatever the record says."""
        return self.record.jobs if self.record is not None else {}

    def entry(self, answer: _Answer | None) -> BundleEntry:
        """The bundle with what Deadline said of its jobs."""
        bundle = self.found.bundle
        entry = BundleEntry(
            folder=self.found.folder,
            graph=self.found.graph,
            user=self.found.user,
            created=bundle.created if bundle is not None else None,
            state=DAMAGED if self.error else state_of(self.record),
            error=self.error,
        )
        if bundle is None:
            return entry
        try:
            return self._with_progress(entry, bundle, answer)
        except (FlowpipeDeadlineError, OSError) as error:
            return replace(entry, error=self.error or words_of(error))

    def _with_progress(self, entry: BundleEntry, bundle: Bundle, answer: _Answer | None) -> BundleEntry:
        results = _Results(bundle)
        states: Counter[str] = Counter()
        done, total, are_reported = 0, 0, bool(answer and self.job_ids)
        for job in bundle.jobs:
            status, details = self._told(job.key, answer)
            count = (details.task_count if details is not None else None) or job.task_count
            told = told_done(status, details.tasks if details is not None else {}, count)
            ended = min(results.done(job), count) if told is None else told
            if status == DELETED and ended == count:
                status = COMPLETED  # A farm may delete what is done.
            states.update([status] if status is not None else ())
            done, total, are_reported = done + ended, total + count, are_reported and told is not None
        return replace(entry, jobs=dict(states), done=done, total=total, is_reported=are_reported)

    def _told(self, key: str, answer: _Answer | None) -> tuple[str | None, JobDetails | None]:
        """State and details of a node's job; None where Deadline was not asked for it, or does not tell."""
        job_id = self.job_ids.get(key)
        if answer is None or not job_id:
            return None, None
        found, untold = answer
        if job_id in found:
            return shown_status(found[job_id]), found[job_id]
        return UNKNOWN if job_id in untold else DELETED, None


class _Results:
    """Counts the results of a bundle without asking for each chunk, as there may be a thousand bundles."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._store: Store | None = None  # Most submissions are known by Deadline.
        self._nodes: Collection[str] | None = None

    def done(self, job: BundleJob) -> int:
        """How many of the job's planned chunks have results."""
        if self._store is None:
            self._store = open_store(self._bundle.folder)
            self._nodes = os.listdir(self._bundle.folder / RESULTS) if self._bundle.store == FILES else None
        if self._nodes is not None and job.key not in self._nodes:
            return 0
        count = self._store.count(job.key)
        if count is None:  # Somebody has cut the job differently.
            return ResultCounts(self._bundle).done(job.key)
        return count
