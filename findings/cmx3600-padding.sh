#!/usr/bin/env bash
# otio-cmx3600-adapter 1.0.0: the zeros in an image sequence's file names get lost.
#
# Expected: an image sequence that is written to an edit list and read from it names the same
# files.
# Seen: the list has the frame numbers without leading zeros, s.[1-48].exr for s.0001.exr to
# s.0048.exr. The reader takes the zeros from the text: it finds the padding in a list of
# another program, and makes s.1.exr out of its own.
# Matters: every shot below frame 1000 points to files that do not exist, and so does one
# that was read from a right list and written again; with a padding of six any shot does.
# Control: frames that fill the padding.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    otio-cmx3600-adapter==1.0.0 OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
import opentimelineio
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, ImageSequenceReference, Timeline, Track

LIST = """TITLE: cut

001  A001C001 V     C        00:00:00:01 00:00:02:01 01:00:00:00 01:00:02:00
* FROM CLIP NAME:  s
* FROM CLIP: /show/s.[0001-0048].exr
"""


def first_url(timeline):
    reference = timeline.tracks[0][0].media_reference
    return reference.target_url_for_image_number(0)


def again(timeline):
    """First file before and after the timeline went through an edit list, and its line."""
    text = opentimelineio.adapters.write_to_string(timeline, "cmx_3600", rate=24)
    line = next(line for line in text.splitlines() if line.startswith("* FROM CLIP:"))
    got = opentimelineio.adapters.read_from_string(text, "cmx_3600", rate=24)
    print(f"{first_url(timeline)} is written as '{line}', read as {first_url(got)}")
    return first_url(timeline), first_url(got)


def sequence(start, padding):
    frames = TimeRange(RationalTime(start, 24), RationalTime(48, 24))
    reference = ImageSequenceReference(
        "/show/", "s.", ".exr", start_frame=start, frame_zero_padding=padding, rate=24,
        available_range=frames)
    timeline, track = Timeline("cut"), Track("V", kind="Video")
    timeline.tracks.append(track)
    track.append(Clip("s", reference, frames))
    return timeline


print("otio-cmx3600-adapter", version("otio-cmx3600-adapter"))
assert again(sequence(1001, 4)) == ("/show/s.1001.exr", "/show/s.1001.exr")
assert again(sequence(1, 4)) == ("/show/s.0001.exr", "/show/s.1.exr")
assert again(sequence(1001, 6)) == ("/show/s.001001.exr", "/show/s.1001.exr")
other = opentimelineio.adapters.read_from_string(LIST, "cmx_3600", rate=24)
assert again(other) == ("/show/s.0001.exr", "/show/s.1.exr")
PY
venv/bin/python check.py
