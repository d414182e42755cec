#!/usr/bin/env bash
# OpenEXR 3.5.3: a cropped or transposed numpy array is written as other pixels.
#
# Expected: an array of the right shape and type is written as its values, or refused.
# Seen: File.write() reads the memory from the array's first value on as one block, with the
# array's shape and without its strides. A crop gets the pixels behind it, an RGB view of an
# RGBA image is shifted by one value more with each pixel, a transposed image is
# scrambled. No error, no warning, and the size in the file is right.
# Matters: cropping, taking every second pixel for a proxy or dropping the alpha channel are
# views in numpy, so wrong images reach the disk without a trace.
# Controls: numpy.ascontiguousarray() of the same view; views of whole rows, which are one
# block; and opencolorio 2.6.0, which refuses such arrays.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    OpenEXR==3.5.3 numpy==2.4.6 opencolorio==2.6.0

cat > check.py <<'PY'
from importlib.metadata import version
import numpy
import OpenEXR
import PyOpenColorIO


def written(pixels, name):
    """What stands in a file after the pixels were written to it."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {name: pixels}).write("image.exr")
    return OpenEXR.File("image.exr").channels()[name].pixels


def applied(pixels):
    """Whether OpenColorIO takes the pixels."""
    processor = PyOpenColorIO.Config.CreateRaw().getProcessor("raw", "raw")
    try:
        processor.getDefaultCPUProcessor().applyRGB(pixels)
    except RuntimeError:
        return False
    return True


print("OpenEXR", version("OpenEXR"), "opencolorio", version("opencolorio"))
depth = numpy.arange(80, dtype="float32").reshape(8, 10)
beauty = numpy.arange(8 * 10 * 4, dtype="float32").reshape(8, 10, 4)
views = {
    "rows 0 to 3": (depth[:4], "Z", True),
    "crop": (depth[:4, :6], "Z", False),
    "every second pixel": (depth[::2, ::2], "Z", False),
    "transposed": (depth.T, "Z", False),
    "RGB of RGBA": (beauty[..., :3], "RGB", False),
}
for text, (view, name, good) in views.items():
    got = written(view, name)
    assert got.shape == view.shape and got.dtype == view.dtype
    equal = numpy.array_equal(got, view)
    print(f"{text}: equal {equal}, first values {view.ravel()[:8].astype(int).tolist()},"
          f" in the file {got.ravel()[:8].astype(int).tolist()}")
    assert equal == good
    if not good:  # The file has what follows in memory.
        assert numpy.array_equal(got.ravel(), view.base.ravel()[:got.size])
    assert numpy.array_equal(written(numpy.ascontiguousarray(view), name), view)
    if name == "RGB":
        taken = applied(view), applied(numpy.ascontiguousarray(view))
        print("OpenColorIO takes the view:", taken[0], "- a copy:", taken[1])
        assert taken == (False, True)
PY
venv/bin/python check.py
