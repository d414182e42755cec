"""A bundle on disk: its parts, and how they are read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Iterable, Mapping, Union

from .errors import UsageError
from .files import DamagedRecordError, RecordError, is_file, is_there, read_record
from .frames import FrameList, FrameListError, real_frames
from .notebook import Shown
from .text import counted, one_line

FORMAT = 1
MANIFEST = "manifest.json"
NODES = "nodes"
JOBS = "jobs"
RESULTS = "results"
ERRORS = "errors"
EDITS = "edits"
"""The folder with what has been changed of the nodes' inputs since they were planned."""
SUBMISSION = "submission.json"
STORE = "store.json"
OFFLINE = "offline"
"""The folder of the offline farm: its repository, its logs, and the lock of a run."""
CODE = "code"
"""The folder with the code that a bundle brings along. Files in there are told by their path in the bundle."""
TEMPLATE = "template.yaml"
"""What farms that take Open Job Description are given, in a bundle that was exported for them."""
FILES = "files"
"""The store of bundles that keep their results themselves."""
_RECORD_KEYS = ("name", "graph", "class", "function", "attributes", "metadata", "inputs", "outputs", "batch")
_NOT_BATCHED = "none"
_FRAMES = "frames"
_LONGEST_LABEL = 80
_LONE_ID = re.compile(r"(?<![\w(])[0-9a-f]{24}(?!\w)")  # Of a job, not behind a name already.

AnyPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class BundleNode:
    """A node as the manifest lists it: omitted, unless it is a ``BundleJob``."""

    key: str
    """Its name within the bundle: safe as a file name, and distinct."""
    node: str
    graph: str

    @property
    def label(self) -> str:
        """``graph.node``, as people call it; not unique where graphs share a name."""
        return f"{self.graph}.{self.node}"


@dataclass(frozen=True)
class BundleJob(BundleNode):
    """A planned job as the manifest lists it.

    Raises:
        FrameListError: By ``chunks`` and ``task_count``: the manifest is damaged.
    """

    interpreter: str
    """Empty where an earlier version did not write it."""
    frame_mode: str
    """``frames``, ``items`` or ``none``."""
    frames: str | None
    """The frame list; None for a job that is not batched."""
    chunk_size: int
    depends_on: tuple[str, ...]
    """The keys of the jobs that it waits for."""
    is_frame_dependent: bool
    """Whether its tasks are released one by one."""
    is_last: bool
    """Whether no other job waits for it."""
    file: str
    """The name that its files share, without their endings."""
    item_frames: str | None = None
    """The frames that its item numbers stand for; None if its tasks have frames, or its items are something else."""

    @property
    def is_batched(self) -> bool:
        """Whether its tasks have frames."""
        return self.frame_mode != _NOT_BATCHED

    @property
    def chunks(self) -> tuple[FrameList | None, ...]:
        """The frames of each task; None for the one of a job that is not batched."""
        return (None,) if self.frames is None else FrameList.parse(self.frames).chunks(size=self.chunk_size)

    @property
    def task_frames(self) -> tuple[str | None, ...]:
        """The same as texts."""
        return tuple(None if chunk is None else str(chunk) for chunk in self.chunks)

    @property
    def task_count(self) -> int:
        """How many tasks Deadline makes of it."""
        return 1 if self.frames is None else FrameList.parse(self.frames).chunk_count(self.chunk_size)

    def real_frames(self, chunk: str | None) -> str | None:
        """The frames that a task is about, by its frame list in Deadline; None for one that is about none.

        Those are the same, or what its item numbers stand for.
        """
        if chunk is None or (self.item_frames is None and self.frame_mode != _FRAMES):
            return None
        items = None if self.item_frames is None else FrameList.parse(self.item_frames)
        try:
            real = real_frames(FrameList.parse(chunk), items)
        except FrameListError:
            return None
        return None if real is None else str(real)

    def shown_frames(self, chunk: str | None) -> str:
        """A task for people, by its frame list in Deadline: ``1-10``, or ``0-9 (frames 1001-1091x10)``, or nothing."""
        if chunk is None or not self.is_batched:
            return ""
        real = None if self.item_frames is None else self.real_frames(chunk)
        return chunk if real is None else f"{chunk} (frames {real})"

    def to_json(self) -> dict[str, Any]:
        """The job's entry in the manifest."""
        entry = {field.name.replace("is_", ""): getattr(self, field.name) for field in fields(self)}
        if self.item_frames is None:
            del entry["item_frames"]
        return {**entry, "depends_on": list(self.depends_on)}


@dataclass(frozen=True, repr=False)
class Bundle(Shown):
    """A submission on disk; ``os.fspath`` gives its folder."""

    folder: Path
    graph: str
    """The name of the graph that was planned."""
    created: str | None
    """When it was planned, as ISO 8601; None where an earlier version did not write it."""
    user: str | None
    """Who wrote it; None where an earlier version did not say it."""
    store: str
    """Where the results are kept: ``files``, or the URL of a Redis server."""
    jobs: tuple[BundleJob, ...]
    """The planned jobs, upstream first."""
    omitted: tuple[BundleNode, ...]
    """The nodes without a job."""
    manifest: Mapping[str, Any]
    """The manifest itself, for a copy of the bundle."""
    _by_key: dict[str, BundleJob] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return f"<Bundle of {counted(len(self.jobs), 'job')} in {str(self.folder)!r}>"

    @property
    def name(self) -> str:
        """The submission's name: graph, time, and eight digits that make it distinct."""
        return self.folder.name

    @property
    def nodes(self) -> tuple[BundleNode, ...]:
        """The jobs, upstream first, then the omitted nodes."""
        return (*self.jobs, *self.omitted)

    def job(self, key: str) -> BundleJob:
        """The job of that node.

        Raises:
            KeyError: There is none.
        """
        if not self._by_key:
            self._by_key.update({job.key: job for job in self.jobs})
        return self._by_key[key]

    def job_files(self, job: BundleJob) -> tuple[Path, Path]:
        """Job info file and plugin info file of one of these jobs."""
        stem = self.folder / JOBS / job.file
        return stem.with_name(f"{stem.name}.job"), stem.with_name(f"{stem.name}.plugin")


def read_bundle(folder: AnyPath) -> Bundle:
    """The bundle in that folder.

    Raises:
        RecordError: The folder is not a bundle, or its manifest is damaged or from a newer version.
    """
    path = Path(folder).expanduser().absolute()
    if not is_file(path / MANIFEST):
        what = f"has no {MANIFEST}" if is_there(path) else "does not exist"
        raise RecordError(f"{path} is not a bundle: it {what}; 'flowpipe-deadline list' shows yours")
    return parse_manifest(read_record(path / MANIFEST, version=FORMAT, keys=("name", "jobs", "omitted")), folder=path)


def parse_manifest(manifest: Mapping[str, Any], *, folder: Path) -> Bundle:
    """The bundle with that manifest in that folder.

    Raises:
        RecordError: An entry of the manifest is damaged.
    """
    path = folder / MANIFEST
    jobs, omitted = manifest["jobs"], manifest["omitted"]
    if not isinstance(jobs, list) or not isinstance(omitted, list) or not jobs:
        raise DamagedRecordError(path, "it lists no jobs")
    try:
        bundle = Bundle(
            folder=folder,
            graph=str(manifest["name"]),
            created=manifest.get("created"),
            user=str(manifest["user"]) if manifest.get("user") else None,
            store=str(manifest.get("store", FILES)),
            jobs=tuple(map(_parse_job, jobs)),
            omitted=tuple(BundleNode(**_texts(entry, "key", "node", "graph")) for entry in omitted),
            manifest=manifest,
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise DamagedRecordError(path, error) from error
    if len({node.key for node in bundle.nodes}) < len(bundle.nodes):
        raise DamagedRecordError(path, "a node is listed twice")
    return bundle


def _parse_job(entry: Mapping[str, Any]) -> BundleJob:
    """The job of a manifest's entry; earlier versions did not write all keys."""
    depends_on, chunk_size = entry.get("depends_on"), entry.get("chunk_size")
    if not isinstance(depends_on, list) or type(chunk_size) is not int or chunk_size < 1:
        raise ValueError(f"a job depends on {depends_on!r} and has the chunk size {chunk_size!r}")
    return BundleJob(
        **_texts({"interpreter": "", **entry}, "key", "node", "graph", "interpreter", "frame_mode", "file"),
        frames=None if entry.get("frame_mode") == _NOT_BATCHED else _texts(entry, "frames")["frames"],
        chunk_size=chunk_size,
        depends_on=tuple(map(str, depends_on)),
        is_frame_dependent=bool(entry.get("frame_dependent")),
        is_last=bool(entry.get("last")),
        item_frames=_texts(entry, "item_frames")["item_frames"] if entry.get("item_frames") else None,
    )


def _texts(entry: Mapping[str, Any], *keys: str) -> dict[str, str]:
    """These values of an entry; raises ValueError if one is missing or not a text."""
    for key in keys:
        if not isinstance(entry.get(key), str):
            raise ValueError(f"a node has the {key} {entry.get(key)!r}, which is not a text")
    return {key: entry[key] for key in keys}


def read_node(bundle: Path, key: str) -> dict[str, Any]:
    """The record of one node.

    Raises:
        RecordError: There is no such node in the bundle, or its record is damaged or from a newer version.
    """
    return read_record(bundle / NODES / f"{key}.json", version=FORMAT, keys=_RECORD_KEYS)


def node_labels(bundle: Bundle) -> dict[str, str]:
    """``graph.node`` by key, of all nodes; if several have the same label, followed by the key."""
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for node in bundle.nodes:
        labels[node.key] = f"{node.label} ({node.key})" if node.label in seen else node.label
        seen.add(node.label)
    return labels


def job_labels(jobs: Iterable[BundleNode], *, main: str, longest: int = _LONGEST_LABEL) -> dict[str, str]:
    """The names of jobs for people by key: the node's, with its graph's before it unless that is ``main``.

    Of several with the same name, all but the first are followed by their key.
    """
    labels: dict[str, str] = {}
    seen = set()
    for job in jobs:
        name = one_line(job.node if job.graph == main else job.label, longest=longest) or job.key
        while name in seen:
            name = f"{name} ({job.key})"
        seen.add(name)
        labels[job.key] = name
    return labels


def with_job_names(
    text: str,
    ids: Mapping[str, str],
    bundle: Bundle | None = None,
    *,
    earlier: Mapping[str, Iterable[str]] | None = None,
) -> str:
    """A message with the node's name before each job ID that has none; ``ids`` are the known ones by node key.

    >>> with_job_names("lost: 697869786978697869786978, 000000000000000000000000", {"render": "6978" * 6})
    'lost: render (697869786978697869786978), 000000000000000000000000'
    """
    labels = {} if bundle is None else job_labels(bundle.jobs, main=bundle.graph)
    # What is left of an undone submission may be on record without its node.
    known = [*ids.items(), *((key, job_id) for key, some in (earlier or {}).items() for job_id in some)]
    names = {job_id: labels.get(key, key) for key, job_id in known if not key.endswith(job_id)}
    named = {job_id: f"{name} ({job_id})" for job_id, name in names.items()}
    return _LONE_ID.sub(lambda match: named.get(match[0], match[0]), text)


def find_nodes(bundle: Bundle, wanted: str) -> frozenset[str]:
    """The keys of the nodes with that key, name or ``graph.node``.

    Raises:
        UsageError: There is no such node.
    """
    labels = node_labels(bundle)
    found = frozenset(
        node.key for node in bundle.nodes if wanted in (node.key, node.node, labels[node.key], node.label)
    )
    if not found:
        raise UsageError(f"{bundle.folder} has no node '{wanted}'; it has {', '.join(labels.values())[:400]}")
    return found
