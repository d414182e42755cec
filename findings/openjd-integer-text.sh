#!/usr/bin/env bash
# openjd-model 0.13.0: the text of an INT parameter depends on where its value comes from.
#
# Expected: a job's INT parameter is an integer, whose text in a command is its base-10 form,
# from the template's default as from the submission; what is no integer is refused.
# Seen: a default of "0010" becomes 10. The same value given at submission stays 0010, which a
# shell's arithmetic reads as 8. So do "1_000" and " 7": they pass as integers, minValue and
# allowedValues included, and stand in the command as they are. A FLOAT default 1e2 becomes
# 1E+2, given it stays 1e2.
# Matters: a frame number reaches the command in a form that the command takes as another
# number, or as none, after it was checked.
# Controls: an integer given as such, and a task parameter, which is 10 too.
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
from openjd.model import (
    StepParameterSpaceIterator, create_job, decode_job_template, preprocess_job_parameters)


def job(definition, given, task_range=("1",)):
    template = decode_job_template(template={
        "specificationVersion": "jobtemplate-2023-09",
        "name": "{{Param.Value}}",
        "parameterDefinitions": [{"name": "Value", **definition}],
        "steps": [{
            "name": "render",
            "parameterSpace": {"taskParameterDefinitions": [
                {"name": "Frame", "type": "INT", "range": list(task_range)}]},
            "script": {"actions": {"onRun": {"command": "render"}}},
        }],
    })
    values = preprocess_job_parameters(
        job_template=template, job_template_dir=Path.cwd(), current_working_dir=Path.cwd(),
        job_parameter_values={} if given is None else {"Value": given})
    return values["Value"].value, create_job(job_template=template, job_parameter_values=values)


def text(definition, given=None):
    value, _ = job(definition, given)
    print(f"{definition}, given {given!r}: {value!r}")
    return value


print("openjd-model", version("openjd-model"))
INT = {"type": "INT"}
assert text({**INT, "default": "0010"}) == "10"
assert text(INT, 10) == "10"
assert text(INT, "0010") == "0010"
for given in ("1_000", " 7"):
    assert text({**INT, "minValue": 1, "allowedValues": [7, 1000]}, given) == given
for given in ("7.0", "0x10", "seven"):
    try:
        job(INT, given)
    except ValueError:
        print(f"given {given!r}: refused")
    else:
        raise SystemExit("it is taken now")
assert text({"type": "FLOAT", "default": "1e2"}) == "1E+2"
assert text({"type": "FLOAT"}, "1e2") == "1e2"
_, created = job(INT, "0010", task_range=["0010"])
task = next(iter(StepParameterSpaceIterator(space=created.steps[0].parameterSpace)))
print("the job's parameter:", repr(created.name), "- the task's:", repr(task["Frame"].value))
assert created.name == "0010" and task["Frame"].value == "10"
PY
venv/bin/python check.py
echo "the shell reads 0010 as $((0010))"
test $((0010)) -eq 8
