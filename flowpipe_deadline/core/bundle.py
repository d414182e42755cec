"""A bundle as it lies on disk: its parts, and how they are read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple, Union

from .errors import UsageError
from .files import RecordError, read_record

FORMAT = 1
MANIFEST = "manifest.json"
NODES = "nodes"
JOBS = "jobs"
SUBMISSION = "submission.json"
STORE = "store.json"
FILES = "files"
"""The store of bundles that keep their results themselves."""
ROOT_VARIABLE = "FLOWPIPE_DEADLINE_ROOT"
"""Names the folder that gets the bundles."""
_NODE_KEYS = {"key", "node", "graph"}
_JOB_KEYS = {*_NODE_KEYS, "frame_mode", "frames", "chunk_size", "depends_on", "file"}
_RECORD_KEYS = ("name", "graph", "class", "function", "attributes", "metadata", "inputs", "outputs", "batch")

AnyPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Bundle:
    """A submission on disk; ``os.fspath`` gives its folder."""

    folder: Path
    manifest: Mapping[str, Any]

    def __fspath__(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        """The submission's name: graph, time, and eight digits that make it distinct."""
        return self.folder.name

    @property
    def jobs(self) -> Tuple[Mapping[str, Any], ...]:
        """The planned jobs as the manifest lists them, upstream first."""
        return tuple(self.manifest["jobs"])

    def job_files(self, job: Mapping[str, Any]) -> Tuple[Path, Path]:
        """Job info file and plugin info file of one of these jobs."""
        stem = self.folder / JOBS / job["file"]
        return stem.with_name(f"{stem.name}.job"), stem.with_name(f"{stem.name}.plugin")


def read_bundle(folder: AnyPath) -> Bundle:
    """The bundle in that folder.

    Raises:
        RecordError: There is none, or its manifest is damaged.
    """
    path = Path(folder).expanduser().absolute()
    if not (path / MANIFEST).is_file():
        raise RecordError(f"{path} is no bundle: it has no {MANIFEST}")
    return Bundle(folder=path, manifest=read_manifest(path))


def read_manifest(bundle: Path) -> Dict[str, Any]:
    """What was planned: the jobs in order, upstream first.

    Raises:
        RecordError: The folder is no bundle, or its manifest is damaged.
    """
    path = bundle / MANIFEST
    manifest = read_record(path, version=FORMAT, keys=("name", "jobs", "omitted"))
    jobs, omitted = manifest["jobs"], manifest["omitted"]
    if not isinstance(jobs, list) or not isinstance(omitted, list) or not jobs:
        raise RecordError(f"{path} is damaged: it lists no jobs; restore it, or write the bundle again")
    for entry, keys in (*((job, _JOB_KEYS) for job in jobs), *((node, _NODE_KEYS) for node in omitted)):
        if not isinstance(entry, dict) or not keys <= set(entry):
            raise RecordError(f"{path} is damaged: an entry lacks some of {', '.join(sorted(keys))}")
    if len({entry["key"] for entry in (*jobs, *omitted)}) < len(jobs) + len(omitted):
        raise RecordError(f"{path} is damaged: a node is listed twice")
    return manifest


def read_node(bundle: Path, key: str) -> Dict[str, Any]:
    """The record of one node.

    Raises:
        RecordError: There is no such node in the bundle, or its record is damaged.
    """
    return read_record(bundle / NODES / f"{key}.json", version=FORMAT, keys=_RECORD_KEYS)


def node_labels(bundle: Bundle) -> dict[str, str]:
    """``graph.node`` by key, of all nodes; where several are called the same, followed by the key."""
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for entry in (*bundle.manifest["jobs"], *bundle.manifest["omitted"]):
        label = f"{entry['graph']}.{entry['node']}"
        labels[entry["key"]] = f"{label} ({entry['key']})" if label in seen else label
        seen.add(label)
    return labels


def find_nodes(bundle: Bundle, wanted: str) -> frozenset[str]:
    """The keys of the nodes that are meant by a key, a node's name or ``graph.node``.

    Raises:
        UsageError: There is no such node.
    """
    labels = node_labels(bundle)
    entries = (*bundle.manifest["jobs"], *bundle.manifest["omitted"])
    found = frozenset(
        entry["key"]
        for entry in entries
        if wanted in (entry["key"], entry["node"], labels[entry["key"]], f"{entry['graph']}.{entry['node']}")
    )
    if not found:
        raise UsageError(f"{bundle.folder} has no node '{wanted}'; it has {', '.join(labels.values())[:400]}")
    return found
