"""The settings of a fake Deadline: its farm, and its answers to what is unknown of the real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from flowpipe_deadline.core.errors import FlowpipeDeadlineError
from flowpipe_deadline.core.files import json_bytes, write_whole

from .faults import Fault, parse_faults

_CHOICES: Mapping[str, tuple[object, ...]] = {
    "suspended_dependent": ("Suspended", "Pending"),
    "resumed_dependent": ("Pending", "Active"),
    "pend_suspended": ("works", "refused"),
    "wrong_state": ("error", "nothing"),
    "unknown_parent": ("refuse", "ignore", "deleted"),
    "unknown_name": ("refuse", "warn", "accept"),
    "task_limit": ("enforced", "ignored"),
    "job_keys": ("JobStatus", "Status", "both"),
    "job_details": ("all", "short", "bare"),
    "several_jobs": ("works", "first", "error"),
    "unknown_job": ("error", "nothing"),
    "task_frames": ("TaskFrameList", "TaskFrameString", "Frames", ""),
    "batch_filter": ("works", "nothing", "everything", "error"),
    "several_changes": ("go on", "stop"),
    "requeued_upstream": ("stays", "pends"),
    "job_setting": ("works", "nothing", "error"),
    "partly_pending": ("Active", "Pending"),
    "script_calls": ("inside", "process"),
    "script_output": ("shown", "hidden"),
    "script_file": ("set", "unset"),
    "script_arguments": ("script", "command", "empty"),
    "script_error": ("exit 1", "exit 0"),
    "script_exit": ("passed", "ignored"),
    "missing_value": ("", None),
    "rule_slashes": ("exact", "any"),
    "printed_names": ("utf-8", "?"),
    "event_ids": ("after", "before"),
    "resubmitted": ("as BatchResubmit", "whole"),
    "resubmitted_dependents": ("stay", "follow", "follow and pend"),
    "report_files": ("compressed", "plain", "elsewhere"),
    "report_calls": ("all", "texts", "none"),
    "worker_keys": ("Slave", "Worker", "none"),
    "farm_calls": ("all", "none"),
}


class SettingsError(FlowpipeDeadlineError):
    """Invalid settings of a fake Deadline."""

    exit_code = 2


@dataclass(frozen=True)
class Unknowns:
    """How the fake Deadline decides what is undocumented (submission, section 9)."""

    suspended_dependent: str = "Suspended"
    """The state of a job that is submitted suspended and waits for another: Suspended, or Pending."""
    resumed_dependent: str = "Pending"
    """The state of a job that is resumed and waits for another: Pending, or Active, which renders too early."""
    pend_suspended: str = "works"
    """Whether a suspended job can be pended: works, or refused."""
    wrong_state: str = "error"
    """A change that a job's state does not allow: an error, or nothing happens."""
    unknown_parent: str = "refuse"
    """A dependency on an unknown job: refuse, ignore it, or wait as for a deleted one (deleted)."""
    unknown_name: str = "refuse"
    """An unknown pool, group or limit: refuse, warn, or accept."""
    task_limit: str = "enforced"
    """More tasks than the limit: enforced, or ignored."""
    consecutive_chunks: bool = False
    """Whether a gap in the frames ends a chunk."""
    job_keys: str = "JobStatus"
    """How GetJob calls its keys: with Job before them (JobStatus), without (Status), or each way once (both)."""
    job_details: str = "all"
    """What GetJob prints: all, or no frames, chunk size, dependencies and batch name (short), or no numbers of tasks
    either (bare)."""
    several_jobs: str = "works"
    """GetJob of several IDs: works, prints the first, or is an error."""
    unknown_job: str = "error"
    """GetJob of an unknown job: an error, or nothing is printed."""
    task_frames: str = "TaskFrameList"
    """How GetJobTasks calls a task's frames; empty if it does not print them."""
    batch_filter: str = "works"
    """GetJobIdsFilter BatchName=: works, finds nothing, or everything, or is an error."""
    several_changes: str = "go on"
    """A change of several jobs of which one fails: go on with the others, or stop."""
    requeued_upstream: str = "stays"
    """Tasks that wait for a worker, of a job that depends on one that is requeued: each stays, or pends (submission,
    section 4.6)."""
    job_setting: str = "works"
    """SetJobSetting and GetJobSetting with the names of the job info: works, does nothing, or is an error (submission,
    section 2.5)."""
    partly_pending: str = "Active"
    """The state of a job that was pended and has complete tasks too: Active, or Pending (submission, section 5.2)."""
    failure_exit_code: int = 1
    """The exit code of a command that failed; 0 leaves the printed text as the only sign."""
    script_calls: str = "inside"
    """Whether a script's ExecuteCommand stays inside the process, or starts another one each time (process)."""
    script_output: str = "shown"
    """Whether what a script prints is shown, or hidden."""
    script_file: str = "set"
    """Whether a script's ``__file__`` is set, or unset."""
    script_arguments: str = "script"
    """What ``sys.argv`` is in a script: that of a script, that of deadlinecommand (command), or empty."""
    script_error: str = "exit 1"
    """What an exception in a script ends with, after its traceback: exit 1, or exit 0."""
    script_exit: str = "passed"
    """Whether the number that a script gives to ``sys.exit`` is passed on as the exit code, or ignored."""
    printed_names: str = "utf-8"
    """How a command prints what is not ASCII: in UTF-8, or each such character as ``?``."""
    event_ids: str = "after"
    """Where the IDs are printed of jobs that an event plugin makes: after that of the job, or before."""
    script_progress: str = "percent"
    """What a script reads as a task's TaskProgress: ``40 %`` (percent), ``40`` (text), 40.0 (number), or there is no
    such member (missing)."""
    resubmitted: str = "as BatchResubmit"
    """What ResubmitJob keeps of a job: the same as the shipped BatchResubmit, or the whole job info, name and batch
    included."""
    resubmitted_dependents: str = "stay"
    """What waited for a job that is resubmitted: its dependencies stay, or follow to the new job, which may also make
    its complete tasks pending again."""
    report_files: str = "compressed"
    """The files of reports that commands name: compressed by bzip2, plain text, or on a disk that only Deadline sees
    (elsewhere)."""
    report_calls: str = "all"
    """What a script can ask of a report: its file and its text (all), the text alone (texts), or there is no such
    call (none)."""
    worker_keys: str = "Slave"
    """How GetSlave calls its keys: SlaveName and so on, WorkerName and so on, or without pools and groups (none)."""
    farm_calls: str = "all"
    """Whether a script can ask for workers and limits by ``RepositoryUtils``, or by commands alone (none)."""
    missing_value: object = ""
    """What a missing key of a job's ``…KeyValue`` getters reads as: ``""`` or None."""
    rule_slashes: str = "exact"
    """Whether a rule of the path mapping also matches a path with the other slashes (any), or not (exact)."""


@dataclass(frozen=True)
class Settings:
    """The settings of a fake Deadline."""

    version: str = "10.4.2.2"
    build: str = "v10.4.2.2 Release (0a1b2c3d4)"
    pools: tuple[str, ...] = ("none",)
    groups: tuple[str, ...] = ("none",)
    limits: tuple[str, ...] = ()
    workers: tuple[Mapping[str, Any], ...] = ()
    """Its workers as Deadline tells of them: ``name``; ``state`` (Idle), ``enabled`` (True), ``pools``, ``groups``."""
    limit_usage: Mapping[str, Any] = field(default_factory=dict)
    """Of limits by name, how many stubs there are and how many are in use; else 1 and 0."""
    plugins: tuple[str, ...] = ("CommandLine", "Flowpipe", "Python")
    """Its plugins beside those in the repository's folder."""
    maximum_priority: int = 100
    task_limit: int = 5000
    user: str = "artist"
    startup_seconds: float = 0.0
    """How long each process takes to start."""
    interpreter: str = ""
    """Deadline's own Python, for scripts; empty for the one that runs this."""
    failure_limit: int = 3
    """How often a task may fail before it has failed for good."""
    path_mappings: tuple[tuple[str, str], ...] = ()
    """The repository's path mapping, as pairs of source and target."""
    plugin_config: Mapping[str, str] = field(default_factory=dict)
    """What *Configure Plugins* holds, beside the defaults of the plugin."""
    unknowns: Unknowns = Unknowns()
    faults: tuple[Fault, ...] = field(default_factory=tuple)

    def changed(self, **changes: Any) -> Settings:
        """The settings with other values; ``unknowns`` may be a dictionary of some, ``faults`` a list.

        Raises:
            SettingsError: The setting or its value is unknown.
        """
        _check_names(Settings, changes)
        unknowns = changes.pop("unknowns", {})
        if isinstance(unknowns, Mapping):
            _check_names(Unknowns, unknowns)
            unknowns = replace(self.unknowns, **unknowns)
        for name, choices in _CHOICES.items():
            if getattr(unknowns, name) not in choices:
                listed = ", ".join(map(repr, choices))
                raise SettingsError(f"{name} is {getattr(unknowns, name)!r}; it is one of {listed}")
        try:
            changes["faults"] = parse_faults(changes.get("faults", self.faults))
        except (TypeError, ValueError) as error:
            raise SettingsError(f"unknown fault: {error}") from error
        lists = {name: tuple(value) for name, value in changes.items() if isinstance(value, (list, tuple))}
        return replace(self, **{**changes, **lists}, unknowns=unknowns)


def read_settings(path: Path) -> Settings:
    """The settings in the file.

    Raises:
        SettingsError: There is no such file, or it holds something else.
    """
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a settings file of a fake Deadline: {error}") from error
    return Settings().changed(**data)


def write_settings(path: Path, settings: Settings) -> None:
    """Writes them; the file appears whole, so that a process that starts meanwhile reads all of it."""
    write_whole(path, json_bytes(asdict(settings)))


def _check_names(kind: type, given: Mapping[str, Any]) -> None:
    known = {item.name for item in fields(kind)}
    for name in given:
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}; there are {', '.join(sorted(known))}")
