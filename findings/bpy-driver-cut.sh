#!/usr/bin/env bash
# bpy 4.5.15: a driver's expression is cut at 255 characters, and stays valid.
#
# Expected: an expression that is too long is an error, or the whole of it counts.
# Seen: driver.expression keeps the first 255 characters. Where that happens to be an expression
# too, as with a sum, the driver is valid and has another value, without a message. bpy 5.0.1
# does the same.
# Matters: rigs whose drivers are written by scripts move otherwise than their script says.
# Controls: a sum of 255 characters, and Python's own eval() of the whole.
# (bpy 4.5 needs Python 3.11.)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    bpy==4.5.15 numpy==1.26.4 cython==3.3.1 requests==2.34.2 zstandard==0.25.0

cat > check.py <<'PY'
import os
import sys
import bpy

scene = bpy.context.scene
cube = bpy.data.objects["Cube"]


def driven(expression):
    """Characters that are kept, whether the driver is valid, and the value that it gives."""
    cube.driver_remove("location", 0)
    driver = cube.driver_add("location", 0).driver
    driver.expression = expression
    scene.frame_set(scene.frame_current + 1)
    moved = cube.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return len(driver.expression), driver.is_valid, moved.location.x


ones = ["1.0"] * 63
cases = ["+".join([*ones, "100"]), "+".join([*ones, "1000"]), "+".join(ones * 2)]
seen = [(text, eval(text), *driven(text)) for text in cases]
print(f"bpy {bpy.app.version_string}")
for text, right, kept, is_valid, value in seen:
    print(f"driver of {len(text)} characters: {kept} kept, valid {is_valid}, value {value:g}, "
          f"right is {right:g}")
assert [row[1:] for row in seen] == [(163, 255, True, 163), (1063, 255, True, 163), (126, 255, True, 64)]
sys.stdout.flush()
os._exit(0)  # Where a driver needs Python, bpy may not end.
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy|driver) " log
