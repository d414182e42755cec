"""What Deadline and a bundle say of its jobs, and why each is as it is.

Deadline is asked as little as possible: for all jobs at once, for workers and limits if a job waits for a worker, and
for tasks or reports only of jobs that the bundle itself does not explain. Deadline's own Python imports this too:
standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import re
from typing import Collection, Iterable, Mapping, Optional, Sequence, Tuple

from ...bundle.job_files import KeptFromUserError, job_entries, read_batch_name
from ...core.bundle import Bundle, BundleJob
from ...core.errors import FlowpipeDeadlineError
from ...core.frames import FrameList, FrameListError
from ...core.names import is_same_batch
from ...core.text import counted, one_line
from ...deadline.client import (
    COMPLETED,
    FAILED,
    PENDING,
    SUSPENDED,
    UNKNOWN,
    DeadlineClient,
    FarmDetails,
    JobDetails,
    SubmissionError,
)
from ...results.counts import ResultCounts
from ...results.stale import BundleResults
from ...results.store import open_store
from ...submit.record import SUBMITTED, SubmissionRecord
from ...submit.suspension import suspension_of
from ..notices import NOT_SUBMITTED
from .candidates import Needs, lack_of_worker, needs_of, waits_for_worker
from .reasons import WENT_WELL, Reason, advice_of, of_bundle

Answer = Tuple[str, str, Tuple[Reason, ...]]
"""Kind, text, and what the job waits for."""
Failed = Sequence[Tuple[Optional[str], str]]
"""Frame lists and reasons of failures, the latest first."""

_LONGEST = 200
_LONGEST_FRAMES = 80
_MOST_ASKED = 3  # Failed jobs without a failure on record whose reports are read: each costs a question.
_UNCONFIGURED = re.compile(
    r"The interpreter '.*' is not configured|(?:No executable|The arguments) of the interpreter "
)


class Explanation:
    """Why the jobs of one bundle are as they are."""

    def __init__(
        self, bundle: Bundle, record: SubmissionRecord | None, client: DeadlineClient | None, unreachable: str
    ) -> None:
        """``unreachable`` says why there is no ``client``, if a submitted bundle has none."""
        recorded = {} if record is None else record.jobs
        self.of_all: list[Reason] = []
        """What is to be said of the whole bundle."""
        self._bundle = bundle
        self._client = client
        self._ids = {job.key: recorded[job.key] for job in bundle.jobs if job.key in recorded}
        self._all_ids = {job.key: () if record is None else record.jobs_of(job.key) for job in bundle.jobs}
        """Also those of before a redo."""
        self._keys = {job_id: key for key, job_ids in self._all_ids.items() for job_id in job_ids}
        self._is_submitted = record is not None and record.state == SUBMITTED
        self._is_told = self._is_submitted and client is not None
        self._error = unreachable
        self._batch = read_batch_name(bundle)
        self._counts = ResultCounts(bundle)
        self._results = BundleResults(bundle.folder, open_store(bundle.folder), skips_damaged=True)
        self._failed = self._counts.failed_nodes()
        self._found: Mapping[str, JobDetails] = {}
        self._details: dict[str, JobDetails] = {}
        self._listed: set[str] = set()
        self._strangers: dict[str, JobDetails] = {}
        self._needs: dict[str, Needs] = {}
        self._farm = FarmDetails()
        self._reports_read = 0
        if record is not None and record.redo is not None:
            self.of_all.append(of_bundle(bundle, "redo", _redo_text(record)))

    def reasons(self, keys: Collection[str] | None) -> dict[str, Reason]:
        """By node key, of these jobs or all, upstream first."""
        jobs = [job for job in self._bundle.jobs if keys is None or job.key in keys]
        if self._is_told:
            try:
                self._ask([job for job in jobs if self._all_ids[job.key]])
            except SubmissionError as error:
                self._is_told, self._error = False, str(error)
        if self._is_submitted and not self._is_told:
            said = f": {one_line(self._error, longest=_LONGEST)}" if self._error else ""
            self.of_all.append(of_bundle(self._bundle, "out of reach", f"Deadline cannot be asked{said}"))
        found: dict[str, Reason] = {}
        for job in jobs:
            kind, text, because = self._by_deadline(job, found) if self._is_told else self._by_results(job, found)
            found[job.key] = Reason(job.key, kind, text, because, advice_of(self._bundle, kind, job.key))
        return found

    def _ask(self, jobs: Sequence[BundleJob]) -> None:
        """Asks for the jobs, for others that they wait for, and for workers if a job waits for one."""
        assert self._client is not None
        asked = [job_id for job in jobs for job_id in self._all_ids[job.key]]
        self._found = found = self._client.read_jobs(asked) if asked else {}
        for job in jobs:
            details = self._job_to_explain(job.key)
            if details is not None:
                self._details[job.key] = details
        unread = [self._ids[job.key] for job in jobs if job.key in self._ids and job.key not in self._details]
        self._listed = self._client.list_jobs(unread) if unread else set()
        waiting = [details for details in found.values() if details.status == PENDING]
        others = {job_id for details in waiting for job_id in details.dependencies or () if job_id not in self._keys}
        self._strangers = self._client.read_jobs(sorted(others)) if others else {}
        for job in jobs:
            if job.key in self._details and waits_for_worker(self._details[job.key]):
                self._needs[job.key] = needs_of(self._details[job.key], self._planned(job))
        if self._needs:
            pools = {pool for needs in self._needs.values() for pool in needs.pools}
            groups = {needs.group for needs in self._needs.values() if needs.group}
            self._farm = self._client.read_farm(pools=sorted(pools), groups=sorted(groups))

    def _job_to_explain(self, key: str) -> JobDetails | None:
        """The one that counts; once it is complete or gone, and results are missing, one of before that has work."""
        current = self._found.get(self._ids.get(key, ""))
        others = [self._found[job_id] for job_id in self._all_ids[key] if job_id in self._found]
        others = [details for details in others if details is not current]
        if not others or (current is not None and current.status != COMPLETED) or self._counts.has_all(key):
            return current
        return next((details for details in others if details.status not in (COMPLETED, UNKNOWN)), current)

    def _planned(self, job: BundleJob) -> Mapping[str, str]:
        """The entries of its job info, as they were planned; none for who may not read them."""
        try:
            return job_entries(self._bundle, job, job_ids=dict.fromkeys(job.depends_on, ""))
        except KeptFromUserError:
            return {}

    def _by_deadline(self, job: BundleJob, found: Mapping[str, Reason]) -> Answer:
        """What Deadline tells of the job; ``found`` are the reasons upstream."""
        details, job_id = self._details.get(job.key), self._ids.get(job.key)
        if details is None and job_id not in self._listed:
            if self._counts.has_all(job.key):  # A farm may delete what is complete.
                return self._when_complete(job, None)
            what = f"Deadline does not list job {job_id} any more" if job_id else "it has no job on record"
            return "deleted", f"{what}{self._lacking(job)}", ()
        if details is None or details.status == UNKNOWN:
            return "unknown", f"Deadline lists job {job_id}, and tells no state of it", ()
        if details.batch_name is not None and not is_same_batch(details.batch_name, self._batch):
            return "foreign", f"job {job_id} is of the batch '{details.batch_name}', not of {self._batch}", ()
        if details.status == COMPLETED:
            return self._when_complete(job, details)
        if details.status == FAILED:
            failures = self._failures(job) or self._reported(details)
            return _kind_of(failures), f"failed{_failures_text(job, failures)}", ()
        if details.status == SUSPENDED:
            who = suspension_of(self._bundle.folder)
            return "suspended", f"suspended, {f'last by {who}' if who else 'in the Monitor or by a program'}", ()
        return self._when_waiting(job, details, found)

    def _by_results(self, job: BundleJob, found: Mapping[str, Reason]) -> Answer:
        """What the bundle itself tells, where Deadline does not."""
        failures = self._failures(job)
        if self._counts.has_all(job.key) and not (failures and not self._is_submitted):
            return self._when_complete(job, None)
        because = tuple(found[key] for key in job.depends_on if key in found and found[key].kind not in WENT_WELL)
        if failures and not because:
            return _kind_of(failures), f"failed{_failures_text(job, failures)}", ()
        if because:
            return "upstream", f"waits for {counted(len(because), 'job')}", because
        if self._is_submitted:
            return "unknown", f"submitted{self._lacking(job)}", ()
        return NOT_SUBMITTED, f"neither submitted nor run here to its end{self._lacking(job)}", ()

    def _when_complete(self, job: BundleJob, details: JobDetails | None) -> Answer:
        if not self._counts.has_all(job.key):
            return self._when_missing(job, details)
        stale = self._results.stale(job.key)
        if stale:
            frames = sorted(frame for frame in stale if frame is not None)
            which = f"{_shown(job, FrameList(frames))} were" if frames else "its result was"
            return "stale", f"complete, but {which} made from results or inputs that have been replaced since", ()
        count = self._counts.planned(job.key)
        return "complete", f"complete: {'its result is' if count == 1 else f'all {count} results are'} there", ()

    def _when_missing(self, job: BundleJob, details: JobDetails | None) -> Answer:
        told = None if details is None or not job.is_batched else self._told_frames(job)
        cut = _without(job, told) if told is not None else ""
        if cut:
            planned = f"{job.frames} by {job.chunk_size}"
            return "cut", f"{cut} have no task: Deadline has {told}, and {planned} were planned", ()
        failures = self._failures(job)
        said = f"; an attempt failed{_failures_text(job, failures)}" if failures else ""
        return "missing", f"complete in Deadline{self._lacking(job)}{said}", ()

    def _told_frames(self, job: BundleJob) -> str | None:
        """The frames that its jobs have in Deadline."""
        told: list[str] = []
        for details in (self._found[job_id] for job_id in self._all_ids[job.key] if job_id in self._found):
            if details.frames is not None:
                told.append(details.frames)
            elif self._client is not None:
                told += [task.frames for task in self._client.read_tasks(details.job_id) if task.frames]
        return ",".join(told) or None

    def _when_waiting(self, job: BundleJob, details: JobDetails, found: Mapping[str, Reason]) -> Answer:
        """Of a job that is pending, queued or rendering."""
        states = details.tasks
        if states.get(FAILED):
            return self._when_partly_failed(job, details)
        if not waits_for_worker(details) and details.status != PENDING:
            return self._when_rendering(job, details)
        if details.status == PENDING or (states and not states.keys() - {PENDING, COMPLETED}):
            because = self._unmet(job, details, found)
            if because:
                how = " frame by frame" if job.is_frame_dependent else ""
                return "upstream", f"waits{how} for {counted(len(because), 'job')}", because
            return self._when_released(job)
        if states.get(SUSPENDED) and not states.get("Queued"):
            return "suspended", f"{counted(states[SUSPENDED], 'task')} suspended in the Monitor, and none can start", ()
        lack = lack_of_worker(self._farm, self._needs[job.key])
        if lack is not None:
            return (*lack, ())
        failures = self._failures(job) if details.errors != 0 else ()
        if failures:
            errors = counted(details.errors, "error") if details.errors else "an error"
            return "failing", f"queued again after {errors}{_failures_text(job, failures)}", ()
        return "queued", "queued: no worker has taken it yet", ()

    def _when_partly_failed(self, job: BundleJob, details: JobDetails) -> Answer:
        """Some tasks have failed for good, and others go on."""
        failures = self._failures(job) or self._reported(details)
        others = [
            f"{count} {state.lower()}" for state, count in sorted(details.tasks.items()) if count and state != FAILED
        ]
        total = counted(details.task_count or job.task_count, "task")
        text = f"{details.tasks[FAILED]} of {total} failed{_failures_text(job, failures)}"
        return _kind_of(failures), f"{text}; {', '.join(others)}" if others else text, ()

    def _when_rendering(self, job: BundleJob, details: JobDetails) -> Answer:
        states = details.tasks
        total = counted(details.task_count or job.task_count, "task")
        how_far = f": {states.get(COMPLETED, 0)} of {total} done" if states else ""
        failures = self._failures(job) if details.errors else ()
        said = f"; an attempt failed{_failures_text(job, failures)}" if failures else ""
        limit = self._planned(job).get("MachineLimit", "")
        if limit.isdigit() and 0 < int(limit) <= states.get("Rendering", 0) and states.get("Queued"):
            text = f"renders on {counted(int(limit), 'machine')}, as many as its machine limit allows"
            return "machine limit", f"{text}{how_far}{said}", ()
        return "rendering", f"renders{how_far}{said}", ()

    def _unmet(self, job: BundleJob, details: JobDetails, found: Mapping[str, Reason]) -> tuple[Reason, ...]:
        """What the job waits for and that is not complete."""
        waits = details.dependencies
        if waits is None:
            waits = tuple(self._ids[key] for key in job.depends_on if key in self._ids)
        unmet: list[Reason] = []
        for job_id in waits:
            key = self._keys.get(job_id)
            if key is None:
                unmet += self._stranger(job_id)
            elif key in found and not self._is_complete(job_id):
                unmet.append(self._holding(job_id, found[key]))
        return tuple(dict.fromkeys(unmet))

    def _is_complete(self, job_id: str) -> bool:
        """Whether Deadline releases what waits for the job; a deleted one holds it back."""
        return job_id in self._found and self._found[job_id].status == COMPLETED

    def _holding(self, job_id: str, reason: Reason) -> Reason:
        """The reason of the node, or of its job that holds others back though all of its results are there."""
        if reason.kind not in WENT_WELL:
            return reason
        details = self._found.get(job_id)
        advice = "take that job out of the dependencies of what waits for it, in the Monitor"
        if details is None:
            text = f"its results are there, but Deadline does not list job {job_id} any more, which is waited for"
            return Reason(reason.key, "deleted", text, advice=advice)
        text = f"its results are there, but job {job_id}, which is waited for, is {details.status.lower()}"
        return Reason(reason.key, "missing" if details.status == FAILED else "queued", text, advice=advice)

    def _stranger(self, job_id: str) -> Iterable[Reason]:
        """Why a job that is none of the bundle's, and is waited for, is not complete."""
        advice = "see that job in the Monitor, or take it out of the dependencies of what waits for it"
        details = self._strangers.get(job_id)
        if details is None:
            yield Reason(job_id, "deleted", "a job of another submission, which Deadline does not list", advice=advice)
        elif details.status != COMPLETED:
            text = f"{details.status.lower()}; a job of another submission, named {details.name or 'nothing'}"
            yield Reason(job_id, "foreign", text, advice=advice)

    def _when_released(self, job: BundleJob) -> Answer:
        planned = self._planned(job)
        schedule, delay = planned.get("ScheduledType", "").lower(), planned.get("JobDelay", "")
        if schedule not in ("", "none"):
            return "scheduled", f"scheduled {schedule}, from {planned.get('ScheduledStartDateTime', 'now')} on", ()
        if delay:
            return "scheduled", f"scheduled for {delay} (days:hours:minutes:seconds) after its submission", ()
        waits = "all that it waits for is complete" if job.depends_on else "it waits for nothing"
        return "scan", f"pending, though {waits}: the pending job scan has not released it yet", ()

    def _lacking(self, job: BundleJob) -> str:
        """Which results are missing, behind a comma."""
        frames = self._counts.frames(job.key)
        missing = self._counts.missing(job.key, frames)
        if not missing or not job.is_batched:
            return ", and its result is missing" if missing else ""
        if len(missing) == len(frames):
            return ", and all its results are missing"
        return f", and the results of {_joined(job, missing)} are missing"

    def _failures(self, job: BundleJob) -> Failed:
        """Those on record of tasks that have not succeeded since."""
        if job.key not in self._failed:
            return ()
        return [(failure.frames, failure.reason) for failure in self._counts.failures(job.key)]

    def _reported(self, details: JobDetails) -> Failed:
        """The last one by Deadline's reports; of a few jobs alone."""
        self._reports_read += 1
        if self._client is None or self._reports_read > _MOST_ASKED:
            return ()
        try:
            reports = self._client.read_reports(details.job_id)
        except FlowpipeDeadlineError:
            return ()
        return [(None, report.title) for report in reversed(reports) if report.is_error and report.title][:1]


def _redo_text(record: SubmissionRecord) -> str:
    redo = record.redo
    if redo is None or redo.is_at_work:
        return f"a part of it is being done again this moment{redo.owner if redo else ''}"
    return "a redo failed, and not all of it was undone" if redo.is_left else f"a redo ended half-way{redo.owner}"


def _kind_of(failures: Failed) -> str:
    return "unconfigured" if failures and _UNCONFIGURED.search(failures[0][1]) else "failed"


def _failures_text(job: BundleJob, failures: Failed) -> str:
    """The latest reason with the frames that have it, and how many others there are."""
    if not failures:
        return "; neither the bundle nor Deadline tells why"
    reason = failures[0][1]
    same = [frames for frames, other in failures if other == reason and frames is not None]
    others = len({other for _, other in failures}) - 1
    more = f" (and {counted(others, 'other error')})" if others else ""
    return f"{f', {_joined(job, same)}' if same else ''}: {one_line(reason, longest=_LONGEST)}{more}"


def _joined(job: BundleJob, texts: Iterable[str | None]) -> str:
    """The frames of several frame lists as one, for people."""
    return _shown(job, FrameList(sorted({frame for text in texts if text for frame in FrameList.parse(text)})))


def _shown(job: BundleJob, frames: FrameList) -> str:
    """The frames that these are or stand for; or the items, if they stand for none."""
    real = job.real_frames(str(frames))
    return one_line(f"items {frames}" if real is None else f"frames {real}", longest=_LONGEST_FRAMES)


def _without(job: BundleJob, told: str) -> str:
    """The frames that were planned and are not told; empty if there are none, or what is told is no frame list."""
    try:
        left = sorted(set(FrameList.parse(str(job.frames))) - set(FrameList.parse(told)))
    except FrameListError:
        return ""
    return _shown(job, FrameList(left)) if left else ""
