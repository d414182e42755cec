#!/usr/bin/env bash
# bpy 4.5.15: an Alembic export or import that fails raises nothing.
#
# Expected: an operator that could not do its work raises RuntimeError, as the exports and
# imports of USD, OBJ, PLY and STL do.
# Seen: where the file cannot be written or is not there, alembic_export() and
# alembic_import() print a message and return {'CANCELLED'}.
# Matters: a cache task whose disk refuses the file succeeds without a file, unless each
# call's result is looked at. (bpy 4.5 needs Python 3.11.)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    bpy==4.5.15 numpy==1.26.4 cython==3.3.1 requests==2.34.2 zstandard==0.25.0

touch file  # A folder cannot be made below a file.
cat > check.py <<'PY'
import os
import bpy


def result(kind, verb, path, **options):
    operator = getattr(bpy.ops.wm, f"{kind}_{verb}")
    try:
        return str(operator(filepath=os.path.abspath(path), **options))
    except RuntimeError:
        return "RuntimeError"


seen = {}
for kind, ending in (
        ("alembic", "abc"), ("usd", "usda"), ("obj", "obj"), ("ply", "ply"), ("stl", "stl")):
    options = {"as_background_job": False} if kind == "alembic" else {}
    good = result(kind, "export", f"good.{ending}", **options)
    assert good == "{'FINISHED'}" and os.path.exists(f"good.{ending}"), kind
    seen[kind] = (result(kind, "export", f"file/folder/bad.{ending}", **options),
                  result(kind, "import", f"missing.{ending}", **options))
print(f"bpy {bpy.app.version_string}")
for kind, (exported, imported) in seen.items():
    print(f"{kind}: export to a bad path: {exported}, import of a missing file: {imported}")
assert seen.pop("alembic") == ("{'CANCELLED'}",) * 2
assert set(seen.values()) == {("RuntimeError",) * 2}
PY
venv/bin/python check.py > log 2>&1 || { cat log; exit 1; }
grep -E "^(bpy|alembic|usd|obj|ply|stl)[: ]" log
