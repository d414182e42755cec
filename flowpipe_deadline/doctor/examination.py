"""Everything that the doctor does, in order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..core.errors import FlowpipeDeadlineError
from ..core.shipped import packages_folder
from ..deadline.client import RepositoryInfo, Stop
from ..deadline.connect import Connection
from ..deadline.process import ProcessClient
from ..deadline.webservice.settings import parse_environment
from ..planning.plan import Plan
from ..studio.connect import studio_connection, studio_variables
from ..studio.plan import plan_graph
from ..submit.submit import open_client
from ..submit.transaction import Say
from . import machine, probe_graph, repository
from .hosts import check_hosts
from .probe import GraphSender, check_cleanup
from .questions import QUESTIONS, ask_questions
from .recorder import RecordedCommand
from .redact import Redaction, own_names
from .report import GRAPH, HOSTS, Check, DoctorOptions, Question, Report

_Found = TypeVar("_Found")
_TIMEOUT = 120.0  # Seconds that a call may take: one that takes longer will not end.
_WORKER_KEYS = ("Pool", "SecondaryPool", "Group")
_NEEDED = ("settings", "connection", "repository", "plugin", "root", "store", "pools and groups")
"""With an error in one of these checks, a graph that is sent to the farm would not come back."""
_INTERPRETERS = Check(
    "interpreters",
    "unknown",
    "only the workers know which programs they have",
    "Configure Plugins > Flowpipe in the Monitor lists them; --probe tries out 'python' there, and all that are here",
)


def examine(options: DoctorOptions, *, say: Say, is_stopping: Stop) -> Report:
    """Makes all checks, and tries out what the options ask for; ends early once ``is_stopping`` is true."""
    return _Examination(options, say=say, is_stopping=is_stopping).run()


def _attempt(find: Callable[[], _Found]) -> tuple[_Found | None, str]:
    """What is found, or the error in words."""
    try:
        return find(), ""
    except FlowpipeDeadlineError as error:
        return None, str(error)


class _Examination:
    def __init__(self, options: DoctorOptions, *, say: Say, is_stopping: Stop) -> None:
        self._options = options
        self._say = say
        self._is_stopping = is_stopping
        self._checks: list[Check] = []
        self._probe: list[Check] = []
        self._left: list[str] = []
        """What could not be cleaned up, in words."""
        self._answers: list[Question] = []
        self._plan: Plan | None = None
        self._connection: Connection | None = None
        self._info = RepositoryInfo()
        self._service, self._service_error = _attempt(lambda: parse_environment(studio_variables(options.studio)))
        new_command = partial(RecordedCommand, timeout=_TIMEOUT, is_stopping=is_stopping)
        self._command, self._command_error = _attempt(new_command)

    def run(self) -> Report:
        options, command, command_error = self._options, self._command, self._command_error
        service, service_error = self._service, self._service_error
        has_service = service is not None or bool(service_error)
        self._check("versions", machine.check_versions)
        self._check("deadlinecommand", lambda: machine.check_command(command, command_error, has_service=has_service))
        self._check("settings", self._make_plan)
        self._check("connection", self._connect)
        self._check("script connection", lambda: machine.check_script(command))
        is_used = self._connection is not None and self._connection.via == "webservice"
        self._check("Web Service", lambda: machine.check_service(service, service_error, is_used=is_used))
        self._check_repository()
        self._check("root", lambda: machine.check_root(options.root, tolerated=options.tolerated))
        self._check("store", lambda: machine.check_results(options.store))
        self._check("interpreters", lambda: _INTERPRETERS)
        self._check("dialog", lambda: machine.check_dialog(command))
        if options.wants(HOSTS) and not self._is_stopping():
            self._checks += check_hosts(self._info.root, options, say=self._say, is_stopping=self._is_stopping)
        if options.is_probing and set(options.only) != {HOSTS} and not self._is_stopping():
            if options.wants(GRAPH):
                self._send_graph()
            if not self._is_stopping():
                self._ask_questions()
            self._probe.append(check_cleanup(self._left, options.store))
        return Report(
            checks=self._checks,
            probe=self._probe,
            answers=self._answers,
            exchanges=command.exchanges if command is not None else (),
            redaction=self._redaction(),
            is_interrupted=self._is_stopping(),
        )

    def _check(self, name: str, find_out: Callable[[], Check]) -> None:
        """Adds a check; one that cannot be made is ``unknown``."""
        if self._is_stopping():
            return
        self._say(f"Looking at {name}")
        try:
            check = find_out()
        except (FlowpipeDeadlineError, OSError) as error:
            check = Check(name, "unknown", str(error))
        self._checks.append(check)

    def _make_plan(self) -> Check:
        """Plans the graph that may be sent, which checks the settings of studio and caller."""
        studio = self._options.studio
        where = "no studio file" if studio.path is None else f"studio file {studio.path}"
        graph, settings, presets = probe_graph.build_graph(), self._options.settings, self._options.presets
        self._plan, error = _attempt(lambda: plan_graph(graph, settings=settings, presets=presets, studio=studio))
        if self._plan is None:
            return Check("settings", "problem", error, f"mend it ({where})")
        return Check("settings", "ok", where, details={"studio_file": studio.path is not None})

    def _connect(self) -> Check:
        connection, error = _attempt(lambda: studio_connection(self._options.studio, via=self._options.via))
        self._connection = connection
        if connection is None:
            advice = "without a connection to Deadline, nothing can be submitted"
            return Check("connection", "problem", error, advice)
        details = {"via": connection.via, "may_fall_back": connection.may_fall_back}
        return Check("connection", "ok", str(connection), details=details)

    def _check_repository(self) -> None:
        if self._connection is None or self._is_stopping():
            return
        self._say("Asking the repository")
        command, tolerated = self._command, self._options.tolerated
        try:
            client = open_client(self._connection) if command is None else ProcessClient(command)
            self._info = info = client.read_repository()
        except FlowpipeDeadlineError as error:
            self._checks.append(
                Check(
                    "repository",
                    "problem",
                    str(error),
                    "see that Deadline itself works here:  deadlinecommand -GetRepositoryRoot",
                )
            )
            return
        version = info.version or repository.printed_version(command)
        self._check("Deadline", lambda: repository.check_version(version))
        self._check("repository", lambda: repository.check_root(info))
        self._check("plugin", lambda: repository.check_plugin(info, repository.read_installed(info.root, command)))
        self._check("pools and groups", lambda: repository.check_names(info, self._plan, tolerated=tolerated))
        self._check("limits of jobs", lambda: repository.check_limits(info))

    def _send_graph(self) -> None:
        failed = [check.name for check in self._checks if check.verdict == "problem" and check.name in _NEEDED]
        if failed or self._connection is None or self._plan is None:
            found = f"not sent to the farm because of errors: {', '.join(failed)}"
            self._probe.append(Check("graph", "unknown", found, "mend these first"))
            return
        connections = self._working(self._connection)
        sender = GraphSender(self._plan, self._options, connections, say=self._say, is_stopping=self._is_stopping)
        try:
            sender.run()
        except Exception as error:  # Whatever it is, the questions can still be asked.
            self._probe.append(Check("graph", "problem", f"{type(error).__name__}: {error}", "please report this"))
        self._probe += sender.checks
        self._left += sender.left

    def _working(self, chosen: Connection) -> list[Connection]:
        """The connections that can be tried: first the one that a submission uses, then all others."""
        works = {check.name for check in self._checks if check.details.get("works")}
        others = []
        if self._command is not None:
            vias = ["script", "command"] if "script connection" in works else ["command"]
            others += [Connection(via, self._command.executable) for via in vias]
        if self._service is not None and "Web Service" in works:
            others.append(Connection("webservice", self._service.url, webservice=self._service))
        first = replace(chosen, may_fall_back=False)
        if chosen.may_fall_back and "script connection" not in works:
            first = next(connection for connection in others if connection.via == "command")
        return [first, *(connection for connection in others if connection.via != first.via)]

    def _ask_questions(self) -> None:
        questions = [question for question in QUESTIONS if self._options.wants(question.name)]
        if self._command is None:
            self._answers += [replace(question, reason="deadlinecommand is not here") for question in questions]
        elif questions:
            settings, say, is_stopping = self._worker_settings(), self._say, self._is_stopping
            self._answers, left = ask_questions(
                questions, self._command, settings=settings, say=say, is_stopping=is_stopping
            )
            self._left += left

    def _worker_settings(self) -> dict[str, str]:
        """The job info that chooses the workers for the jobs that are tried out."""
        entries = dict(self._plan.jobs[0].job_info) if self._plan is not None else {}
        return {key: entries[key] for key in _WORKER_KEYS if key in entries}

    def _redaction(self) -> Redaction:
        private = {**own_names(), tempfile.gettempdir(): "temporary", str(packages_folder()): "package"}
        named = {
            "client": self._command and str(Path(self._command.executable).parent),
            "repository": self._info.root,
            "root": self._options.root and str(self._options.root.expanduser().absolute()),
            "web service": self._service and self._service.url,
        }
        pools = {text: key.lower() for key, text in self._worker_settings().items()}
        return Redaction({**pools, **private, **{text: name for name, text in named.items() if text}})
