"""Submits a bundle, all jobs or none, by the connection that fits."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..core.interrupts import stop_requests
from ..core.loading import refuse_while_loading
from ..deadline.client import DeadlineClient, RepositoryInfo, Stop, SubmissionError
from ..deadline.connect import Connection, choose_connection
from ..deadline.process import DeadlineCommand, ProcessClient
from .script import PlannedSubmission, submit_by_script
from .script_client import ScriptClient, ScriptDidNotRunError
from .transaction import Options, Say, ignore, submit_to


def open_client(connection: Connection, *, is_stopping: Stop | None = None) -> DeadlineClient:
    """The client of that connection.

    Raises:
        SubmissionError: There is no ``deadlinecommand`` on this machine.
    """
    if connection.webservice is not None:
        from ..deadline.webservice.client import WebServiceClient  # noqa: PLC0415 (its library takes long to import)

        return WebServiceClient(connection.webservice, user=_user_name(), machine=socket.gethostname())
    command = DeadlineCommand(is_stopping=is_stopping)
    if connection.via == "script":
        return ScriptClient(command, may_fall_back=connection.may_fall_back)
    return ProcessClient(command)


def submit_unchecked(
    bundle: AnyPath,
    *,
    connection: Connection | None = None,
    on_message: Say = ignore,
    keep_suspended: bool = False,
) -> dict[str, str]:
    """The job IDs by node key, once Deadline has taken all jobs and released them; the bundle keeps them too.

    ``connection`` is one of ``choose_connection``; without one, it is chosen. ``on_message`` gets each job, and
    Deadline's warnings. With ``keep_suspended`` the jobs wait until somebody resumes them in the Monitor. Ctrl+C, or a
    signal to end, undoes everything.

    Raises:
        SubmissionError: There is no connection to Deadline; the bundle is submitted already, being submitted, or moved;
            or anything goes wrong: the jobs submitted so far are deleted then, and the message names those that could
            not be. Its ``exit_code`` is 130 after Ctrl+C.
        RecordError: The folder is not a bundle, or is damaged.
        LoadingError: A script submits while it is only being loaded.
    """
    opened = read_bundle(bundle)
    submission = PlannedSubmission(lambda _: opened, opened, on_message, keep_suspended)
    return _submit(submission, connection or choose_connection())


def submit_new_bundle(
    make_bundle: Callable[[RepositoryInfo], Bundle],
    *,
    connection: Connection,
    on_message: Say,
    keep_suspended: bool = False,
) -> dict[str, str]:
    """As ``submit_unchecked``, for a bundle that is made once it is known what the repository is like.

    ``make_bundle`` checks a plan against that and writes it; what it raises is raised, and nothing is submitted. By
    script, one process is enough for both.
    """
    return _submit(PlannedSubmission(make_bundle, None, on_message, keep_suspended), connection)


def _submit(submission: PlannedSubmission, connection: Connection) -> dict[str, str]:
    refuse_while_loading("submit")
    with stop_requests(submission.say) as is_stopping:
        client = open_client(connection, is_stopping=is_stopping)
        if isinstance(client, ScriptClient):
            try:
                return submit_by_script(submission, client.command, is_stopping)
            except ScriptDidNotRunError as error:
                if not connection.may_fall_back or is_stopping():
                    raise
                submission.say(f"{error}; submitting with a process per job instead")
                client = ProcessClient(client.command)
        bundle = submission.bundle or submission.make_bundle(client.read_repository())
        options = Options(keep_suspended=submission.keep_suspended)
        return submit_to(client, bundle, say=submission.say, is_stopping=is_stopping, options=options)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # ImportError: Windows without any of the variables.
        raise SubmissionError("the user's name is unknown: set the variable USER to it") from error
