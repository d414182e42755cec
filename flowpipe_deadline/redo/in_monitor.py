"""A part of a submitted bundle again, as a dialog of the Monitor asks for it: first looked at, then done.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..core.bundle import Bundle, BundleJob, node_labels, read_node
from ..core.errors import BundleError, UsageError
from ..core.files import RecordError
from ..core.frames import FrameList
from ..core.rights import user_name
from ..core.text import counted
from ..deadline.client import DeadlineClient, Stop, SubmissionError
from ..results.codec import canonical, decode, encode
from ..results.edits import edited_record, parse_inputs, read_edits, withdraw_edits, write_edits
from ..results.inputs.texts import value_in
from ..results.stale import BundleResults
from ..status.notices import check_place, notices_of
from ..submit.record import SUBMITTED, SubmissionRecord, read_submission
from ..submit.transaction import Say, ignore
from .ended import FarmTasks, read_farm_tasks
from .farm import mend_redo, redo_on_farm
from .missing import in_part, runnable, tolerant_results
from .options import RedoOptions, RedoResult, Tasks
from .selection import ALL, Selection, select

_LONGEST_FRAMES = 60


@dataclass(frozen=True)
class Wish:
    """What is to be made again."""

    nodes: Tuple[str, ...] = ()
    """Keys; none for all nodes."""
    frames: str = ""
    """A frame list; empty for all."""
    which: str = ALL
    only: bool = False
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """New values, by node key and input."""


class FarmRedo:
    """A bundle on the farm, of which a part is to be made again.

    Raises:
        SubmissionError: It is not submitted, or this folder is a copy; or Deadline cannot be asked.
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """

    def __init__(self, bundle: Bundle, client: DeadlineClient) -> None:
        self._bundle = bundle
        self._client = client
        self._results: BundleResults
        self._farm: Optional[FarmTasks] = None
        self._record = self._read_record()
        check_place(bundle, client.map_path)

    @property
    def job_ids(self) -> Mapping[str, str]:
        """The jobs that count, by node key."""
        return self._record.jobs

    def look(self) -> None:
        """Reads the record, results and tasks anew."""
        self._record = self._read_record()
        self._results = tolerant_results(self._bundle)
        self._farm = read_farm_tasks(self._client, self._bundle, self._record, results=self._results, needs_states=True)

    def choose(self, wish: Wish) -> Tuple[Selection, Tuple[str, ...]]:
        """What would run again, and what is to be said of it.

        Raises:
            UsageError: There is no such frame.
            BundleError: A task that is asked for misses results that nobody makes.
        """
        if self._farm is None:
            self.look()
        farm = self._farm
        assert farm is not None
        if wish.which != ALL and wish.frames:
            raise UsageError("frames are of what is asked for by node alone; leave them empty")
        parts = [
            select(
                self._bundle,
                results=self._results,
                failed=farm.failed,
                tasks=farm.tasks,
                node=node,
                frames=wish.frames or None,
                which=wish.which,
                only=wish.only,
                edited=list(wish.inputs),
            )
            for node in wish.nodes or (None,)
        ]
        chosen = _together(self._bundle, parts)
        selection, messages = runnable(self._bundle, chosen, results=self._results, coming=farm.coming)
        others = [
            f"{key}: its other frames were made with the values of before, and count as stale"
            for key in in_part(self._bundle, selection, wish.inputs)
        ]
        return selection, (*messages, *others)

    def carry_out(
        self, wish: Wish, *, how: RedoOptions, say: Say = ignore, is_stopping: Stop = lambda: False
    ) -> RedoResult:
        """Makes it again; inputs are changed first, and changed back if that fails.

        Raises:
            SubmissionError: Deadline refuses; what was changed is as before, or the message says what is not.
            BundleError, RecordError, UsageError: As ``choose``, or the bundle cannot be written.
        """
        if self._read_record().redo is not None:
            mend_redo(self._client, self._bundle, say=say)
        self.look()  # Somebody else may have done it meanwhile.
        selection, messages = self.choose(wish)
        if not selection.tasks:
            return RedoResult(messages=messages)
        edits = write_edits(self._bundle.folder, wish.inputs, user=user_name()) if wish.inputs else ()
        try:
            result = redo_on_farm(self._client, self._bundle, selection, how=how, say=say, is_stopping=is_stopping)
        except BaseException:
            with contextlib.suppress(BundleError, RecordError):  # Why it failed matters more; the edits are on file.
                withdraw_edits(self._bundle.folder, edits)
            raise
        return RedoResult(result.tasks, result.new_jobs, (*messages, *result.messages))

    def _read_record(self) -> SubmissionRecord:
        record = read_submission(self._bundle.folder)
        if record is None or record.is_at_work or record.state != SUBMITTED:
            raise SubmissionError(notices_of(self._bundle, record)[0])
        return record


def _together(bundle: Bundle, parts: Sequence[Selection]) -> Selection:
    """All that is in one of the selections, upstream first."""
    tasks: List[Dict[str, Tuple[Optional[FrameList], ...]]] = []
    for which in ("tasks", "asked"):
        found: Dict[str, Tuple[Optional[FrameList], ...]] = {}
        for job in bundle.jobs:
            chunks = dict.fromkeys(chunk for part in parts for chunk in getattr(part, which).get(job.key, ()))
            if chunks:
                found[job.key] = tuple(chunks)
        tasks.append(found)
    return Selection(*tasks)


def task_lines(bundle: Bundle, tasks: Tasks) -> List[str]:
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


def editable_inputs(bundle: Bundle, node: str) -> Dict[str, str]:
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


def _text_of(encoded: Any) -> Optional[str]:
    """The text that means this value; None if none does."""
    try:
        value = decode(encoded)
    except Exception:  # Its class is the user's, and may be unknown here.
        return None
    candidates: Iterable[Any] = (
        value if isinstance(value, str) else None,
        FrameList(value) if isinstance(value, range) and len(value) else None,
        _json(value),
        value,
        repr(value),
    )
    for text in (str(each) for each in candidates if each is not None):
        try:
            if "\n" not in text and canonical(encode(value_in(text, encoded))) == canonical(encoded):
                return text
        except ValueError:
            pass
    return None


def _json(value: Any) -> Optional[str]:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return None
