#!/usr/bin/env bash
# bpy 4.5.15: render(layer="fg") renders every layer, and names that do not exist pass.
#
# Expected: "layer" of bpy.ops.render.render() is the single layer to render, by its description,
# where no animation is rendered; an unknown layer or scene is an error.
# Seen: without a window, as bpy runs, the argument changes nothing. All layers that are switched
# on are rendered and written, with "fg", with a layer that does not exist, and with one that is
# switched off, which is missing in the file. An unknown scene renders the current one.
# render() returns {'FINISHED'} each time.
# Matters: tasks of one layer each render everything, over each other's files; one that names a
# scene with a typing error delivers another scene's picture.
# Controls: the scene's name when it exists, and ViewLayer.use, which does choose.
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
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
for name in ("Scene", "Other"):
    scene = bpy.data.scenes.get(name) or bpy.data.scenes.new(name)
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 8, 8
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    scene.collection.objects.link(scene.camera)
    scene.view_layers[0].name = "fg" if name == "Scene" else "other"
for name in ("bg", "fx"):
    bpy.data.scenes["Scene"].view_layers.new(name)
bpy.data.scenes["Scene"].view_layers["fx"].use = False


def layers(**asked):
    """Names of the layers in the file that a render with these arguments wrote."""
    path = os.path.abspath("image.exr")
    for scene in bpy.data.scenes:
        scene.render.filepath = path
    assert bpy.ops.render.render(write_still=True, **asked) == {"FINISHED"}
    with open(path, "rb") as file:
        data = file.read()
    os.remove(path)
    return [name for name in ("bg", "fg", "fx", "other")
            if f"{name}.Combined.R\0".encode() in data]


arguments = bpy.ops.render.render.get_rna_type().properties
assert arguments["layer"].description.startswith("Single render layer")
cases = [
    ({}, ["bg", "fg"]),
    ({"layer": "fg"}, ["bg", "fg"]),
    ({"layer": "fg", "scene": "Scene"}, ["bg", "fg"]),
    ({"layer": "no such layer"}, ["bg", "fg"]),
    ({"layer": "fx"}, ["bg", "fg"]),
    ({"scene": "Other"}, ["other"]),
    ({"scene": "Othre"}, ["bg", "fg"]),
]
seen = [layers(**asked) for asked, _ in cases]
bpy.data.scenes["Scene"].view_layers["bg"].use = False
cases.append(({}, ["fg"]))
seen.append(layers())
print(f"bpy {bpy.app.version_string}")
for (asked, right), got in zip(cases, seen):
    print(f"asked for {asked or 'nothing'}: the file has {got}")
    assert got == right
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy|asked)[: ]" log
