#!/usr/bin/env bash
# otio-aaf-adapter 2.0.0: the image sequence of a clip is lost when an AAF is written.
#
# Expected: a clip that names the images s.1001.exr to s.1048.exr reads back with them, or writing is refused.
# Seen: it is written without an error, and reads back with a MissingReference.
# Matters: rendered shots are image sequences; the timeline that editorial gets is offline.
# Control: a clip of a movie file keeps its path.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check otio-aaf-adapter==2.0.0 pyaaf2==1.7.1 OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version

import opentimelineio
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, ExternalReference, ImageSequenceReference, Timeline, Track

FRAMES = TimeRange(RationalTime(0, 24), RationalTime(48, 24))


def again(reference):
    """The reference of a clip after its timeline went through an AAF."""
    timeline, track = Timeline("cut"), Track("V", kind="Video")
    timeline.tracks.append(track)
    track.append(Clip("s", reference, FRAMES))
    opentimelineio.adapters.write_to_file(timeline, "cut.aaf", use_empty_mob_ids=True)
    return opentimelineio.adapters.read_from_file("cut.aaf").tracks[0][0].media_reference


print("otio-aaf-adapter", version("otio-aaf-adapter"))
movie = again(ExternalReference("file:///show/s.mov", FRAMES))
images = again(ImageSequenceReference(
    "/show/", "s.", ".exr", start_frame=1001, rate=24, frame_zero_padding=4, available_range=FRAMES))
print("a movie reads back as", type(movie).__name__, movie.target_url)
print("images read back as", type(images).__name__)

assert movie.target_url == "file:///show/s.mov"
assert isinstance(images, opentimelineio.schema.MissingReference), "the images are kept, or refused"
PY
venv/bin/python check.py
