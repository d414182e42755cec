"""What Deadline makes of frame lists, what it prints about jobs, and how jobs are found."""

from __future__ import annotations

from dataclasses import fields
from typing import Optional

from ...core.frames import FrameList, FrameListError
from ...core.text import counted
from ...deadline.client import UNKNOWN, JobDetails, TaskDetails
from ...deadline.command_output import parse_error, parse_job_ids, parse_sections
from ..recorder import Exchange
from .experiment import NO_JOB, Experiment, Outcome, question

_GAPS = "1,3,5,7,9-12"
_CHUNK = 2
_TASKS_OF_ENTRIES, _TASKS_OF_RUNS = 4, 6
_REVERSE = "100-1x7"
_ANCHORS = {"2": "first", "1": "last"}  # 100, 93, …, 2 counts from the 100 on; 99, 92, …, 1 from the 1.
_UNORDERED = "3,1,2"
_NEGATIVE = ("-10--5", "-10-5", "-10:-5")


@question("chunks", "submission, section 9.1", "Do frames with a gap between them share a task?")
def _cut_gaps(experiment: Experiment) -> Outcome:
    job_id = experiment.create(Frames=_GAPS, ChunkSize=str(_CHUNK))
    experiment.check()
    tasks = experiment.client.read_tasks(job_id)
    frames = [task.frames for task in tasks]
    shares = {_TASKS_OF_ENTRIES: True, _TASKS_OF_RUNS: False}.get(len(tasks), _share(tasks))
    shown = ", ".join(filter(None, frames)) or "their frames are unknown"
    details = {"tasks": len(tasks), "frames": frames, "gaps_share_a_task": shares}
    how = {True: "yes: every two frames", False: "no: only frames without a gap", None: "neither is what was expected"}
    return f"{how[shares]}; {_GAPS} by {_CHUNK} gives {counted(len(tasks), 'task')} ({shown})", details


def _share(tasks: tuple[TaskDetails, ...]) -> Optional[bool]:
    for task in tasks:
        try:
            frames = list(FrameList.parse(task.frames))
        except FrameListError:
            return None
        if len(frames) > 1 and frames[-1] - frames[0] >= len(frames):
            return True
    return None


@question("frames", "submission, sections 9.2 and 9.3", "How are reverse steps, orders and negative frames read?")
def _read_lists(experiment: Experiment) -> Outcome:
    def parsed(frames: str, flag: str = "False") -> str:
        return experiment.ask("-ParseFrameList", frames, flag).words

    reverse = parsed(_REVERSE)
    anchor = _ANCHORS.get(reverse.replace(" ", "").rpartition(",")[2], "unknown")
    orders = {flag: parsed(_UNORDERED, flag) for flag in ("True", "False")}
    negative = {frames: parsed(frames) for frames in _NEGATIVE}
    parts = [
        f"{_REVERSE} counts from its {anchor} frame" if anchor != "unknown" else f"{_REVERSE}: {reverse}",
        *(f"{_UNORDERED} with {flag}: {words}" for flag, words in orders.items()),
        *(f"{frames}: {words}" for frames, words in negative.items()),
    ]
    details = {"reverse": reverse, "reverse_step_from": anchor, "orders": orders, "negative": negative}
    return "; ".join(parts), details


@question("keys", "submission, section 2.5", "Which keys does GetJob print for a job?")
def _name_keys(experiment: Experiment) -> Outcome:
    upstream = experiment.create()
    job_id = experiment.create(JobDependencies=upstream, Frames="1-4", ChunkSize="2")
    keys = {
        "GetJob True": _keys(experiment.ask("-GetJob", job_id, "True")),
        "GetJob": _keys(experiment.ask("-GetJob", job_id)),
        "GetJobTasks": _keys(experiment.ask("-GetJobTasks", job_id)),
    }
    job = experiment.read(job_id)
    wanted = [item.name for item in fields(JobDetails) if item.name not in ("job_id", "tasks")]
    missing = [name for name in wanted if getattr(job, name) in (None, UNKNOWN)]
    counts = ", ".join(f"{len(found)} of {command}" for command, found in keys.items())
    understood = f"not understood: {', '.join(missing)}" if missing else "all that we need is understood"
    return f"{counts}; {understood}", {"keys": keys, "not_understood": missing, "status": job.status}


def _keys(exchange: Exchange) -> list[str]:
    """The names before the equals signs, each once."""
    lines = exchange.result.output.splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("Error")]
    return list(dict.fromkeys(key.strip() for key, _, _ in pairs))


@question("several", "submission, section 2.5", "Can GetJob read several jobs at once?")
def _read_several(experiment: Experiment) -> Outcome:
    job_ids = [experiment.create(), experiment.create()]
    result = experiment.ask("-GetJob", ",".join(job_ids), "True").result
    read = list(parse_sections(result.output, job_ids=job_ids))
    error = parse_error(result.output)
    details = {"asked": 2, "told": len(read), "first": read[:1] == job_ids[:1], "exit_code": result.exit_code}
    words = {0: "no", 1: "only one of two", 2: "yes"}[len(read)]
    return f"{words}{f' ({error})' if error else ''}", details


@question("filter", "submission, section 2.5", "Does GetJobIdsFilter know BatchName?")
def _filter_batch(experiment: Experiment) -> Outcome:
    job_id = experiment.create()
    found = experiment.ask("-GetJobIdsFilter", f"BatchName={experiment.batch}").result.output
    found_other = experiment.ask("-GetJobIdsFilter", f"BatchName={experiment.batch}-no").result.output
    error = parse_error(found)
    if error:
        return f"no: {error}", {"filter": "error"}
    if parse_job_ids(found_other):
        return "no: it finds every job", {"filter": "everything"}
    if job_id not in parse_job_ids(found):
        return "no: it finds nothing", {"filter": "nothing"}
    return "yes", {"filter": "works"}


@question("unknown", "submission, section 9.17", "What does GetJob print for a job that does not exist?")
def _read_unknown(experiment: Experiment) -> Outcome:
    alone = experiment.ask("-GetJob", NO_JOB, "True")
    job_id = experiment.create()
    beside = experiment.ask("-GetJob", f"{job_id},{NO_JOB}", "True").result
    is_read = job_id in parse_sections(beside.output, job_ids=[job_id, NO_JOB])
    output = alone.result.output
    details = {
        "exit_code": alone.result.exit_code,
        "says": "error" if parse_error(output) else "text" if output.strip() else "nothing",
        "other_is_told": is_read,
    }
    beside_it = "is read" if is_read else "is not read"
    return f"exit code {alone.result.exit_code}, {alone.words}; another job beside it {beside_it}", details
