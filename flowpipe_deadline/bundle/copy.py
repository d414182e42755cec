"""Copies of bundles, for another submission of the same plan.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Callable, Dict, Iterator, Tuple

from ..core.bundle import CODE, EDITS, JOBS, NODES, AnyPath, Bundle, BundleJob, read_bundle, read_node
from ..core.files import is_same_folder, json_bytes
from ..core.names import beginning_of
from .folder import make_bundle, new_submission
from .info_format import encode_info, format_entries
from .job_files import planned_entries, plugin_entries

Infos = Tuple[Dict[str, str], Dict[str, str]]
"""The entries of a job's job info and of its plugin info."""


def copy_plan(
    bundle: AnyPath,
    *,
    root: AnyPath | None = None,
    check_store: Callable[[str, str], None] | None = None,
    map_path: Callable[[str], str] = str,
    change: Callable[[BundleJob, Infos], Infos] | None = None,
) -> Bundle:
    """A new bundle of the same plan, without results, beside the old one or below ``root``.

    Inputs that were edited are so in the new one, too.

    Where the jobs know the old one by another path, which ``map_path``, Deadline's path mapping, leads here, those of
    the new one beside it know that by such a path too: workers have rules for it. ``check_store`` is called with the
    store and the new submission's name before anything is written, and may raise. ``change`` is given each job with the
    entries of its job info and its plugin info, and gives those to write.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        BundleError: The root cannot be written, or the disk is full; nothing is left behind.
    """
    old = read_bundle(bundle)
    manifest = {**old.manifest, **new_submission(beginning_of(old.manifest.get("submission", old.graph)))}
    name = manifest["submission"]
    if check_store is not None:
        check_store(old.store, name)

    def files(folder: Path) -> Iterator[tuple[str, bytes]]:
        home = PurePath(folder)
        told = plugin_entries(old, old.jobs[0]).get("Bundle", "")
        if root is None and not is_same_folder(told, old.folder) and is_same_folder(map_path(told), old.folder):
            home = (PurePosixPath if told.startswith("/") else PureWindowsPath)(told).with_name(name)
        for job in old.jobs:
            infos = planned_entries(old, job, submission=name, folder=home)
            infos = infos if change is None else change(job, infos)
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
