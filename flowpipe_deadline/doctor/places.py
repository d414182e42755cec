"""Checks of where bundles and results go."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Optional

from ..bundle.write import ROOT_VARIABLE
from ..core.bundle import FILES
from ..core.warnings import WarningKind
from ..preflight.root import read_root_info, root_warnings
from ..results.backends import check_store
from ..results.store import StoreError
from .report import Check, check_of


def check_root(root: Optional[Path], *, tolerated: Collection[WarningKind]) -> Check:
    """The folder that gets the bundles: whether it can be written, and whether workers can see it at all."""
    name = "root"
    if root is None:
        advice = f"give --root, set {ROOT_VARIABLE}, or let the studio file name one: a folder that all workers see"
        return Check(name, "unknown", "none was given", advice, {"given": False})
    facts = read_root_info(root)
    told = {"given": True, "place": facts.storage.place, "storage": facts.storage.text, "free_bytes": facts.free_bytes}
    found = f"{facts.path} can be written ({facts.storage.text})"
    writable = Check(name, "ok", found, "whether the workers see it, --probe tells", told)
    return check_of(name, root_warnings(facts), writable, tolerated=tolerated)


def check_results(store: str) -> Check:
    """Where the results go: whether that takes any."""
    name = "store"
    try:
        check_store(store, submission=f"flowpipe-deadline-doctor-{secrets.token_hex(4)}")
    except StoreError as error:
        return Check(name, "problem", str(error))
    found = "results are kept in the bundles" if store == FILES else f"{store} takes results"
    advice = "" if store == FILES else "whether the workers reach it, --probe tells"
    return Check(name, "ok", found, advice, {"kind": "files" if store == FILES else "redis"})


def check_interpreters() -> Check:
    """What only workers know."""
    return Check(
        "interpreters",
        "unknown",
        "which programs there are is the workers' matter",
        "Configure Plugins > Flowpipe in the Monitor lists them; --probe tries out 'python'",
    )
