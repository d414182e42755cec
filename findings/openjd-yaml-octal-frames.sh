#!/usr/bin/env bash
# openjd-model 0.13.0: a list of padded frame numbers renders other frames, and some twice.
#
# Expected: a template is YAML 1.2, as the specification says. There a leading zero means
# nothing: 010 is ten (octal is 0o10), and 1:40 is a text.
# Seen: templates are read as YAML 1.1. The frames [008, 009, 010, 011] are 8, 9, 8 and 9: 008
# and 009 are no octal numbers, hence texts, which then become integers. A default of 010 is
# 8, and 1:40 is 100, both as an INT.
# Matters: two frames are rendered twice and two never; nothing is refused.
# Controls: the same template as JSON with texts, and with quotes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    openjd-model==0.13.0 pydantic==2.14.4 PyYAML==6.0.4

cat > check.py <<'PY'
import json
from importlib.metadata import version
from pathlib import Path
from openjd.model import (
    DocumentType, StepParameterSpaceIterator, create_job, decode_job_template,
    document_string_to_object, preprocess_job_parameters)

TEMPLATE = """
{"specificationVersion": "jobtemplate-2023-09", "name": "frames",
 "parameterDefinitions": [{"name": "Start", "type": "INT", "default": %s}],
 "steps": [{"name": "render", "script": {"actions": {"onRun": {"command": "render"}}},
  "parameterSpace": {"taskParameterDefinitions": [
   {"name": "Frame", "type": "INT", "range": %s}]}}]}
"""


def job(default, frames, document_type=DocumentType.YAML):
    template = decode_job_template(template=document_string_to_object(
        document=TEMPLATE % (default, frames), document_type=document_type))
    values = preprocess_job_parameters(
        job_template=template, job_parameter_values={},
        job_template_dir=Path.cwd(), current_working_dir=Path.cwd())
    created = create_job(job_template=template, job_parameter_values=values)
    space = StepParameterSpaceIterator(space=created.steps[0].parameterSpace)
    result = values["Start"].value, [task["Frame"].value for task in space]
    print(f"{document_type.name}: default {default}, range {frames} -> {result}")
    return result


print("openjd-model", version("openjd-model"), "PyYAML", version("PyYAML"))
quoted = json.dumps(["008", "009", "010", "011"])
right = ("10", ["8", "9", "10", "11"])
assert job('"010"', quoted, DocumentType.JSON) == right
assert job('"010"', quoted) == right
assert job("010", "[008, 009, 010, 011]") == ("8", ["8", "9", "8", "9"])
assert job("1:40", "[1:40]") == ("100", ["100"])
PY
venv/bin/python check.py
