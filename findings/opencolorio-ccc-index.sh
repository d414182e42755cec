#!/usr/bin/env bash
# opencolorio 2.6.0: a shot that is not in a grade file gets the grade of another shot.
#
# Expected: a FileTransform of a .ccc or .cdl file whose cccid is not in the file raises, as it
# does for "sh005".
# Seen: an id of digits that is not found is taken as the place in the file, from 0 on, with
# leading zeros too. In a file with the shots 010, 020 to 120 the id 005 is the grade of 060
# and 011 that of 120; 012 raises. A shot of that number is found by its id first, so
# the same text means a shot or a place, depending on what else is in the file.
# Matters: shots are often named by digits. While a grade is missing, its shot is rendered or
# reviewed with another one's. CDLTransform.CreateFromFile() does the same.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    opencolorio==2.6.0

cat > check.py <<'PY'
from importlib.metadata import version
import PyOpenColorIO


def write(name, ids):
    """A collection in which the grade of shot 010 multiplies by 10."""
    grades = "".join(
        f'<ColorCorrection id="{each}"><SOPNode><Slope>{slope} {slope} {slope}</Slope>'
        "<Offset>0 0 0</Offset><Power>1 1 1</Power></SOPNode></ColorCorrection>"
        for each, slope in ids.items())
    with open(name, "w") as file:
        file.write('<ColorCorrectionCollection xmlns="urn:ASC:CDL:v1.2">'
                   f"{grades}</ColorCorrectionCollection>")


def grade(name, shot):
    """What a value of 1 becomes, or None for an error."""
    errors = PyOpenColorIO.Exception, PyOpenColorIO.ExceptionMissingFile
    try:
        transform = PyOpenColorIO.FileTransform(name, shot)
        processor = PyOpenColorIO.Config.CreateRaw().getProcessor(transform)
    except errors:
        result = None
    else:
        result = processor.getDefaultCPUProcessor().applyRGB([1.0, 1.0, 1.0])[0]
    try:
        slope = PyOpenColorIO.CDLTransform.CreateFromFile(name, shot).getSlope()[0]
    except errors:
        slope = None
    assert slope == result
    print(f"{name}, {shot}: {'error' if result is None else result}")
    return result


print("opencolorio", version("opencolorio"))
write("letters.ccc", {f"sh{number:03}": number for number in range(10, 130, 10)})
assert [grade("letters.ccc", shot) for shot in ("sh010", "sh060", "sh005")] == [10, 60, None]
digits = {f"{number:03}": number for number in range(10, 130, 10)}
write("digits.ccc", digits)
assert [grade("digits.ccc", shot) for shot in ("010", "060")] == [10, 60]
assert [grade("digits.ccc", shot) for shot in ("005", "011", "012")] == [60, 120, None]
write("more.ccc", {**digits, "005": 5})
assert grade("more.ccc", "005") == 5
PY
venv/bin/python check.py
