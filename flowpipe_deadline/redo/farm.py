"""Tasks again on the farm: the same jobs are requeued and wait for each other again, or new jobs come for them.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Mapping, Sequence, Tuple

from ..core.bundle import Bundle, read_bundle
from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from ..core.rights import user_name
from ..deadline.client import DeadlineClient, Stop, SubmissionError
from ..results.edits import Edit, withdraw_edits, write_edits
from ..results.stale import BundleResults
from ..status.notices import check_place, submitted_record
from ..submit.own_jobs import own_jobs
from ..submit.record import SubmissionRecord
from ..submit.transaction import Say, failure_of, ignore
from .attempt import RedoAttempt, RedoOrder
from .ended import FarmTasks, read_farm_tasks
from .missing import left_stale, runnable, tolerant_results
from .new_jobs import NewJobs
from .options import RedoOptions, RedoResult, Tasks, Wish
from .record import RedoWriter
from .requeue import Requeue
from .restore import undo_redo
from .selection import Selection, select

_SAME_JOBS = RedoOptions()
Chosen = Tuple[Selection, Tuple[str, ...]]
"""What runs again, and what is to be said of it."""


class FarmRedo:
    """A bundle on the farm, of which a part is to be made again: first looked at, then done.

    Raises:
        SubmissionError: It is not submitted, or this folder is a copy; or Deadline cannot be asked.
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """

    def __init__(
        self,
        bundle: Bundle,
        client: DeadlineClient,
        *,
        act: Callable[..., RedoResult] | None = None,
        advice: str = ", and count as stale",
    ) -> None:
        """``act`` does it, by default ``redo_on_farm``; ``advice`` is what to say of frames that become stale."""
        self._bundle = bundle
        self._client = client
        self._act = act or redo_on_farm
        self._advice = advice
        self._results: BundleResults
        self._farm: FarmTasks | None = None
        self._record = submitted_record(bundle)
        check_place(bundle, client.map_path)

    @property
    def job_ids(self) -> Mapping[str, str]:
        """The jobs that count, by node key."""
        return self._record.jobs

    def mend(self, say: Say = ignore) -> None:
        """Undoes what a redo of before has left half done, if there was one."""
        if submitted_record(self._bundle).redo is not None:
            mend_redo(self._client, self._bundle, say=say)

    def look(self, *, needs_states: bool = True) -> FarmTasks:
        """Reads the record, results and tasks anew; what has failed is only known with ``needs_states``."""
        self._record = submitted_record(self._bundle)
        self._results = tolerant_results(self._bundle)
        self._farm = read_farm_tasks(
            self._client, self._bundle, self._record, results=self._results, needs_states=needs_states
        )
        return self._farm

    def choose(self, wish: Wish) -> Chosen:
        """What would run again, and what is to be said of it.

        Raises:
            UsageError: There is no such frame.
            BundleError: A task that is asked for misses results that nobody makes.
        """
        farm = self._farm or self.look()
        chosen = select(self._bundle, results=self._results, failed=farm.failed, tasks=farm.tasks, **wish.asked)
        selection, messages = runnable(self._bundle, chosen, results=self._results, coming=farm.coming)
        return selection, (*messages, *left_stale(self._bundle, selection, wish.inputs, advice=self._advice))

    def carry_out(self, wish: Wish, *, how: RedoOptions, say: Say = ignore) -> RedoResult:
        """Makes it again, as it is chosen now: somebody else may have done it meanwhile.

        Raises:
            SubmissionError, BundleError, RecordError, UsageError: As ``choose`` and ``run``.
        """
        self.mend(say)
        self.look()
        return self.run(wish, self.choose(wish), how=how, say=say, is_stopping=lambda: False)

    def run(self, wish: Wish, chosen: Chosen, *, how: RedoOptions, say: Say, is_stopping: Stop) -> RedoResult:
        """Makes what was chosen again; inputs are changed first, and changed back if that fails.

        Raises:
            SubmissionError: Deadline refuses; what was changed is as before, or the message says what is not.
            BundleError, RecordError, UsageError: The bundle is damaged or cannot be written, or a value does not fit.
        """
        selection, messages = chosen
        if not selection.tasks:
            return RedoResult(messages=messages)
        edits = write_edits(self._bundle.folder, wish.inputs, user=user_name()) if wish.inputs else ()
        try:
            result = self._act(self._client, self._bundle, selection, how=how, say=say, is_stopping=is_stopping)
        except BaseException:
            take_back(self._bundle, edits, say=say)
            raise
        return RedoResult(result.tasks, result.new_jobs, (*messages, *result.messages))


def take_back(bundle: Bundle, edits: Sequence[Edit], *, say: Say) -> None:
    """Makes inputs what they were, as something failed; whether that fails too is only said."""
    try:
        withdraw_edits(bundle.folder, edits)
    except FlowpipeDeadlineError as error:
        say(f"{error}; the new values of inputs are still there, and what they make stale")


def redo_on_farm(  # noqa: PLR0913  (what, where, and how)
    client: DeadlineClient,
    bundle: Bundle,
    selection: Selection,
    *,
    how: RedoOptions = _SAME_JOBS,
    say: Say = ignore,
    is_stopping: Stop = lambda: False,
) -> RedoResult:
    """What runs again, once Deadline has all of it, in the right order.

    Either everything is as it was chosen afterwards, or everything is as it was before. What an earlier redo left half
    done is undone first. ``say`` gets what happens; ``is_stopping`` is asked between calls.

    Raises:
        SubmissionError: The bundle is not submitted, is being submitted, or a part of it is being redone; or anything
            went wrong: then it is undone again, and the message names what could not be. Its ``exit_code`` is 130 where
            it was stopped.
        RecordError: The bundle is damaged.
    """
    check_place(bundle, client.map_path)
    with RedoWriter(bundle.folder) as writer:
        record = writer.claim()
        try:
            record = _mended(writer, client, bundle, record, say=say)
            if not selection.tasks:
                writer.drop()
                return RedoResult()
        except BaseException as error:
            if record.redo is None:
                with contextlib.suppress(Exception):
                    writer.drop()
            raise error
        own = own_jobs(client, bundle, record.jobs)
        kind: type[RedoAttempt] = NewJobs if how.new_jobs else Requeue
        attempt = kind(RedoOrder(bundle, record, selection, how, say, is_stopping), own, writer)
        try:
            result = attempt.run()
        except BaseException as error:
            with contextlib.suppress(Exception):
                client.ignore_stop_requests()
            raise failure_of(error, own, step=attempt.step, undone=attempt.undo()) from error
    if is_stopping():
        say("It was too late to stop: everything that was chosen runs again.")
    return result


def request_of(selection: Selection, how: RedoOptions) -> dict[str, Any]:
    """What is to be done, as plain JSON."""
    return {"tasks": texts_of(selection.tasks), "how": {**vars(how), "entries": dict(how.entries)}}


def redo_as_requested(
    client: DeadlineClient, bundle: str, wanted: Mapping[str, Any], *, say: Say, is_stopping: Stop
) -> dict[str, Any]:
    """As ``redo_on_farm``, asked for and answered as plain JSON: for a process of Deadline's own."""
    selection = Selection(_frames(wanted["tasks"]))
    how = RedoOptions(**wanted["how"])
    result = redo_on_farm(client, read_bundle(bundle), selection, how=how, say=say, is_stopping=is_stopping)
    return {"tasks": texts_of(result.tasks), "new_jobs": dict(result.new_jobs), "messages": list(result.messages)}


def result_of(answer: Mapping[str, Any]) -> RedoResult:
    """The result that such a process has answered."""
    return RedoResult(_frames(answer["tasks"]), answer["new_jobs"], tuple(answer["messages"]))


def texts_of(tasks: Tasks) -> dict[str, list[str | None]]:
    """The tasks as plain JSON."""
    return {key: [None if chunk is None else str(chunk) for chunk in chunks] for key, chunks in tasks.items()}


def _frames(tasks: Mapping[str, Sequence[str | None]]) -> Tasks:
    return {
        key: tuple(None if text is None else FrameList.parse(text) for text in texts) for key, texts in tasks.items()
    }


def mend_redo(client: DeadlineClient, bundle: Bundle, *, say: Say = ignore) -> None:
    """Undoes what a redo has left half done.

    Raises:
        SubmissionError: It is under way; or not all of it could be undone.
        RecordError: The bundle's record is damaged.
    """
    with RedoWriter(bundle.folder) as writer:
        record = writer.claim()
        if record.redo is not None:
            _mended(writer, client, bundle, record, say=say)
        writer.drop()


def _mended(
    writer: RedoWriter, client: DeadlineClient, bundle: Bundle, record: SubmissionRecord, *, say: Say
) -> SubmissionRecord:
    """The record, once nothing of an earlier redo is left."""
    left = record.redo
    if left is None:
        return record
    if writer.is_finished(record):
        say(f"A redo of {bundle.name} was done, and ended before it said so")
    else:
        how = "could not be undone" if left.is_left else "ended half-way"
        say(f"A redo of {bundle.name} {how}; undoing it")
        own = own_jobs(client, bundle, {**record.jobs, **left.jobs})
        if left.kept is not None:
            own.kept = {*left.kept, *record.own_ids}
        made = None if left.kept is None else list(left.jobs.values())
        is_complete, outcome = undo_redo(writer, own, left.before, made=made)
        if not is_complete:
            raise SubmissionError(f"a redo of {bundle.name} {how}: {outcome}")
        say(outcome)
    writer.plan({})
    return record
