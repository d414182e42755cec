#!/usr/bin/env bash
# clique 2.0.0: one sequence that outgrows its padding becomes two that share files.
#
# Expected: assemble() puts each file into one collection, or into the remainder. The
# sequence shot.098.exr to shot.1001.exr, which a renderer with padding 3 writes, is 904
# files in one collection.
# Seen: two collections: one with padding 3 that ends at 999, one without padding from 100
# on. 900 files are in both, none is in the remainder, with the pattern for frames too.
# Matters: frames are counted, copied or submitted twice, and the one that looks like
# the sequence lacks its end.
# Control: files that all have a leading zero, or none, make one collection.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    clique==2.0.0

cat > check.py <<'PY'
from importlib.metadata import version
import clique


def assembled(first, last, padding):
    """Number of files, and of the items of each collection."""
    files = [f"shot.{frame:0{padding}d}.exr" for frame in range(first, last + 1)]
    collections, rest = clique.assemble(files, patterns=[clique.PATTERNS["frames"]])
    print(f"{files[0]} to {files[-1]}, {len(files)} files:",
          [collection.format() for collection in collections], "rest", rest)
    items = [len(list(collection)) for collection in collections]
    shared = sum(items) - len(set().union(*map(list, collections)))
    return len(files), items, shared


print("clique", version("clique"))
assert assembled(98, 999, 3) == (902, [902], 0)
assert assembled(998, 1001, 3) == (4, [4], 0)
assert assembled(998, 1001, 4) == (4, [4], 0)
assert assembled(98, 1001, 3) == (904, [902, 902], 900)
assert assembled(998, 10001, 4) == (9004, [9002, 9002], 9000)
PY
venv/bin/python check.py
