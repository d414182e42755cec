#!/usr/bin/env bash
# docstring_parser 0.18.0: one Google section in prose hides the parameters of all others.
#
# Expected: a section that is not a list ("Raises:" and a sentence) is kept as text, or is an error; "Args" is read.
# Seen: parse() reads the docstring as reStructuredText then, with no parameters at all and the raw sections as
# description. With a colon in the sentence it is read as Google again. A second "Args" replaces the first, and text
# behind the last section is dropped, both without a word.
# Matters: command lines and dialogs that are made from docstrings lose all help texts by a sentence under "Raises".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    docstring_parser==0.18.0

cat > check.py <<'PY'
from importlib.metadata import version
from docstring_parser import parse

ARGS = "Renders.\n\nArgs:\n    frames: The frames.\n"


def read(text):
    """Style, and the parameters with their descriptions."""
    found = parse(text)
    answer = found.style.name, {item.arg_name: item.description for item in found.params}
    print(repr(text), *answer, sep="\n    ")
    return answer


print("docstring_parser", version("docstring_parser"))
google = ("GOOGLE", {"frames": "The frames."})
assert read(ARGS) == google
assert read(ARGS + "\nRaises:\n    OSError: The disk is full.\n") == google
assert read(ARGS + "\nRaises:\n    When the disk is full.\n") == ("REST", {})
assert read(ARGS + "\nArgs:\n    camera: The camera.\n") == ("GOOGLE", {"camera": "The camera."})
text = parse(ARGS + "\nFrames that exist are left alone.\n")
print(repr(text.long_description), [item.description for item in text.params])
assert (text.long_description, [item.description for item in text.params]) == (None, ["The frames."])
PY
venv/bin/python check.py
