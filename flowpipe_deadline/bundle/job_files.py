"""Makes the job files that Deadline is given from the planned ones.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePath
from typing import Mapping

from ..core.bundle import MANIFEST, Bundle, BundleJob
from ..core.errors import words_of
from ..core.files import RESTORE, DamagedRecordError, RecordError
from ..core.names import batch_name_of
from ..core.rights import describe, user_name
from .info_format import InfoFileError, decode_info, parse_entries

DEPENDENCIES = "JobDependencies"
INITIAL_STATUS = "InitialStatus"
BATCH_NAME = "BatchName"
EXTRA_INFO = "ExtraInfoKeyValue"
SUBMISSION_KEY = "FlowpipeSubmission"
NODE_KEY = "FlowpipeNode"
PLUGIN_NAME = "Flowpipe"
BUNDLE_KEY = "Bundle"
NODE_INFO_KEY = "Node"
"""In the plugin info."""
FRAMES_KEY = "FlowpipeFrames"
"""The frames of a job whose tasks have item numbers."""


class KeptFromUserError(RecordError):
    """A file of a job that only its owner and the root's group may read."""


def job_entries(bundle: Bundle, job: BundleJob, *, job_ids: Mapping[str, str]) -> dict[str, str]:
    """The job info of one job, its dependencies as job IDs; ``job_ids`` are those submitted so far, by key.

    Raises:
        RecordError: The job info file is missing or damaged, or an upstream job has no ID yet.
    """
    entries = read_entries(bundle.job_files(job)[0])
    entries.pop(DEPENDENCIES, None)
    for key in [key for key in entries if key.lower() == INITIAL_STATUS.lower()]:
        del entries[key]  # Of an earlier submission.
    missing = [key for key in job.depends_on if key not in job_ids]
    if missing:
        raise DamagedRecordError(bundle.folder / MANIFEST, f"{job.key} comes before {missing[0]}, which it waits for")
    if job.depends_on:
        entries[DEPENDENCIES] = ",".join(job_ids[key] for key in job.depends_on)
    return entries


def plugin_entries(bundle: Bundle, job: BundleJob) -> dict[str, str]:
    """The plugin info of one job.

    Raises:
        RecordError: The plugin info file is missing or damaged.
    """
    return read_entries(bundle.job_files(job)[1])


def read_batch_name(bundle: Bundle) -> str:
    """The batch of the bundle's jobs in Deadline, also where its folder has another name by now."""
    with contextlib.suppress(RecordError):
        return job_entries(bundle, bundle.jobs[0], job_ids={}).get(BATCH_NAME) or bundle.name
    return batch_name_of(bundle.graph, bundle.name)


def planned_entries(
    bundle: Bundle, job: BundleJob, *, submission: str, folder: PurePath
) -> tuple[dict[str, str], dict[str, str]]:
    """Job info and plugin info of one job as planned, for another submission with that name in that folder.

    Raises:
        RecordError: A file is missing or damaged.
    """
    keys = {key: key for key in job.depends_on}
    entries = job_entries(bundle, job, job_ids=keys)
    batch, old = batch_name_of(bundle.graph, submission), entries.get(BATCH_NAME, bundle.name)
    for name, value in entries.items():
        if name.startswith(EXTRA_INFO) and value in (f"{SUBMISSION_KEY}={old}", f"{SUBMISSION_KEY}={bundle.name}"):
            entries[name] = f"{SUBMISSION_KEY}={batch}"
    return {**entries, BATCH_NAME: batch}, {**plugin_entries(bundle, job), BUNDLE_KEY: str(folder)}


def read_entries(path: Path) -> dict[str, str]:
    """The entries of a job info or plugin info file.

    Raises:
        RecordError: It is missing or damaged.
    """
    try:
        return dict(parse_entries(decode_info(path.read_bytes())))
    except PermissionError as error:
        raise KeptFromUserError(
            f"{path} cannot be read: it may hold variables, so it is for its owner and group only; this is the user"
            f" {user_name()}, and {path.parent} is of {describe(path.parent)}"
        ) from error
    except (OSError, ValueError, InfoFileError) as error:
        raise RecordError(f"{path} cannot be read: {words_of(error)}; {RESTORE}") from error
