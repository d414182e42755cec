#!/usr/bin/env bash
# bpy 4.5.15: on a full disk a compressed .blend file replaces the good one, and is cut.
#
# Expected: RuntimeError, and the file of before stays, as without compression.
# Seen: save_mainfile() of a compressed file returns {'FINISHED'}, and bpy.data.is_dirty is False.
# The good file is gone: it was replaced by one that is cut, and that cannot be opened. bpy
# 5.0.1 does the same.
# Matters: who saves, and who opens the shot next, loses it; a script that saves before it
# submits sends workers a broken scene. Only Blender's own .blend1 is left, where it is kept.
# Controls: with room; and the same scene without compression.
# A limit on the size of files plays the full disk, as it needs no superuser. (bpy 4.5 needs
# Python 3.11, and the limit Linux or macOS.)
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
bpy.context.preferences.filepaths.save_version = 0
unlimited, most = resource.getrlimit(resource.RLIMIT_FSIZE)


def outcome(act):
    """What the call returns, or that it raises."""
    try:
        return str(act())
    except RuntimeError:
        return "RuntimeError"


seen = {}
for compress in (True, False):
    path = os.path.abspath(f"{'compressed' if compress else 'plain'}.blend")
    bpy.ops.wm.read_factory_settings()
    first = outcome(lambda: bpy.ops.wm.save_as_mainfile(filepath=path, compress=compress))
    with open(path, "rb") as file:
        good = file.read()
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, most))
    second = outcome(lambda: bpy.ops.wm.save_mainfile(compress=compress))
    resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, most))
    with open(path, "rb") as file:
        left = file.read()
    opened = outcome(lambda: bpy.ops.wm.open_mainfile(filepath=path))
    kept = "the good file is kept" if left == good else f"{len(left)} of {len(good)} bytes"
    seen[compress] = (first, second, kept, opened)
    assert compress == (len(left) < len(good))
print(f"bpy {bpy.app.version_string}")
for compress, (first, second, kept, opened) in seen.items():
    print(f"{'compressed' if compress else 'plain'}: saved with room {first}, without {second};"
          f" {kept}; opened {opened}")
assert seen[True][:2] == ("{'FINISHED'}", "{'FINISHED'}") and seen[True][3] == "RuntimeError"
assert seen[False][:2] == ("{'FINISHED'}", "RuntimeError") and seen[False][3] == "{'FINISHED'}"
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy |compressed:|plain:)" log
