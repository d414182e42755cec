#!/usr/bin/env bash
# deadline 0.60.10 (AWS Deadline Cloud): an empty value does not replace a path's default.
#
# Expected: a parameter value of a submission replaces the default of the job bundle, the empty
# text too: "no texture", "no look". apply_job_parameters() says that it sets the value.
# Seen: for a PATH parameter the empty value is skipped, so the default stays and is submitted.
# With dataFlow IN the default's file is missing in the asset references as well: the job asks
# for a file that is not uploaded.
# Matters: what the artist emptied is rendered with, or fails on the farm only.
# Controls: a STRING parameter becomes empty; another path replaces the default; openjd-model
# 0.14.0, which runs the same template locally, keeps the empty path.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    deadline==0.60.10 openjd-model==0.14.0 \
    deadline-job-attachments==0.1.5 boto3==1.44.8 click==8.5.1

cat > check.py <<'PY'
import json
import os
from importlib.metadata import version
from pathlib import Path
from deadline.client.job_bundle.parameters import apply_job_parameters, read_job_bundle_parameters
from deadline.client.job_bundle.submission import AssetReferences
from openjd.model import decode_job_template, preprocess_job_parameters

TEMPLATE = {
    "specificationVersion": "jobtemplate-2023-09",
    "name": "render",
    "parameterDefinitions": [
        {"name": "Look", "type": "PATH", "objectType": "FILE", "dataFlow": "IN",
         "default": "look.cube"},
        {"name": "Note", "type": "STRING", "default": "first take"}],
    "steps": [{"name": "render", "script": {"actions": {"onRun": {"command": "true"}}}}],
}
bundle = os.path.realpath("bundle")
os.mkdir(bundle)
Path(bundle, "look.cube").touch()
Path(bundle, "template.json").write_text(json.dumps(TEMPLATE))


def submitted(values):
    """Values of deadline's job and its input files, and the values in openjd-model."""
    parameters, assets = read_job_bundle_parameters(bundle), AssetReferences()
    given = [{"name": name, "value": value} for name, value in values.items()]
    apply_job_parameters(given, bundle, parameters, assets)
    ours = {each["name"]: each.get("value", each["default"]) for each in parameters}
    model = preprocess_job_parameters(
        job_template=decode_job_template(template=TEMPLATE), job_parameter_values=values,
        job_template_dir=Path(bundle), current_working_dir=Path.cwd())
    theirs = {name: parameter.value for name, parameter in model.items()}
    for text, shown in (("deadline", ours), ("inputs", sorted(assets.input_filenames)),
                        ("openjd-model", theirs)):
        print(f"    {text}: {shown}".replace(os.path.dirname(bundle), ""))
    return ours, assets.input_filenames, theirs


print("deadline", version("deadline"), "openjd-model", version("openjd-model"))
default = os.path.join(bundle, "look.cube")
print("nothing given")
ours, files, theirs = submitted({})
assert ours == theirs == {"Look": default, "Note": "first take"} and files == {default}
print("another look given")
ours, files, theirs = submitted({"Look": "/looks/b.cube"})
assert ours == theirs == {"Look": "/looks/b.cube", "Note": "first take"}
assert files == {"/looks/b.cube"}
print("both given empty")
ours, files, theirs = submitted({"Look": "", "Note": ""})
assert theirs == {"Look": "", "Note": ""}
assert ours == {"Look": default, "Note": ""} and not files
PY
venv/bin/python check.py
