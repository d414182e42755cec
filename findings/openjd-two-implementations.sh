#!/usr/bin/env bash
# openjd-model 0.13.0: its two implementations cut the same frames into other chunks.
#
# Expected: the package has the model twice, in Python and in Rust (openjd.model._v1); a template
# becomes the same tasks by both.
# Seen: 1-10 by 3, not contiguous, is 1-3, 4-5, 6-8, 9-10 by the one, and 1-3, 4-6, 7-8, 9-10 by the
# other. A descending range, 10-1:-1 by 10, contiguous, is ten tasks from 10 to 1 by the one, and
# one task, 1-10, by the other.
# Matters: what is kept by chunk, such as one file for each, is not found again by what ran
# elsewhere; and how often a host starts depends on what runs the job.
# Controls: contiguous chunks of ascending frames are the same by both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    openjd-model==0.13.0 pydantic==2.14.4 PyYAML==6.0.4

cat > check.py <<'PY'
from importlib.metadata import version
from pathlib import Path
from openjd import model
from openjd.model import _v1 as rust
from openjd.model._v1.job import StepParameterSpaceIterator


def tasks(frames, size, constraint):
    template = {
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["TASK_CHUNKING"],
        "name": "frames",
        "steps": [{
            "name": "render",
            "parameterSpace": {"taskParameterDefinitions": [{
                "name": "Frame", "type": "CHUNK[INT]", "range": frames,
                "chunks": {"defaultTaskCount": size, "rangeConstraint": constraint}}]},
            "script": {"actions": {"onRun": {"command": "render", "args": ["{{Task.Param.Frame}}"]}}},
        }],
    }
    here = {"job_template_dir": Path.cwd(), "current_working_dir": Path.cwd()}
    found = []
    decoded = model.decode_job_template(template=template, supported_extensions=["TASK_CHUNKING"])
    values = model.preprocess_job_parameters(job_template=decoded, job_parameter_values={}, **here)
    space = model.create_job(job_template=decoded, job_parameter_values=values).steps[0].parameterSpace
    found.append([task["Frame"].value for task in model.StepParameterSpaceIterator(space=space)])
    decoded = rust.decode_job_template(template, supported_extensions=["TASK_CHUNKING"])
    values = rust.preprocess_job_parameters(job_template=decoded, job_parameter_values={}, **here)
    job = rust.create_job(job_template=decoded, job_parameter_values=values)
    found.append([str(task["Frame"].value) for task in StepParameterSpaceIterator(step=job.steps[0])])
    print(f"{frames} by {size}, {constraint}: {found[0]} and {found[1]}")
    return found


print("openjd-model", version("openjd-model"))
assert tasks("1-10", 3, "NONCONTIGUOUS") == [["1-3", "4,5", "6-8", "9,10"], ["1-3", "4-6", "7,8", "9,10"]]
down = [f"{frame}-{frame}" for frame in range(10, 0, -1)]
assert tasks("10-1:-1", 10, "CONTIGUOUS") == [down, ["1-10"]]
for frames in ("1-10", "1-31", "7-9,20-24"):
    python, other = tasks(frames, 3, "CONTIGUOUS")
    assert python == other
PY
venv/bin/python check.py
