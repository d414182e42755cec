"""A session: one process that evaluates task after task, so that the host application starts once."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any, Callable

from flowpipe.graph import reset_default_graph

from ..core.files import RecordError
from . import system
from .channel import Channel, Reporter
from .fresh import can_forget, forget_modules
from .protocol import SessionRequest, TaskRequest, parse_task

END = "end"
"""A line that ends the session."""


def run_session(request: SessionRequest, channel: Channel, evaluate: Callable[[TaskRequest, Reporter], int]) -> bool:
    """Evaluates the tasks that come, one after the other, until the input ends or asks for it.

    Gives whether there is somebody who waits for the end. A failed task ends the session, as nobody knows what it
    left behind, and so does a node that closes the input or the output.
    """
    session = Reporter(channel, request.token)
    if not channel.is_heard():
        session.failed(message="Its output goes elsewhere: what starts the host has to pass it on.", traceback="")
        return True
    session.ready()
    surroundings = _Surroundings()
    node = None
    while True:
        line = channel.read_line()
        if line is None or line == END:
            return line is not None
        try:
            task = parse_task(line)
        except RecordError as error:
            session.failed(message=str(error), traceback="")
            return True
        if node not in (None, task.node):  # Of another job, which only the offline farm hands over.
            if not surroundings.can_be_restored():
                session.leaves()
                return True
            surroundings.restore_all()
        node = task.node
        code = evaluate(task, Reporter(channel, task.token))
        if code != 0 or not channel.is_whole:
            return True
        channel.restore()
        surroundings.restore()


class _Surroundings:
    """What a task finds around it, as it was when the session began."""

    def __init__(self) -> None:
        self._folder = os.getcwd()
        self._variables = dict(os.environ)
        lists: list[Any] = [sys.path, sys.argv, warnings.filters, logging.root.handlers]
        self._lists = [(found, list(found)) for found in lists]
        self._modules = set(sys.modules)
        self._umask = system.umask()

    def restore(self) -> None:
        """Restores what each task finds as the first did: the working folder, and flowpipe's default graph."""
        reset_default_graph()  # Nodes that a task made there are not the next one's.
        with suppress(OSError):
            os.chdir(self._folder)

    def can_be_restored(self) -> bool:
        """Whether another job would find nothing of this one, as far as one can see."""
        is_quiet = threading.active_count() == 1 and system.umask() == self._umask
        return is_quiet and can_forget(set(sys.modules) - self._modules)

    def restore_all(self) -> None:
        """Restores variables and lists of Python's as well, and forgets the graph's own modules."""
        os.environ.clear()
        os.environ.update(self._variables)
        for found, before in self._lists:
            found[:] = before
        forget_modules()
