"""Plan to bundle: a folder that holds everything Deadline is given, and later everything it gives back."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from .errors import BundleError
from .farm.backends import FILES, check_store
from .farm.bundle import FORMAT, JOBS, MANIFEST, NODES, STORE, AnyPath, Bundle, read_bundle, read_node
from .farm.files import json_bytes
from .farm.guard import refuse_while_loading
from .info_files import encode_info, format_entries
from .job_files import planned_entries
from .job_info import JobFiles
from .keys import safe_name
from .plan import Plan, frames_text

__all__ = ["ROOT_VARIABLE", "AnyPath", "Bundle", "read_bundle", "write_again", "write_bundle"]

ROOT_VARIABLE = "FLOWPIPE_DEADLINE_ROOT"
_LONGEST_GRAPH_NAME = 40


def write_bundle(
    plan: Plan,
    *,
    root: AnyPath,
    now: Optional[datetime] = None,
    templates: Optional[AnyPath] = None,
    store: str = FILES,
) -> Bundle:
    """The bundle of the plan in a new folder below ``root``, which is created if need be.

    ``store`` says where the results go: ``files`` for the bundle itself, or the URL of a Redis server,
    ``redis://host:port/db?prefix=flowpipe&expire=30`` (``rediss://`` for TLS), where they are kept for ``expire`` days
    after the last of them. Until the jobs are submitted, their ``JobDependencies`` hold node keys in place of job IDs.

    Raises:
        BundleError: The root cannot be written, the disk is full, or a template does not fit; nothing is left behind.
        StoreError: The store is none, its URL holds a password, or it takes no results now; nothing is left behind.
        LoadingError: A script writes while it is only being loaded.
    """
    refuse_while_loading("write a bundle")
    created = now or datetime.now()
    name = submission_name(plan.name, created=created, digits=secrets.token_hex(4))
    check_store(store, submission=name)
    job_files = JobFiles(None if templates is None else Path(templates))
    manifest = _manifest(plan, name=name, created=created, store=store)
    with _new_folder(root, name) as (folder, partial):
        for job, entry in zip(plan.jobs, manifest["jobs"]):
            upstream = entry["depends_on"]
            job_info = job_files.job_info(job, plan_name=plan.name, batch_name=name, job_dependencies=upstream)
            _write(partial / JOBS / f"{entry['file']}.job", encode_info(job_info))
            plugin_info = job_files.plugin_info(job, bundle=folder)
            _write(partial / JOBS / f"{entry['file']}.plugin", encode_info(plugin_info))
        for record in (*(job.record for job in plan.jobs), *(node.record for node in plan.omitted)):
            _write(partial / NODES / f"{record['key']}.json", json_bytes(record))
        _write_store(partial, store=store, name=name)
        _write(partial / MANIFEST, json_bytes(manifest))
    return Bundle(folder=folder, manifest=manifest)


def write_again(bundle: AnyPath, *, root: Optional[AnyPath] = None, now: Optional[datetime] = None) -> Bundle:
    """A new bundle of the same plan, without results, beside the old one or below ``root``.

    Raises:
        RecordError: The old one is none, or is damaged.
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
        StoreError: The store takes no results now; nothing is left behind.
    """
    old = read_bundle(bundle)
    created = now or datetime.now()
    name = submission_name(old.manifest["name"], created=created, digits=secrets.token_hex(4))
    store = old.manifest.get("store", FILES)
    check_store(store, submission=name)
    manifest = {**old.manifest, "submission": name, "created": created.isoformat(timespec="seconds")}
    with _new_folder(root or old.folder.parent, name) as (folder, partial):
        for job in old.jobs:
            job_info, plugin_info = planned_entries(old, job, submission=name, folder=folder)
            _write(partial / JOBS / f"{job['file']}.job", encode_info(format_entries(job_info.items())))
            _write(partial / JOBS / f"{job['file']}.plugin", encode_info(format_entries(plugin_info.items())))
        for key in (entry["key"] for entry in (*old.jobs, *old.manifest["omitted"])):
            _write(partial / NODES / f"{key}.json", json_bytes(read_node(old.folder, key)))
        _write_store(partial, store=store, name=name)
        _write(partial / MANIFEST, json_bytes(manifest))
    return Bundle(folder=folder, manifest=manifest)


@contextmanager
def _new_folder(root: AnyPath, name: str) -> Iterator[tuple[Path, Path]]:
    """The folder that there will be once the block is through, and the one to write into until then."""
    folder = Path(root).expanduser().absolute() / name
    partial = folder.with_name(partial_name(name))
    try:
        for part in (NODES, JOBS):
            (partial / part).mkdir(parents=True)
        yield folder, partial
        partial.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"the bundle cannot be written below {root}: {reason}; nothing was left there") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_store(partial: Path, *, store: str, name: str) -> None:
    if store != FILES:
        _write(partial / STORE, json_bytes({"format": FORMAT, "store": store, "submission": name}))


def submission_name(plan_name: str, *, created: datetime, digits: str) -> str:
    """The name of a submission and its folder: graph, time, and digits that make it distinct."""
    return f"{safe_name(plan_name, longest=_LONGEST_GRAPH_NAME)}-{created:%Y%m%d-%H%M%S}-{digits}"


def partial_name(name: str) -> str:
    """What the folder of a submission is called while it is being written."""
    return f".{name}.partial"


def job_file_stems(plan: Plan) -> Iterator[str]:
    """For each job, the name that its files share, so that they sort in the order of the jobs."""
    width = max(3, len(str(len(plan.jobs))))
    return (f"{number:0{width}d}-{job.key}" for number, job in enumerate(plan.jobs, start=1))


def _manifest(plan: Plan, *, name: str, created: datetime, store: str) -> dict[str, Any]:
    last = {job.key for job in plan.last_jobs}
    return {
        "format": FORMAT,
        "name": plan.name,
        "submission": name,
        "created": created.isoformat(timespec="seconds"),
        "store": store,
        "jobs": [
            {
                "key": job.key,
                "node": job.node,
                "graph": job.graph,
                "interpreter": job.interpreter,
                "frame_mode": job.frame_mode,
                "frames": frames_text(job),
                "chunk_size": job.chunk_size,
                "depends_on": list(job.awaited_keys),
                "frame_dependent": job.is_frame_dependent,
                "last": job.key in last,
                "file": file,
            }
            for job, file in zip(plan.jobs, job_file_stems(plan))
        ],
        "omitted": [{"key": node.key, "node": node.node, "graph": node.graph} for node in plan.omitted],
    }


def _write(path: Path, data: bytes) -> None:
    """Writes a file of the partial folder, down to the disk: its rename must not survive a crash without it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
