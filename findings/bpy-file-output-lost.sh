#!/usr/bin/env bash
# bpy 4.5.15: passes that a File Output node cannot write are lost, and the render is finished.
#
# Expected: a render whose files cannot be written raises RuntimeError, as it does where the
# image of the render itself cannot be written.
# Seen: where the folder of a compositor's File Output node cannot be made, render() returns
# {'FINISHED'}, for a frame as for a range, for EXR and PNG. There is at most a line on the
# error output.
# Matters: with a full or read-only disk for the passes the farm's task succeeds without them;
# only looking for the files shows it.
# Controls: a folder that can be made, and the main image at such a path, which raises.
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

open("file", "w").close()  # A folder cannot be made below a file.
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
render = scene.render
render.engine, render.resolution_x, render.resolution_y = "CYCLES", 8, 8
render.image_settings.file_format = "PNG"
scene.cycles.samples = 1
scene.frame_start, scene.frame_end = 1, 2
scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
scene.collection.objects.link(scene.camera)
scene.use_nodes = True
tree = scene.node_tree
tree.nodes.clear()
layers = tree.nodes.new("CompositorNodeRLayers")
composite = tree.nodes.new("CompositorNodeComposite")
passes = tree.nodes.new("CompositorNodeOutputFile")
tree.links.new(layers.outputs["Image"], composite.inputs["Image"])
tree.links.new(layers.outputs["Image"], passes.inputs[0])
passes.file_slots[0].path = "beauty_"


def result(main, folder, kind, animation):
    """Result of a render, and how many main images and passes it wrote."""
    render.filepath = os.path.abspath(os.path.join(main, "image_"))
    passes.base_path = os.path.abspath(folder)
    passes.format.file_format = kind
    options = {"animation": True} if animation else {"write_still": True}
    try:
        text = str(bpy.ops.render.render(**options))
    except RuntimeError:
        text = "RuntimeError"
    return (text, *(len(os.listdir(each)) if os.path.isdir(each) else 0
                    for each in (main, folder)))


seen = []
for kind in ("OPEN_EXR", "PNG"):
    for animation in (False, True):
        name = f"{kind}_{animation}"
        seen.append((kind, animation, "passes to a folder",
                     result(f"main_{name}", f"passes_{name}", kind, animation)))
        seen.append((kind, animation, "passes to a bad path",
                     result(f"bad_{name}", "file/passes", kind, animation)))
        seen.append((kind, animation, "main image to a bad path",
                     result("file/main", f"other_{name}", kind, animation)[:1]))
print(f"bpy {bpy.app.version_string}")
for kind, animation, text, got in seen:
    print(f"{text}, {kind}, {'two frames' if animation else 'one frame'}: {got[0]}"
          + (f", main images {got[1]}, passes {got[2]}" if got[1:] else ""))
    count = 2 if animation else 1
    assert got == {"passes to a folder": ("{'FINISHED'}", count, count),
                   "passes to a bad path": ("{'FINISHED'}", count, 0),
                   "main image to a bad path": ("RuntimeError",)}[text]
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy|main|passes)[: ]" log
