"""Deleting bundles that nobody needs any more, with their results: which go, which cannot, and why.

A bundle is renamed before it is deleted, so a deletion that is interrupted leaves nothing that looks like one; the next
cleaning deletes the rest. Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sqlite3
import stat
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Sequence

from ..bundle.job_files import plugin_entries
from ..core.bundle import ERRORS, FILES, OFFLINE, RESULTS, STORE, TEMPLATE, AnyPath, Bundle, read_bundle, with_job_names
from ..core.errors import BundleError, FlowpipeDeadlineError, UsageError, words_of
from ..core.files import RecordError, is_file, is_there
from ..core.locks import clock_of
from ..core.names import beginning_of, last_part
from ..core.rights import user_name
from ..core.text import listing
from ..deadline.client import COMPLETED, UNKNOWN, DeadlineClient
from ..results.counts import ResultCounts
from ..results.store import open_store
from ..submit.ownership import record_lock
from ..submit.record import SUBMITTED, SubmissionRecord, read_submission
from .root import Found, at_once, full_path, is_link, read_folder, read_root
from .run_lock import is_being_run, run_lock

_REST = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.deleted")
"""What a bundle is called while it is being deleted."""
_REPARSE_POINT = 0x400  # As Windows marks junctions.
_NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
OpenClient = Callable[[], DeadlineClient]


@dataclass(frozen=True)
class Removal:
    """A bundle that is deleted, or will be."""

    folder: Path
    size: int
    """The bytes that it takes on disk."""
    files: int

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.name


@dataclass(frozen=True)
class Refusal:
    """A bundle that is not deleted."""

    folder: Path
    reason: str


@dataclass(frozen=True)
class Cleaning:
    """What is deleted and what is not."""

    removed: tuple[Removal, ...] = ()
    rest: tuple[Removal, ...] = ()
    """What is left of bundles whose deletion was interrupted, or that could not be deleted to the end."""
    refused: tuple[Refusal, ...] = ()
    notices: tuple[str, ...] = ()
    """What else people should know, a sentence each."""

    @property
    def size(self) -> int:
        """The bytes that all of it takes on disk."""
        return sum(one.size for one in (*self.removed, *self.rest))


@dataclass(frozen=True)
class CleaningChoice:
    """Which bundles go: those for which everything holds that is given here."""

    everyone: bool = False
    """Whether those of all users go; else only this user's."""
    older_than: float | None = None
    """Seconds in which nothing was written to them."""
    keep: int | None = None
    """How many stay of each graph of each user, the newest ones."""


def plan_cleaning(
    root: AnyPath,
    open_client: OpenClient,
    *,
    choice: CleaningChoice = CleaningChoice(),
    bundles: Sequence[Bundle] | None = None,
) -> Cleaning:
    """What ``clean`` would delete below the root, or of these ``bundles``, and what it would not; nothing is changed.

    Refused is what jobs still need: jobs on record, of the same batch, or with that bundle in their plugin info, which
    Deadline lists and which are not complete. So is what is being submitted, is half submitted, or is being run on this
    machine; what was submitted where Deadline cannot be asked; what this user may not delete; what is damaged; links;
    and, unless it is named, what was exported for another farm, and has not all results of its last nodes.

    Raises:
        UsageError: Nothing says which bundles are to go; or the root does not exist, or cannot be read.
    """
    if bundles is None and choice.older_than is None and choice.keep is None:
        raise UsageError("which bundles are to go? Name them, or give --older-than, or --keep")
    if (choice.keep or 0) < 0 or (choice.older_than or 0.0) < 0:
        raise UsageError("neither the age of bundles nor the number of those that stay can be negative")
    rest: Sequence[Path] = ()
    if bundles is None:
        below = full_path(root)
        chosen, rest = _chosen(below, choice), _find_rest(below, everyone=choice.everyone)
    else:
        folders = dict.fromkeys(bundle.folder for bundle in bundles)
        chosen = [found for found in map(read_folder, folders) if found is not None]
    farm = _Farm(chosen, open_client, fresh_seconds=0.0)
    farm.ask()
    looks = at_once(lambda found: _look(found, farm, is_named=bundles is not None), chosen)
    return Cleaning(
        removed=tuple(look for look in looks if isinstance(look, Removal)),
        rest=tuple(Removal(folder, *_measure(folder)[:2]) for folder in rest),
        refused=tuple(look for look in looks if isinstance(look, Refusal)),
    )


def clean(
    plan: Cleaning,
    open_client: OpenClient,
    *,
    on_removed: Callable[[Removal], None] | None = None,
    fresh_seconds: float = 10.0,
) -> Cleaning:
    """Deletes what the plan says, unless something needs it by now; returns what was deleted and what was not.

    Deadline is asked again, also after each ``fresh_seconds``: a job may have been requeued meanwhile. ``on_removed``
    gets each bundle that is gone.
    """
    removed: list[Removal] = []
    rest: list[Removal] = []
    refused, notices = list(plan.refused), list(plan.notices)

    def finish(removal: Removal, aside: Path) -> None:
        try:
            note = _forget_results(aside)
            _delete(aside)
        except (FlowpipeDeadlineError, OSError) as error:
            if os.path.lexists(str(aside)):  # Otherwise somebody else has deleted it.
                rest.append(Removal(aside, removal.size, removal.files))
                reason = f"{getattr(error, 'filename', None) or aside}: {words_of(error)}"
                notices.append(f"{aside} could not be deleted to the end; the next cleaning tries again: {reason}")
        else:
            removed.append(removal)
            notices.extend([note] if note else [])
            if on_removed is not None:
                on_removed(removal)

    for removal in plan.rest:
        finish(removal, removal.folder)
    sizes = {removal.folder: removal for removal in plan.removed}
    found = [one for one in map(read_folder, sizes) if one is not None]
    farm = _Farm(found, open_client, fresh_seconds=fresh_seconds)
    for one in found:
        try:
            aside = _take_away(one, farm)
        except (FlowpipeDeadlineError, OSError, sqlite3.Error) as error:
            if os.path.lexists(str(one.folder)):  # As above.
                refused.append(Refusal(one.folder, words_of(error)))
        else:
            finish(sizes[one.folder], aside)
    return Cleaning(tuple(removed), tuple(rest), tuple(refused), tuple(notices))


def _chosen(root: Path, choice: CleaningChoice) -> list[Found]:
    """The bundles that may go, the newest first."""
    me = user_name()
    found = [one for one in read_root(root) if choice.everyone or one.is_of(me)]
    if choice.keep is not None:
        newer: Counter[tuple[str, str]] = Counter()
        found, all_found = [], found
        for one in all_found:
            of = one.graph, (one.user or "").lower()
            found += [one] if newer[of] >= choice.keep else []
            newer[of] += 1
    if choice.older_than is not None and found:
        last = clock_of(root) - choice.older_than
        found = [one for one in found if one.made < last]
        found = [one for one, written in zip(found, at_once(_last_written, found)) if written < last]
    return found


def _last_written(found: Found) -> float:
    """When something was last made or replaced in the bundle, by the clock of its file system."""
    folder, times = str(found.folder), [found.made]
    with contextlib.suppress(OSError):  # What cannot be read is refused later.
        times += [os.stat(folder).st_mtime, *(entry.stat().st_mtime for entry in os.scandir(folder))]
        for part in (RESULTS, ERRORS, OFFLINE):
            times += [entry.stat().st_mtime for entry in _entries(os.path.join(folder, part)) if entry.is_dir()]
    return max(times)


def _find_rest(root: Path, *, everyone: bool) -> list[Path]:
    """What earlier cleanings have renamed, and not deleted to the end."""
    mine = os.geteuid() if hasattr(os, "geteuid") and not everyone else None
    found = [entry for entry in _entries(str(root)) if _REST.fullmatch(entry.name) and not _is_link_or_file(entry)]
    return [root / entry.name for entry in found if mine in (None, entry.stat(follow_symlinks=False).st_uid)]


class _Farm:
    """The jobs in Deadline that need bundles."""

    def __init__(self, found: Sequence[Found], open_client: OpenClient, *, fresh_seconds: float) -> None:
        self._fresh_seconds = fresh_seconds
        self._bundles: dict[str, set[Path]] = {}
        """The folders by the names of their submissions, as ``_told_by`` has them."""
        self._jobs: dict[str, set[Path]] = {}
        """The folders by the jobs that they have on record."""
        self._records: dict[Path, tuple[SubmissionRecord, Bundle | None]] = {}
        for one in found:
            planned = one.bundle.manifest.get("submission") if one.bundle is not None else None  # It may be renamed.
            for name in {one.folder.name, str(planned or one.folder.name)}:
                self._bundles.setdefault(_told_by(name), set()).add(one.folder)
            with contextlib.suppress(RecordError, OSError):  # That is a reason to refuse it.
                record = read_submission(one.folder)
                if record is not None:
                    self._records[one.folder] = record, one.bundle
                for job_id in record.all_ids if record is not None else ():
                    self._jobs.setdefault(job_id, set()).add(one.folder)
        self._open_client = open_client
        self._needed: dict[Path, dict[str, str]] = {}
        """By folder, the states of the jobs that are not complete, by ID."""
        self._error = ""
        self._asked = -fresh_seconds

    def ask(self) -> None:
        """Asks Deadline, unless it was asked just now; once for all jobs."""
        if not self._bundles or time.monotonic() - self._asked < self._fresh_seconds:
            return
        self._needed, self._error = {}, ""
        try:
            self._ask(self._open_client())
        except FlowpipeDeadlineError as error:
            self._error = str(error)
        self._asked = time.monotonic()

    def _ask(self, client: DeadlineClient) -> None:
        folders = {job_id: set(some) for job_id, some in self._jobs.items()}
        for job_id, (place, _) in client.find_bundle_jobs().items():
            # By its name alone: the path may be one of another system, and names are distinct.
            folders.setdefault(job_id, set()).update(self._bundles.get(_told_by(last_part(place)), ()))
        job_ids = [job_id for job_id, some in folders.items() if some]
        details, untold = client.read_listed(job_ids)
        states = dict.fromkeys(untold, UNKNOWN)
        for job_id, job in details.items():
            states[job_id] = job.status
            folders[job_id].update(self._bundles.get(_told_by(job.batch_name or ""), ()))
        for job_id, status in states.items():
            for folder in folders[job_id] if status != COMPLETED else ():
                self._needed.setdefault(folder, {})[job_id] = status

    def refuse_needed(self, folder: Path, *, is_submitted: bool) -> None:
        """Raises a BundleError if the bundle may still be needed."""
        states = self._needed.get(folder, {})
        if states:
            counts = ", ".join(f"{count} {status.lower()}" for status, count in Counter(states.values()).items())
            which = f"jobs of it are not complete: {counts} ({self._named(folder, list(states))})"
            raise BundleError(f"{which}; cancel it, or delete them in the Monitor")
        if self._error and is_submitted:
            raise BundleError(f"it was submitted, and whether jobs need it is unknown: {self._error}")

    def _named(self, folder: Path, job_ids: Sequence[str]) -> str:
        """Jobs in a message, by their nodes where they are on record."""
        if folder not in self._records:
            return listing(job_ids)
        record, bundle = self._records[folder]
        names = [with_job_names(job_id, record.jobs, bundle, earlier=record.earlier) for job_id in job_ids[:3]]
        return listing([*names, *job_ids[3:]])


def _look(found: Found, farm: _Farm, *, is_named: bool) -> Removal | Refusal:
    """Whether the bundle can go."""
    folder = found.folder
    try:
        _refuse_needed(found, farm)
        if is_being_run(folder):
            raise BundleError("it is being run on this machine")
        if found.bundle is not None and not is_named and is_file(folder / TEMPLATE):
            counts = ResultCounts(found.bundle)
            if not all(counts.has_all(job.key) for job in found.bundle.jobs if job.is_last):
                raise BundleError(
                    "it is exported, and a farm that cannot be asked may still need it; name it to delete it"
                )
        size, files, obstacle = _measure(folder)
        if obstacle:
            raise BundleError(obstacle)
        if found.bundle is not None and found.bundle.store != FILES:
            open_store(folder).chunk_names(found.bundle.jobs[0].key)  # Which fails where it cannot be reached.
    except (FlowpipeDeadlineError, OSError) as error:
        return Refusal(folder, words_of(error))
    return Removal(folder, size, files)


def _refuse_needed(found: Found, farm: _Farm) -> None:
    """Makes sure that the bundle need not stay as it is.

    Raises:
        BundleError: It has to, and why.
        RecordError: Its record is damaged.
    """
    folder = found.folder
    if is_link(folder):
        raise BundleError(f"it is a link to {os.path.realpath(str(folder))}; delete that one, or the link by hand")
    if found.bundle is None:
        raise BundleError(f"nobody can tell what needs it, so delete it by hand: {found.error}")
    record = read_submission(folder)
    if record is not None and record.is_at_work:
        raise BundleError(f"it is being submitted this moment{record.submitter}")
    if record is not None and record.state != SUBMITTED:
        raise BundleError(f"a submission of it ended half-way; to undo that:  flowpipe-deadline cancel {folder}")
    if record is not None and record.redo is not None:
        how = "is under way" if record.redo.is_at_work else "ended half-way, and the next one undoes it"
        raise BundleError(f"a redo of it {how}{record.redo.owner}")
    farm.refuse_needed(folder, is_submitted=record is not None)


def _measure(folder: Path) -> tuple[int, int, str]:
    """The bytes on disk, the number of files, and what keeps this user from deleting it, if anything does."""
    size, files, waiting, obstacle = 0, 0, [str(folder)], _obstacle(folder)
    while waiting:
        inside = waiting.pop()
        if not _may_change(inside):
            obstacle = obstacle or f"the user {user_name()} may not change {inside}"
        with contextlib.suppress(OSError):  # What cannot be read cannot be changed.
            for entry in _entries(inside):
                found = entry.stat(follow_symlinks=False)
                size += getattr(found, "st_blocks", 0) * 512 or found.st_size
                if not _is_link_or_file(entry):
                    waiting.append(entry.path)
                elif entry.is_dir(follow_symlinks=False) and sys.version_info < (3, 8):
                    obstacle = obstacle or f"{entry.path} is a junction, which this Python would empty"
                files += not entry.is_dir(follow_symlinks=False)
    return size, files, obstacle


def _obstacle(folder: Path) -> str:
    """What keeps this user from renaming the folder, if anything does."""
    root, owner = os.stat(str(folder.parent)), os.stat(str(folder)).st_uid
    if not _may_change(str(folder.parent)):
        return f"the user {user_name()} may not change {folder.parent}"
    if root.st_mode & stat.S_ISVTX and hasattr(os, "geteuid") and os.geteuid() not in (0, root.st_uid, owner):
        return f"it is of {user_name(owner)}, and in {folder.parent} each may only delete what is their own"
    return ""


def _may_change(folder: str) -> bool:
    """Whether this user may make and delete something in it, as far as the system tells."""
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _take_away(found: Found, farm: _Farm) -> Path:
    """Renames the bundle, and gives its new place, unless something needs it by now.

    Raises:
        FileNotFoundError: It is gone.
        BundleError: Something needs it, or it is being run.
        SubmissionError: Another process holds its record for long.
        OSError, sqlite3.Error: It cannot be changed.
    """
    folder = found.folder
    aside = folder.with_name(f".{folder.name}.{os.urandom(4).hex()}.deleted")
    farm.ask()
    with contextlib.ExitStack() as locks:
        try:
            locks.enter_context(record_lock(folder))
            running = locks.enter_context(contextlib.ExitStack())
            running.enter_context(run_lock(folder))
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise
            # Nothing can begin on a full disk, which somebody may be cleaning for that reason.
            if is_being_run(folder):
                raise BundleError(f"{folder} is being run") from error
        else:
            if os.name == "nt":  # It renames no folder with an open file, not even ours; nor that of a run.
                running.close()
        _refuse_needed(found, farm)
        os.rename(str(folder), str(aside))
    return aside


def _forget_results(aside: Path) -> str:
    """Deletes the bundle's results in Redis, if it has any; returns what is odd about that.

    Raises:
        StoreError: The store cannot be reached.
        OSError: The bundle cannot be changed.
    """
    if not is_there(aside / STORE):
        return ""
    match, home, note = _REST.fullmatch(aside.name), "", ""
    with contextlib.suppress(RecordError):
        bundle = read_bundle(aside)
        home = plugin_entries(bundle, bundle.jobs[0]).get("Bundle", "")
    try:
        is_here = os.path.samefile(os.path.dirname(home), str(aside.parent))
    except OSError:
        is_here = False
    if is_here and match is not None and last_part(home) == match["name"]:
        open_store(aside).delete_all()
    else:  # Those of a copy are not its own.
        note = f"results of {aside.name} in Redis stay until they expire: it was written as {home or 'nobody knows'}"
    (aside / STORE).unlink()  # Now the other files may be deleted in any order.
    return note


def _delete(folder: Path) -> None:
    """Deletes the folder, as much of it as can be.

    Raises:
        OSError: Why not all of it is gone.
    """
    shutil.rmtree(str(folder), ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(str(folder))


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """What is in the folder; nothing if it does not exist."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _is_link_or_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is not a folder of its own: a link is not, nor is a junction of Windows."""
    if entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
        return True
    return bool(getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0) & _REPARSE_POINT)


def _told_by(name: str) -> str:
    """What tells a submission from others in its name, and in that of its batch: the time and the digits, if any."""
    return name[len(beginning_of(name)) :].lower() or name.lower()
