#!/usr/bin/env bash
# otio-cmx3600-adapter 1.0.0: a retimed clip is written with a wrong source range.
#
# Expected: an event that plays its source at 48 frames a second in a list of 24 uses twice as
# many source frames as it records. A list that is read and written says the same again.
# Seen: the writer divides by the speed where it should multiply: two recorded seconds of a
# source at double speed, 01:00:00:00 to 01:00:04:00, are written as 01:00:00:00 to
# 01:00:01:00. At half speed four times too much is written. The M2 line names the clip
# instead of the reel. The adapter itself reads its list without complaint, as it
# looks at the speed only.
# Matters: the scan, the pull or the conform of a retimed shot has other frames than the cut,
# a quarter or four times of them. Linear speed effects are in the adapter's list of
# supported features.
# Control: a clip without a retime.
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

LIST = """TITLE: cut
FCM: NON-DROP FRAME

001  A001C001 V     C        01:00:00:00 01:00:{source:02}:00 01:00:00:00 01:00:{record:02}:00
{motion}* FROM CLIP NAME:  sh010
"""


def again(speed, source, record):
    """Source seconds and M2 lines in the list before and after reading and writing it."""
    motion = f"M2   A001C001       {speed:05.1f}                01:00:00:00\n" if speed else ""
    before = LIST.format(source=source, record=record, motion=motion)
    timeline = opentimelineio.adapters.read_from_string(before, "cmx_3600", rate=24)
    clip = timeline.tracks[0][0]
    assert clip.duration().to_seconds() == record
    if speed:
        assert clip.effects[0].time_scalar == speed / 24
    after = opentimelineio.adapters.write_to_string(timeline, "cmx_3600", rate=24)
    seen = []
    for text in (before, after):
        lines = text.splitlines()
        event = next(line for line in lines if line.startswith("001 "))
        seconds = int(event.split()[5].split(":")[2])
        m2 = next((line for line in lines if line.startswith("M2 ")), None)
        print(f"    {event}" + (f"\n    {m2.expandtabs()}" if m2 else ""))
        seen.append((seconds, m2 and m2.split()[1]))
    return seen


print("otio-cmx3600-adapter", version("otio-cmx3600-adapter"))
for speed, source, record, wrong in ((None, 2, 2, 2), (48.0, 4, 2, 1), (12.0, 2, 4, 8)):
    print("no retime" if speed is None else f"{speed} frames a second")
    before, after = again(speed, source, record)
    assert before[0] == source and after[0] == wrong
    if speed:
        assert (before[1], after[1]) == ("A001C001", "sh010")
PY
venv/bin/python check.py
