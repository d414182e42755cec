"""Kinds of reasons why a job of a bundle is as it is: a closed set of words.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, NamedTuple

from ...core.bundle import Bundle
from ..notices import HALF_SUBMITTED, HALF_UNDONE, NOT_SUBMITTED, SUBMITTING


class Kind(NamedTuple):
    """What one kind of reasons means."""

    sentence: str
    advice: str
    """What to do, with ``{bundle}`` and ``{node}``; empty if there is nothing to do but wait."""


KINDS: Mapping[str, Kind] = {
    "out of reach": Kind("Deadline cannot be asked.", "see:  flowpipe-deadline doctor"),
    "elsewhere": Kind("The jobs use another folder than this one.", "name that folder instead"),
    NOT_SUBMITTED: Kind(
        "Nothing works on it.", "flowpipe-deadline submit {bundle}    or here:  flowpipe-deadline run {bundle}"
    ),
    SUBMITTING: Kind("It is being submitted.", ""),
    HALF_SUBMITTED: Kind("A submission ended half-way.", "flowpipe-deadline cancel {bundle}    and submit it again"),
    HALF_UNDONE: Kind("It was taken back, but for some jobs.", "flowpipe-deadline cancel {bundle}    tries again"),
    "redo": Kind(
        "A part is being done again, or that ended half-way.",
        "wait for it; if it died:  flowpipe-deadline redo {bundle}",
    ),
    "failed": Kind(
        "Tasks failed as often as they may.",
        "see:  flowpipe-deadline logs {bundle} {node}    and once it is mended:  flowpipe-deadline redo {bundle} {node}"
        " --failed",
    ),
    "unconfigured": Kind(
        "The worker has no such interpreter.",
        "configure it, then:  flowpipe-deadline redo {bundle} {node} --failed",
    ),
    "failing": Kind("Attempts failed, and Deadline tries again.", "see:  flowpipe-deadline logs {bundle} {node}"),
    "deleted": Kind(
        "Deadline does not list the job, and results are missing.",
        "undelete it in the Monitor, or make it again:  flowpipe-deadline redo {bundle} {node} --new-jobs",
    ),
    "foreign": Kind(
        "The job on record is of another batch.", "see in the Monitor whose it is; submit again with --again"
    ),
    "suspended": Kind("Somebody holds it back.", "resume it in the Monitor: right-click the job, Resume"),
    "no worker": Kind("No worker may render it.", "change the job's pool, group or machine list, or set up a worker"),
    "limit": Kind(
        "A limit has no free stub.", "wait for one, or change the limit, or the job's limits, in the Monitor"
    ),
    "machine limit": Kind(
        "It renders on as many machines as it may.", "wait, or raise the job's machine limit in the Monitor"
    ),
    "busy": Kind("All workers that may render it are at work.", "wait, or raise the job's priority in the Monitor"),
    "scheduled": Kind("It is to start later.", "wait, or change the job's scheduling in the Monitor"),
    "scan": Kind(
        "Nothing keeps it; Deadline's next pending job scan releases it.",
        "if that takes minutes, see that Pulse or an idle worker does the scan, or release the job in the Monitor",
    ),
    "cut": Kind(
        "Planned frames have no task any more.",
        "give the job its frames back in the Monitor (Modify Frame Range), or:  flowpipe-deadline redo {bundle} {node}"
        " --new-jobs",
    ),
    "missing": Kind(
        "Tasks are complete, and left no results.",
        "make them again:  flowpipe-deadline redo {bundle} {node} --failed",
    ),
    "stale": Kind(
        "Results were made from others than are there now.", "flowpipe-deadline redo {bundle} {node} --stale"
    ),
    "unknown": Kind("Deadline lists the job without a state.", "see it in the Monitor"),
    "queued": Kind(
        "It waits for a worker.", "if it stays so: right-click the job in the Monitor, Find Render Candidates"
    ),
    "rendering": Kind("Workers render it.", ""),
    "upstream": Kind("It waits for other jobs.", ""),
    "omitted": Kind("The graph omits it: it has no job.", ""),
    "complete": Kind("All of its results are there.", ""),
}
"""All kinds of reasons by name, the gravest first."""

WENT_WELL = ("complete", "omitted")


@dataclass(frozen=True)
class Reason:
    """Why one job is as it is."""

    key: str
    """Of the node; empty for the whole bundle, a job ID for a job that is none of its."""
    kind: str
    """One of ``KINDS``."""
    text: str
    """The same in words, with all that is known."""
    because: tuple[Reason, ...] = field(default=(), repr=False, compare=False)
    """What it waits for: the end of each chain is what keeps it."""
    advice: str = field(default="", compare=False)
    """What to do, with commands to copy."""
    distance: int = field(default=0, init=False, repr=False, compare=False)
    """How many steps it is from here to the nearest end."""
    _ends: tuple[Reason, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # What it waits for is known by now, so that nothing has to follow chains of thousands of jobs.
        if self.because:
            ends = {id(end): end for item in self.because for end in item.ends} if len(self.because) > 1 else {}
            object.__setattr__(self, "_ends", tuple(ends.values()) or self.because[0].ends)
            object.__setattr__(self, "distance", 1 + min(item.distance for item in self.because))

    @property
    def ends(self) -> tuple[Reason, ...]:
        """What keeps it, at the ends of what it waits for; itself if it waits for nothing."""
        return self._ends or (self,)


def of_bundle(bundle: Bundle, kind: str, text: str) -> Reason:
    """A reason that concerns the whole bundle."""
    return Reason("", kind, text, advice=advice_of(bundle, kind))


def advice_of(bundle: Bundle, kind: str, key: str = "") -> str:
    """What to do about a job of that kind."""
    return KINDS[kind].advice.format(bundle=bundle.folder, node=key)
