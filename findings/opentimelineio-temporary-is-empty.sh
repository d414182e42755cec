#!/usr/bin/env bash
# OpenTimelineIO 0.18.1: a loop over a track that nothing else holds finds no clips.
#
# Expected: "for clip in read_from_file(path).tracks[0]" goes over the clips, as it does
# when the timeline is put into a variable first.
# Seen: the loop does not keep its track, so the track is emptied before the first step.
# for loops and comprehensions over the result of flatten_stack(), of
# track_trimmed_to_range(), of clone() or of read_from_string() find nothing, silently.
# Matters: no clips, no frames, and a job without tasks that succeeds.
# Controls: a variable, len(), list() and find_clips() give the clips.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

shots = ["sh010", "sh020", "sh030"]
track = otio.schema.Track("V1")
for index, name in enumerate(shots):
    track.append(otio.schema.Clip(name, source_range=TimeRange(
        RationalTime(1001, 24), RationalTime(10 + index, 24))))
timeline = otio.schema.Timeline("cut")
timeline.tracks.append(track)
text = timeline.to_json_string()


def read():
    return otio.adapters.read_from_string(text, "otio_json")


def flatten():
    return otio.algorithms.flatten_stack(timeline.tracks)


def trim():
    return otio.algorithms.track_trimmed_to_range(
        track, TimeRange(RationalTime(0, 24), RationalTime(40, 24)))


print("OpenTimelineIO", version("OpenTimelineIO"))
flat, trimmed, other, clone = flatten(), trim(), read(), track.clone()
controls = {
    "flatten_stack, in a variable": [clip.name for clip in flat],
    "track_trimmed_to_range, in a variable": [clip.name for clip in trimmed],
    "clone, in a variable": [clip.name for clip in clone],
    "read, in a variable": [clip.name for clip in other.tracks[0]],
    "read, find_clips()": [clip.name for clip in read().find_clips()],
    "flatten_stack, list()": [clip.name for clip in list(flatten())],
}
loops = {
    "flatten_stack": [clip.name for clip in flatten()],
    "track_trimmed_to_range": [clip.name for clip in trim()],
    "clone": [clip.name for clip in track.clone()],
    "read, clips of a track": [clip.name for clip in read().tracks[0]],
    "read, tracks": [track.name for track in read().tracks],
}
for name, found in {**controls, **loops}.items():
    print(f"{name}: {found}")
assert len(flatten()) == len(read().tracks[0]) == 3
assert all(found == shots for found in controls.values())
assert all(found == [] for found in loops.values())
PY
venv/bin/python check.py
