"""Everything that can be wrong with a plan, its root and the repository, found before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Optional, Union

from ..core.bundle import AnyPath
from ..core.errors import UsageError
from ..core.warnings import Finding, FindingError, Kind, Problems
from ..deadline.client import RepositoryFacts
from ..planning.plan import Plan
from .files import merge_findings, output_findings, source_findings
from .path_lengths import length_findings
from .repository import plugin_findings, repository_findings
from .root import read_root_facts, root_findings
from .storage import Mounts, read_mounts


def check_plan(
    plan: Optional[Plan],
    *,
    root: Optional[AnyPath] = None,
    repository: Optional[RepositoryFacts] = None,
    allow_local_root: bool = False,
    mounts: Optional[Mounts] = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong or odd, the plan's own warnings included; whatever is not given is not judged.

    Without a plan, because there is none, it is what can be told of root and repository alone. A folder and a file are
    made and deleted where the root is, and functions that merge are imported. ``mounts`` are those of this machine
    unless given.
    """
    findings = list(plugin_findings(repository))
    if root is not None:
        mounts = mounts or read_mounts()
        facts = read_root_facts(root, mounts=mounts)
        findings += root_findings(facts, allow_local=allow_local_root)
        if plan is not None:
            findings += length_findings(plan, root=facts.path, system=mounts.system)
        if plan is not None and facts.storage.place == "network":
            findings += source_findings(plan, mounts=mounts)
    if plan is not None:
        findings += [*repository_findings(plan, repository), *merge_findings(plan), *output_findings(plan)]
        findings += plan.warnings
    return tuple(findings)


def raise_findings(
    findings: Iterable[Finding],
    *,
    strict: Union[bool, Collection[Kind]] = False,
    tolerated: Collection[Kind] = (),
    problems: Optional[Problems] = None,
) -> tuple[Finding, ...]:
    """The findings that are only warnings.

    ``strict`` makes all warnings errors, or those of some kinds; errors of kinds that are ``tolerated`` are warnings,
    and so are warnings of such kinds whatever ``strict`` says. ``problems`` are others to be told with the errors.

    Raises:
        FindingError: One finding is an error.
        PreflightError: Several are, or there are other problems as well.
        FlowpipeDeadlineError: The only other problem, and no finding is an error.
    """
    strict_kinds: Collection[Kind] = (Kind if strict else ()) if isinstance(strict, bool) else strict
    collected = Problems() if problems is None else problems
    warnings = []
    for finding in findings:
        if finding.kind not in tolerated and (finding.severity == "error" or finding.kind in strict_kinds):
            collected.add(FindingError(replace(finding, severity="error")))
        else:
            warnings.append(replace(finding, severity="warning"))
    collected.raise_all()
    return tuple(warnings)


def parse_strict(words: Collection[str]) -> Union[bool, frozenset[Kind]]:
    """What ``raise_findings`` takes for ``strict``: the kinds that these words name, or True if ``all`` is among them.

    Raises:
        UsageError: A word names none; the nearest one is suggested.
    """
    kinds = parse_kinds(word for word in words if word != "all")
    return "all" in words or kinds


def parse_kinds(words: Iterable[str]) -> frozenset[Kind]:
    """The kinds of findings that these words name.

    >>> sorted(kind.name for kind in parse_kinds(["large-value", "task-limit"]))
    ['LARGE_VALUE', 'TASK_LIMIT']

    Raises:
        UsageError: A word names none; the nearest one is suggested.
    """
    by_word = {kind.word: kind for kind in Kind}
    kinds = set()
    for word in words:
        if word not in by_word:
            guess = difflib.get_close_matches(word, by_word, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"there are {', '.join(by_word)}"
            raise UsageError(f"there is no kind of finding '{word}'; {advice}")
        kinds.add(by_word[word])
    return frozenset(kinds)
