#!/usr/bin/env bash
# usd-core 26.11: ids from a numpy array wrap around in an integer attribute.
#
# Expected: Attribute.Set() refuses numbers that the attribute's type cannot hold, as
# it does for one number and for a Python list.
# Seen: Set() on an int[] attribute takes a numpy array of 64-bit integers (the usual type
# of numpy), returns True and keeps the low 32 bits: 2147483648 becomes -2147483648. An
# array of floats is cut to integers.
# Matters: ids of points or instances that come from a node as an array collide.
# Controls: a list and a single number raise; an int64[] attribute keeps the array.
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
from pxr import Sdf, Tf, Usd

stage = Usd.Stage.CreateInMemory()
prim = stage.DefinePrim("/points")
types = Sdf.ValueTypeNames
ids = [7, 2**31, 2**32 + 7]


def stored(name, type_name, value):
    attribute = prim.CreateAttribute(name, type_name)
    try:
        assert attribute.Set(value) is True
    except (Tf.ErrorException, OverflowError, RuntimeError) as error:
        return type(error).__name__
    value = attribute.Get()
    return value if isinstance(value, int) else list(value)


print("usd-core", version("usd-core"), "numpy", version("numpy"))
seen = {
    "one number": stored("one", types.Int, 2**31),
    "list": stored("list", types.IntArray, ids),
    "array": stored("array", types.IntArray, numpy.array(ids)),
    "array of floats": stored("floats", types.IntArray, numpy.array([1.9, -1.9])),
    "array, int64[]": stored("wide", types.Int64Array, numpy.array(ids)),
}
for name, value in seen.items():
    print(f"{name}: {value}")
assert isinstance(seen["one number"], str) and isinstance(seen["list"], str)
assert seen["array"] == [7, -2**31, 7]
assert seen["array of floats"] == [1, -1]
assert seen["array, int64[]"] == ids
PY
venv/bin/python check.py
