#!/usr/bin/env bash
# bpy 4.5.15: a relative .blend goes into the folder of the variable PWD, not into the working folder.
#
# Expected: save_as_mainfile(filepath="shot.blend") writes where open("shot.blend") looks, as
# images do in this version, and scenes in bpy 5.0.
# Seen: after os.chdir(), or in a process that was started with another cwd, as subprocess and
# farm software start them, PWD is still that of the shell. The scene is written there, and the
# call returns {'FINISHED'}; a scene of that name is overwritten. An image of the same
# relative path goes into the working folder.
# Matters: two tasks, each with a folder of its own as cwd, write one and the same file.
# (bpy 4.5 needs Python 3.11.)
# Controls: images, and the same scene with PWD set to the working folder.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    bpy==4.5.15 numpy==1.26.4 cython==3.3.1 requests==2.34.2 zstandard==0.25.0

cat > save.py <<'PY'
import bpy

print("returned", bpy.ops.wm.save_as_mainfile(filepath="shot.blend"))
image = bpy.data.images.new("image", 4, 4)
image.file_format, image.filepath_raw = "PNG", "shot.png"
image.save()
PY

cat > check.py <<'PY'
import os
import subprocess
import sys
from pathlib import Path

here = Path.cwd()
found = {}
for name, variables in {"cwd=": {}, "cwd= and PWD": {"PWD": str(here / "task-2")}}.items():
    task = here / f"task-{len(found) + 1}"
    task.mkdir()
    command = [sys.executable, here / "save.py"]
    environment = {**os.environ, "PWD": str(here), **variables}
    result = subprocess.run(command, cwd=task, env=environment, check=True, capture_output=True, text=True)
    assert "returned {'FINISHED'}" in result.stdout
    found[name] = sorted(path.relative_to(here).as_posix() for path in here.rglob("shot.*"))
    print(f"started with {name}: {found[name]}")
    for path in here.rglob("shot.*"):
        path.unlink()
assert found["cwd="] == ["shot.blend", "task-1/shot.png"]
assert found["cwd= and PWD"] == ["task-2/shot.blend", "task-2/shot.png"]
PY
venv/bin/python check.py
