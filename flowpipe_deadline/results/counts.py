"""How far a bundle is by its results: for when Deadline does not say it, and for what need not run."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..core.bundle import ERRORS, Bundle, BundleJob, read_node
from ..core.files import RecordError
from ..core.frames import FrameList, without
from .failures import Failure, read_failures, without_later_result
from .stale import BundleResults, Places
from .store import ChunkResult, Store, chunk_name, open_store
from .upstream import sources

_PAUSE = 0.5  # Seconds between two looks for a late result.


class ResultCounts:
    """The planned chunks of a bundle's jobs, and which of them have results; the results are hardly ever read.

    Raises:
        StoreError: By every method: the store of the results cannot be read.
        RecordError: A record of the bundle is damaged.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle.folder
        self._store = open_store(bundle.folder)
        self._jobs = {job.key: job for job in bundle.jobs}
        self._planned: dict[str, dict[str, FrameList | None]] = {}
        self._counted: dict[str, tuple[frozenset[str], int]] = {}

    def frames(self, key: str) -> tuple[str | None, ...]:
        """The frame list of each planned chunk; None for the one of a job that is not batched."""
        return self._jobs[key].task_frames

    def planned(self, key: str) -> int:
        """How many chunks were planned."""
        return len(self._chunks(key))

    def done(self, key: str) -> int:
        """How many of the planned chunks have results."""
        there = self._store.chunk_names(key)
        known, count = self._counted.get(key, (None, 0))
        if there != known:
            count = self._count(key, there)
            self._counted[key] = there, count
        return count

    def has_all(self, key: str) -> bool:
        """Whether all results of the node exist, in whatever state its job is."""
        return self.done(key) == self.planned(key)

    def missing(self, key: str, chunks: Iterable[str | None]) -> frozenset[str | None]:
        """The chunks, of those given by frame list, without a result of their own."""
        there = self._store.chunk_names(key)
        names = {frames: chunk_name(None if frames is None else FrameList.parse(frames)) for frames in chunks}
        return frozenset(frames for frames, name in names.items() if name not in there)

    def failed_nodes(self) -> frozenset[str]:
        """The keys of the nodes in which something was raised at any time."""
        return frozenset(path.name for path in (self._bundle / ERRORS).glob("*"))

    def failures(self, key: str, *, with_results: bool = False) -> tuple[Failure, ...]:
        """The failures of tasks that have not succeeded since, the latest first; or those alone that have a result.

        Such a result is of before; the results are read only if there is one.
        """
        failures = read_failures(self._bundle, key)
        missing = self.missing(key, (failure.frames for failure in failures))
        if any(failure.frames not in missing for failure in failures):
            latest = BundleResults(self._bundle, self._store, skips_damaged=True).latest(key)
            failures = without_later_result(failures, latest)
        return tuple(failure for failure in failures if not (with_results and failure.frames in missing))

    def missing_frames(self, key: str) -> tuple[int, ...]:
        """The planned frames of a batched node without a result, however its job was cut; the results are read."""
        planned = [frame for chunk in self._jobs[key].chunks for frame in chunk or ()]
        if self.has_all(key):
            return ()
        covered = {frame for result in self._store.read(key) for frame in result.frames or ()}
        return tuple(frame for frame in planned if frame not in covered)

    def wait_for(self, keys: Iterable[str], *, seconds: float) -> bool:
        """Whether all results of these nodes exist within that time: network file systems show new files late."""
        missing, deadline = list(keys), time.monotonic() + seconds
        while True:
            missing = [key for key in missing if not self.has_all(key)]
            if not missing or time.monotonic() >= deadline:
                return not missing
            time.sleep(_PAUSE)

    def _chunks(self, key: str) -> dict[str, FrameList | None]:
        if key not in self._planned:
            self._planned[key] = {chunk_name(chunk): chunk for chunk in self._jobs[key].chunks}
        return self._planned[key]

    def _count(self, key: str, there: frozenset[str]) -> int:
        chunks = self._chunks(key)
        done = chunks.keys() & there
        if there <= chunks.keys() or len(done) == len(chunks):
            return len(done)
        # The job was cut differently in the Monitor: only the results say which frames they have.
        try:
            results = self._store.read(key)
        except RecordError:
            return len(done)
        covered = {frame for result in results for frame in result.frames or ()}
        return sum(name in done or (chunk is not None and covered.issuperset(chunk)) for name, chunk in chunks.items())


class BundleTasks:
    """The tasks of a bundle's jobs, as its results tell: as planned, but where the Monitor has cut a job anew.

    Raises:
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """

    def __init__(self, bundle: Bundle, results: BundleResults, *, keys: Collection[str] | None = None) -> None:
        """Of the jobs with these ``keys`` alone, if they are given; all that is made from them must be among them."""
        self._results = results
        self._added: dict[str, set[int]] = {}
        for job in reversed(bundle.jobs):
            if keys is not None and job.key not in keys:
                continue
            planned = {place for chunk in job.chunks for place in chunk or (None,)}
            added = self._added.setdefault(job.key, set())
            added |= {place for place in results.latest(job.key) if place is not None and place not in planned}
            for source, _, _ in sources(read_node(bundle.folder, job.key)):
                if source["by_frame"]:
                    self._added.setdefault(source["node"], set()).update(added)

    def chunks(self, job: BundleJob) -> tuple[FrameList | None, ...]:
        """The frames of each task, planned or added; None for the one of a job that is not batched."""
        added = self.added(job)
        return (*without(filter(None, job.chunks), added), *added) or (None,)

    def added(self, job: BundleJob) -> tuple[FrameList, ...]:
        """The chunks that were not planned: the planned ones do not have their frames.

        That is how the Monitor has cut the job, where all frames of a result count, and each other frame that was
        added there; also those that have no result any more, but what is made from them, frame by frame, has one.
        """
        latest = self._results.latest(job.key)
        results = {id(result): result for result in latest.values()}.values()
        whole = {one.frames for one in results if all(latest.get(frame) is one for frame in one.frames or ())}
        cut = [frames for frames in whole.difference(job.chunks) if frames is not None]
        single = self._added[job.key].difference(*cut)
        return tuple(sorted([*cut, *(FrameList([frame]) for frame in single)]))


class Finished:
    """The tasks of a bundle that need no other run: they have a result, and so has everything they were made from.

    A task that failed when it was made again needs one.

    The results of each node are read once.
    """

    def __init__(self, bundle: Bundle, store: Store) -> None:
        """Damaged results are set aside, and count as missing."""
        self._bundle = bundle
        self.results = BundleResults(bundle.folder, store)
        """What is there."""
        self._open: dict[str, frozenset[int | None]] = {}
        for job in bundle.jobs:
            try:
                self.results.latest(job.key)
            except RecordError:
                store.set_damaged_aside(job.key)
        self.tasks = BundleTasks(bundle, self.results)
        """How the jobs are cut."""

    def chunks(self, job: BundleJob) -> frozenset[str | None]:
        """The frame lists of the job's finished chunks, planned or added; None for the task of one that is not batched.

        Call this for all jobs in order, upstream first.

        Raises:
            RecordError: A record or a result is damaged.
        """
        latest = self.results.latest(job.key)
        wrong = self.results.stale(job.key) | self._failed(job.key, latest)
        record = read_node(self._bundle.folder, job.key)
        done = set()
        still_open: set[int | None] = set()
        for chunk in self.tasks.chunks(job):
            places = frozenset(chunk or (None,))
            parts = {id(latest[place]): latest[place] for place in places if place in latest}.values()
            # A result of which only a part counts is evaluated again, as not all outputs can be divided.
            covered = {place for part in parts for place in part.frames or (None,)}
            if covered == places and wrong.isdisjoint(places) and self._has_its_inputs(record, places):
                done.add(None if chunk is None else str(chunk))
            else:
                still_open |= places
        self._open[job.key] = frozenset(still_open)
        return frozenset(done)

    def _failed(self, key: str, latest: Mapping[int | None, ChunkResult]) -> Places:
        """The places of tasks that failed when they were last made again: their results are of before."""
        failures = without_later_result(read_failures(self._bundle.folder, key), latest)
        return frozenset(place for failure in failures for place in failure.places)

    def _has_its_inputs(self, record: Mapping[str, Any], places: Places) -> bool:
        """Whether everything upstream that these frames are made from is finished."""
        for source, _, _ in sources(record):
            still_open = self._open[source["node"]]
            if still_open and not (source["by_frame"] and still_open.isdisjoint(places)):
                return False
        return True
