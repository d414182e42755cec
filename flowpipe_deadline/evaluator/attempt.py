"""What is kept of an attempt at a task; what starts the evaluator needs it too, in a Python without flowpipe."""

from __future__ import annotations

import os
import time

from ..core.text import one_line
from ..results.evaluation import LONGEST_REASON, Evaluation, public_token
from .protocol import TaskRequest


def evaluation_of(request: TaskRequest, *, began: float, edit: int = 0, error: str | None = None) -> Evaluation:
    """The evaluation of a task that ends now and began at that time of ``time.monotonic``."""
    return Evaluation(
        frames=None if request.chunk is None else str(request.chunk),
        written=time.time_ns(),
        seconds=round(time.monotonic() - began, 3),
        worker=request.worker,
        job=request.job,
        task=request.task,
        token=public_token(request.token or os.urandom(4).hex()),
        edit=edit,
        error=None if error is None else one_line(error, longest=LONGEST_REASON),
    )
