"""A redo on the farm by the connection that is there; by script, one ``deadlinecommand`` process does all of it."""

from __future__ import annotations

import contextlib

from ..core.bundle import Bundle
from ..core.errors import FlowpipeDeadlineError
from ..deadline.client import DeadlineClient, Stop, SubmissionError
from ..deadline.process import ProcessClient
from ..submit.record import read_submission
from ..submit.script import Conversation, PlannedSubmission
from ..submit.script_client import ScriptClient, ScriptDidNotRunError, request_files, run_script, silence
from ..submit.script_server import REDO
from ..submit.transaction import InterruptedSubmissionError, Say, ignore
from .farm import mend_redo, redo_on_farm, request_of, result_of
from .options import RedoOptions, RedoResult
from .selection import Selection


def redo_by(  # noqa: PLR0913  (what, where, and how)
    client: DeadlineClient,
    bundle: Bundle,
    selection: Selection,
    *,
    how: RedoOptions,
    say: Say = ignore,
    is_stopping: Stop = lambda: False,
) -> RedoResult:
    """As ``redo_on_farm``; a client by script asks no question for each step, but has one process do them all.

    Raises:
        SubmissionError, RecordError: As ``redo_on_farm``.
    """
    if isinstance(client, ScriptClient):
        try:
            return _by_script(client, bundle, selection, how=how, say=say, is_stopping=is_stopping)
        except ScriptDidNotRunError as error:
            if not client.may_fall_back or is_stopping():
                raise
            say(f"{error}; asking Deadline with a process per step instead")
            client = ProcessClient(client.command)
    return redo_on_farm(client, bundle, selection, how=how, say=say, is_stopping=is_stopping)


def _by_script(  # noqa: PLR0913  (as above)
    client: ScriptClient, bundle: Bundle, selection: Selection, *, how: RedoOptions, say: Say, is_stopping: Stop
) -> RedoResult:
    with request_files() as files:
        conversation = Conversation(files, PlannedSubmission(lambda _: bundle, bundle, say), is_stopping)
        files.write({"action": REDO, "bundle": str(bundle.folder), "wanted": request_of(selection, how)})
        try:
            result = run_script(files, client.command, while_waiting=conversation.go_on)
            conversation.go_on()
            answer = conversation.await_answer()
        except BaseException as error:
            if files.answer.exists() or not files.info.exists():
                raise  # The script has said itself what became of it, or has not begun.
            kind = InterruptedSubmissionError if isinstance(error, KeyboardInterrupt) else SubmissionError
            raise kind(f"{error or type(error).__name__}; {_undone(client, bundle, say)}") from error
        if answer is not None:
            return result_of(answer)
        if not files.info.exists():
            raise ScriptDidNotRunError(silence(client.command, result))
        raise SubmissionError(f"{silence(client.command, result)}; {_undone(client, bundle, say)}")


def _undone(client: ScriptClient, bundle: Bundle, say: Say) -> str:
    """Undoes what a process of ours had begun that is gone; in words."""
    client.command.ignore_stop_requests()
    try:
        with contextlib.suppress(FlowpipeDeadlineError):
            record = read_submission(bundle.folder)
            if record is not None and record.redo is None:
                return "either it was done, or nothing was changed: see the status"
        mend_redo(ProcessClient(client.command), bundle, say=say)
    except FlowpipeDeadlineError as error:
        return str(error)
    return "its jobs are as they were"
