#!/usr/bin/env bash
# pyseq 0.9.3: the first file of a new version is read as a frame named after the version.
#
# Expected: beauty_v002.1001.exr is one file of its own, whatever else is listed with it.
# Seen: listed alone it is. Listed after the frames of v001 it becomes a sequence whose
# frame is 2 and whose padding is gone: its pattern is beauty_v%d.1001.exr, which names the
# file beauty_v2.1001.exr, and it reports its own frame as missing. With the second frame
# of v002 on disk all is well.
# Matters: while a farm writes the frames of a new version, a watcher that compresses the
# folder's list sees a frame 2 that no one asked for, at a path that does not exist.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    pyseq==0.9.3

cat > check.py <<'PY'
from importlib.metadata import version
import pyseq

OLD = ["beauty_v001.1001.exr", "beauty_v001.1002.exr"]


def sequences(names):
    """Name, pattern, frames and missing frames of each sequence."""
    found = [(str(s), s.format("%h%p%t"), s.frames(), s.missing())
             for s in pyseq.get_sequences(names)]
    print(names)
    for line in found:
        print("   ", *line, sep="  ")
    return found


print("pyseq", version("pyseq"))
old = ("beauty_v001.1001-1002.exr", "beauty_v001.%d.exr", [1001, 1002], [])
alone = ("beauty_v002.1001.exr", "beauty_v002.1001.exr", [], [])
assert sequences(["beauty_v002.1001.exr"]) == [alone]
assert sequences([*OLD, "beauty_v002.1001.exr", "beauty_v002.1002.exr"]) == [
    old, ("beauty_v002.1001-1002.exr", "beauty_v002.%d.exr", [1001, 1002], [])]
assert sequences([*OLD, "beauty_v002.1001.exr"]) == [
    old, ("beauty_v2-2.1001.exr", "beauty_v%d.1001.exr", [2], [2])]
PY
venv/bin/python check.py
