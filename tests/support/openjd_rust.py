"""The other implementation of Open Job Description, in Rust: it comes inside the package of the official model.

Its model, its chunks and its sessions share no code with those of ``openjd run``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from openjd.model import _v1 as model
from openjd.model._v1.job import StepParameterSpaceIterator
from openjd.sessions._v1 import ActionState, Session, SessionState

from flowpipe_deadline.openjd.export import TEMPLATE


def make_job(bundle, **parameters):
    """The job of the bundle's template, and the values of its parameters."""
    folder = Path(bundle)
    template = model.decode_job_template_str(
        (folder / TEMPLATE).read_text(encoding="utf-8"), supported_extensions=["TASK_CHUNKING"]
    )
    values = model.preprocess_job_parameters(
        job_template=template,
        job_parameter_values={"Python": sys.executable, **parameters},
        job_template_dir=folder,
        current_working_dir=folder,
    )
    return model.create_job(job_template=template, job_parameter_values=values), values


def tasks_of(step):
    """The parameters of each task; one dict without any for a step without them."""
    return [{}] if step.parameterSpace is None else list(StepParameterSpaceIterator(step=step))


def run_in_rust(bundle, **parameters):
    """Runs all steps, in the order of the template; gives why the first task failed that did, else an empty text."""
    job, values = make_job(bundle, **parameters)
    for step in job.steps:
        session = Session(session_id=step.name, job_parameter_values=values)
        try:
            for environment in step.stepEnvironments or ():
                session.enter_environment(environment=environment)
                _wait(session)
            for task in tasks_of(step):
                session.run_task(step_script=step.script, task_parameter_values=task)
                _wait(session)
                status = session.action_status
                if status.state != ActionState.SUCCESS:
                    return f"{step.name}: {status.fail_message or status.state}"
        finally:
            session.cleanup()
    return ""


def _wait(session):
    while session.state == SessionState.RUNNING:
        time.sleep(0.01)
