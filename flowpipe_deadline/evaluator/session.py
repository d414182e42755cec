"""A session: one process that evaluates task after task, so that the host application starts once."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Callable

from flowpipe.graph import reset_default_graph

from ..core.files import RecordError
from .channel import Channel, Reporter
from .fresh import forget_modules
from .protocol import SessionRequest, TaskRequest, parse_task

END = "end"
"""A line that ends the session."""


def run_session(request: SessionRequest, channel: Channel, evaluate: Callable[[TaskRequest, Reporter], int]) -> None:
    """Evaluates the tasks that come, one after the other, until the input ends, asks for it, or a node took it away.

    A failed task ends the session: nobody knows what it left behind.
    """
    surroundings = _Surroundings()
    node = None
    while True:
        line = channel.read_line()
        if line is None or line == END:
            return
        try:
            task = parse_task(line)
        except RecordError as error:
            Reporter(channel, request.token).failed(message=str(error), traceback="")
            return
        if node not in (None, task.node):  # Of another job, which only the offline farm hands over.
            surroundings.restore_all()
        node = task.node
        code = evaluate(task, Reporter(channel, task.token))
        if code != 0 or not channel.is_whole:
            return
        channel.restore()
        surroundings.restore()


class _Surroundings:
    """What a task finds around it, as it was when the session began."""

    def __init__(self) -> None:
        self._folder = os.getcwd()
        self._variables = dict(os.environ)
        self._path = list(sys.path)

    def restore(self) -> None:
        """Restores what each task finds as the first did: the working folder, and flowpipe's default graph."""
        reset_default_graph()  # Nodes that a task made there are not the next one's.
        with suppress(OSError):
            os.chdir(self._folder)

    def restore_all(self) -> None:
        """Restores variables and ``sys.path`` as well, and forgets the graph's own modules."""
        os.environ.clear()
        os.environ.update(self._variables)
        sys.path[:] = self._path
        forget_modules()
