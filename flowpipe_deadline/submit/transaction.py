"""One attempt to submit a bundle: jobs that are submitted suspended, compared with the plan, and released together.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Callable, Iterable, Sequence

from ..bundle.info_format import encode_info, format_entries
from ..bundle.job_files import INITIAL_STATUS, job_entries, plugin_entries
from ..core.bundle import AnyPath, Bundle, BundleJob, job_labels, read_bundle
from ..core.errors import FlowpipeDeadlineError
from ..core.files import is_same_folder, write_whole
from ..core.frames import FrameList, FrameListError
from ..core.names import is_same_batch
from ..core.rights import keep_from_others
from ..deadline.client import (
    COMPLETED,
    PENDING,
    SUSPENDED,
    DeadlineClient,
    JobDetails,
    RefusedError,
    Stop,
    SubmissionError,
)
from .own_jobs import OwnJobs, looks_like, own_jobs
from .ownership import OwnedRecord
from .record import LEFT, SubmissionRecord, SubmissionWriter
from .release import let_go, let_wait
from .suspension import record_suspension
from .undo import Doubt, undo

Say = Callable[[str], None]
_NO_ID = "0" * 24
_BY_PLUGIN = "an event plugin of the farm may have done that"


class InterruptedSubmissionError(SubmissionError):
    """The submission was asked to stop; what was submitted is undone."""

    exit_code = 130


@dataclass(frozen=True)
class Options:
    """How a bundle is submitted."""

    keep_suspended: bool = False
    """Whether releasing the jobs is left to somebody in the Monitor."""
    token: str | None = None
    """Tells this attempt from all others, for a caller that needs to know."""


def ignore(message: str) -> None:
    """A ``Say`` that ignores messages."""


def submit_to(
    client: DeadlineClient,
    bundle: AnyPath,
    *,
    say: Say = ignore,
    is_stopping: Stop = lambda: False,
    options: Options = Options(),
) -> dict[str, str]:
    """The job IDs by node key, once Deadline has all jobs as they were planned and has released them.

    The jobs are submitted suspended, upstream first, and each is on record in the bundle before the next. All are
    counted and read back, then released: those that wait for others first, while nothing can start, then the rest.
    ``say`` gets each job and Deadline's warnings; ``is_stopping`` is asked between calls. What an earlier attempt left
    half done is undone first.

    Raises:
        SubmissionError: The bundle is submitted already, moved, or being submitted; or anything went wrong: then the
            jobs are deleted again, and the message names those that could not be. Its ``exit_code`` is 130 where it
            was stopped.
        RecordError: The folder is not a bundle, or is damaged.
    """
    opened = read_bundle(bundle)
    _check_files(opened, client)
    own = own_jobs(client, opened, {})
    with SubmissionWriter(opened.folder, token=options.token) as writer:
        left = writer.claim()
        if left is not None:
            _undo_left(writer, own, left, say=say)
        attempt = Attempt(opened, own, writer, say=say, is_stopping=is_stopping)
        try:
            attempt.submit()
            attempt.check()
            writer.prepare()
            if options.keep_suspended:
                record_suspension(opened.folder, "submit --suspended")
            else:
                attempt.release()
            writer.finish()
        except BaseException as error:
            with contextlib.suppress(Exception):
                client.ignore_stop_requests()
            deletion = undo(writer, own, attempt.created, doubt=attempt.doubt)
            raise failure_of(error, own, step=attempt.step, undone=deletion.outcome) from error
    if is_stopping():
        say("It was too late to stop: all jobs are submitted. flowpipe-deadline cancel deletes them.")
    return attempt.job_ids


def undo_half_done(
    bundle: Bundle, client: DeadlineClient, *, say: Say = ignore, only_of: str | None = None, may_come: bool = False
) -> str:
    """Undoes a submission that ended half-way, and says what was undone.

    With ``only_of``, only the attempt of that token is undone. ``may_come`` says that a job of it may still come into
    being, so that it is not certain yet whether all is undone.

    Raises:
        SubmissionError: The bundle is submitted, or being submitted; or not everything could be undone, and the
            bundle's record keeps that.
        RecordError: The bundle's record is damaged.
    """
    outcome = "nothing was submitted"
    with SubmissionWriter(bundle.folder) as writer:
        record = writer.claim(only_of=only_of)
        if record is not None:
            outcome = _undo_left(writer, own_jobs(client, bundle, record.jobs), record, say=say, may_come=may_come)
        if (record is not None or only_of is None) and writer.is_owner():  # An undo takes long.
            writer.drop()
    return outcome


def _check_files(bundle: Bundle, client: DeadlineClient) -> None:
    """Reads every file that Deadline will be given, before the first job is submitted."""
    ids = {job.key: _NO_ID for job in bundle.jobs}
    for job in bundle.jobs:
        job_entries(bundle, job, job_ids=ids)
        folder = plugin_entries(bundle, job).get("Bundle", "")
        if not is_same_folder(folder, bundle.folder) and not is_same_folder(client.map_path(folder), bundle.folder):
            raise SubmissionError(f"{bundle.folder} was moved or copied, and its jobs look for {folder}; use --again")


def _undo_left(
    writer: SubmissionWriter, own: OwnJobs, record: SubmissionRecord, *, say: Say, may_come: bool = False
) -> str:
    """Undoes what an earlier attempt left; the bundle stays claimed."""
    how = "was not undone" if record.state == LEFT else "ended half-way"
    say(f"An earlier submission of {writer.name} {how}; undoing it")
    own.ids = record.jobs
    doubt = Doubt(is_uncertain=True, may_come=may_come, may_render=True)
    deletion = undo(writer, own, list(record.all_ids), doubt=doubt, keeps_claim=True)
    if not deletion.is_complete:
        raise SubmissionError(f"an earlier submission of {writer.name} {how}: {deletion.outcome}")
    say(deletion.outcome)
    return deletion.outcome


def failure_of(error: BaseException, own: OwnJobs, *, step: str, undone: str) -> SubmissionError:
    """The error to raise where an attempt to make jobs failed while ``step``, and was undone as told."""
    words = own.words_of(error)
    if isinstance(error, (KeyboardInterrupt, InterruptedSubmissionError)):
        return InterruptedSubmissionError(f"{words} while {step}; {undone}")
    if isinstance(error, FlowpipeDeadlineError):
        return SubmissionError(f"{words}; {undone}")
    return SubmissionError(f"while {step}: {words}; {undone}")


class Attempt:
    """The steps of one attempt to make jobs, and how far it came; all of a bundle, or what a subclass makes of it."""

    suffix = ".job"
    """Of the files that hold the job info that Deadline is given."""

    def __init__(self, bundle: Bundle, own: OwnJobs, writer: OwnedRecord, *, say: Say, is_stopping: Stop) -> None:
        self.job_ids: dict[str, str] = {}
        self.created: list[str] = []
        """Every ID that Deadline named, also of jobs that went wrong."""
        self.doubt = Doubt()
        """What is not known of the jobs that were created."""
        self.step = f"{bundle.name} was read"
        """What is being done, for messages."""
        self._bundle = bundle
        self._jobs: Sequence[BundleJob] = bundle.jobs
        self._own = own
        own.trusted = self.created
        own.ids = self.job_ids
        self._labels = job_labels(bundle.jobs, main=bundle.graph)
        self._client = own.client
        self._writer = writer
        self._say = say
        self._is_stopping = is_stopping

    def waits_for(self, job: BundleJob) -> list[str]:
        """The IDs of the jobs that it depends on, as far as they are submitted."""
        return [self.job_ids[key] for key in job.depends_on]

    def has_to_wait(self, job: BundleJob) -> bool:
        """Whether nothing of it may start when the jobs are released."""
        return bool(job.depends_on)

    def entries(self, job: BundleJob) -> dict[str, str]:
        """The job info of a job, once what it waits for is submitted."""
        return job_entries(self._bundle, job, job_ids=self.job_ids)

    def submit(self) -> None:
        """Submits the jobs, upstream first."""
        for job in self._jobs:
            self._begin(f"{job.label} was submitted")
            self._submit(job)

    def check(self) -> None:
        """Makes sure that Deadline has all jobs, each once, and each as it was planned."""
        self._begin("the jobs were read back")
        expected = list(self.job_ids.values())
        details = self._read(expected)
        for job in self._jobs:
            found = details[self.job_ids[job.key]]
            error = self._difference(job, found)
            if not error and found.status != SUSPENDED and not (self.has_to_wait(job) and self._is_waiting(found)):
                error = f"it is {found.status}, though it was submitted suspended"
            if error:
                raise SubmissionError(f"{job.label}: {error}")
        self._count(expected)

    def release(self) -> None:
        """Releases the jobs: those that wait for others first, while none of those others can end."""
        self._begin("the jobs were released")
        self.doubt = Doubt(may_render=True)
        details = self._read(list(self.job_ids.values()))
        suspended = [job_id for job_id in details if details[job_id].status == SUSPENDED]
        dependents = [self.job_ids[job.key] for job in self._jobs if self.has_to_wait(job)]
        held = [job_id for job_id in suspended if job_id not in set(dependents)]
        waiting = [job_id for job_id in suspended if job_id not in held]
        let_wait(self._own, waiting, not_waiting=lambda: self._not_waiting(dependents))
        self._begin("the jobs were released")
        let_go(self._own, held, resume=self._client.resume, still_held=lambda: self._still_held(held))

    def _still_held(self, job_ids: Sequence[str]) -> list[str]:
        # A short job may be complete by now, and deleted if that is what becomes of complete jobs.
        details = self._client.read_jobs(job_ids)
        return [job_id for job_id in job_ids if job_id in details and details[job_id].status == SUSPENDED]

    def _not_waiting(self, job_ids: Sequence[str]) -> list[str]:
        details = self._read(job_ids)
        return [job_id for job_id in job_ids if not self._is_waiting(details[job_id])]

    def _is_waiting(self, details: JobDetails) -> bool:
        """Whether nothing of the job can start: it is Pending, or has nothing but pending and complete tasks.

        Deadline releases frame dependent jobs task by task; the job itself may be active meanwhile (submission,
        section 4.3).
        """
        if details.status == PENDING:
            return not details.tasks.get(SUSPENDED)  # Suspended tasks of a pending job would never be released.
        if details.status == SUSPENDED:
            return False
        states = set(details.tasks) or {task.status for task in self._client.read_tasks(details.job_id)}
        return states - {COMPLETED} == {PENDING}

    def _begin(self, step: str) -> None:
        self.step = step
        self._writer.go_on()
        if self._is_stopping():
            raise InterruptedSubmissionError("interrupted")

    def _submit(self, job: BundleJob) -> None:
        """Writes the job info file, so that the bundle holds what Deadline was given, and submits the job."""
        job_file, plugin_file = self._bundle.job_files(job)
        job_file = job_file.with_suffix(self.suffix)
        entries = {**self.entries(job), INITIAL_STATUS: SUSPENDED}
        write_whole(job_file, encode_info(format_entries(entries.items())))
        keep_from_others(job_file, root=self._bundle.folder.parent)
        self.doubt = Doubt(is_uncertain=True, may_come=True)  # Until there is an answer.
        try:
            created = self._client.submit(str(job_file), str(plugin_file))
        except RefusedError as error:
            self.doubt = Doubt(is_uncertain=error.is_uncertain, may_come=error.may_come)
            if error.job_id is not None:
                self.created.append(error.job_id)
            if self._is_stopping():  # Ctrl+C may have reached the call as well, just as it began.
                raise InterruptedSubmissionError("interrupted") from error
            raise SubmissionError(f"{job.label}: {error}") from error
        job_id = self._choose(job, [created.job_id, *created.others]) if created.others else created.job_id
        self.doubt = Doubt()
        if job_id in self.created:
            raise SubmissionError(f"{job.label}: Deadline gave two jobs one ID, that of {job_id}")
        self.created.append(job_id)
        self.job_ids[job.key] = job_id
        self._writer.add(job.key, job_id)
        self._say(f"{self._labels[job.key]}: {job_id}")
        for warning in created.warnings:
            self._say(f"Warning: {self._labels[job.key]}: {warning}")

    def _choose(self, job: BundleJob, named: Sequence[str]) -> str:
        """The job's ID, of several in one answer: an event plugin of the farm makes jobs as well.

        It is the one of our batch; of several, which the plugin may have put there, the one that is as planned.
        """
        self.doubt = Doubt(is_uncertain=True)
        found, _ = self._own.sort([job_id for job_id in named if job_id not in self.created])
        details = self._read(found)
        if len(found) > 1:
            found = [job_id for job_id in found if looks_like(self._bundle, job, details[job_id])]
        if len(found) > 1:
            found = [job_id for job_id in found if not self._difference(job, details[job_id])]
        if len(found) != 1:
            which = f"{len(found)} of them are" if found else "none of them is known to be"
            raise SubmissionError(f"{job.label}: Deadline named the jobs {', '.join(named)}, and {which} the one")
        return found[0]

    def _count(self, expected: Sequence[str]) -> None:
        """Raises if Deadline has other jobs of this submission than those on record."""
        try:
            found, others = self._own.find(known=expected)
        except SubmissionError as error:
            self._say(f"The jobs could be read back, but not counted: {error}")
            return
        if others:
            listed = ", ".join(others)
            self._say(f"Warning: the batch has other jobs, which an event plugin of the farm may have made: {listed}")
        surplus = sorted(set(found) - set(expected))
        if surplus:
            self.doubt = Doubt(is_uncertain=True)  # Not ours if another attempt has taken over; the undo asks that.
            raise SubmissionError(f"Deadline made more jobs than were submitted: {', '.join(surplus)}; {_BY_PLUGIN}")

    def _difference(self, job: BundleJob, details: JobDetails) -> str:
        """How the job in Deadline differs from what was planned; empty if it does not."""
        frames = "0" if job.frames is None else job.frames
        waits_for = set(self.waits_for(job))
        differences = []
        if details.batch_name is not None and not is_same_batch(details.batch_name, self._own.batch_name):
            differences.append(f"the batch {details.batch_name or 'nothing'} where {self._own.batch_name} was planned")
        if details.frames is not None and not _same_frames(details.frames, frames):
            differences.append(f"the frames {details.frames} where {frames} were planned")
        if details.chunk_size not in (None, job.chunk_size):
            differences.append(f"a chunk size of {details.chunk_size} where {job.chunk_size} was planned")
        if details.dependencies is not None and set(details.dependencies) != waits_for:
            differences.append(
                f"dependencies on {self._listed(details.dependencies)} where {self._listed(waits_for)} were planned"
            )
        if details.frame_dependent not in (None, job.is_frame_dependent):
            differences.append(f"frame dependency {details.frame_dependent} where {job.is_frame_dependent} was planned")
        if not differences:
            return ""
        return f"Deadline has {'; '.join(differences)}; {_BY_PLUGIN}"

    def _listed(self, job_ids: Iterable[str]) -> str:
        return self._own.named(sorted(job_ids)) or "nothing"

    def _read(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """What Deadline says of these jobs; raises if it does not know one of them."""
        details = self._client.read_jobs(job_ids) if job_ids else {}
        lost = [job_id for job_id in job_ids if job_id not in details]
        if lost:
            raise SubmissionError(f"Deadline does not know {self._own.named(lost)} any more")
        return details


def _same_frames(one: str, other: str) -> bool:
    """Whether the texts mean the same frames; Deadline may write them in its own way."""
    try:
        return list(FrameList.parse(one)) == list(FrameList.parse(other))
    except FrameListError:
        return one.strip() == other.strip()
