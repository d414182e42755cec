"""Commands of the fake Deadline without processes: what a command client makes of them is seen at once."""

from __future__ import annotations

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.deadline.command_client import CommandClient
from tests.fake_deadline.command import execute
from tests.fake_deadline.session import Session


class CommandsInside(CommandClient):
    """The commands of a fake Deadline, run in this process."""

    def __init__(self, deadline) -> None:
        self.deadline = deadline
        self.asked: list[str] = []

    def run(self, arguments):
        """What is printed."""
        self.asked.append(arguments[0])
        session = Session(self.deadline)
        if execute(session, arguments):
            raise SubmissionError(session.output)
        return session.output
