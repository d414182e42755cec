#!/usr/bin/env bash
# timecode 1.5.1: a difference of two timecodes has no sign, and its text is a frame short.
#
# Expected: 00:00:01:00 less 00:00:02:00 is minus one second, or an error.
# Seen: it is one second, the same as the other way round; no error. Its text is 00:00:00:23,
# as a Timecode counts frames from one, and the difference of two counts is none.
# Matters: a shot that slipped by a second to the left is moved to the right; a handle that
# lies before the head of its source looks as long as one that fits.
# Control: `+` and `-` with a number of frames.
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
one, two = Timecode(24, "00:00:01:00"), Timecode(24, "00:00:02:00")

later, earlier = two - one, one - two
print(f"{two} less {one}: {later.frames} frames, '{later}'")
print(f"{one} less {two}: {earlier.frames} frames, '{earlier}'")

assert str(two - 24) == str(one) and str(one + 24) == str(two), "numbers of frames are added and taken away"
assert (later.frames, str(later)) == (24, "00:00:00:23")
assert (earlier.frames, str(earlier)) == (24, "00:00:00:23"), "the sign is there, or it is refused"
PY
venv/bin/python check.py
