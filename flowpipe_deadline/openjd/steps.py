"""The steps of a job: what becomes of each node, and of its settings, from a plan and from a bundle alike.

Deadline's side of the settings: submission, section 1.2. The other side: the specification ``jobtemplate-2023-09``, and
the options of ``deadline bundle submit``.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ..bundle.info_format import parse_entries
from ..bundle.job_files import FRAMES_KEY, NODE_KEY, SUBMISSION_KEY, read_entries
from ..bundle.templates import PATH_KEYS, JobFiles
from ..core.bundle import MANIFEST, AnyPath, Bundle, BundleJob, job_labels, read_node
from ..core.files import DamagedRecordError
from ..core.frames import FrameList
from ..core.text import listing
from ..core.warnings import PlanWarning, WarningKind
from ..offline.timeouts import read_timeout
from ..planning.plan import Job, Plan
from ..results.upstream import UPSTREAM
from ..settings.environment import variables_of
from ..settings.job_info_keys import ENVIRONMENT_KEY, EXTRA_INFO_KEY, planned_reason, setting_of_key

_OWN = tuple(f"{name}=" for name in (SUBMISSION_KEY, NODE_KEY, FRAMES_KEY))
_TIMEOUTS = ("task_timeout_seconds", "task_timeout_minutes")
_PRIORITY, _HIGHEST_PRIORITY = 50, 100  # Of jobs that say nothing, here and there; and the highest there.
_QUEUES = "there, queues and fleets say which workers a job gets"
_ADVICE = {
    **dict.fromkeys(("pool", "secondary_pool", "group", "allow_list", "deny_list", "limits"), _QUEUES),
    "machine_limit": "'deadline bundle submit --max-worker-count' limits the whole job",
    "failure_detection_task_errors": "'deadline bundle submit --max-retries-per-task' sets it for the whole job",
    "include_environment": "name the variables with capture_environment",
    "enable_frame_timeouts": "a task has the time of the planned frames of its chunk",
}
_WARNING = partial(PlanWarning, WarningKind.NO_COUNTERPART, "warning")


class Step:
    """A job as a step: what becomes of the entries of its two files."""

    def __init__(
        self,
        job: Job | BundleJob,
        name: str,
        job_info: Mapping[str, str],
        plugin_info: Mapping[str, str],
        *,
        upstream: Iterable[str],
    ) -> None:
        self.job = job
        self.name = name  # What people see, distinct within the graph.
        # Also those that Deadline need not be told: whether a farm that carries files brings theirs along is unknown.
        self.upstream = tuple(upstream)
        self.interpreter = plugin_info.get("Interpreter", "python")
        # They ascend, as those of all plans.
        self.frames = None if job.frame_mode == "none" else FrameList.parse(str(job.frames))
        lists = {kind: plugin_info.get(key, "").split(",") for kind, key in PATH_KEYS.items()}
        self.path_variables = {one: kind for kind, names in lists.items() for one in names if one}
        self.variables = variables_of(job_info.items())
        self.description = ""
        self.timeout = 0  # Seconds that a task may take; 0 for any.
        self.priority = _PRIORITY
        self.inputs: list[str] = []  # Files that must exist.
        self.outputs: list[str] = []  # Folders for what it makes.
        self.lost: list[str] = []  # Settings for which there is nothing, and keys that belong to none.
        self.take(job_info)

    def take(self, job_info: Mapping[str, str]) -> None:
        """Adds what becomes of these entries of the job info file."""
        timeout = read_timeout(job_info, frame_count=self.job.chunk_size)
        if timeout is not None and timeout.end in ("error", "failure"):
            self.timeout = int(min(timeout.seconds, 2**31 - 1))
        for key, text in job_info.items():
            setting = setting_of_key(key)
            name = setting.name if setting else "extra_info" if key.startswith(EXTRA_INFO_KEY) else key
            nothing = ("", setting.default.lower() if setting else "")
            if planned_reason(key) or key.startswith(ENVIRONMENT_KEY) or text.lower() in nothing:
                continue
            if name == "comment":
                self.description = text
            elif name == "priority" and text.isdecimal():
                self.priority = int(text)
            elif name == "aws_asset_files":
                self.inputs.append(text)
            elif name == "required_assets" and "#" not in text:
                self.inputs += text.split(",")
            elif name in ("output_directories", "output_filenames"):
                known, number, _ = text.partition("#")
                folder = text if name == "output_directories" and not number else ntpath.dirname(known)
                self.outputs += [folder] if folder else []  # A mere name of a file is in one of the folders.
            elif not (name == "extra_info" and text.startswith(_OWN)) and not (self.timeout and name in _TIMEOUTS):
                self.lost.append(name)


def steps_of_plan(plan: Plan, *, templates: AnyPath | None = None) -> tuple[Step, ...]:
    """The steps of a plan, as its bundle will have them; ``templates`` is a studio's folder, as for ``write_bundle``.

    Raises:
        BundleError: A template does not fit.
    """
    names, files = _names(plan.jobs, main=plan.name), JobFiles(None if templates is None else Path(templates))

    def step(job: Job) -> Step:
        info = files.job_info(job, plan_name=plan.name, batch_name=plan.name, job_dependencies=job.awaited_keys)
        entries = map(dict, map(parse_entries, (info, files.plugin_info(job, bundle=Path()))))
        return Step(job, names[job.key], *entries, upstream=[one.upstream for one in job.dependencies])

    return _with_makers([step(job) for job in plan.jobs])


def steps_of_bundle(bundle: Bundle) -> tuple[Step, ...]:
    """The steps of a bundle.

    Raises:
        RecordError: A record or a file of a job is missing or damaged, or jobs do not come after what they wait for.
    """
    names, steps = _names(bundle.jobs, main=bundle.graph), dict[str, Step]()
    for job in bundle.jobs:
        upstream = (*job.depends_on, *(read_node(bundle.folder, job.key).get(UPSTREAM) or ()))
        for key in upstream:  # No cycle reaches the official tools.
            if key not in steps:
                raise DamagedRecordError(bundle.folder / MANIFEST, f"{job.key} comes before {key}, which it waits for")
        steps[job.key] = Step(job, names[job.key], *map(read_entries, bundle.job_files(job)), upstream=upstream)
    return _with_makers(list(steps.values()))


def _with_makers(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, each depending also on those further up that make files.

    A farm without a shared disk brings a task what its step's own dependencies have made, and a path may be handed on.
    """
    makers: dict[str, dict[str, None]] = {}
    for step in steps:
        above = dict.fromkeys(key for upstream in step.upstream for key in makers[upstream])
        step.upstream = tuple(dict.fromkeys((*step.upstream, *above)))
        makers[step.job.key] = {**above, **({step.job.key: None} if step.outputs else {})}
    return tuple(steps)


def _names(jobs: Iterable[Job | BundleJob], *, main: str) -> dict[str, str]:
    """The names of steps by key; in those, the stricter of the official readers refuses two opening braces together."""
    labels = job_labels(jobs, main=main, longest=100_000)  # What is too long is refused, with its length.
    return {key: re.sub(r"\{(?=\{)", "{ ", label) for key, label in labels.items()}


def lost_warnings(steps: Iterable[Step]) -> Iterator[PlanWarning]:
    """A warning for each setting that has no counterpart, and if the job has to be submitted with its priority."""
    priorities: dict[int, str] = {}
    for step in steps:
        priorities.setdefault(step.priority, step.job.label)
        for name in dict.fromkeys(step.lost):
            text = f"{name} has no counterpart in Open Job Description"
            yield _WARNING(text, _ADVICE.get(name, "it counts in Deadline 10 only"), step.job.label)
    if list(priorities) != [_PRIORITY]:
        said = listing([f"{priority} of {label}" for priority, label in sorted(priorities.items())])
        advice = f"submit it by  deadline bundle submit --priority {job_priority(priorities)}"
        yield _WARNING(f"the job has one priority there, up to {_HIGHEST_PRIORITY}, and its nodes have {said}", advice)


def job_priority(priorities: Iterable[int]) -> int:
    """The priority of a job with nodes of these."""
    return min(_HIGHEST_PRIORITY, max(priorities))
