#!/usr/bin/env bash
# otio-fcp-adapter 1.0.0: disabled clips of a Final Cut Pro 7 XML file come back enabled.
#
# Expected: <enabled>FALSE</enabled>, which Premiere and Resolve write for a clip that the editor
# switched off, becomes Clip.enabled False, and the other way round.
# Seen: the reader leaves the element in the clip's metadata and the clip enabled; the writer
# does not look at Clip.enabled, so a disabled clip is written as an enabled one.
# Matters: shots that were cut out by switching them off are counted, rendered and delivered;
# they enter an edit list, too, which leaves out what is disabled.
# Control: the adapter of edit lists, which makes a hole of a disabled clip.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    otio-fcp-adapter==1.0.0 otio-cmx3600-adapter==1.0.0 OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
from opentimelineio.adapters import read_from_string, write_to_string
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import Clip, ExternalReference, Timeline, Track


def cut(enabled):
    """A timeline of two clips, of which the first is enabled or not."""
    timeline, track = Timeline("cut"), Track("V", kind="Video")
    timeline.tracks.append(track)
    for name in ("sh010", "sh020"):
        frames = TimeRange(RationalTime(0, 24), RationalTime(48, 24))
        track.append(Clip(name, ExternalReference(f"file:///show/{name}.mov", frames), frames))
    track[0].enabled = enabled
    return timeline


def shots(timeline):
    """Names and states of the clips, and the shots of the edit list made of them."""
    text = write_to_string(timeline, "cmx_3600", rate=24)
    listed = [name for name in ("sh010", "sh020") if f"CLIP NAME:  {name}" in text]
    return [(clip.name, clip.enabled) for clip in timeline.tracks[0]], listed


print("otio-fcp-adapter", version("otio-fcp-adapter"))
both = ["sh010", "sh020"]
disabled = [("sh010", False), ("sh020", True)]
enabled = [("sh010", True), ("sh020", True)]
seen = shots(cut(False))
print("disabled in OpenTimelineIO:", *seen)
assert seen == (disabled, ["sh020"])

text = write_to_string(cut(False), "fcp_xml")
assert text == write_to_string(cut(True), "fcp_xml")
seen = shots(read_from_string(text, "fcp_xml"))
print("written and read:", *seen)
assert seen == (enabled, both)

switched_off = text.replace('id="clipitem-1">', 'id="clipitem-1"><enabled>FALSE</enabled>')
assert switched_off != text
timeline = read_from_string(switched_off, "fcp_xml")
seen = shots(timeline)
print("switched off in the XML file:", *seen)
assert seen == (enabled, both)
assert timeline.tracks[0][0].metadata["fcp_xml"]["enabled"] == "FALSE"
PY
venv/bin/python check.py
