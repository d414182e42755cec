#!/usr/bin/env bash
# bpy 4.5.15: on a full disk images are cut, and the render is finished.
#
# Expected: RuntimeError, as for an image that cannot be written at all, and as for JPEG.
# Seen: for PNG, OpenEXR (also multilayer), Targa, BMP and WebP, render(write_still=True) returns
# {'FINISHED'}, "Saved:" is printed, and the file that is left is cut; save_render() of the
# result returns None. TIFF and Radiance HDR raise, except where the last few kilobytes are
# missing. An earlier image at that path is lost. PNG and OpenEXR of bpy 5.0.1 do the same.
# Matters: the task of the farm succeeds, and who asks whether the file is there and has some
# size finds it. Reading it does not tell in Blender itself: of a cut WebP there is a whole
# picture, and a good multilayer image has the size (0, 0).
# Controls: without the limit all are written; a JPEG raises.
# A limit on the size of files plays the full disk, as it needs no superuser; on a small disk
# that is full it is the same, with ENOSPC in the place of EFBIG. (bpy 4.5 needs Python 3.11, and
# the limit Linux or macOS.)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    bpy==4.5.15 numpy==1.26.4 cython==3.3.1 requests==2.34.2 zstandard==0.25.0

cat > check.py <<'PY'
import os
import resource
import signal
import bpy

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # Writing more is an error, not the end.
scene = bpy.context.scene
scene.render.engine, scene.cycles.samples = "CYCLES", 1
scene.render.resolution_x = scene.render.resolution_y = 64
settings = scene.render.image_settings
unlimited, most = resource.getrlimit(resource.RLIMIT_FSIZE)


def written(path, write, limit=unlimited):
    """What the call returns, and the size of the file, where none gets larger than the limit."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    try:
        text = str(write())
    except RuntimeError:
        text = "RuntimeError"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, most))
    return text, os.path.getsize(path) if os.path.exists(path) else 0


def still():
    return bpy.ops.render.render(write_still=True)


seen = []
for kind in ("PNG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "TARGA", "BMP", "WEBP", "JPEG"):
    settings.file_format = kind
    path = os.path.abspath(f"{kind}{scene.render.file_extension}")
    scene.render.filepath = path
    good = written(path, still)
    cut = written(path, still, limit=good[1] // 2)
    saved = "", 0
    if kind in ("PNG", "OPEN_EXR"):
        os.remove(path)
        result = bpy.data.images["Render Result"]
        saved = written(path, lambda: result.save_render(path), limit=good[1] // 2)
    seen.append((kind, good, cut, saved))
print(f"bpy {bpy.app.version_string}")
for kind, good, cut, saved in seen:
    print(f"{kind}: with room {good[0]}, {good[1]} bytes; without {cut[0]}, {cut[1]} bytes"
          + (f"; save_render {saved[0]}, {saved[1]} bytes" if saved[0] else ""))
for kind, good, cut, saved in seen:
    assert good[0] == "{'FINISHED'}" and good[1] > 100
    assert cut[0] == ("RuntimeError" if kind == "JPEG" else "{'FINISHED'}"), kind
    assert 0 < cut[1] < good[1] or kind == "JPEG"
    assert not saved[0] or (saved[0] == "None" and 0 < saved[1] < good[1])
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy |[A-Z_]+: with room)" log
