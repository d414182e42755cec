#!/usr/bin/env bash
# usd-core 26.11: a layer that was saved without an error cannot be opened any more.
#
# Expected: customLayerData takes what the file format can hold, or raises; Save() that
# returns True has written a layer that opens.
# Seen: a Python list, or an unsigned 64-bit number such as a hash, is taken. In the text
# format Save() returns True (for the number without a word, for the list with a warning
# about an unknown type), and the file is unreadable from then on: an existing layer
# is lost with all its prims.
# Matters: a list of frames or a seed as metadata costs the result of the whole job, and it
# shows only when the next node opens the file.
# Controls: Vt.IntArray and a signed 64-bit number come back.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    usd-core==26.11

cat > check.py <<'PY'
import os
from importlib.metadata import version
from pxr import Sdf, Tf, Usd, Vt


def save_and_open(value):
    """A saved layer gets metadata, is saved again and opened."""
    stage = Usd.Stage.CreateNew("shot.usda")
    stage.DefinePrim("/hero", "Xform")
    stage.Save()
    layer = stage.GetRootLayer()
    layer.customLayerData = {"value": value}
    saved = layer.Save()
    del stage, layer
    try:
        layer = Sdf.Layer.OpenAsAnonymous("shot.usda")
    except Tf.ErrorException:
        return saved, "unreadable"
    finally:
        os.remove("shot.usda")
    return saved, layer.customLayerData["value"]


print("usd-core", version("usd-core"))
seen = {}
for name, value in (
        ("IntArray", Vt.IntArray([1001, 1002])), ("2**63 - 1", 2**63 - 1),
        ("list", [1001, 1002]), ("2**63", 2**63)):
    seen[name] = save_and_open(value)
    print(f"{name}: Save() gives {seen[name][0]}, then: {seen[name][1]}")
assert seen["IntArray"] == (True, Vt.IntArray([1001, 1002]))
assert seen["2**63 - 1"] == (True, 2**63 - 1)
assert seen["list"] == (True, "unreadable")
assert seen["2**63"] == (True, "unreadable")
PY
venv/bin/python check.py
