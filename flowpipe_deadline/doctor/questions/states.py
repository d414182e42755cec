"""What Deadline makes of jobs that wait for others, and of names that it does not know."""

from __future__ import annotations

import secrets

from ...deadline.client import ACTIVE, PENDING, SUSPENDED, SubmissionError
from .experiment import NO_JOB, Lab
from .outcome import Finding


def suspend_dependent(lab: Lab) -> Finding:
    """The state of a job that is submitted suspended and waits for another, and what resuming makes of it."""
    upstream = lab.create()
    dependent = lab.create(JobDependencies=upstream)
    submitted = lab.read(dependent).status
    resume = lab.ask("-ResumeJob", dependent)
    resumed = lab.read(dependent).status
    facts = {"submitted": submitted, "resume_exit_code": resume.result.exit_code, "resumed": resumed}
    words = f"submitted suspended, it is {submitted}; resumed, {resumed}"
    if resumed in ACTIVE:
        lab.ask("-SuspendJob", dependent)
        words += f" while what it waits for is {SUSPENDED}"
    if submitted != SUSPENDED:
        return Finding(words, facts)
    facts["pended"] = _pend_suspended(lab, upstream)
    return Finding(f"{words}; pended while it is suspended, {facts['pended']}", facts)


def _pend_suspended(lab: Lab, upstream: str) -> str:
    """What pending makes of a job that is suspended."""
    job_id = lab.create(JobDependencies=upstream)
    try:
        lab.farm.pend([job_id])
    except SubmissionError as error:
        return f"refused ({error})"
    status = lab.read(job_id).status
    return status if status == PENDING else f"still {status}"


def depend_on_nobody(lab: Lab) -> Finding:
    """What becomes of a job that waits for one that never was."""
    trial = lab.attempt(JobDependencies=NO_JOB)
    if trial.job_id is None:
        return Finding(f"the job is refused: {trial.words}", {"job": "refused"})
    job = lab.read(trial.job_id)
    kept = None if job.dependencies is None else NO_JOB in job.dependencies
    words = {True: "the dependency is kept", False: "the dependency is dropped", None: "GetJob tells no dependencies"}
    facts = {"job": trial.kind, "dependency_kept": kept, "status": job.status}
    return Finding(f"the job is {trial.verdict} and {job.status}; {words[kept]}", facts)


def name_nothing(lab: Lab) -> Finding:
    """What becomes of jobs with a pool, a group or a limit that there is not."""
    stranger = f"no-{secrets.token_hex(4)}"
    parts, facts = [], {}
    for key in ("Pool", "Group", "LimitGroups"):
        trial = lab.attempt(**{key: stranger})
        kept = None if trial.job_id is None else stranger in lab.output_about(trial.job_id)
        facts[key] = {"job": trial.kind, "mentioned": kept}
        told = {None: "", True: ", and GetJob names it", False: ", and GetJob does not name it"}[kept]
        parts.append(f"{key}: {trial.verdict}{told}")
    return Finding("; ".join(parts), facts)


def fail(lab: Lab) -> Finding:
    """Exit codes and words of what cannot work."""
    missing = str(lab.folder / "missing.job")
    exchanges = {
        "an unknown command": lab.ask("-FlowpipeNoSuchCommand"),
        "a missing job info file": lab.ask(missing, missing),
        "an unknown plugin": lab.attempt(Plugin=f"No{secrets.token_hex(4)}").exchange,
        "an unknown job": lab.ask("-GetJob", NO_JOB, "True"),
        "the deletion of an unknown job": lab.ask("-DeleteJob", NO_JOB),
    }
    facts = {
        name: {"exit_code": exchange.result.exit_code, "words": exchange.words} for name, exchange in exchanges.items()
    }
    return Finding("; ".join(f"{name}: {fact['exit_code']} ({fact['words']})" for name, fact in facts.items()), facts)
