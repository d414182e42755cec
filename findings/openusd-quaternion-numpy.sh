#!/usr/bin/env bash
# usd-core 26.11: rows of a numpy array are quaternions in another order than everywhere else.
#
# Expected: four numbers are a quaternion in one order: real part first, as in Gf.Quatf(), in
# its repr and in the text of a layer.
# Seen: a numpy array of shape (n, 4) is taken with the real part last, and numpy.array() of a
# QuatfArray gives it last. The rows (1, 0, 0, 0), no rotation with the real part first, become
# half a turn about x; nothing is raised, as any four numbers are a quaternion.
# Matters: orientations of instances that come as an array from a program that puts the real
# part first, as Blender does, are turned wrongly. Read back with numpy the rows look right, so
# a round trip does not show it.
# Controls: the same rows through Gf.Quatf(); a list of the rows, which is refused.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    usd-core==26.11 numpy==2.4.6

cat > check.py <<'PY'
from importlib.metadata import version
import numpy
from pxr import Gf, Sdf, Tf, Usd, Vt

stage = Usd.Stage.CreateInMemory()
attribute = stage.DefinePrim("/points").CreateAttribute(
    "orientations", Sdf.ValueTypeNames.QuatfArray)
rows = [(1, 0, 0, 0), (0.5, 0.5, 0.5, 0.5), (0, 0, 0, 1)]


def stored(value):
    """Real and imaginary parts of the quaternions that the attribute has, and its text."""
    assert attribute.Set(value)
    text = stage.GetRootLayer().ExportToString().split("orientations = ")[1].splitlines()[0]
    return [(quat.GetReal(), *quat.GetImaginary()) for quat in attribute.Get()], text


print("usd-core", version("usd-core"))
assert Gf.Rotation(Gf.Quatf(*rows[0])).GetAngle() == 0
for name, value in (("Gf.Quatf(*row)", Vt.QuatfArray([Gf.Quatf(*row) for row in rows])),
                    ("numpy.array(rows)", numpy.array(rows, dtype="float32"))):
    quats, text = stored(value)
    print(f"{name}: {text}")
    if name.startswith("Gf"):
        assert quats == rows and text.startswith("[(1, 0, 0, 0), ")
        assert numpy.array(attribute.Get())[0].tolist() == [0, 0, 0, 1]
    else:
        assert quats == [(row[3], *row[:3]) for row in rows]
        assert text.startswith("[(0, 1, 0, 0), ")
        turn = Gf.Rotation(attribute.Get()[0])
        print(f"    the row {rows[0]} turns by {turn.GetAngle()} about {turn.GetAxis()}")
        assert turn.GetAngle() == 180 and turn.GetAxis() == Gf.Vec3d(1, 0, 0)
        assert numpy.array(attribute.Get()).tolist() == [list(row) for row in rows]
try:
    attribute.Set(rows)
except Tf.ErrorException:
    print("the rows as a list: refused")
else:
    raise AssertionError("a list of rows was taken")
PY
venv/bin/python check.py
