"""New jobs for a part of a submission, all or none; they wait for each other and for the jobs that stay.

They are made as a submission's are, by ``submit/transaction.py``: suspended, on record one by one, compared, released.
Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Mapping, Sequence

from ..bundle.job_files import DEPENDENCIES, job_entries
from ..core.bundle import BundleJob
from ..core.errors import words_of
from ..core.frames import FrameList
from ..deadline.client import COMPLETED, FAILED, PENDING, SUSPENDED, JobDetails, SubmissionError, TaskDetails
from ..submit.own_jobs import OwnJobs, foreign_jobs
from ..submit.record import read_submission, replace_jobs
from ..submit.redo_record import JobBefore
from ..submit.release import let_wait
from ..submit.transaction import Attempt
from ..submit.undo import Deletion
from .attempt import RedoAttempt, RedoOrder, frames_of
from .options import DELETE, LEAVE, REPOINT, RedoResult
from .record import RedoWriter
from .restore import delete_new, listed_tasks, restore

_ROUNDS = 4


class NewJobs(RedoAttempt, Attempt):
    """One attempt to make new jobs for a part of a submission."""

    suffix = ".redo"
    _writer: RedoWriter

    def __init__(self, order: RedoOrder, own: OwnJobs, writer: RedoWriter) -> None:
        Attempt.__init__(self, order.bundle, own, writer, say=order.say, is_stopping=order.is_stopping)
        RedoAttempt.__init__(self, order, own, writer)
        own.kept = order.record.own_ids  # Not to be deleted, whatever happens.
        self._details: dict[str, JobDetails] = {}
        """Of the jobs of before that there are."""
        self._tasks: dict[str, tuple[TaskDetails, ...]] = {}
        """Those of the jobs of before whose tasks matter."""
        self._repointed: list[BundleJob] = []
        self._deleted: dict[str, BundleJob] = {}
        """The jobs of before that are to be deleted, as new ones come for what they wait for."""
        self._new: dict[str, BundleJob] = {}
        """The new jobs by node key, with the frames that they get."""
        self._between: dict[str, tuple[FrameList, ...]] = {}
        """By node key, the tasks of the new job that are not to run: they are between others, and complete."""
        self._is_counting = False
        """Whether the submission's record may name the new jobs already."""

    def run(self) -> RedoResult:
        """Makes the jobs; what it has changed stands in the record before it does."""
        self._begin(self.step)
        for tries_left in reversed(range(_ROUNDS)):
            self._read_before()
            self._choose_nodes()
            self._before = {self._id(job): self._before_of(job) for job in (*self._repointed, *self._deleted.values())}
            self._writer.plan(self._before, kept=tuple(self._own.kept))
            self._made = self.created
            begun = self._hold_waiting()
            if not begun:
                break
            if not tries_left or restore(self._own, self._before)[0]:
                raise SubmissionError(
                    f"jobs have begun meanwhile that were to wait for new ones: {self._own.named(begun)}; redo it again"
                )
        self.submit()
        self._hold_early()
        self.check()
        self._complete_between()
        self._repoint()
        self.release()
        jobs, earlier = self._counting()
        self._writer.go_on()
        self._is_counting = True
        replace_jobs(self._bundle.folder, jobs, earlier)
        try:  # The new jobs count now: whatever fails from here on is only said.
            self._writer.drop()
            self._delete(jobs, earlier)
            self._hand_over()
        except BaseException as error:
            self._note(f"The new jobs are there, but not all was done with those of before: {words_of(error)}")
        return RedoResult(self._selection.tasks, new_jobs=dict(self.job_ids), messages=tuple(self._messages))

    def undo(self) -> str:
        """As ``RedoAttempt.undo``; if another redo has taken over, what was made and does not count is deleted."""
        if self._writer.is_owner():
            if self._is_counting:
                with contextlib.suppress(BaseException):
                    replace_jobs(self._bundle.folder, self._record.jobs, self._record.earlier)
            return super().undo()
        try:
            record = read_submission(self._bundle.folder)
            counting = set() if record is None else set(record.own_ids)
            made = [job_id for job_id in self.created if job_id not in counting]
            outcome = delete_new(self._writer, self._own, made, doubt=self.doubt).outcome
        except Exception as error:
            outcome = words_of(error)
        return f"another redo has taken over; {outcome}"

    # What is made, and from what --------------------------------------------------------------------------------------

    def waits_for(self, job: BundleJob) -> list[str]:
        """The IDs of the jobs that it depends on: new ones, and those of before."""
        return [job_id for key in job.depends_on for job_id in self._feeding(key, job)]

    def has_to_wait(self, job: BundleJob) -> bool:
        """Whether a new job feeds it."""
        return not self._new.keys().isdisjoint(job.depends_on)

    def entries(self, job: BundleJob) -> dict[str, str]:
        """The job info of the bundle's own file, with these frames, dependencies, and settings."""
        entries = job_entries(self._bundle, job, job_ids=dict.fromkeys(job.depends_on, ""))
        entries.pop(DEPENDENCIES, None)
        waits_for = self.waits_for(job)
        changes = {"IsFrameDependent": str(job.is_frame_dependent).lower(), **self._how.entries}
        if job.frames is not None:
            changes.update(Frames=job.frames, ChunkSize=str(job.chunk_size))
        if waits_for:
            changes[DEPENDENCIES] = ",".join(waits_for)
        if self._how.note:
            note = " ".join(self._how.note.split())
            comment = next((value for key, value in entries.items() if key.lower() == "comment"), "")
            changes.setdefault("Comment", f"{comment} ({note})" if comment else note)
        replaced = {key.lower() for key in changes}
        return {**{key: value for key, value in entries.items() if key.lower() not in replaced}, **changes}

    def _feeding(self, key: str, job: BundleJob) -> list[str]:
        """The jobs that make the results of a node for this job, or are going to."""
        found = [self.job_ids[key]] if key in self.job_ids else []
        current = self._record.jobs.get(key, "")
        if current in self._details and key not in self._new and key not in self._deleted:
            found.append(current)
        others = self._still_making(key) if self._needs_others(key, job) else []
        return found + [job_id for job_id in others if job_id not in found]

    def _needs_others(self, key: str, job: BundleJob) -> bool:
        """Whether a job needs results of a node that no new job makes."""
        by_frame = self._bundle.job(job.key).is_frame_dependent
        return not (by_frame and self._chosen(key).issuperset(FrameList.parse(job.frames or "0")))

    def _chosen(self, key: str) -> frozenset[int]:
        """The frames of a node that its new job makes."""
        job = self._new.get(key)
        if job is None or job.frames is None:
            return frozenset()
        return frozenset(FrameList.parse(job.frames)).difference(*self._between.get(key, ()))

    def _still_making(self, key: str) -> list[str]:
        """The jobs of before that still make results of the node that no new one makes."""
        return [job_id for job_id in self._record.jobs_of(key) if not all(self._unfinished(key, job_id).values())]

    def _unfinished(self, key: str, job_id: str) -> dict[int, bool]:
        """The tasks of a job that is at work which are not complete, and whether a new job makes them."""
        job = self._bundle.job(key)
        is_deleted = key in self._deleted and job_id == self._id(job)
        tasks = () if is_deleted else self._tasks.get(job_id, ())
        chosen, is_chosen = self._chosen(key), key in self._new
        return {
            task.task_id: is_chosen and (not job.is_batched or chosen.issuperset(frames_of(task, job, tasks) or ()))
            for task in tasks
            if task.status != COMPLETED
        }

    def _id(self, job: BundleJob) -> str:
        return self._record.jobs[job.key]

    # Reading and choosing ---------------------------------------------------------------------------------------------

    def _read_before(self) -> None:
        ids = list(self._record.own_ids)
        ours, foreign = self._own.sort(ids)
        if foreign:
            self._note(foreign_jobs(foreign, self._own))
        self._details = self._client.read_jobs(ours)
        found, others = self._own.find(known=ours)
        self._own.kept = tuple(dict.fromkeys((*ids, *found, *others)))
        wanted = [job_id for job_id, job in self._details.items() if job.status not in (COMPLETED, FAILED)]
        self._tasks = self._client.read_tasks_of(wanted) if wanted else {}

    def _choose_nodes(self) -> None:
        """Which nodes get new jobs, and what becomes of those that wait for the old ones."""
        self._repointed, self._deleted, self._new, self._between = [], {}, {}, {}
        gone: set[str] = set()
        waiting: set[str] = set()  # They wait for new jobs, or for such as do: all of their tasks run anyway.
        for job in self._bundle.jobs:
            is_below = any(key in self._new or key in gone for key in job.depends_on)
            is_waiting = (is_below or not waiting.isdisjoint(job.depends_on)) and self._is_wholly_pending(job)
            is_selected = job.key in self._selection.tasks
            if is_waiting and self._how.waiting == REPOINT:
                waiting.add(job.key)
                self._repointed += [job] if is_below else []
            elif is_waiting and self._how.waiting == DELETE:
                self._deleted[job.key] = job
                if is_selected:
                    self._new[job.key] = job
                else:
                    gone.add(job.key)
            elif is_selected:
                self._narrow(job)
        for key in {key for job in self._repointed if job.is_frame_dependent for key in job.depends_on}:
            if key in self._new:
                self._narrow(self._bundle.job(key), whole=True)
        self._new = {
            key: replace(job, is_frame_dependent=job.is_frame_dependent and self._has_frames_upstream(job))
            for key, job in self._new.items()
        }
        self._jobs = tuple(self._new.values())

    def _is_wholly_pending(self, job: BundleJob) -> bool:
        """Whether its job is there and waits, and none of its tasks has run."""
        details = self._details.get(self._record.jobs.get(job.key, ""))
        return details is not None and details.status == PENDING and set(details.tasks) <= {PENDING}

    def _narrow(self, job: BundleJob, *, whole: bool = False) -> None:
        """Plans a new job with the frames from the first to the last chosen chunk; those between do not run."""
        self._new[job.key] = job
        if not job.is_batched:
            return
        wanted = {frame for chunk in self._selection.tasks[job.key] for frame in chunk or ()}
        chunks = [chunk for chunk in job.chunks if chunk is not None]
        if not wanted <= {frame for chunk in chunks for frame in chunk}:  # Frames were added in the Monitor.
            frames = FrameList(sorted(wanted))
            size = job.chunk_size if frames.is_contiguous else 1
            self._new[job.key] = replace(job, frames=str(frames), chunk_size=size)
            return
        chosen = [number for number, chunk in enumerate(chunks) if not wanted.isdisjoint(chunk)]
        first, last = (0, len(chunks) - 1) if whole else (chosen[0], chosen[-1])
        frames = FrameList(frame for chunk in chunks[first : last + 1] for frame in chunk)
        self._new[job.key] = replace(job, frames=str(frames))
        between = tuple(chunks[number] for number in range(first, last + 1) if number not in chosen)
        if between:
            self._between[job.key] = between

    def _has_frames_upstream(self, job: BundleJob) -> bool:
        """Whether each of its frames is in all jobs upstream: what Deadline does otherwise is undocumented.

        It may wait for the jobs as a whole then (submission, section 4.3). A task upstream that is complete only as it
        is between others would release too much, while it is held.
        """
        return all(self._has_all_frames(key, job) for key in job.depends_on)

    def _has_all_frames(self, key: str, job: BundleJob) -> bool:
        """Whether one job alone makes all frames of the node that the job needs."""
        feeding = self._new.get(key)
        if feeding is None:
            return self._record.jobs.get(key) in self._details and not self._record.earlier.get(key)
        needed, made = FrameList.parse(job.frames or "0"), FrameList.parse(feeding.frames or "0")
        if not feeding.is_batched or not set(made).issuperset(needed) or key in self._between:
            return False
        return not (self._needs_others(key, job) and self._still_making(key))

    def _before_of(self, job: BundleJob) -> JobBefore:
        job_id = self._id(job)
        details = self._details[job_id]
        numbers = tuple(task.task_id for task in self._client.read_tasks(job_id))
        waits_for = None if job.key in self._deleted else self._dependencies_of(job_id, self._labels[job.key])
        return JobBefore(job.key, details.status, len(numbers), {PENDING: numbers}, dependencies=waits_for)

    def _dependencies_of(self, job_id: str, label: str) -> tuple[str, ...]:
        """What Deadline says that a job depends on.

        Raises:
            SubmissionError: It does not say.
        """
        told = self._client.read_jobs([job_id])
        if job_id in told and told[job_id].dependencies is not None:
            return told[job_id].dependencies or ()
        entry = self._client.read_entries(job_id, [DEPENDENCIES])[DEPENDENCIES]
        if entry is None:
            raise SubmissionError(
                f"{label}: Deadline does not tell by this connection what job {job_id} depends on, so that cannot be"
                " changed: leave the waiting jobs, or have them deleted, or use another connection"
            )
        return tuple(filter(None, (item.strip().lower() for item in entry.split(","))))

    # Steps ------------------------------------------------------------------------------------------------------------

    def _hold_early(self) -> None:
        """Suspends new jobs that are not: all that they wait for is complete, so that they may have been released."""
        ids = [self.job_ids[job.key] for job in self._jobs if self.waits_for(job) and not self.has_to_wait(job)]
        details = self._client.read_jobs(ids) if ids else {}
        early = [job_id for job_id in ids if job_id in details and details[job_id].status != SUSPENDED]
        if early:
            self._client.suspend(early)

    def _complete_between(self) -> None:
        """Completes the tasks of new jobs that are not to run.

        Raises:
            SubmissionError: Deadline has cut the job in another way, or does not complete them.
        """
        for job in self._jobs:
            if job.key not in self._between:
                continue
            self._begin(f"tasks of {job.label} were completed")
            job_id, between = self.job_ids[job.key], set(self._between[job.key])
            tasks = self._client.read_tasks(job_id)
            numbers = [task.task_id for task in tasks if frames_of(task, job, tasks) in between]
            if len(numbers) != len(between):
                raise SubmissionError(
                    f"{job.label}: Deadline has cut job {job_id} in another way than planned; do it without --new-jobs"
                )
            states = self._complete(job_id, numbers)
            wrong = [number for number, state in states.items() if (state == COMPLETED) != (number in numbers)]
            if wrong:
                raise SubmissionError(
                    f"{job.label}: Deadline does not complete {listed_tasks(wrong)} of job {job_id}{self._reason};"
                    " do it without --new-jobs"
                )

    def _complete(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, str]:
        """The states of all tasks of the job, once Deadline was asked to complete some."""
        self._reason = ""
        self._try(self._client.change_tasks, "complete", job_id, numbers)
        self._reason = f" ({self._reason})" if self._reason else ""
        return self._states([job_id]).get(job_id, {})

    def _hold_waiting(self) -> list[str]:
        """Suspends the waiting jobs, so that they cannot begin; gives those that have begun before that."""
        ids = list(self._before)
        if not ids:
            return []
        self._begin("waiting jobs were held")
        self._client.suspend(ids)
        tasks = self._client.read_tasks_of(ids)
        return [job_id for job_id in ids if {task.status for task in tasks.get(job_id, ())} != {SUSPENDED}]

    def _repoint(self) -> None:
        """Has waiting jobs depend on the new ones.

        Raises:
            SubmissionError: Deadline has other dependencies afterwards.
        """
        for job in self._repointed:
            job_id, wanted = self._id(job), self.waits_for(job)
            self._begin(f"{job.label} was made to wait for new jobs")
            self._client.set_dependencies(job_id, wanted)
            found = self._dependencies_of(job_id, self._labels[job.key])
            if set(found) != set(wanted):
                raise SubmissionError(
                    f"{job.label}: Deadline does not have job {job_id} depend on {self._own.named(wanted)}, but on"
                    f" {self._own.named(found) or 'nothing'}; leave the waiting jobs, or have them deleted (--waiting)"
                )

    def release(self) -> None:
        """Releases the new jobs, also those that wait only for jobs of before that are at work, and the held ones."""
        repointed = [self._id(job) for job in self._repointed]
        if repointed:
            self._begin("waiting jobs were made to wait again")
            let_wait(self._own, repointed, not_waiting=lambda: self._not_waiting(repointed))
        soft = [
            self.job_ids[job.key]
            for job in self._jobs
            if not self.has_to_wait(job)
            and any(self._details[job_id].status != COMPLETED for job_id in self.waits_for(job))
        ]
        if soft:  # If they cannot be, they are resumed.
            self._try(self._client.pend, soft)
        super().release()
        if soft:  # Resuming may have let them start (submission, section 5.2).
            self._try(self._client.pend, soft)

    def _counting(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """The jobs that count from now on by node key, and those that they replace."""
        gone = self._deleted.keys() - self._new.keys()
        jobs = dict(self._record.jobs)
        earlier = {key: list(job_ids) for key, job_ids in self._record.earlier.items()}
        for key in (*self.job_ids, *gone):
            if jobs.get(key, "") in self._details:
                earlier.setdefault(key, []).append(jobs[key])
        jobs.update(self.job_ids)
        order = (job.key for job in self._bundle.jobs)
        return {key: jobs[key] for key in order if key in jobs and key not in gone}, earlier

    def _delete(self, jobs: Mapping[str, str], earlier: Mapping[str, Sequence[str]]) -> None:
        """Deletes the waiting jobs; everything else is done by now, so that what fails is only said."""
        ids = [self._id(job) for job in self._deleted.values()]
        if not ids:
            return
        deletion = Deletion(self._own)
        deletion.run(ids, looks=lambda: False)
        self._note(deletion.outcome)
        try:
            left = {
                key: [one for one in some if one not in ids or one in deletion.left] for key, some in earlier.items()
            }
            replace_jobs(self._bundle.folder, jobs, left)
        except Exception as error:
            self._note(f"the record of {self._bundle.name} still names the deleted jobs: {words_of(error)}")

    def _hand_over(self) -> None:
        """Completes the tasks of jobs of before that new jobs make: each runs once, and the others' end is the job's.

        Not where waiting jobs are left as they are: they would begin.
        """
        for key in self.job_ids:
            for job_id in self._record.jobs_of(key):
                numbers = sorted(number for number, is_chosen in self._unfinished(key, job_id).items() if is_chosen)
                listed = f"{self._labels[key]}: {listed_tasks(numbers)} of job {job_id}"
                if numbers and self._how.waiting == LEAVE:
                    self._note(
                        f"{listed} run in a new job, and stay there; complete them in the Monitor, or delete that job"
                    )
                elif numbers:
                    self._note(f"{listed} run in a new job instead")
                    self._take_off(job_id, numbers)

    def _take_off(self, job_id: str, numbers: Sequence[int]) -> None:
        with contextlib.suppress(SubmissionError):
            states = self._complete(job_id, numbers)
            if all(states.get(number) == COMPLETED for number in numbers):
                return
        self._note(f"Deadline does not complete them{self._reason}: do so in the Monitor, as others wait for {job_id}")
