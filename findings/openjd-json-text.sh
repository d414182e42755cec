#!/usr/bin/env bash
# openjd-model 0.13.0: a variable whose value is nested JSON is refused, and so is any text with "}}".
#
# Expected: what stands between "{{" and "}}" is a reference; a text without "{{" is just a text.
# Seen: the value {"show": {"fps": 24}} is refused, "Missing opening braces", in a variable of an
# environment as in an argument. Both implementations in the package do so, Python's and Rust's.
# The specification has no way to write such braces, but for the extension EXPR.
# Matters: settings that travel as JSON in a variable fit as long as they are flat.
# Controls: flat JSON, a blank between the braces, and a job parameter whose default is "}", of
# which two make the text.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    openjd-model==0.13.0 pydantic==2.14.4 PyYAML==6.0.4

cat > check.py <<'PY'
from importlib.metadata import version
from openjd import model
from openjd.model import _v1 as rust


def answer(text, parameters=(), *, as_argument=False):
    template = {
        "specificationVersion": "jobtemplate-2023-09",
        "name": "settings",
        **({"parameterDefinitions": list(parameters)} if parameters else {}),
        "steps": [{
            "name": "render",
            **({} if as_argument else {"stepEnvironments": [{"name": "e", "variables": {"SHOW": text}}]}),
            "script": {"actions": {"onRun": {
                "command": "render", "args": [text if as_argument else "-x"]}}},
        }],
    }
    answers = []
    for decode in (lambda: model.decode_job_template(template=template),
                   lambda: rust.decode_job_template(template)):
        try:
            decode()
            answers.append("taken")
        except ValueError as error:
            answers.append("Missing opening braces" if "Missing opening braces" in str(error) else str(error))
    print(f"{text}: {answers}")
    return answers


print("openjd-model", version("openjd-model"))
refused, taken = ["Missing opening braces"] * 2, ["taken"] * 2
assert answer('{"show": {"fps": 24}}') == refused
assert answer('{"show": {"fps": 24}}', as_argument=True) == refused
assert answer('{"fps": 24}') == taken
assert answer('{"show": {"fps": 24} }') == taken
brace = {"name": "Brace", "type": "STRING", "default": "}"}
assert answer('{"show": {"fps": 24{{Param.Brace}}{{Param.Brace}}', [brace]) == taken
PY
venv/bin/python check.py
