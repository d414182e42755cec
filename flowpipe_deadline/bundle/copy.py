"""Copies of bundles, for another submission of the same plan.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Callable, Optional

from ..core.bundle import JOBS, MANIFEST, NODES, AnyPath, Bundle, parse_manifest, read_bundle, read_node
from ..core.files import json_bytes
from .folder import new_folder, submission_name, write_file, write_store
from .info_format import encode_info, format_entries
from .job_files import planned_entries


def copy_plan(
    bundle: AnyPath,
    *,
    root: Optional[AnyPath] = None,
    now: Optional[datetime] = None,
    check_store: Optional[Callable[[str, str], None]] = None,
) -> Bundle:
    """A new bundle of the same plan, without results, beside the old one or below ``root``.

    ``check_store`` is called with the store and the new submission's name before anything is written, and may raise.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
    """
    old = read_bundle(bundle)
    created = now or datetime.now()
    name = submission_name(old.graph, created=created, digits=secrets.token_hex(4))
    if check_store is not None:
        check_store(old.store, name)
    manifest = {**old.manifest, "submission": name, "created": created.isoformat(timespec="seconds")}
    with new_folder(root or old.folder.parent, name) as (folder, partial):
        for job in old.jobs:
            infos = planned_entries(old, job, submission=name, folder=folder)
            for kind, entries in zip(("job", "plugin"), infos):
                data = encode_info(format_entries(entries.items()))
                write_file(partial / JOBS / f"{job.file}.{kind}", data)
        for node in old.nodes:
            write_file(partial / NODES / f"{node.key}.json", json_bytes(read_node(old.folder, node.key)))
        write_store(partial, store=old.store, name=name)
        write_file(partial / MANIFEST, json_bytes(manifest))
    return parse_manifest(manifest, folder=folder)
