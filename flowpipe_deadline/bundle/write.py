"""Writes the bundle of a plan: all that Deadline is given, and later the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..core.bundle import FILES, FORMAT, JOBS, NODES, AnyPath, Bundle, BundleJob
from ..core.errors import UsageError
from ..core.files import json_bytes
from ..core.loading import refuse_while_loading
from ..core.names import batch_name_of
from ..planning.plan import Plan, frames_text, omitted_json
from ..planning.transliteration import spelt_in_ascii
from ..results.store import check_store
from ..settings.environment import kind_of
from ..settings.job_info_keys import EXTRA_INFO_KEY
from ..settings.layers import changed_job_info
from .copy import copy_plan
from .folder import make_bundle, new_submission
from .info_format import encode_info
from .templates import PATH_KEYS, JobFiles

_OF_PLANNING = ("capture_environment", "import_roots")


def write_plan(
    plan: Plan,
    *,
    root: AnyPath,
    templates: AnyPath | None = None,
    store: str = FILES,
) -> Bundle:
    """Writes and returns the bundle of the plan, in a new folder below ``root``, which is created if need be.

    ``store`` says where the results go: ``files`` for the bundle itself, or the URL of a Redis server,
    ``redis://host:port/db?prefix=flowpipe&expire=30`` (``rediss://`` for TLS), where they are kept for ``expire`` days
    after the last of them. Until the jobs are submitted, their ``JobDependencies`` hold node keys in place of job IDs.

    Raises:
        BundleError: The root cannot be written, the disk is full, or a template does not fit; nothing is left behind.
        StoreError: There is no such store, its URL holds a password, or it takes no results now; nothing is left
            behind.
        LoadingError: A script calls this while it is only being loaded.
    """
    refuse_while_loading("write a bundle")
    submission = new_submission(spelt_in_ascii(plan.name))
    name = submission["submission"]
    check_store(store, submission=name)
    batch_name = batch_name_of(plan.name, name)
    job_files = JobFiles(None if templates is None else Path(templates))

    def files(folder: Path) -> Iterator[tuple[str, bytes]]:
        for job, stem in zip(plan.jobs, job_file_stems(plan)):
            waits_for = job.awaited_keys
            job_info = job_files.job_info(job, plan_name=plan.name, batch_name=batch_name, job_dependencies=waits_for)
            yield f"{JOBS}/{stem}.job", encode_info(job_info)
            yield f"{JOBS}/{stem}.plugin", encode_info(job_files.plugin_info(job, bundle=folder))
        for record in (*(job.record for job in plan.jobs), *(node.record for node in plan.omitted)):
            yield f"{NODES}/{record['key']}.json", json_bytes(record)
        yield from plan.code.items()

    return make_bundle(_manifest(plan, submission, store=store), root=root, files=files)


def copy_bundle(
    bundle: AnyPath,
    *,
    root: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Bundle:
    """A new bundle of the same plan, without results, beside the old one or below ``root``; with other ``settings``.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
        StoreError: The store takes no results now; nothing is left behind.
        SettingError, UsageError, PreflightError: A setting does not exist or fit, or says how a graph is planned.
    """
    return copy_plan(
        bundle,
        root=root,
        check_store=lambda store, name: check_store(store, submission=name),
        change=(lambda job, infos: _changed_files(job, *infos, settings=settings)) if settings else None,
    )


def _changed_files(
    job: BundleJob, job_info: Mapping[str, str], plugin_info: Mapping[str, str], *, settings: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """The entries of a job's two files, with these settings in place of those that it has.

    Raises:
        SettingError: A setting does not exist or does not fit.
        UsageError: It says how a graph is planned.
        PreflightError: Several do not fit.
    """
    for name in _OF_PLANNING:
        if settings.get(name) is not None:
            raise UsageError(f"'{name}' is about planning, and a bundle is planned already; submit the graph itself")
    own = tuple((key, text) for key, text in job_info.items() if not key.startswith(EXTRA_INFO_KEY))
    changed, parsed = changed_job_info(own, settings, label=job.label)
    pairs = (text.partition("=") for key, text in job_info.items() if key.startswith(EXTRA_INFO_KEY))
    extra_info = {**{name: text for name, _, text in pairs}, **dict(parsed.extra_info)}
    numbered = {f"{EXTRA_INFO_KEY}{number}": f"{name}={text}" for number, (name, text) in enumerate(extra_info.items())}
    return {**dict(changed), **numbered}, _with_kinds(plugin_info, settings, dict(parsed.environment_kinds))


def _with_kinds(
    plugin_info: Mapping[str, str], settings: Mapping[str, Any], declared: Mapping[str, str]
) -> dict[str, str]:
    """The plugin info with the variables that are set now among those that hold paths, or not."""
    environment = settings.get("environment") or {}
    named = {*environment, *(settings.get("environment_kinds") or {})}
    kinds = {name: kind_of(name, declared) for name in named if environment.get(name, "") is not None}
    changed = dict(plugin_info)
    for kind, key in PATH_KEYS.items():
        old = [name for name in filter(None, plugin_info.get(key, "").split(",")) if name not in named]
        names = ",".join([*old, *sorted(name for name, own in kinds.items() if own == kind and "," not in name)])
        changed.update({key: names})
        if not names:
            del changed[key]
    return changed


def job_file_stems(plan: Plan) -> Iterator[str]:
    """The name that the files of each job share; it sorts them in the order of the jobs."""
    width = max(3, len(str(len(plan.jobs))))
    return (f"{number:0{width}d}-{job.key}" for number, job in enumerate(plan.jobs, start=1))


def _manifest(plan: Plan, submission: Mapping[str, str], *, store: str) -> dict[str, Any]:
    last = {job.key for job in plan.last_jobs}
    return {
        "format": FORMAT,
        "name": plan.name,
        **submission,
        "store": store,
        "jobs": [
            BundleJob(
                key=job.key,
                node=job.node,
                graph=job.graph,
                interpreter=job.interpreter,
                frame_mode=job.frame_mode,
                frames=frames_text(job),
                chunk_size=job.chunk_size,
                depends_on=job.awaited_keys,
                is_frame_dependent=job.is_frame_dependent,
                is_last=job.key in last,
                file=file,
                item_frames=None if job.item_frames is None else str(job.item_frames),
            ).to_json()
            for job, file in zip(plan.jobs, job_file_stems(plan))
        ],
        "omitted": omitted_json(plan),
    }
