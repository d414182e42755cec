#!/usr/bin/env bash
# bpy 4.5.15: a USD and an Alembic cache of one scene show different frames.
#
# Expected: a cache of 30 frames a second that is imported into a scene of 24 is either
# played by its time or frame for frame, whichever its format is, or a message says so.
# Seen: the Alembic file is played by its time (frame 21 shows what was frame 26.25), the
# USD file frame for frame, as if its timeCodesPerSecond were 24. Both set the
# scene's frame range, to other frames, and neither touches its rate or says a word.
# Matters: a node that exports at the shot's rate and a node that starts from an empty scene,
# which has 24, give motion of another speed, and which way depends on the format.
# Control: where the rates are the same, both show the same. (bpy 4.5 needs Python 3.11.)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    bpy==4.5.15 numpy==1.26.4 cython==3.3.1 requests==2.34.2 zstandard==0.25.0

cat > check.py <<'PY'
import os
import bpy


def export(rate):
    """A cube that moves by one a frame, from 0 at frame 1 to 30 at frame 31."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = rate, 1, 31
    cube = bpy.data.objects["Cube"]
    for frame in (1, 31):
        cube.location.x = frame - 1
        cube.keyframe_insert("location", frame=frame)
    for curve in cube.animation_data.action.fcurves:
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    bpy.ops.wm.usd_export(filepath=os.path.abspath("shot.usda"), export_animation=True)
    bpy.ops.wm.alembic_export(filepath=os.path.abspath("shot.abc"), start=1, end=31,
                              as_background_job=False)


def imported(kind, ending):
    """Rate and frame range of the scene, and where the cube is at frame 21."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    options = {"as_background_job": False} if kind == "alembic" else {}
    getattr(bpy.ops.wm, f"{kind}_import")(
        filepath=os.path.abspath(f"shot.{ending}"), **options)
    scene = bpy.context.scene
    scene.frame_set(21)
    graph = bpy.context.evaluated_depsgraph_get()
    cube = bpy.data.objects["Cube"].evaluated_get(graph)
    return (scene.render.fps, scene.frame_start, scene.frame_end,
            round(cube.matrix_world.translation.x, 3))


seen = {}
for rate in (24, 30):
    export(rate)
    for kind, ending in (("usd", "usda"), ("alembic", "abc")):
        seen[kind, rate] = imported(kind, ending)
print(f"bpy {bpy.app.version_string}")
for (kind, rate), (fps, start, end, where) in seen.items():
    print(f"{kind} at {rate}: the scene has {fps}, frames {start} to {end}, cube at {where}")
assert seen["usd", 24] == seen["alembic", 24] == (24, 1, 31, 20.0)
assert seen["usd", 30] == (24, 1, 31, 20.0)
assert seen["alembic", 30] == (24, 1, 25, 25.25)
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy|usd|alembic) .*[0-9]$|^bpy" log
