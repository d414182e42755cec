#!/usr/bin/env bash
# MaterialX 1.39.5: a float that was set is another one when it is read back.
#
# Expected: setInputValue() of a float keeps the nearest 32-bit float, as for any such type:
# whole numbers up to 16777216 are exact.
# Seen: the document holds a text of six digits from the moment the value is set, before any
# file is written. 1001.125 reads back as 1001.12, and the seeds 1234567 and 1234568 both as
# 1234570. The Python package has no setting for the number of digits.
# Matters: two nodes with different seeds or times render the same.
# Controls: integers, floats of up to six digits, and a float that is set as a text.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    MaterialX==1.39.5

cat > check.py <<'PY'
from importlib.metadata import version
import MaterialX as mx

document = mx.createDocument()
node = document.addNode("constant", "node", "float")


def kept(value):
    name = f"input_{type(value).__name__}"
    node.setInputValue(name, value)
    back = node.getInputValue(name)
    print(repr(value), "->", repr(back))
    return back


print("MaterialX", version("MaterialX"))
for value in (0.125, 1001.5, 123456.0, 1234567):
    assert kept(value) == value
for value, other in ((1001.125, 1001.12), (16777.25, 16777.2),
                     (1234567.0, 1234570), (1234568.0, 1234570)):
    assert round(kept(value), 2) == other
text = node.addInput("text", "float")
text.setValueString("1001.125")
print("the text 1001.125 ->", text.getValue())
assert text.getValue() == 1001.125
PY
venv/bin/python check.py
