"""Copies of bundles, for another submission of the same plan.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Callable, Iterator, Optional, Tuple

from ..core.bundle import CODE, EDITS, JOBS, NODES, AnyPath, Bundle, read_bundle, read_node
from ..core.files import json_bytes
from .folder import make_bundle, new_submission
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

    Inputs that were edited are so in the new one, too.

    ``check_store`` is called with the store and the new submission's name before anything is written, and may raise.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
    """
    old = read_bundle(bundle)
    manifest = {**old.manifest, **new_submission(old.graph, now=now)}
    name = manifest["submission"]
    if check_store is not None:
        check_store(old.store, name)

    def files(folder: Path) -> Iterator[Tuple[str, bytes]]:
        for job in old.jobs:
            infos = planned_entries(old, job, submission=name, folder=folder)
            for kind, entries in zip(("job", "plugin"), infos):
                yield f"{JOBS}/{job.file}.{kind}", encode_info(format_entries(entries.items()))
        for node in old.nodes:
            yield f"{NODES}/{node.key}.json", json_bytes(read_node(old.folder, node.key))
        for path in sorted((old.folder / EDITS).glob("[!.]*.json")):
            yield f"{EDITS}/{path.name}", path.read_bytes()
        for path in sorted((old.folder / CODE).rglob("*.py*")):
            if path.suffix in (".py", ".pyw"):  # No compiled copies.
                yield path.relative_to(old.folder).as_posix(), path.read_bytes()

    return make_bundle(manifest, root=root or old.folder.parent, files=files)
