"""Which workers may take a job, and what keeps all of them from it, as far as Deadline tells.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping, Sequence

from ...core.text import counted, listing
from ...deadline.client import ACTIVE, FarmDetails, JobDetails, WorkerDetails

_NONE = ("", "none")
_OFF = ("Offline", "Stalled")
_AT_WORK = ("Rendering", "StartingJob")
_MOST_NAMES = 5


@dataclass(frozen=True)
class Needs:
    """What a job asks of a worker, in lower case."""

    pools: frozenset[str]
    """Empty if every pool will do."""
    group: str
    """Empty if every group will do."""
    allowed: frozenset[str]
    """The only workers that may take it; empty if all may but the ``denied``."""
    denied: frozenset[str]
    limits: tuple[str, ...]

    @property
    def where(self) -> str:
        """The pools and the group in words; empty without any."""
        pools = [f"the pool {' or '.join(sorted(self.pools))}"] if self.pools else []
        return " and ".join([*pools, *([f"the group {self.group}"] if self.group else [])])


def needs_of(details: JobDetails, planned: Mapping[str, str]) -> Needs:
    """What Deadline tells, or else the ``planned`` entries of its job info."""
    first = details.pool if details.pool is not None else planned.get("Pool", "")
    pools = [name.lower() for name in (first, planned.get("SecondaryPool", ""))]
    group = (details.group if details.group is not None else planned.get("Group", "")).lower()
    return Needs(
        pools=frozenset() if pools[0] in _NONE else frozenset(filter(None, pools)),
        group="" if group in _NONE else group,
        allowed=_listed(planned, "Whitelist", "Allowlist"),
        denied=_listed(planned, "Blacklist", "Denylist"),
        limits=details.limits if details.limits is not None else tuple(_names(planned.get("LimitGroups", ""))),
    )


def waits_for_worker(details: JobDetails) -> bool:
    """Whether it could render, and no worker is at it."""
    return details.status in ACTIVE and details.status != "Rendering" and not details.tasks.get("Rendering")


def lack_of_worker(farm: FarmDetails, needs: Needs) -> tuple[str, str] | None:
    """Kind and text of what keeps all workers from a queued job; None if nothing is known to."""
    usable: Sequence[WorkerDetails] = ()
    if farm.workers is not None:
        members = [worker for worker in farm.workers if _is_member(worker, needs)]
        named = [worker for worker in members if _may(worker.name.lower(), needs)]
        usable = [worker for worker in named if worker.is_enabled is not False and worker.state not in _OFF]
        if not usable:
            return "no worker", f"queued: {_no_worker(farm.workers, members, named, needs)}"
    full = _full_limit(farm, needs)
    if full:
        return "limit", f"queued: {full}"
    if usable and all(worker.state in _AT_WORK for worker in usable):
        return "busy", f"queued: {counted(len(usable), 'worker')} may render it, and all are at work"
    return None


def _no_worker(
    workers: Sequence[WorkerDetails], members: Sequence[WorkerDetails], named: Sequence[WorkerDetails], needs: Needs
) -> str:
    if not workers:
        return "Deadline has no workers"
    if not members:
        return f"of {counted(len(workers), 'worker')}, none is in {needs.where}"
    if not named:
        return f"of {counted(len(members), 'worker')}, the job's machine list lets none render it"
    states = [f"{one.name} ({'disabled' if one.is_enabled is False else one.state.lower()})" for one in named]
    return f"all workers{f' in {needs.where}' if needs.where else ''} are off: {listing(states, most=_MOST_NAMES)}"


def _full_limit(farm: FarmDetails, needs: Needs) -> str:
    for limit in farm.limits or ():
        is_known = limit.maximum is not None and limit.in_use is not None
        if limit.name in needs.limits and is_known and (limit.in_use or 0) >= (limit.maximum or 0):
            return f"the limit {limit.name} is full, {limit.in_use} of {limit.maximum} in use"
    return ""


def _is_member(worker: WorkerDetails, needs: Needs) -> bool:
    """Whether the worker is in one of the pools and in the group; also if Deadline does not tell."""
    in_pool = not needs.pools or worker.pools is None or not needs.pools.isdisjoint(worker.pools)
    return in_pool and (not needs.group or worker.groups is None or needs.group in worker.groups)


def _may(name: str, needs: Needs) -> bool:
    return name in needs.allowed if needs.allowed else name not in needs.denied


def _listed(planned: Mapping[str, str], *keys: str) -> frozenset[str]:
    return frozenset(name.lower() for key in keys for name in _names(planned.get(key, "")))


def _names(text: str) -> Iterable[str]:
    found: list[str] = [name.strip() for name in text.split(",")]
    return filter(None, found)
