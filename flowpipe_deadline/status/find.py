"""The bundle that is meant: by its folder, the name of its submission, or the ID of one of its jobs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ..core.bundle import MANIFEST, SUBMISSION, AnyPath, Bundle, read_bundle
from ..core.errors import FlowpipeDeadlineError, UsageError
from ..core.files import RecordError, is_file
from ..core.names import beginning_of, is_same_batch, last_part, safe_name
from ..core.rights import user_name
from ..core.text import listing
from ..deadline.client import DeadlineClient
from ..planning.transliteration import spelt_in_ascii
from ..settings.kinds import suggestion
from ..studio.connect import studio_client
from ..studio.file import known_root
from ..submit.record import IDS
from ..submit.redo_record import REDO, REDO_IDS
from .notices import home_of
from .root import NAME, at_once, list_folders, read_folder

_JOB_ID = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)
_SPELT = re.compile(r"[A-Za-z0-9_-]+")
_MOST_NAMES = 10


def find_bundle(
    name: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    root: AnyPath | None = None,
) -> Bundle:
    """The bundle in that folder, of the submission of that name, or of the job with that ID.

    A name is that of a folder below the root, of a batch in the Monitor, or of a graph, or what only one of them begins
    with; of several, that of this user's.
    Without a root, it is the one that FLOWPIPE_DEADLINE_ROOT or the studio file names. Deadline is asked for a job
    that no bundle below the root has on record, such as one that was resubmitted in the Monitor.

    Raises:
        UsageError: There is no such bundle, or several begin with that name; or the root cannot be read.
        RecordError: The bundle is damaged.
        SubmissionError: Deadline cannot be asked for the job, or does not know it.
        StudioFileError, PreflightError: As ``load_studio_file``.
    """
    text = os.fspath(name)
    folder = Path(text).expanduser()
    if is_file(folder / MANIFEST) or _is_path(text):
        return read_bundle(folder)
    if _JOB_ID.fullmatch(text):
        return _with_job(text.lower(), open_client, known_root(root))
    return _named(text, known_root(root))


def find_names(beginning: str, *, root: AnyPath | None = None) -> tuple[str, ...]:
    """The names of the folders below the root that begin so, the newest first; none if the root cannot be read."""
    try:
        names = [folder.name for folder in list_folders(known_root(root))]
    except FlowpipeDeadlineError:
        return ()
    return _newest_first(name for name in names if NAME.fullmatch(name) and _begins(name, beginning))


def _named(text: str, root: Path) -> Bundle:
    if is_file(root / text / MANIFEST):
        return read_bundle(root / text)
    try:
        names = [folder.name for folder in list_folders(root)]
    except UsageError:
        names = []
    dated = [name for name in names if NAME.fullmatch(name)]
    spelt = text if _SPELT.fullmatch(text) else safe_name(spelt_in_ascii(text))
    begun = (
        [name for name in dated if is_same_batch(text, name)]
        or [name for name in dated if beginning_of(name) == spelt]
        or [name for name in dated if _begins(name, spelt)]
    )
    if len(begun) > 1:
        found = filter(None, at_once(read_folder, [root / name for name in begun]))
        begun = [one.folder.name for one in found if one.is_of(user_name())] or begun
    if len(begun) == 1:
        return read_bundle(root / begun[0])
    if begun:
        listed = listing(_newest_first(begun), most=_MOST_NAMES)
        raise UsageError(f"{len(begun)} submissions below {root} begin with '{text}'; the newest first: {listed}")
    if Path(text).is_dir():
        return read_bundle(text)  # Which says that it is not one.
    hint = suggestion(text, names, otherwise="'flowpipe-deadline list' shows what there is.")
    raise UsageError(f"'{text}' is not a bundle's folder, a job ID, or the name of a submission below {root}. {hint}")


def _with_job(job_id: str, open_client: Callable[[], DeadlineClient], root: Path) -> Bundle:
    try:
        folders = list_folders(root)
    except UsageError:
        folders = ()
    has_it = at_once(lambda folder: _has_on_record(folder, job_id), folders)
    recorded = [folder for folder, has in zip(folders, has_it) if has]
    if recorded:
        bundles = [read_bundle(folder) for folder in recorded]
        return next(filter(_is_at_home, bundles), bundles[0])
    client = open_client()
    place = client.read_plugin_info(job_id).get("Bundle", "")
    if not place:
        raise UsageError(f"job {job_id} is not one of a bundle: it is of another plugin")
    here = Path(client.map_path(place))
    beside = root / last_part(place)
    return read_bundle(beside if not is_file(here / MANIFEST) and is_file(beside / MANIFEST) else here)


def _has_on_record(folder: Path, job_id: str) -> bool:
    """Whether the bundle was submitted with that job; the record is only searched, as there may be thousands."""
    for name in (SUBMISSION, IDS, REDO, REDO_IDS):
        with suppress(OSError):
            if job_id.encode("ascii") in (folder / name).read_bytes().lower():
                return True
    return False


def _is_at_home(bundle: Bundle) -> bool:
    """Whether this is the bundle itself, and not a copy, which has the same record."""
    try:
        return home_of(bundle) is None
    except RecordError:
        return False


def _is_path(text: str) -> bool:
    return text in (".", "..") or text.startswith("~") or any(mark in text for mark in "/\\")


def _begins(name: str, beginning: str) -> bool:
    return name.lower().startswith(beginning.lower())


def _newest_first(names: Iterable[str]) -> tuple[str, ...]:
    """Names of submissions, by the time in them."""
    return tuple(sorted(names, key=lambda name: NAME.sub(r"\g<time>", name), reverse=True))
