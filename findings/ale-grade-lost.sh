#!/usr/bin/env bash
# otio-ale-adapter 1.1.0: a log that is read and written loses its grades.
#
# Expected: the columns of a log that is read and written again have the values of before, the
# ones that the adapter does not know too, as they do.
# Seen: ASC_SOP and ASC_SAT move to the metadata "cdl" of the clip, which the writer does not
# look at. Their columns are written, without values.
# Matters: a log that only gets its tapes or paths changed goes on without the grades of the
# set, and looks complete.
# Controls: an unknown column; the adapter of edit lists, which writes the same metadata.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    otio-ale-adapter==1.1.0 otio-cmx3600-adapter==1.0.0 OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
from opentimelineio.adapters import read_from_string, write_to_string
from opentimelineio.schema import Timeline, Track

GRADE = "(1.1 1.2 1.3)(0.1 0.2 0.3)(1.0 1.0 1.0)"
LOG = f"""Heading
FIELD_DELIM\tTABS
VIDEO_FORMAT\t1080
FPS\t24

Column
Name\tTape\tStart\tEnd\tASC_SOP\tASC_SAT\tCamera Roll

Data
A001C001\tA001\t01:00:00:00\t01:00:04:00\t{GRADE}\t0.9\tA
"""


def columns(text):
    """Column names and values of the first clip of a log."""
    lines = text.splitlines()
    names, values = (lines[lines.index(key) + 1].split("\t") for key in ("Column", "Data"))
    return dict(zip(names, values))


print("otio-ale-adapter", version("otio-ale-adapter"))
clips = read_from_string(LOG, "ale")
before, after = columns(LOG), columns(write_to_string(clips, "ale"))
for name in before:
    print(f"{name}: '{before[name]}' is written as '{after[name]}'")
lost = {name for name in before if after[name] != before[name]}
assert lost == {"ASC_SOP", "ASC_SAT"} and all(after[name] == "" for name in lost)
assert clips[0].metadata["cdl"]["asc_sat"] == 0.9
assert list(clips[0].metadata["cdl"]["asc_sop"]["offset"]) == [0.1, 0.2, 0.3]

timeline, track = Timeline("cut"), Track("V", kind="Video")
timeline.tracks.append(track)
track.append(clips[0].clone())
listed = [line for line in write_to_string(timeline, "cmx_3600", rate=24).splitlines()
          if "ASC_" in line]
print("the same clip in an edit list:", *listed)
assert len(listed) == 2 and "(0.1 0.2 0.3)" in listed[0] and "0.9" in listed[1]
PY
venv/bin/python check.py
