"""What is odd about the settings of planned jobs: worth a warning, as it may be meant so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .findings import Finding, Kind
from .plan import Job
from .settings import NodeSettings

_VANISHING = {
    ("OnJobComplete", "Delete"): "deleted",
    ("OnJobComplete", "Archive"): "archived",
    ("DeleteOnComplete", "true"): "deleted",
    ("ArchiveOnComplete", "true"): "archived",
}


def setting_findings(node: str, settings: NodeSettings) -> Iterator[Finding]:
    """The warnings about one node's settings; ``node`` is its label."""
    for name in settings.missing_variables:
        text = f"capture_environment: {name} is not set here, so its job goes without it"
        yield _setting_warning(Kind.MISSING_VARIABLE, node, text, "set it, or ask for it by a pattern if it may be missing")
    for key, meant in settings.misspelt_keys:
        text = f"the job info key '{key}' is not documented"
        yield _setting_warning(Kind.JOB_INFO_KEY, node, text, f"is it '{meant}'?")


def vanishing_findings(jobs: Sequence[Job]) -> Iterator[Finding]:
    """The warnings about jobs that go away while others wait for them.

    A deleted upstream job releases nobody, and whether an archived one does is unknown (deadline-submission.md, section
    4.2); either may be gone before Deadline looks.
    """
    waiting: dict[str, str] = {}
    for job in jobs:
        for key in job.awaited_keys:
            waiting.setdefault(key, job.label)
    for job in jobs:
        for entry in job.job_info:
            if entry in _VANISHING and job.key in waiting:
                text = f"it is {_VANISHING[entry]} once complete, and {waiting[job.key]} may then wait for it for ever"
                yield _setting_warning(Kind.VANISHING_JOB, job.label, text, "set that for the last jobs of a graph only")


def _setting_warning(kind: Kind, node: str, text: str, advice: str) -> Finding:
    return Finding(kind=kind, severity="warning", text=text, advice=advice, node=node)
