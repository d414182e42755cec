"""The state of a submission by its bundle alone: how far it came, and whether it is a copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from ..bundle.job_files import plugin_entries
from ..core.bundle import Bundle
from ..deadline.client import SubmissionError
from ..submit.record import LEFT, SUBMITTED, SubmissionRecord
from ..submit.redo_record import RedoRecord

NOT_SUBMITTED = "not submitted"
SUBMITTING = "submitting"
"""It is being submitted at this moment."""
HALF_SUBMITTED = "half submitted"
"""A submission ended half-way, and was not undone."""
HALF_UNDONE = "half undone"
"""It was cancelled, and some of its jobs could not be deleted."""


def state_of(record: Optional[SubmissionRecord]) -> str:
    """The state of a submission, in one of the words above, or ``submitted``."""
    if record is None:
        return NOT_SUBMITTED
    if record.is_at_work:
        return SUBMITTING
    return {SUBMITTED: SUBMITTED, LEFT: HALF_UNDONE}.get(record.state, HALF_SUBMITTED)


def notices_of(bundle: Bundle, record: Optional[SubmissionRecord]) -> tuple[str, ...]:
    """What is unusual about the submission, a sentence each."""
    if record is None:
        return (f"{bundle.name} is not submitted; to submit it:  flowpipe-deadline submit {bundle.folder}",)
    notices = []
    state = state_of(record)
    if state == SUBMITTING:
        notices.append(f"{bundle.name} is being submitted this moment{record.submitter}")
    elif state == HALF_SUBMITTED:
        notices.append(
            f"a submission of {bundle.name} ended half-way, with {len(record.jobs)} of {len(bundle.jobs)} jobs on"
            f" record; to delete them:  flowpipe-deadline cancel {bundle.folder}"
        )
    elif state == HALF_UNDONE:
        ids = ", ".join(record.jobs.values())
        what = f"jobs of it could not be deleted: {ids}" if ids else "whether a job of it is left is unknown"
        notices.append(
            f"a submission of {bundle.name} was taken back, and {what}; to try again:  flowpipe-deadline cancel"
            f" {bundle.folder}"
        )
    if record.redo is not None:
        notices.append(_redo_notice(bundle, record.redo))
    home = home_of(bundle)
    if home is not None:
        what = "is a copy of" if home.exists() else "was moved or copied, or is known to the jobs as"
        notices.append(f"{bundle.folder} {what} {home}: that is what they read and write")
    return tuple(notices)


def _redo_notice(bundle: Bundle, redo: RedoRecord) -> str:
    if redo.is_at_work:
        return f"a part of {bundle.name} is being done again this moment{redo.owner}"
    how = "failed, and not all of it could be undone" if redo.is_left else "ended half-way"
    ids = ", ".join((*redo.before, *redo.jobs.values()))
    return (
        f"a redo of a part of {bundle.name} {how}: its jobs {ids} may be held back, or run again; the next"
        f" flowpipe-deadline redo {bundle.folder}  undoes that first"
    )


def check_place(bundle: Bundle) -> None:
    """Makes sure that this is not a copy of the bundle that was submitted.

    Raises:
        SubmissionError: The submitted bundle is elsewhere on this machine.
        RecordError: A plugin info file is missing or damaged.
    """
    home = home_of(bundle)
    if home is not None and home.exists():
        raise SubmissionError(f"{bundle.folder} is a copy of {home}, whose jobs these are; name that one")


def home_of(bundle: Bundle) -> Optional[Path]:
    """The folder that the jobs of the bundle use, if it is not this one.

    It may be this one under a name that it has on another machine.
    """
    home = plugin_entries(bundle, bundle.jobs[0]).get("Bundle", "")
    if not home or home == str(bundle.folder):
        return None
    try:
        return None if os.path.samefile(home, bundle.folder) else Path(home)
    except OSError:
        return Path(home)
