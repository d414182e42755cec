"""What the Monitor's dialog for a redo shows: what runs again, and inputs that can be changed.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from ..core.bundle import Bundle, BundleJob, node_labels, read_node
from ..core.errors import UsageError
from ..core.frames import FrameList
from ..core.text import counted
from ..results.codec import canonical, decode, encode
from ..results.edits import edited_record, parse_inputs, read_edits
from ..results.inputs.texts import value_in
from .farm import FarmRedo
from .options import Tasks, Wish

__all__ = ["FarmRedo", "Wish", "editable_inputs", "task_lines"]

_LONGEST_FRAMES = 60


def task_lines(bundle: Bundle, tasks: Tasks) -> list[str]:
    """How many tasks run again, and a line for each of their jobs."""
    if not tasks:
        return ["Nothing runs again."]
    labels = node_labels(bundle)
    count = sum(map(len, tasks.values()))
    lines = [f"{counted(count, 'task')} of {counted(len(tasks), 'job')} {'runs' if count == 1 else 'run'} again:"]
    for job in bundle.jobs:
        chunks = tasks.get(job.key, ())
        if chunks:
            frames = sorted(frame for chunk in chunks for frame in chunk or ())
            what = f", {_shown(job, FrameList(frames))}" if frames else ""
            lines.append(f"  {labels[job.key]}: {counted(len(chunks), 'task')}{what}")
    return lines


def _shown(job: BundleJob, chunk: FrameList) -> str:
    """The frames of tasks, or the item numbers where these are no frames."""
    real = job.real_frames(str(chunk))
    frames = chunk if real is None else FrameList.parse(real)
    text = str(frames) if len(str(frames)) <= _LONGEST_FRAMES else f"{len(frames)} from {frames[0]} to {frames[-1]}"
    return f"{job.frame_mode if real is None else 'frames'} {text}"


def editable_inputs(bundle: Bundle, node: str) -> dict[str, str]:
    """The inputs of the node that nothing feeds and a text can say, with their present values as such texts.

    Raises:
        RecordError: A record of the bundle is damaged.
    """
    record = edited_record(read_node(bundle.folder, node), read_edits(bundle.folder, node))
    texts = {}
    for name, plug in record["inputs"].items():
        subs = {f"{name}.{key}": sub for key, sub in plug["sub_plugs"].items()}
        for place, each in (subs or {name: plug}).items():
            text = _text_of(each.get("value"))
            if text is None or each.get("source"):
                continue
            try:
                parse_inputs(bundle, [f"{node}.{place}={text}"])
            except UsageError:
                continue  # It is what the tasks were cut from, or the like.
            texts[place] = text
    return texts


def _text_of(encoded: Any) -> str | None:
    """The text that means this value; None if none does."""
    try:
        value = decode(encoded)
    except Exception:  # Its class is the user's, and may be unknown here.
        return None
    for write in (lambda frames: str(FrameList(frames)), partial(json.dumps, ensure_ascii=False), str, repr):
        try:
            text = write(value)
            if "\n" not in text and canonical(encode(value_in(text, encoded))) == canonical(encoded):
                return text
        except (TypeError, ValueError):
            pass
    return None
