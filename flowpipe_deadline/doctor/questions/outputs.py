"""What Deadline prints of jobs, by which names, and how they are found."""

from __future__ import annotations

from dataclasses import fields

from ...deadline.client import UNKNOWN, JobDetails
from ...deadline.command_output import parse_error, parse_job_ids, parse_sections
from .experiment import NO_JOB, Experiment
from .outcome import Outcome
from .recorder import Exchange


def name_keys(experiment: Experiment) -> Outcome:
    """The keys of ``GetJob`` and ``GetJobTasks``, and which of them we understand."""
    upstream = experiment.create()
    job_id = experiment.create(JobDependencies=upstream, Frames="1-4", ChunkSize="2")
    keys = {
        "GetJob True": _keys(experiment.ask("-GetJob", job_id, "True")),
        "GetJob": _keys(experiment.ask("-GetJob", job_id)),
        "GetJobTasks": _keys(experiment.ask("-GetJobTasks", job_id)),
    }
    job = experiment.read(job_id)
    wanted = [item.name for item in fields(JobDetails) if item.name not in ("job_id", "tasks")]
    untold = [name for name in wanted if getattr(job, name) in (None, UNKNOWN)]
    counts = ", ".join(f"{len(found)} of {command}" for command, found in keys.items())
    understood = f"not understood: {', '.join(untold)}" if untold else "all that we need is understood"
    return Outcome(f"{counts}; {understood}", {"keys": keys, "not_understood": untold, "status": job.status})


def _keys(exchange: Exchange) -> list[str]:
    """The names before the equals signs, each once."""
    lines = exchange.result.output.splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("Error")]
    return list(dict.fromkeys(key.strip() for key, _, _ in pairs))


def read_several(experiment: Experiment) -> Outcome:
    """Whether ``GetJob`` tells of several jobs at once."""
    job_ids = [experiment.create(), experiment.create()]
    exchange = experiment.ask("-GetJob", ",".join(job_ids), "True")
    told = list(parse_sections(exchange.result.output, job_ids=job_ids))
    error = parse_error(exchange.result.output)
    facts = {"asked": 2, "told": len(told), "first": told[:1] == job_ids[:1], "exit_code": exchange.result.exit_code}
    words = {0: "no", 1: "only of one of two", 2: "yes"}[len(told)]
    return Outcome(f"{words}{f' ({error})' if error else ''}", facts)


def filter_batch(experiment: Experiment) -> Outcome:
    """Whether ``GetJobIdsFilter`` knows ``BatchName``."""
    job_id = experiment.create()
    found = experiment.ask("-GetJobIdsFilter", f"BatchName={experiment.batch}")
    nothing = experiment.ask("-GetJobIdsFilter", f"BatchName={experiment.batch}-no")
    ids, strangers = parse_job_ids(found.result.output), parse_job_ids(nothing.result.output)
    error = parse_error(found.result.output)
    if error:
        return Outcome(f"no: {error}", {"filter": "error"})
    if strangers:
        return Outcome("no: it finds every job", {"filter": "everything"})
    if job_id not in ids:
        return Outcome("no: it finds nothing", {"filter": "nothing"})
    return Outcome("yes", {"filter": "works"})


def read_unknown(experiment: Experiment) -> Outcome:
    """What ``GetJob`` says of a job that there is not, alone and beside one that there is."""
    alone = experiment.ask("-GetJob", NO_JOB, "True")
    job_id = experiment.create()
    beside = experiment.ask("-GetJob", f"{job_id},{NO_JOB}", "True").result
    is_told = job_id in parse_sections(beside.output, job_ids=[job_id, NO_JOB])
    facts = {
        "exit_code": alone.result.exit_code,
        "says": "error" if parse_error(alone.result.output) else "text" if alone.result.output.strip() else "nothing",
        "other_is_told": is_told,
    }
    beside_it = "told" if is_told else "not told"
    return Outcome(f"exit code {alone.result.exit_code}, {alone.words}; another one beside it is {beside_it}", facts)
