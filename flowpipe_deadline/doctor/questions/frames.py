"""How Deadline reads frame lists and cuts them into tasks."""

from __future__ import annotations

from .experiment import Experiment, Outcome, question

_GAPS = "1,3,5,7,9-12"
_CHUNK = 2
_TASKS_OF_ENTRIES, _TASKS_OF_RUNS = 4, 6
_REVERSE = "100-1x7"
_ANCHORS = {"2": "first", "1": "last"}  # 100, 93, …, 2 counts from the 100 on; 99, 92, …, 1 from the 1.
_UNORDERED = "3,1,2"
_NEGATIVE = ("-10--5", "-10-5", "-10:-5")


@question("chunks", "submission, section 9.1", "Do frames with a gap between them share a task?")
def _cut_gaps(experiment: Experiment) -> Outcome:
    job_id = experiment.create(Frames=_GAPS, ChunkSize=str(_CHUNK))
    experiment.check()
    tasks = experiment.client.read_tasks(job_id)
    frames = [task.frames for task in tasks]
    shares = {_TASKS_OF_ENTRIES: True, _TASKS_OF_RUNS: False}.get(len(tasks))
    shown = ", ".join(filter(None, frames)) or "their frames are unknown"
    details = {"tasks": len(tasks), "frames": frames, "gaps_share_a_task": shares}
    how = {True: "yes: every two frames", False: "no: only frames without a gap", None: "neither is what was expected"}
    return f"{how[shares]}; {_GAPS} by {_CHUNK} gives {len(tasks)} tasks ({shown})", details


@question("frames", "submission, sections 9.2 and 9.3", "How are reverse steps, orders and negative frames read?")
def _read_lists(experiment: Experiment) -> Outcome:
    def parsed(frames: str, flag: str = "False") -> str:
        return experiment.ask("-ParseFrameList", frames, flag).words

    reverse = parsed(_REVERSE)
    anchor = _ANCHORS.get(reverse.replace(" ", "").rpartition(",")[2], "unknown")
    orders = {flag: parsed(_UNORDERED, flag) for flag in ("True", "False")}
    negative = {frames: parsed(frames) for frames in _NEGATIVE}
    parts = [
        f"{_REVERSE} counts from its {anchor} frame" if anchor != "unknown" else f"{_REVERSE}: {reverse}",
        *(f"{_UNORDERED} with {flag}: {words}" for flag, words in orders.items()),
        *(f"{frames}: {words}" for frames, words in negative.items()),
    ]
    details = {"reverse": reverse, "reverse_step_from": anchor, "orders": orders, "negative": negative}
    return "; ".join(parts), details
