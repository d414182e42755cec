#!/usr/bin/env bash
# bpy 4.5.15: a frame that is set renders half a frame later.
#
# Expected: scene.frame_current = 20 goes to frame 20; what is rendered then is frame 20.
# Seen: the part of a frame that frame_set(5, subframe=0.5) left stays, also in the saved
# file. The render that follows shows frame 20.5, under the name of frame 20. Below zero
# the number is rounded towards zero: frame_set(-3, subframe=0.5) makes the current frame
# -2.
# Matters: a node that samples motion between two frames, or an artist who saved there,
# changes each still that a script renders afterwards. (bpy 4.5 needs Python 3.11.)
# Controls: frame_set(20), and a render of an animation, which starts at whole frames.
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

scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.render.resolution_x = scene.render.resolution_y = 8
cube = bpy.data.objects["Cube"]
for frame in (0, 100):
    cube.location.x = frame
    cube.keyframe_insert("location", index=0, frame=frame)
for curve in cube.animation_data.action.fcurves:
    for point in curve.keyframe_points:
        point.interpolation = "LINEAR"


def rendered(name, **options):
    """Where the cube, which moves by one a frame, is in the frames of a render."""
    seen = []

    def look(scene, depsgraph=None):
        seen.append(round(depsgraph.objects["Cube"].matrix_world.translation.x, 3))

    scene = bpy.context.scene
    scene.render.filepath = os.path.abspath(name)
    bpy.app.handlers.frame_change_post.append(look)
    try:
        bpy.ops.render.render(**options)
    finally:
        bpy.app.handlers.frame_change_post.remove(look)
    return seen


lines = [f"bpy {bpy.app.version_string}"]
scene.frame_set(5, subframe=0.5)
bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("shot.blend"))
bpy.ops.wm.open_mainfile(filepath=os.path.abspath("shot.blend"))
scene = bpy.context.scene
scene.frame_current = 20
kept = (scene.frame_current, scene.frame_subframe)
still = rendered("still.png", write_still=True)
lines.append(f"frame_current = 20: {kept}, the cube is at {still}")

scene.frame_set(20)
whole = rendered("whole.png", write_still=True)
lines.append(f"frame_set(20): the cube is at {whole}")

scene.frame_set(5, subframe=0.5)
scene.frame_start, scene.frame_end = 20, 21
frames = rendered("frame_", animation=True)[:2]
lines.append(f"frames 20 to 21 as an animation: {frames}")

scene.frame_set(-3, subframe=0.5)
below = (scene.frame_current, scene.frame_subframe)
lines.append(f"frame_set(-3, subframe=0.5): {below}")
print("\n".join(lines))
assert kept == (20, 0.5) and set(still) == {20.5}
assert set(whole) == {20.0} and frames == [20.0, 21.0]
assert below == (-2, -0.5)
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^bpy|^frame" log
