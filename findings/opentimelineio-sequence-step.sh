#!/usr/bin/env bash
# OpenTimelineIO 0.18.1: a sequence with a frame step misses its last image and names
# images that do not exist.
#
# Expected: counting to number_of_images_in_sequence() lists the URLs of all images, with any
# step, as the documentation says; frame_for_time() gives the number of one of them.
# Seen: the number of images is the duration divided by the step, rounded down. Ten frames
# with a step of 3 are 1001, 1004, 1007 and 1010: end_frame() says 1010, the list
# ends at 1007. frame_for_time() ignores the step and answers 1002, which has no file.
# Matters: the last frame of a step render is never copied, checked or published.
# Control: where the duration is a multiple of the step, the list is complete.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    OpenTimelineIO==0.18.1

cat > check.py <<'PY'
from importlib.metadata import version
from opentimelineio.opentime import RationalTime, TimeRange
from opentimelineio.schema import ImageSequenceReference


def sequence(duration, step):
    """Numbers of the images: expected, listed, last, and per frame of the duration."""
    reference = ImageSequenceReference(
        target_url_base="/show/", name_prefix="", name_suffix="", start_frame=1001,
        frame_step=step, rate=24, frame_zero_padding=4,
        available_range=TimeRange(RationalTime(0, 24), RationalTime(duration, 24)))
    listed = [int(reference.target_url_for_image_number(number).rsplit("/", 1)[1])
              for number in range(reference.number_of_images_in_sequence())]
    for_times = [reference.frame_for_time(RationalTime(frame, 24))
                 for frame in range(duration)]
    return (list(range(1001, 1001 + duration, step)), listed,
            reference.end_frame(), for_times)


print("OpenTimelineIO", version("OpenTimelineIO"))
for duration, step in ((10, 1), (10, 2), (9, 2), (10, 3)):
    expected, listed, last, for_times = sequence(duration, step)
    print(f"{duration} frames, step {step}: expected {expected}, listed {listed}, "
          f"end_frame() {last}, no file for {sorted(set(for_times) - set(expected))}")
    complete = duration % step == 0
    assert listed == (expected if complete else expected[:-1])
    assert for_times == list(range(1001, 1001 + duration))
assert sequence(10, 3)[2] == sequence(10, 3)[0][-1] == 1010
PY
venv/bin/python check.py
