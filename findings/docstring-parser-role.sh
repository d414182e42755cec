#!/usr/bin/env bash
# docstring_parser 0.18.0: a paragraph that begins with a Sphinx role takes the rest of the docstring with it.
#
# Expected: the roles of Sphinx (:ref:`…`, :class:`…`) are text in any style; the arguments below are read.
# Seen: a role within a line is text. At the beginning of a line it is taken for a field of reStructuredText. Where no
# fewer lines begin so than there are arguments, its paragraph and the whole "Args" section behind it are gone, from the
# description and from the parameters, without an error. With one argument more, all is read as Google's style.
# Matters: tools that build options or dialogs from docstrings lose all help texts of a function, because of one link.
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

TEXT = "Renders a turntable.\n\n%s\n\nArgs:\n    frames: The frames.\n"


def read(paragraph):
    """Style, long description and names of the parameters."""
    found = parse(TEXT % paragraph)
    answer = found.style.name, found.long_description, [item.arg_name for item in found.params]
    print(repr(paragraph), *answer, sep="\n    ")
    return answer


print("docstring_parser", version("docstring_parser"))
within = "See :ref:`lights` for more."
assert read(within) == ("GOOGLE", within, ["frames"])
assert read(":ref:`lights` says more.") == ("REST", None, [])
PY
venv/bin/python check.py
