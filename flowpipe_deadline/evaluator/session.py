"""A session: one process that evaluates task after task, so that the host application starts once."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Callable

from flowpipe.graph import reset_default_graph

from ..core.files import RecordError
from .channel import Channel, Reporter
from .protocol import SessionRequest, TaskRequest, parse_task

END = "end"
"""A line that ends the session."""


def run_session(request: SessionRequest, channel: Channel, evaluate: Callable[[TaskRequest, Reporter], int]) -> None:
    """Evaluates the tasks that come, one after the other, until the input ends, asks for it, or a node took it away.

    A failed task ends the session: nobody knows what it left behind.
    """
    folder = os.getcwd()
    while True:
        line = channel.read_line()
        if line is None or line == END:
            return
        try:
            task = parse_task(line)
        except RecordError as error:
            Reporter(channel, request.token).failed(message=str(error), traceback="")
            return
        reset_default_graph()  # Nodes that an earlier task made there are not this one's.
        code = evaluate(task, Reporter(channel, task.token))
        if code != 0 or not channel.is_whole:
            return
        channel.restore()
        with suppress(OSError):
            os.chdir(folder)
