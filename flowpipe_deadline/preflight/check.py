"""Checks a plan, its root and the repository before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import replace

from ..core.bundle import AnyPath
from ..core.errors import UsageError
from ..core.warnings import CheckError, ErrorCollector, PlanWarning, WarningKind
from ..deadline.client import RepositoryInfo
from ..planning.plan import Plan
from .files import length_warnings, merge_warnings, output_warnings, source_warnings
from .repository import plugin_warnings, repository_warnings
from .root import read_root_info, root_warnings
from .storage import Mounts, read_mounts


def examine_plan(
    plan: Plan | None,
    *,
    root: AnyPath | None = None,
    repository: RepositoryInfo | None = None,
    mounts: Mounts | None = None,
) -> tuple[PlanWarning, ...]:
    """Everything that is wrong or odd, the plan's own warnings included; what is not given is not checked.

    A folder and a file are made and deleted where the root is, and functions that merge are imported. ``mounts`` are
    those of this machine unless given.
    """
    warnings = list(plugin_warnings(repository))
    if root is not None:
        mounts = mounts or read_mounts()
        info = read_root_info(root, mounts=mounts)
        warnings += root_warnings(info)
        if plan is not None:
            warnings += length_warnings(plan, root=info.path, system=mounts.system)
        if plan is not None and info.storage.place == "network":
            warnings += source_warnings(plan, mounts=mounts)
    if plan is not None:
        warnings += [*repository_warnings(plan, repository), *merge_warnings(plan), *output_warnings(plan)]
        warnings += plan.warnings
    return tuple(warnings)


def raise_errors(
    found: Iterable[PlanWarning],
    *,
    strict: bool | Collection[WarningKind] = False,
    tolerated: Collection[WarningKind] = (),
    errors: ErrorCollector | None = None,
) -> tuple[PlanWarning, ...]:
    """Those of the ``found`` that are only warnings; the others are raised, together with further ``errors``.

    ``strict`` makes all warnings errors that are no mere notices, or those of some kinds. What is of a ``tolerated``
    kind is always a warning.

    Raises:
        CheckError: There is one error, found here.
        FlowpipeDeadlineError: There is one error, among ``errors``.
        PreflightError: There are several.
    """
    if isinstance(strict, bool):
        strict = [kind for kind in WarningKind if not kind.is_notice] if strict else ()
    collected = ErrorCollector() if errors is None else errors
    warnings = []
    for warning in found:
        if warning.kind not in tolerated and (warning.severity == "error" or warning.kind in strict):
            collected.add(CheckError(replace(warning, severity="error")))
        else:
            warnings.append(replace(warning, severity="warning"))
    collected.raise_all()
    return tuple(warnings)


def parse_strict(words: Collection[str]) -> bool | frozenset[WarningKind]:
    """What ``raise_errors`` takes for ``strict``: the kinds that these words name, or True if ``all`` is among them.

    Raises:
        UsageError: A word names no kind; the nearest one is suggested.
    """
    kinds = parse_kinds(word for word in words if word != "all")
    return "all" in words or kinds


def parse_kinds(words: Iterable[str]) -> frozenset[WarningKind]:
    """The kinds of warnings that these words name.

    >>> sorted(kind.name for kind in parse_kinds(["large-value", "task-limit"]))
    ['LARGE_VALUE', 'TASK_LIMIT']

    Raises:
        UsageError: A word names no kind; the nearest one is suggested.
    """
    by_word = {kind.word: kind for kind in WarningKind}
    kinds = set()
    for word in words:
        if word not in by_word:
            guess = difflib.get_close_matches(word, by_word, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"there are {', '.join(by_word)}"
            raise UsageError(f"there is no kind of warning '{word}'; {advice}")
        kinds.add(by_word[word])
    return frozenset(kinds)
