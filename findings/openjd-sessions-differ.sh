#!/usr/bin/env bash
# openjd-sessions 0.13.0: whether a task has failed depends on which of its two sessions runs it.
#
# Expected: the package has the session twice, in Python and in Rust (openjd.sessions._v1); the
# same task ends alike in both.
# Seen: a task that prints "openjd_fail: no licence" and exits with 0 is a success in Python's, with
# that message, and has failed in Rust's. One that prints "openjd_env: LICENCE", with no value, is a
# success in Python's, and is ended as failed in Rust's.
# Matters: a task that is tried with openjd run fails on a worker that has the other session, or
# hides there that it has failed here.
# Controls: a status, and an exit code of 1.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    openjd-sessions==0.13.0 openjd-model==0.13.0 pydantic==2.14.4 PyYAML==6.0.4

cat > check.py <<'PY'
import sys
import time
from importlib.metadata import version
from pathlib import Path
from openjd import model, sessions
from openjd.model import _v1 as rust_model
from openjd.sessions import _v1 as rust_sessions

HERE = {"job_template_dir": Path.cwd(), "current_working_dir": Path.cwd()}


def template(line, code):
    script = f"import sys, time; print({line!r}, flush=True); time.sleep(0.5); sys.exit({code})"
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": "render",
        "steps": [{
            "name": "render",
            "script": {"actions": {"onRun": {"command": sys.executable, "args": ["-c", script]}}},
        }],
    }


def end(session, states, script):
    session.run_task(step_script=script, task_parameter_values={})
    while session.state == states.RUNNING:
        time.sleep(0.01)
    found = session.action_status
    session.cleanup()
    return str(found.state).rpartition(".")[2].lower(), found.status_message


def ends(line, code=0):
    decoded = model.decode_job_template(template=template(line, code))
    values = model.preprocess_job_parameters(job_template=decoded, job_parameter_values={}, **HERE)
    job = model.create_job(job_template=decoded, job_parameter_values=values)
    session = sessions.Session(session_id="a", job_parameter_values=values)
    found = [end(session, sessions.SessionState, job.steps[0].script)]
    decoded = rust_model.decode_job_template(template(line, code))
    values = rust_model.preprocess_job_parameters(job_template=decoded, job_parameter_values={}, **HERE)
    job = rust_model.create_job(job_template=decoded, job_parameter_values=values)
    session = rust_sessions.Session(session_id="a", job_parameter_values=values)
    found.append(end(session, rust_sessions.SessionState, job.steps[0].script))
    print(f"{line!r}, exit code {code}: {found[0]} and {found[1]}")
    return found


print("openjd-sessions", version("openjd-sessions"))
assert ends("openjd_fail: no licence") == [("success", None), ("failed", None)]
assert ends("openjd_env: LICENCE") == [("success", None), ("failed", None)]
assert ends("openjd_status: half done") == [("success", "half done")] * 2
assert ends("done", code=1) == [("failed", None)] * 2
PY
venv/bin/python check.py
