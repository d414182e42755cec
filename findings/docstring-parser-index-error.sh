#!/usr/bin/env bash
# docstring_parser 0.18.0: a definition that begins with a role is an IndexError, not the package's own ParseError.
#
# Expected: the docstring is parsed, as any text is that has no fields; or ParseError, which the
# package documents for what it cannot parse.
# Seen: a line `: :meth:`...`, the second half of a definition list, is an IndexError out of `parse`.
# Matters: a tool that reads docstrings to make forms of them catches ParseError, and does not open
# for one workflow's text.
# Control: the same definition without the role is parsed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docstring_parser==0.18.0

cat > check.py <<'PY'
from importlib.metadata import version

from docstring_parser import ParseError, parse

print("docstring_parser", version("docstring_parser"))
text = "Renders a shot.\n\nquality\n: {} has the choices."

plain = parse(text.format("The menu"))
print("without a role:", repr(plain.short_description))
try:
    found = repr(parse(text.format(":meth:`qualities`")).short_description)
except ParseError as error:
    found = f"ParseError: {error}"
except Exception as error:
    found = f"{type(error).__name__}: {error}"
print("with a role:", found)

assert plain.short_description == "Renders a shot."
assert found == "IndexError: list index out of range", "it is parsed, or refused with ParseError"
PY
venv/bin/python check.py
