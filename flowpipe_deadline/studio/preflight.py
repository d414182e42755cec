"""A plan checked as the studio wants it: which warnings are errors, and which errors are only warnings."""

from __future__ import annotations

from typing import Optional

from ..core.bundle import AnyPath
from ..core.warnings import ErrorCollector, PlanWarning, WarningKind
from ..deadline.client import RepositoryInfo
from ..planning.plan import Plan
from ..preflight.check import examine_plan, parse_kinds, parse_strict, raise_errors
from .file import load_studio_file
from .options import SubmitOptions


def check_plan(
    plan: Plan,
    *,
    root: Optional[AnyPath] = None,
    repository: Optional[RepositoryInfo] = None,
    options: Optional[SubmitOptions] = None,
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


def check_all(
    plan: Optional[Plan],
    *,
    root: Optional[AnyPath],
    repository: Optional[RepositoryInfo],
    options: SubmitOptions,
    errors: Optional[ErrorCollector] = None,
) -> tuple[PlanWarning, ...]:
    """As ``check_plan``, with completed ``options``; without a plan, only the rest. Raises the ``errors`` as well."""
    strict = options.strict if isinstance(options.strict, bool) else parse_strict(options.strict or ())
    # Without a repository nothing is submitted, so a root of this machine does no harm.
    harmless = {WarningKind.LOCAL_ROOT} if repository is None else set()
    found = examine_plan(plan, root=root, repository=repository)
    return raise_errors(found, strict=strict, tolerated=parse_kinds(options.tolerate or ()) | harmless, errors=errors)
