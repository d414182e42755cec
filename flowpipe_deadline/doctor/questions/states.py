"""What Deadline makes of jobs that wait for others, and of names that it does not know."""

from __future__ import annotations

import secrets

from ...deadline.client import ACTIVE, PENDING, SUSPENDED, SubmissionError
from .experiment import NO_JOB, Experiment
from .outcome import Outcome


def suspend_dependent(experiment: Experiment) -> Outcome:
    """The state of a job that is submitted suspended and waits for another, and what resuming makes of it."""
    upstream = experiment.create()
    dependent = experiment.create(JobDependencies=upstream)
    submitted = experiment.read(dependent).status
    resume = experiment.ask("-ResumeJob", dependent)
    resumed = experiment.read(dependent).status
    facts = {"submitted": submitted, "resume_exit_code": resume.result.exit_code, "resumed": resumed}
    words = f"submitted suspended, it is {submitted}; resumed, {resumed}"
    if resumed in ACTIVE:
        experiment.ask("-SuspendJob", dependent)
        words += f" while what it waits for is {SUSPENDED}"
    if submitted != SUSPENDED:
        return Outcome(words, facts)
    facts["pended"] = _pend_suspended(experiment, upstream)
    return Outcome(f"{words}; pended while it is suspended, {facts['pended']}", facts)


def _pend_suspended(experiment: Experiment, upstream: str) -> str:
    """What pending makes of a job that is suspended."""
    job_id = experiment.create(JobDependencies=upstream)
    try:
        experiment.client.pend([job_id])
    except SubmissionError as error:
        return f"refused ({error})"
    status = experiment.read(job_id).status
    return status if status == PENDING else f"still {status}"


def depend_on_nobody(experiment: Experiment) -> Outcome:
    """What becomes of a job that waits for one that never was."""
    trial = experiment.attempt(JobDependencies=NO_JOB)
    if trial.job_id is None:
        return Outcome(f"the job is refused: {trial.words}", {"job": "refused"})
    job = experiment.read(trial.job_id)
    kept = None if job.dependencies is None else NO_JOB in job.dependencies
    words = {True: "the dependency is kept", False: "the dependency is dropped", None: "GetJob tells no dependencies"}
    facts = {"job": trial.kind, "dependency_kept": kept, "status": job.status}
    return Outcome(f"the job is {trial.verdict} and {job.status}; {words[kept]}", facts)


def name_nothing(experiment: Experiment) -> Outcome:
    """What becomes of jobs with a pool, a group or a limit that there is not."""
    stranger = f"no-{secrets.token_hex(4)}"
    parts, facts = [], {}
    for key in ("Pool", "Group", "LimitGroups"):
        trial = experiment.attempt(**{key: stranger})
        kept = None if trial.job_id is None else stranger in experiment.output_about(trial.job_id)
        facts[key] = {"job": trial.kind, "mentioned": kept}
        told = {None: "", True: ", and GetJob names it", False: ", and GetJob does not name it"}[kept]
        parts.append(f"{key}: {trial.verdict}{told}")
    return Outcome("; ".join(parts), facts)


def fail(experiment: Experiment) -> Outcome:
    """Exit codes and words of what cannot work."""
    missing = str(experiment.folder / "missing.job")
    exchanges = {
        "an unknown command": experiment.ask("-FlowpipeNoSuchCommand"),
        "a missing job info file": experiment.ask(missing, missing),
        "an unknown plugin": experiment.attempt(Plugin=f"No{secrets.token_hex(4)}").exchange,
        "an unknown job": experiment.ask("-GetJob", NO_JOB, "True"),
        "the deletion of an unknown job": experiment.ask("-DeleteJob", NO_JOB),
    }
    facts = {
        name: {"exit_code": exchange.result.exit_code, "words": exchange.words} for name, exchange in exchanges.items()
    }
    return Outcome("; ".join(f"{name}: {fact['exit_code']} ({fact['words']})" for name, fact in facts.items()), facts)
