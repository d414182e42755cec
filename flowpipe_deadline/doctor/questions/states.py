"""What Deadline makes of jobs that wait for others, and of names that it does not know."""

from __future__ import annotations

import secrets

from ...deadline.client import ACTIVE, PENDING, SUSPENDED, SubmissionError
from .experiment import NO_JOB, Experiment, Outcome, question


@question(
    "suspended",
    "submission, section 9.7",
    "What is a suspended job that waits for another, and what does resuming make of it?",
)
def _suspend_dependent(experiment: Experiment) -> Outcome:
    upstream = experiment.create()
    dependent = experiment.create(JobDependencies=upstream)
    submitted = experiment.read(dependent).status
    resume = experiment.ask("-ResumeJob", dependent)
    resumed = experiment.read(dependent).status
    details = {"submitted": submitted, "resume_exit_code": resume.result.exit_code, "resumed": resumed}
    words = f"submitted suspended, it is {submitted}; resumed, {resumed}"
    if resumed in ACTIVE:
        experiment.ask("-SuspendJob", dependent)
        words += f" while what it waits for is {SUSPENDED}"
    if submitted != SUSPENDED:
        return words, details
    details["pended"] = _pend_suspended(experiment, upstream)
    return f"{words}; pended while it is suspended, {details['pended']}", details


def _pend_suspended(experiment: Experiment, upstream: str) -> str:
    job_id = experiment.create(JobDependencies=upstream)
    try:
        experiment.client.pend([job_id])
    except SubmissionError as error:
        return f"refused ({error})"
    status = experiment.read(job_id).status
    return status if status == PENDING else f"still {status}"


@question("parent", "submission, section 9.8", "What becomes of a job that waits for one that never existed?")
def _depend_on_nobody(experiment: Experiment) -> Outcome:
    attempt = experiment.attempt(JobDependencies=NO_JOB)
    if attempt.job_id is None:
        return f"the job is refused: {attempt.words}", {"job": "refused"}
    job = experiment.read(attempt.job_id)
    kept = None if job.dependencies is None else NO_JOB in job.dependencies
    words = {True: "the dependency is kept", False: "the dependency is dropped", None: "GetJob prints no dependencies"}
    details = {"job": attempt.kind, "dependency_kept": kept, "status": job.status}
    return f"the job is {attempt.verdict} and {job.status}; {words[kept]}", details


@question("names", "submission, section 9.17", "What becomes of a job with an unknown pool, group or limit?")
def _name_nothing(experiment: Experiment) -> Outcome:
    unknown = f"no-{secrets.token_hex(4)}"
    parts, details = [], {}
    for key in ("Pool", "Group", "LimitGroups"):
        attempt = experiment.attempt(**{key: unknown})
        job_id = attempt.job_id
        kept = None if job_id is None else unknown in experiment.ask("-GetJob", job_id, "True").result.output
        details[key] = {"job": attempt.kind, "mentioned": kept}
        words = {None: "", True: ", and GetJob names it", False: ", and GetJob does not name it"}[kept]
        parts.append(f"{key}: {attempt.verdict}{words}")
    return "; ".join(parts), details


@question("failures", "submission, section 9.17", "With which exit codes and words do commands fail?")
def _fail(experiment: Experiment) -> Outcome:
    missing = str(experiment.folder / "missing.job")
    exchanges = {
        "an unknown command": experiment.ask("-FlowpipeNoSuchCommand"),
        "a missing job info file": experiment.ask(missing, missing),
        "an unknown plugin": experiment.attempt(Plugin=f"No{secrets.token_hex(4)}").exchange,
        "an unknown job": experiment.ask("-GetJob", NO_JOB, "True"),
        "the deletion of an unknown job": experiment.ask("-DeleteJob", NO_JOB),
    }
    details = {name: {"exit_code": one.result.exit_code, "words": one.words} for name, one in exchanges.items()}
    return "; ".join(f"{name}: {one['exit_code']} ({one['words']})" for name, one in details.items()), details
