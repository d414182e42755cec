"""The names of what lies in a bundle, and the parts of it that the evaluator reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from .files import read_record

FORMAT = 1
MANIFEST = "manifest.json"
NODES = "nodes"
JOBS = "jobs"
SUBMISSION = "submission.json"


def read_manifest(bundle: Path) -> Dict[str, Any]:
    """What was planned: the jobs in order, upstream first.

    Raises:
        RecordError: The folder is no bundle, or its manifest is damaged.
    """
    return read_record(bundle / MANIFEST, version=FORMAT)


def read_node(bundle: Path, key: str) -> Dict[str, Any]:
    """The record of one node.

    Raises:
        RecordError: There is no such node in the bundle, or its record is damaged.
    """
    return read_record(bundle / NODES / f"{key}.json", version=FORMAT)
