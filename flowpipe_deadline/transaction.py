"""All jobs of a bundle or none: submitted suspended, checked, released together; undone if anything is wrong.

Whatever the way to Deadline, this is how a graph is submitted; the way is a ``Farm``. Deadline's own Python imports
this too, so that one process can submit a whole graph: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Dict

from .attempt import Attempt, InterruptedSubmissionError, Say, Stop
from .deadline import Farm, SubmissionError
from .farm.bundle import AnyPath, Bundle, read_bundle
from .farm.errors import FlowpipeDeadlineError
from .job_files import job_entries, plugin_entries
from .submission_record import LEFT, SUBMITTED, SubmissionWriter, read_submission
from .undo import Undo

_NO_ID = "0" * 24


def _unheard(message: str) -> None:
    """For callers that do not want to know."""


def _never() -> bool:
    """For callers that do not stop."""
    return False


def submit_to(
    farm: Farm, bundle: AnyPath, *, say: Say = _unheard, is_stopping: Stop = _never, keep_suspended: bool = False
) -> Dict[str, str]:
    """The job IDs by node key, once Deadline has all jobs as they were planned and has released them.

    The jobs go in suspended, upstream first, and each is on record in the bundle before the next. All are counted and
    read back, then released: dependents first, while nothing can start, the others last; with ``keep_suspended`` that
    is left to the Monitor. ``say`` hears of each job and of Deadline's warnings; ``is_stopping`` is asked between
    calls. What an earlier attempt left half done is undone first.

    Raises:
        SubmissionError: The bundle is submitted already, moved, or being submitted; or anything went wrong: then all
            jobs are deleted again, and the message names what could not be. Its ``exit_code`` is 130 where it was
            stopped.
        RecordError: The folder is no bundle, or is damaged.
    """
    opened = read_bundle(bundle)
    _check_files(opened)
    writer = SubmissionWriter(opened.folder)
    _recover(opened, farm, say=say)
    if not writer.claim():
        raise SubmissionError(f"{opened.name} was taken by another submission this moment; wait for that")
    attempt = Attempt(opened, farm, writer, say=say, is_stopping=is_stopping)
    try:
        attempt.submit()
        attempt.check()
        if not keep_suspended:
            attempt.release()
        writer.finish()
    except BaseException as error:
        undone = Undo(opened, farm, writer).run(attempt.created, is_uncertain=attempt.is_uncertain)
        raise _failure(error, what=attempt.what, undone=undone) from error
    return attempt.job_ids


def _check_files(bundle: Bundle) -> None:
    """Reads every file that Deadline will be given, before it is given the first."""
    ids = {job["key"]: _NO_ID for job in bundle.jobs}
    for job in bundle.jobs:
        job_entries(bundle, job, job_ids=ids)
        folder = plugin_entries(bundle, job).get("Bundle")
        if folder != str(bundle.folder):
            raise SubmissionError(
                f"{bundle.folder} was moved or copied: its jobs would look for {folder}; submit it with --again"
            )


def _recover(bundle: Bundle, farm: Farm, *, say: Say) -> None:
    """Undoes what an earlier attempt left; raises SubmissionError if the bundle is submitted, or being submitted."""
    record = read_submission(bundle.folder)
    if record is None:
        return
    if record.is_at_work:
        raise SubmissionError(f"{bundle.name} is being submitted this moment{record.submitter}; wait for that")
    if record.state == SUBMITTED:
        ids = ", ".join(record.jobs.values())
        raise SubmissionError(f"{bundle.name} is submitted already, as job {ids}; --again submits it once more")
    undo_half_done(bundle, farm, say=say)


def undo_half_done(bundle: Bundle, farm: Farm, *, say: Say = _unheard) -> str:
    """What was undone of a submission that ended half-way, in words.

    Raises:
        SubmissionError: Not everything could be undone; the bundle's record keeps that.
        RecordError: The bundle's record is damaged.
    """
    record = read_submission(bundle.folder)
    if record is None:
        return "nothing was submitted"
    how = "could not be undone" if record.state == LEFT else "ended half-way"
    say(f"A submission of {bundle.name} {how}; undoing it")
    undo = Undo(bundle, farm, SubmissionWriter(bundle.folder))
    undone = undo.run(list(record.jobs.values()), is_uncertain=True)
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
