#!/usr/bin/env bash
# OpenTimelineIO 0.18.1: a frame that went through seconds comes back as the frame before.
#
# Expected: from_seconds(time.to_seconds(), rate).to_frames() gives the frame again,
# as from_frames() and to_frames() speak of whole frames.
# Seen: to_frames() drops what is behind the point: 1002.9999999999999 is frame 1002. Of the
# frames 1001 to 1200 four are hit at 30 frames a second, and 30 at 24000/1001 on the way
# over the rate 24. almost_equal() calls the two times the same.
# Matters: a handful of frames of a range are rendered twice, and others never.
# Controls: at 24 all frames come back; round() before to_frames() repairs it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
from opentimelineio.opentime import RationalTime, from_seconds

FRAMES = range(1001, 1201)
FILM = 24000 / 1001


def by_seconds(frame, rate):
    return from_seconds(RationalTime(frame, rate).to_seconds(), rate)


def by_24(frame, rate):
    return RationalTime(frame, rate).rescaled_to(24).rescaled_to(rate)


print("OpenTimelineIO", version("OpenTimelineIO"))
lost = {}
for name, way, rate in (
        ("24, over seconds", by_seconds, 24), ("30, over seconds", by_seconds, 30),
        ("24000/1001, over 24", by_24, FILM)):
    times = {frame: way(frame, rate) for frame in FRAMES}
    lost[name] = [frame for frame in FRAMES if times[frame].to_frames() != frame]
    print(f"{name}: {len(lost[name])} of {len(FRAMES)} come back as the frame before: {lost[name][:4]}")
    for frame, time in times.items():
        assert time.to_frames() in (frame, frame - 1)
        assert time.almost_equal(RationalTime(frame, rate), 1e-9)
        assert time.round().to_frames() == frame
print("1003 at 30:", by_seconds(1003, 30).value, "->", by_seconds(1003, 30).to_frames())
assert not lost["24, over seconds"]
assert by_seconds(1003, 30).to_frames() == 1002
assert len(lost["30, over seconds"]) == 4 and len(lost["24000/1001, over 24"]) == 30
PY
venv/bin/python check.py
