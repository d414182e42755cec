#!/usr/bin/env bash
# OpenImageIO 3.2.2.0: an image of nothing but NaN passes a comparison.
#
# Expected: idiff, oiiotool --diff and ImageBufAlgo.compare() count pixels that differ from
# the reference. A pixel that is NaN in one image and 0.5 in the other differs.
# Seen: NaN pixels count neither as failures nor as warnings. idiff prints PASS and exits
# with 0, also where all pixels are NaN, and with -hardfail.
# Matters: a check of a farm's frames against a reference lets broken frames through.
# Control: pixels of 0.9 or of infinity fail.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    openimageio==3.2.2.0 numpy==2.4.6

cat > check.py <<'PY'
import subprocess
import sys
from importlib.metadata import version
import numpy
import OpenImageIO as oiio

tools = sys.argv[1]


def image(value, pixels):
    """An 8 by 8 grey image whose last pixels have a value."""
    array = numpy.full((64, 3), 0.5, dtype=numpy.float32)
    array[64 - pixels:] = value
    return oiio.ImageBuf(array.reshape(8, 8, 3))


def exit_code(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode


print("openimageio", version("openimageio"), "numpy", version("numpy"))
image(0.5, 0).write("reference.exr", "half")
seen = {}
for value in (0.5, 0.9, float("inf"), float("nan")):
    for pixels in (1, 64):
        image(value, pixels).write("frame.exr", "half")
        result = oiio.ImageBufAlgo.compare(image(0.5, 0), image(value, pixels), 0.01, 0.01)
        seen[str(value), pixels] = line = (
            result.nfail, result.error,
            exit_code(f"{tools}/idiff", "-q", "reference.exr", "frame.exr"),
            exit_code(f"{tools}/idiff", "-q", "-hardfail", "0.1", "reference.exr", "frame.exr"),
            exit_code(f"{tools}/oiiotool", "reference.exr", "frame.exr", "--diff"))
        print(f"{pixels:2} pixels of {value}: compare() counts {line[0]}, error {line[1]}; "
              f"idiff exits {line[2]}, with -hardfail {line[3]}; oiiotool exits {line[4]}")
passed = (0, False, 0, 0, 0)
assert seen["0.5", 1] == seen["0.5", 64] == passed
for value in ("0.9", "inf"):
    for pixels in (1, 64):
        count, error, *codes = seen[value, pixels]
        assert count == pixels and error and all(codes), (value, pixels)
assert seen["nan", 1] == seen["nan", 64] == passed
PY
venv/bin/python check.py venv/bin
