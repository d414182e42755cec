"""How long a task may take, and what happens to one that takes longer, as its job says (submission, section 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from .repository import is_true

End = Literal["error", "failure", "completion", "nothing"]
# RequeueAndNotify and Requeue count an error here: else a task that is always late would never end.
_ENDS: Mapping[str, End] = {
    "notify": "nothing",
    "complete": "completion",
    "failandnotify": "failure",
    "fail": "failure",
}


@dataclass(frozen=True)
class TaskTimeout:
    """The time-out of one task."""

    seconds: float
    setting: str
    """The setting that it comes from, for people."""
    on_timeout: str
    """In Deadline's words."""

    @property
    def end(self) -> End:
        """What becomes of the task: an error is counted, or it has failed for good, is complete, or goes on."""
        return _ENDS.get(self.on_timeout.lower(), "error")

    @property
    def words(self) -> str:
        """What happened."""
        late = f"the task took longer than {self.seconds:g} s ({self.setting})"
        if self.end == "nothing":
            return f"{late}; it goes on, as on_task_timeout is {self.on_timeout}"
        counts = ", and counts as complete" if self.end == "completion" else ""
        return f"{late} and was ended, with all that it started{counts}"


def read_timeout(job_info: Mapping[str, str], *, frame_count: int) -> TaskTimeout | None:
    """The time-out of a task with so many frames; None if it has none. Of both units, minutes count."""
    for unit, factor in (("Minutes", 60.0), ("Seconds", 1.0)):
        text = job_info.get(f"TaskTimeout{unit}", "").strip()
        if not text:
            continue
        seconds = 0.0
        with suppress(ValueError):
            seconds = float(text) * factor
        setting = f"task_timeout_{unit.lower()}"
        if is_true(job_info.get("EnableFrameTimeouts", "")) and frame_count > 1:
            seconds, setting = seconds * frame_count, f"{setting}, for {frame_count} frames"
        return TaskTimeout(seconds, setting, job_info.get("OnTaskTimeout", "Error").strip()) if seconds > 0 else None
    return None
