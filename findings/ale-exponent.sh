#!/usr/bin/env bash
# otio-ale-adapter 1.1.0: an offset of 1.2e-05 in a log is read as 1.2.
#
# Expected: the nine numbers of ASC_SOP are read as numbers, or the text is refused, as the
# adapter of edit lists refuses it.
# Seen: the exponent is cut off: 1.2e-05 becomes 1.2, and -3e-07 is no number at all, so with
# it the whole grade is missing in the metadata "cdl". So is one with a plain 1 instead
# of 1.0, while the saturation is there.
# Matters: small offsets print with an exponent in Python and C, so what a program wrote as
# next to nothing lifts the image by more than its range.
# Control: the same offset written as 0.000012.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    otio-ale-adapter==1.1.0 otio-cmx3600-adapter==1.0.0 OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
from opentimelineio.adapters import read_from_string

LOG = """Heading
FIELD_DELIM\tTABS
VIDEO_FORMAT\t1080
FPS\t24

Column
Name\tStart\tEnd\tASC_SOP\tASC_SAT

Data
A001\t01:00:00:00\t01:00:04:00\t{}\t0.9
"""
LIST = """TITLE: cut

001  A001     V     C        01:00:00:00 01:00:04:00 01:00:00:00 01:00:04:00
* ASC_SOP {}
* ASC_SAT 0.9
"""


def offsets(red, slope="1.1"):
    """Offsets read from a log and from an edit list; None without a grade, or an error."""
    grade = f"({slope} 1.1 1.1)({red} 0.2 0.3)(1.0 1.0 1.0)"
    clips = read_from_string(LOG.format(grade), "ale")
    grades = clips[0].metadata["cdl"]
    assert grades["asc_sat"] == 0.9
    log = list(grades["asc_sop"]["offset"]) if "asc_sop" in grades else None
    try:
        timeline = read_from_string(LIST.format(grade), "cmx_3600", rate=24)
        listed = list(timeline.tracks[0][0].metadata["cdl"]["asc_sop"]["offset"])
    except Exception as error:  # The adapter's own class, in a module that it makes.
        assert type(error).__name__ == "EDLParseError"
        listed = "refused"
    print(f"{grade}: offset in the log {log}, in the edit list {listed}")
    return log, listed


print("otio-ale-adapter", version("otio-ale-adapter"))
right = [0.000012, 0.2, 0.3]
assert offsets("0.000012") == (right, right)
assert offsets("1.2e-05") == ([1.2, 0.2, 0.3], "refused")
assert offsets("-3e-07") == (None, "refused")
assert offsets("0.000012", slope="1") == (None, right)
PY
venv/bin/python check.py
