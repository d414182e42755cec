"""The names of what lies in a bundle, and the parts of it that the evaluator reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from .files import RecordError, read_record

FORMAT = 1
MANIFEST = "manifest.json"
NODES = "nodes"
JOBS = "jobs"
SUBMISSION = "submission.json"
STORE = "store.json"
_NODE_KEYS = {"key", "node", "graph"}
_JOB_KEYS = {*_NODE_KEYS, "frame_mode", "frames", "chunk_size", "depends_on", "file"}
_RECORD_KEYS = ("name", "graph", "class", "function", "attributes", "metadata", "inputs", "outputs", "batch")


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
