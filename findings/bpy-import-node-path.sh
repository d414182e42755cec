#!/usr/bin/env bash
# bpy 4.5.15: the file of an Import node is no dependency, and is lost on Save As.
#
# Expected: a file path in a node is listed and kept like any other: in the lists of used
# files, in Save As to another folder, which remaps relative paths, and in Make Paths
# Absolute, as with images, volumes, caches, IES and OSL files.
# Seen: the path of a geometry node that imports an OBJ file (a socket of the type file path) is
# missing in blend_paths() and file_path_map(). Save As keeps "//geo/tri.obj" as it is, so
# the saved file looks for it in another folder: it has no vertices, with a message on the
# error output and no exception.
# Matters: what collects files for a farm leaves this one out, and the copy that is submitted
# from another folder renders without the geometry.
# Control: an image in the same folder. (bpy 4.5 needs Python 3.11.)
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

os.makedirs("shot/geo")
os.makedirs("farm/job")
with open("shot/geo/tri.obj", "w") as file:
    file.write("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")


def vertices():
    evaluated = bpy.data.objects["imported"].evaluated_get(
        bpy.context.evaluated_depsgraph_get())
    return len(evaluated.data.vertices)


def paths():
    """Paths of the image and of the node."""
    node = bpy.data.node_groups["nodes"].nodes["Import OBJ"]
    return bpy.data.images["image"].filepath, node.inputs["Path"].default_value


bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("shot/shot.blend"))
image = bpy.data.images.new("image", 4, 4)
image.filepath_raw, image.file_format = os.path.abspath("shot/geo/image.png"), "PNG"
image.save()
image.source, image.filepath, image.use_fake_user = "FILE", "//geo/image.png", True

tree = bpy.data.node_groups.new("nodes", "GeometryNodeTree")
tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
node = tree.nodes.new("GeometryNodeImportOBJ")
assert node.name == "Import OBJ" and node.inputs["Path"].bl_idname == "NodeSocketStringFilePath"
node.inputs["Path"].default_value = "//geo/tri.obj"
realize = tree.nodes.new("GeometryNodeRealizeInstances")
tree.links.new(node.outputs[0], realize.inputs[0])
tree.links.new(realize.outputs[0], tree.nodes.new("NodeGroupOutput").inputs[0])
item = bpy.data.objects.new("imported", bpy.data.meshes.new("mesh"))
bpy.context.scene.collection.objects.link(item)
item.modifiers.new("nodes", "NODES").node_group = tree
bpy.ops.wm.save_mainfile()

print(f"bpy {bpy.app.version_string}")
listed = [path for path in bpy.utils.blend_paths() if "geo" in path]
mapped = {path for each in bpy.data.file_path_map().values() for path in each if "geo" in path}
print("path of image and node:", *paths(), "- vertices:", vertices())
print("path lists:", listed, mapped)
assert vertices() == 3 and paths() == ("//geo/image.png", "//geo/tri.obj")
assert listed == ["//geo/image.png"] and mapped == {"//geo/image.png"}

bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("farm/job/shot.blend"))
bpy.ops.wm.open_mainfile(filepath=os.path.abspath("farm/job/shot.blend"))
print("copy in another folder:", *paths(), "- vertices:", vertices())
assert paths() == ("//../../shot/geo/image.png", "//geo/tri.obj") and vertices() == 0
bpy.ops.file.make_paths_absolute()
print("copy with absolute paths:", *(path.replace(os.getcwd(), "") for path in paths()))
assert paths() == (os.path.abspath("shot/geo/image.png"), "//geo/tri.obj")
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy|path|copy)[: ]" log
