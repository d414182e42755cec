"""All open questions that can be answered safely, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import frames, info_files, outputs, scripts, several, starts, states
from .experiment import Experiment
from .outcome import Outcome


@dataclass(frozen=True)
class Question:
    """One open question, and the experiment that answers it."""

    name: str
    text: str
    reference: str
    """Where it is left open, and under which number."""
    ask: Callable[[Experiment], Outcome]
    """May raise anything: then it could not be told."""


_OPEN = "submission, section 9"
_FORMATS = "submission, section 2.5"

QUESTIONS = (
    Question(
        "start", "What does a start of deadlinecommand cost, and a submission?", f"{_OPEN} (15)", starts.measure_start
    ),
    Question(
        "script",
        "How does -ExecuteScriptNoGui end, what does it print, and what does a script see of itself?",
        "plugin API, section 9 (10)",
        scripts.look_around,
    ),
    Question(
        "calls",
        "Does a script's ExecuteCommandAndGetOutput stay within its process?",
        "design.md, section 6",
        scripts.measure_calls,
    ),
    Question("prompt", "Can -Prompt submit jobs?", f"{_OPEN} (16)", starts.try_prompt),
    Question(
        "suspended",
        "What is a suspended job that waits for another, and what does resuming make of it?",
        f"{_OPEN} (7)",
        states.suspend_dependent,
    ),
    Question(
        "parent", "What becomes of a job that waits for one that never was?", f"{_OPEN} (8)", states.depend_on_nobody
    ),
    Question(
        "names", "What becomes of a job with an unknown pool, group or limit?", f"{_OPEN} (17)", states.name_nothing
    ),
    Question("failures", "With which exit codes and words do commands fail?", f"{_OPEN} (17)", states.fail),
    Question("chunks", "Do frames with a gap between them share a task?", f"{_OPEN} (1)", frames.cut_gaps),
    Question("frames", "How are reverse steps, orders and negative frames read?", f"{_OPEN} (2, 3)", frames.read_lists),
    Question("keys", "By which keys does GetJob tell of a job?", _FORMATS, outputs.name_keys),
    Question("several", "Does GetJob tell of several jobs at once?", _FORMATS, outputs.read_several),
    Question("filter", "Does GetJobIdsFilter know BatchName?", _FORMATS, outputs.filter_batch),
    Question("unknown", "What does GetJob say of a job that there is not?", f"{_OPEN} (17)", outputs.read_unknown),
    Question("info", "How are unusual lines of a job info file read?", f"{_OPEN} (11)", info_files.bend_rules),
    Question("gap", "Does a gap end a series of numbered keys?", f"{_OPEN} (11)", info_files.leave_gap),
    Question("multiple", "What does -SubmitMultipleJobs print?", f"{_OPEN} (10)", several.submit_multiple),
    Question("v2", "Is there -SubmitMultipleJobsV2?", f"{_OPEN} (9)", several.submit_multiple_v2),
)
