#!/usr/bin/env bash
# bpy 4.5.15: in a USD file, the custom properties of a moving object have no default value, and
# stand still.
#
# Expected: a property that does not change is written as a plain value, which Get() gives, and
# an animated one frame by frame, as the transforms; the same way for moving objects and
# for others.
# Seen: with export_animation, each custom property of an object that has keys is written as one
# time sample, of the first frame. Get() without a time gives None for it. A property that is
# animated itself has the first frame's value for all frames. Nothing is said.
# Matters: tags and ids of assets, which are read without a time, are there for what
# stands still and missing for what moves; an animated value is exported as a constant.
# Controls: an object without keys, and the export without animation.
# (bpy 4.5 needs Python 3.11.)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    bpy==4.5.15 numpy==1.26.4 cython==3.3.1 requests==2.34.2 zstandard==0.25.0 usd-core==26.11

cat > export.py <<'PY'
import os
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.frame_start, scene.frame_end = 1001, 1003
for name in ("still", "moving"):
    item = bpy.data.objects.new(name, None)
    scene.collection.objects.link(item)
    item["asset"], item["level"] = "prop_a", 1.0
for frame, value in ((1001, 1.0), (1003, 3.0)):
    item.location.x = item["level"] = value
    item.keyframe_insert("location", frame=frame)
    item.keyframe_insert('["level"]', frame=frame)
for frame, value in ((1001, 1.0), (1003, 3.0)):
    scene.frame_set(frame)
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert evaluated.location.x == evaluated["level"] == value
scene.frame_set(1001)
for animated in (True, False):
    bpy.ops.wm.usd_export(
        filepath=os.path.abspath(f"animated_{animated}.usda"), export_animation=animated)
PY
cat > check.py <<'PY'
from importlib.metadata import version
from pxr import Usd

print("bpy", version("bpy"), "usd-core", version("usd-core"))
for animated in (True, False):
    stage = Usd.Stage.Open(f"animated_{animated}.usda")
    for name in ("still", "moving"):
        prim = stage.GetPrimAtPath(f"/root/{name}")
        got = {}
        for key in ("asset", "level"):
            attribute = prim.GetAttribute(f"userProperties:{key}")
            got[key] = (attribute.Get(), attribute.Get(1001), attribute.Get(1003))
        place = prim.GetAttribute("xformOp:translate")
        x = [place.Get(frame)[0] if place else 0 for frame in (1001, 1003)]
        print(f"animation {animated}, {name}: x {x}, without a time and at 1001 and 1003: {got}")
        lost = animated and name == "moving"
        assert x == ([1, 3] if lost else [1, 1] if name == "moving" else [0, 0])
        assert got["asset"] == (None if lost else "prop_a", "prop_a", "prop_a")
        assert got["level"] == (None if lost else 1.0, 1.0, 1.0)
PY
venv/bin/python export.py > log 2>&1 || { cat log; exit 1; }
venv/bin/python check.py
