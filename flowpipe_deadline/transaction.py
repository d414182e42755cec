"""All jobs of a bundle or none: submitted suspended, checked, released together; undone if anything is wrong.

Whatever the way to Deadline, this is how a graph is submitted; the way is a ``Farm``. Deadline's own Python imports
this too, so that one process can submit a whole graph: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Dict, Optional

from .attempt import Attempt, InterruptedSubmissionError, Say, Stop, unheard
from .deadline import Farm, SubmissionError
from .farm.bundle import AnyPath, Bundle, read_bundle
from .farm.errors import FlowpipeDeadlineError
from .job_files import job_entries, plugin_entries
from .submission_record import LEFT, SubmissionRecord, SubmissionWriter
from .undo import Doubt, Undo

_NO_ID = "0" * 24


@dataclass(frozen=True)
class Options:
    """How a bundle is submitted."""

    keep_suspended: bool = False
    """Whether releasing the jobs is left to somebody in the Monitor."""
    token: Optional[str] = None
    """What tells this attempt from all others, where somebody outside needs to know."""


def _never() -> bool:
    """For callers that do not stop."""
    return False


def submit_to(
    farm: Farm, bundle: AnyPath, *, say: Say = unheard, is_stopping: Stop = _never, options: Options = Options()
) -> Dict[str, str]:
    """The job IDs by node key, once Deadline has all jobs as they were planned and has released them.

    The jobs go in suspended, upstream first, and each is on record in the bundle before the next. All are counted and
    read back, then released: dependents first, while nothing can start, the others last. ``say`` hears of each job and
    of Deadline's warnings; ``is_stopping`` is asked between calls. What an earlier attempt left half done is undone
    first.

    Raises:
        SubmissionError: The bundle is submitted already, moved, or being submitted; or anything went wrong: then the
            jobs are deleted again, and the message names what could not be. Its ``exit_code`` is 130 where it was
            stopped.
        RecordError: The folder is no bundle, or is damaged.
    """
    opened = read_bundle(bundle)
    _check_files(opened)
    writer = SubmissionWriter(opened.folder, token=options.token)
    left = writer.claim()
    if left is not None:
        _undo_left(opened, Undo(opened, farm, writer), left, say=say)
    attempt = Attempt(opened, farm, writer, say=say, is_stopping=is_stopping)
    try:
        attempt.submit()
        attempt.check()
        writer.prepare()
        if not options.keep_suspended:
            attempt.release()
        writer.finish()
    except BaseException as error:
        farm.ignore_stop_requests()
        undone = Undo(opened, farm, writer).run(attempt.created, doubt=attempt.doubt)
        raise _failure(error, what=attempt.what, undone=undone) from error
    if is_stopping():
        say("It was too late to stop: all jobs are submitted. flowpipe-deadline cancel takes them back.")
    return attempt.job_ids


def undo_half_done(
    bundle: Bundle, farm: Farm, *, say: Say = unheard, only_of: Optional[str] = None, may_come: bool = False
) -> str:
    """What was undone of a submission that ended half-way; with ``only_of``, of the attempt of that token alone.

    ``may_come`` says that a job of it may still come into being, so that nobody can tell yet whether all is undone.

    Raises:
        SubmissionError: The bundle is submitted, or being submitted; or not everything could be undone, and the
            bundle's record keeps that.
        RecordError: The bundle's record is damaged.
    """
    writer = SubmissionWriter(bundle.folder)
    record = writer.claim(only_of=only_of)
    undone = "nothing was submitted"
    if record is not None:
        undone = _undo_left(bundle, Undo(bundle, farm, writer), record, say=say, may_come=may_come)
    if record is not None or only_of is None:
        writer.drop()
    return undone


def _check_files(bundle: Bundle) -> None:
    """Reads every file that Deadline will be given, before it is given the first."""
    ids = {job["key"]: _NO_ID for job in bundle.jobs}
    for job in bundle.jobs:
        job_entries(bundle, job, job_ids=ids)
        folder = plugin_entries(bundle, job).get("Bundle", "")
        if os.path.realpath(folder) != os.path.realpath(str(bundle.folder)):
            raise SubmissionError(
                f"{bundle.folder} was moved or copied: its jobs would look for {folder}; submit it with --again"
            )


def _undo_left(bundle: Bundle, undo: Undo, record: SubmissionRecord, *, say: Say, may_come: bool = False) -> str:
    """Undoes what an earlier attempt left; the bundle stays claimed."""
    how = "could not be undone" if record.state == LEFT else "ended half-way"
    say(f"A submission of {bundle.name} {how}; undoing it")
    doubt = Doubt(is_uncertain=True, may_come=may_come, may_render=True)
    undone = undo.run(list(record.jobs.values()), doubt=doubt, keeps_claim=True)
    if not undo.is_complete:
        raise SubmissionError(f"a submission of {bundle.name} {how}: {undone}")
    say(undone)
    return undone


def _failure(error: BaseException, *, what: str, undone: str) -> SubmissionError:
    if isinstance(error, KeyboardInterrupt):
        return InterruptedSubmissionError(f"interrupted while {what}; {undone}")
    if isinstance(error, InterruptedSubmissionError):
        return InterruptedSubmissionError(f"{error} while {what}; {undone}")
    if isinstance(error, FlowpipeDeadlineError):
        return SubmissionError(f"{error}; {undone}")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
    return SubmissionError(f"while {what}: {reason}; {undone}")
