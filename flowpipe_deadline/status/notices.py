"""The state of a submission by its bundle alone: how far it came, and whether it is a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from ..bundle.job_files import KeptFromUserError, plugin_entries
from ..core.bundle import TEMPLATE, Bundle, with_job_names
from ..core.files import is_same_folder
from ..core.text import counted
from ..deadline.client import SubmissionError
from ..submit.record import LEFT, SUBMITTED, SubmissionRecord, read_submission
from ..submit.redo_record import RedoRecord

NOT_SUBMITTED = "not submitted"
SUBMITTING = "submitting"
"""It is being submitted at this moment."""
HALF_SUBMITTED = "half submitted"
"""A submission ended half-way, and was not undone."""
HALF_UNDONE = "half undone"
"""It was cancelled, and some of its jobs could not be deleted."""


def state_of(record: SubmissionRecord | None) -> str:
    """The state of a submission, in one of the words above, or ``submitted``."""
    if record is None:
        return NOT_SUBMITTED
    if record.is_at_work:
        return SUBMITTING
    return {SUBMITTED: SUBMITTED, LEFT: HALF_UNDONE}.get(record.state, HALF_SUBMITTED)


def notices_of(bundle: Bundle, record: SubmissionRecord | None) -> tuple[str, ...]:
    """What is unusual about the submission, a sentence each."""
    if record is None:
        advice = f"; to submit it:  flowpipe-deadline submit {bundle.folder}"
        if (bundle.folder / TEMPLATE).is_file():
            advice = " to Deadline, but exported for another farm; what that has done is known by its results alone"
        return (f"{bundle.name} is not submitted{advice}",)
    notices = []
    state = state_of(record)
    if state == SUBMITTING:
        notices.append(f"{bundle.name} is being submitted this moment{record.submitter}")
    elif state == HALF_SUBMITTED:
        notices.append(
            f"a submission of {bundle.name} ended half-way, with {len(record.jobs)} of"
            f" {counted(len(bundle.jobs), 'job')} on record; to delete them:  flowpipe-deadline cancel {bundle.folder}"
        )
    elif state == HALF_UNDONE:
        jobs = with_job_names(", ".join(record.jobs.values()), record.jobs, bundle)
        what = f"jobs of it could not be deleted: {jobs}" if jobs else "whether a job of it is left is unknown"
        notices.append(
            f"a submission of {bundle.name} was taken back, and {what}; to try again:  flowpipe-deadline cancel"
            f" {bundle.folder}"
        )
    if record.redo is not None:
        notices.append(_redo_notice(bundle, record, record.redo))
    home = home_of(bundle)
    if home is not None:
        what = "is a copy of" if home.exists() else "was moved or copied, or is known to the jobs as"
        notices.append(f"{bundle.folder} {what} {home}: that is what they read and write")
    return tuple(notices)


def _redo_notice(bundle: Bundle, record: SubmissionRecord, redo: RedoRecord) -> str:
    if redo.is_at_work:
        return f"a part of {bundle.name} is being done again this moment{redo.owner}"
    how = "failed, and not all of it could be undone" if redo.is_left else "ended half-way"
    known = {key: record.jobs_of(key) for key in record.jobs}
    jobs = with_job_names(", ".join((*redo.before, *redo.jobs.values())), redo.jobs, bundle, earlier=known)
    return (
        f"a redo of a part of {bundle.name} {how}: its jobs {jobs} may be held back, or run again; the next"
        f" flowpipe-deadline redo {bundle.folder}  undoes that first"
    )


def submitted_record(bundle: Bundle) -> SubmissionRecord:
    """The record of the bundle's submission.

    Raises:
        SubmissionError: It is not submitted, or only in part, or is being submitted.
        RecordError: Its record is damaged.
    """
    record = read_submission(bundle.folder)
    if record is None or record.is_at_work or record.state != SUBMITTED:
        raise SubmissionError(notices_of(bundle, record)[0])
    return record


def is_copy(bundle: Bundle, map_path: Callable[[str], str] = str) -> bool:
    """Whether the bundle that was submitted is elsewhere on this machine."""
    home = home_of(bundle, map_path)
    return home is not None and home.exists()


def check_place(bundle: Bundle, map_path: Callable[[str], str] = str) -> None:
    """Makes sure that this is not a copy of the bundle that was submitted.

    ``map_path`` is Deadline's path mapping on this machine (`DeadlineClient.map_path`).

    Raises:
        SubmissionError: The submitted bundle is elsewhere on this machine.
        RecordError: A plugin info file is missing or damaged.
    """
    if is_copy(bundle, map_path):
        home = home_of(bundle, map_path)
        raise SubmissionError(f"{bundle.folder} is a copy of {home}, whose jobs these are; name that one")


def home_of(bundle: Bundle, map_path: Callable[[str], str] = str) -> Path | None:
    """The folder that the jobs of the bundle use, if it is not this one.

    It may be this one under a name that it has on another machine, unless ``map_path`` tells that.
    """
    try:
        home = plugin_entries(bundle, bundle.jobs[0]).get("Bundle", "")
    except KeptFromUserError:  # Who may only look at a bundle sees all but its variables.
        return None
    if not home or is_same_folder(home, bundle.folder):
        return None
    mapped = map_path(home)
    return None if is_same_folder(mapped, bundle.folder) else Path(mapped)
