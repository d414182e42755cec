#!/usr/bin/env bash
# otio-cmx3600-adapter 1.0.0: a clip that plays backwards at normal speed is read as forwards.
#
# Expected: the speed of an M2 line becomes a LinearTimeWarp of the clip, as the adapter does
# with 48 frames a second and with -48.
# Seen: the M2 line is looked at only where the source and the record have different lengths.
# A clip at -24 frames a second in a list of 24 has equal lengths: it gets no effect, and
# the line is gone when the list is written again.
# Matters: a reversed shot is rendered and published forwards, and no length or frame count
# shows it.
# Controls: backwards at double speed, and forwards.
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

001  A001C001 V     C        01:00:00:00 01:00:{source:02}:00 01:00:00:00 01:00:04:00
M2   A001C001       {speed}                01:00:00:00
* FROM CLIP NAME:  sh010
"""


def read(speed, source):
    """Speeds of the clip's time warps, and whether the list says M2 when written again."""
    text = LIST.format(source=source, speed=speed)
    timeline = opentimelineio.adapters.read_from_string(text, "cmx_3600", rate=24)
    speeds = [effect.time_scalar for effect in timeline.tracks[0][0].effects]
    written = opentimelineio.adapters.write_to_string(timeline, "cmx_3600", rate=24)
    print(f"M2 {speed}: time warps {speeds}, written again: {'M2' in written}")
    return speeds, "M2" in written


print("otio-cmx3600-adapter", version("otio-cmx3600-adapter"))
assert read("048.0", 8) == ([2.0], True)
assert read("-048.0", 8) == ([-2.0], True)
assert read("-024.0", 4) == ([], False)
PY
venv/bin/python check.py
