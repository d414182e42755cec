#!/usr/bin/env bash
# timecode 1.5.1: a non-drop timecode at 29.97 is read as another frame.
#
# Expected: 00:01:00:00, with a colon before the frames, is non-drop, as edit lists and cameras write it: one
# frame after 00:00:59:29. Or an error: in drop frame there is no such label.
# Seen: without an error it is 00:00:59;28, the frame before 00:00:59;29; 00:01:00:01 is 00:00:59;29. The
# separator that is given is not looked at.
# Matters: conforming a non-drop list jumps back two frames at each minute but the tenth, and by 108 frames in
# an hour.
# Control: force_non_drop_frame=True, which the caller has to know of.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check timecode==1.5.1

cat > check.py <<'PY'
from importlib.metadata import version

from timecode import Timecode

print("timecode", version("timecode"))
last = Timecode("29.97", "00:00:59:29")
for label in ("00:00:59:28", "00:00:59:29", "00:01:00:00", "00:01:00:01", "00:01:00:02"):
    read = Timecode("29.97", label)
    forced = Timecode("29.97", label, force_non_drop_frame=True)
    print(f"{label} is '{read}', frame {read.frames}; as non-drop '{forced}', frame {forced.frames}")

first = Timecode("29.97", "00:01:00:00")
assert Timecode("29.97", "00:01:00:00", force_non_drop_frame=True).frames == last.frames + 1
assert first.frames == last.frames - 1, "it is the frame after 00:00:59:29, or it is refused"
assert first == Timecode("29.97", "00:00:59:28"), "two labels are two frames"
PY
venv/bin/python check.py
