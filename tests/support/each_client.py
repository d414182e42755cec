"""Each way to a farm, for tests of what all of them do."""

from __future__ import annotations

from direct_farm import DirectClient
from web_services import farm_at

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.deadline.command_client import CommandClient
from flowpipe_deadline.deadline.process import DeadlineCommand
from flowpipe_deadline.submit.script_client import ScriptClient
from tests.fake_deadline.command import execute
from tests.fake_deadline.session import Session

WAYS = ("direct", "command", "webservice", "script")


class SessionClient(CommandClient):
    """Commands without the processes."""

    undo_pauses = (0.0, 0.0)

    def __init__(self, deadline):
        self._deadline = deadline

    def run(self, arguments):
        """What the command printed."""
        session = Session(self._deadline)
        if execute(session, list(arguments)):
            raise SubmissionError(session.output.strip())
        return session.output


def client_of(way, request):
    """The client of that way, by a test's ``request``."""
    deadline = request.getfixturevalue("deadline")
    if way == "webservice":
        return farm_at(request.getfixturevalue("service").url)
    if way == "script":
        request.getfixturevalue("monkeypatch").setenv("DEADLINE_PATH", str(deadline.bin))
        return ScriptClient(DeadlineCommand())
    return {"direct": DirectClient, "command": SessionClient}[way](deadline)
