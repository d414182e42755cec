"""How a graph or bundle is checked and submitted: the caller's options over the environment over the studio file."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flowpipe import Graph, INode

from ..core.bundle import FILES, AnyPath
from ..core.errors import UsageError
from ..core.warnings import ErrorCollector, PlanWarning, WarningKind
from ..deadline.client import RepositoryInfo
from ..deadline.connect import Connection
from ..planning.plan import Plan
from ..preflight.check import examine_plan, parse_kinds, parse_strict, raise_errors
from .file import StudioFile, load_studio_file
from .plan import plan_graph
from .variables import ROOT_VARIABLE, STORE_VARIABLE, STRICT_VARIABLE, TEMPLATES_VARIABLE, TOLERATE_VARIABLE


@dataclass(frozen=True)
class SubmitOptions:
    """What may be chosen for a submission; what is None is as the environment says, else as the studio file says.

    Raises:
        UsageError: ``strict`` or ``tolerate`` names no kind of warning.
    """

    settings: Mapping[str, Any] | None = None
    """Job settings for all nodes, as for ``plan_graph``."""
    presets: Sequence[str] = ()
    """Presets of the studio file, as for ``plan_graph``."""
    skip: Collection[INode] = ()
    """Nodes that are not part of the plan, as for ``plan_graph``."""
    snapshot_code: bool = False
    """Whether the graph's own modules travel along as they are now, as for ``plan_graph``."""
    templates: AnyPath | None = None
    """A folder with a ``job_info.jinja`` or ``plugin_info.jinja`` of your own."""
    store: str | None = None
    """Where results are kept, as for ``write_bundle``."""
    strict: bool | Collection[str] | None = None
    """The kinds of warnings that are errors, such as ``large-value``; True for every kind."""
    tolerate: Collection[str] | None = None
    """The kinds of errors that are only warnings, such as ``local-root``."""
    via: str | Connection | None = None
    """The connection to Deadline, or its name, as for ``choose_connection``."""
    keep_suspended: bool = False
    """Whether the jobs stay suspended until a person resumes them in the Monitor."""
    is_dry_run: bool = False
    """Whether everything is checked and written, and nothing is submitted; Deadline is not asked."""
    studio: StudioFile | None = None
    """The studio file; by default it is read from its place."""

    def __post_init__(self) -> None:
        parse_kinds(self.tolerate or ())
        if not isinstance(self.strict, bool):
            parse_strict(self.strict or ())

    def completed(self, studio: StudioFile) -> SubmitOptions:
        """The same with nothing left open but the connection.

        Raises:
            UsageError: An environment variable names no kind of warning.
        """
        local_root = (WarningKind.LOCAL_ROOT.word,) if studio.allow_local_root else ()
        return replace(
            self,
            templates=self.templates or os.environ.get(TEMPLATES_VARIABLE) or studio.templates,
            store=(os.environ.get(STORE_VARIABLE) or studio.store or FILES) if self.store is None else self.store,
            strict=(_words(STRICT_VARIABLE) or studio.strict) if self.strict is None else self.strict,
            tolerate=(*(_words(TOLERATE_VARIABLE) if self.tolerate is None else self.tolerate), *local_root),
        )

    def plan(self, graph: Graph, *, studio: StudioFile) -> Plan:
        """The plan of the graph with these options; what is wrong is raised as by ``plan_graph``."""
        return plan_graph(
            graph,
            settings=self.settings,
            presets=self.presets,
            skip=self.skip,
            studio=studio,
            snapshot_code=self.snapshot_code,
        )


def find_root(root: AnyPath | None, studio: StudioFile) -> AnyPath:
    """The folder that gets the bundles: the one given, else that of the environment, else the studio's.

    Raises:
        UsageError: None of them names one.
    """
    found = root or os.environ.get(ROOT_VARIABLE) or studio.root
    if not found:
        where = f"Give --root, set {ROOT_VARIABLE}, or let the studio file name it"
        raise UsageError(f"where do the workers see the bundle? {where}")
    return found


def _words(variable: str) -> tuple[str, ...]:
    return tuple(os.environ.get(variable, "").split())


def check_plan(
    plan: Plan,
    *,
    root: AnyPath | None = None,
    repository: RepositoryInfo | None = None,
    options: SubmitOptions | None = None,
) -> tuple[PlanWarning, ...]:
    """What is odd about the plan, the root and the repository; what is wrong with them is raised.

    What is not given is not checked; ``studio_client().read_repository()`` gives the ``repository``. Without it, a
    root on a disk of this machine is only odd. Of the ``options``, ``strict`` and ``tolerate`` count. A folder and a
    file are made and deleted where the root is, and functions that merge are imported.

    Raises:
        CheckError: One thing is wrong.
        PreflightError: Several are; or several values of the studio file do not fit.
        StudioFileError: The studio file cannot be read, or one of its values does not fit.
    """
    options = options or SubmitOptions()
    chosen = options.completed(options.studio or load_studio_file())
    return check_all(plan, root=root, repository=repository, options=chosen)


def check_all(  # noqa: PLR0913  (what is checked, how, and what was found before)
    plan: Plan | None,
    *,
    root: AnyPath | None,
    repository: RepositoryInfo | None,
    options: SubmitOptions,
    errors: ErrorCollector | None = None,
    odd: Iterable[PlanWarning] = (),
) -> tuple[PlanWarning, ...]:
    """As ``check_plan``, with completed ``options``; without a plan, only the rest, and what else is ``odd``.

    Raises the ``errors`` as well.
    """
    strict = options.strict if isinstance(options.strict, bool) else parse_strict(options.strict or ())
    # Without a repository nothing is submitted, so a root of this machine does no harm.
    harmless = {WarningKind.LOCAL_ROOT} if repository is None else set()
    found = (*examine_plan(plan, root=root, repository=repository), *odd)
    return raise_errors(found, strict=strict, tolerated=parse_kinds(options.tolerate or ()) | harmless, errors=errors)
