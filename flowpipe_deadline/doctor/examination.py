"""Everything that the doctor does, in order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Optional

from ..core.errors import FlowpipeDeadlineError
from ..core.shipped import packages_folder
from ..deadline.client import RepositoryInfo
from ..deadline.process import ProcessClient, find_deadlinecommand
from ..installation.packages import own_version
from ..planning.plan import Plan
from ..studio.plan import plan_graph
from ..submit.submit import Connection, open_client
from . import connections, machine, places, probe_graph, repository
from .measures import remains
from .options import GRAPH, DoctorOptions
from .probe import GraphSender
from .questions.ask import ask_questions, untold_answer
from .questions.catalogue import QUESTIONS, Question
from .questions.recorder import RecordedCommand
from .redact import Redaction, own_names
from .report import Answer, Check, Report
from .repository import read_installed

Say = Callable[[str], None]
Stop = Callable[[], bool]

_TIMEOUT = 120.0  # Seconds that a call may take: one that takes longer will not end, or is a finding itself.
_RENDERERS = ("Pool", "SecondaryPool", "Group")
_NEEDED = ("settings", "way", "repository", "plugin", "root", "store", "pools and groups")
"""Where one of these checks finds a problem, a graph that was sent to the farm would not come back."""


class Examination:
    """One examination; what is known so far is kept if it ends early."""

    def __init__(self, options: DoctorOptions, *, say: Say, is_stopping: Stop) -> None:
        self._options = options
        self._say = say
        self._is_stopping = is_stopping
        self._checks: list[Check] = []
        self._probe: list[Check] = []
        self._answers: list[Answer] = []
        self._plan: Optional[Plan] = None
        self._connection: Optional[Connection] = None
        self._service, self._service_problem = connections.read_service(options.studio)
        self._facts = RepositoryInfo()
        self._problem = ""
        self._command = self._find_command()
        self._is_interrupted = False

    def run(self) -> None:
        """Looks at everything, and tries out what is wished for."""
        self._check_machine()
        for step in (self._check_settings, self._check_ways, self._check_repository, self._check_places):
            if not self._must_stop():
                step()
        if self._options.is_probing and not self._must_stop():
            self._try_out()

    def report(self) -> Report:
        """What was found out."""
        return Report(
            version=own_version(),
            checks=tuple(self._checks),
            probe=tuple(self._probe),
            answers=tuple(self._answers),
            exchanges=tuple(self._command.exchanges if self._command is not None else ()),
            is_interrupted=self._is_interrupted,
        )

    def redaction(self) -> Redaction:
        """What the report keeps to itself."""
        private = {**own_names(), tempfile.gettempdir(): "temporary", str(packages_folder()): "package"}
        named = {
            "client": self._command and str(Path(self._command.executable).parent),
            "repository": self._facts.root,
            "root": self._options.root and str(self._options.root.expanduser().absolute()),
            "web service": self._service and self._service.url,
        }
        pools = {text: key.lower() for key, text in self._renderers().items()}
        return Redaction({**pools, **private, **{text: name for name, text in named.items() if text}})

    def _renderers(self) -> dict[str, str]:
        """The job info that says who renders the jobs that are tried out."""
        entries = dict(self._plan.jobs[0].job_info) if self._plan is not None else {}
        return {key: entries[key] for key in _RENDERERS if key in entries}

    def _must_stop(self) -> bool:
        self._is_interrupted = self._is_interrupted or self._is_stopping()
        return self._is_interrupted

    def _find_command(self) -> Optional[RecordedCommand]:
        try:
            find_deadlinecommand()
            return RecordedCommand(is_stopping=self._is_stopping, timeout=_TIMEOUT)
        except FlowpipeDeadlineError as error:
            self._problem = str(error)
            return None

    def _check(self, what: str, look: Callable[[], Check]) -> Check:
        """Adds a check; where looking fails in whatever way, that is what was found."""
        self._say(f"Looking at {what}")
        try:
            check = look()
        except (FlowpipeDeadlineError, OSError) as error:
            check = Check(what, "unknown", str(error))
        self._checks.append(check)
        return check

    def _check_machine(self) -> None:
        has_service = self._service is not None or bool(self._service_problem)
        self._check("versions", machine.check_versions)
        self._check(
            "deadlinecommand", lambda: machine.check_command(self._command, self._problem, has_service=has_service)
        )

    def _check_settings(self) -> None:
        """Plans the graph that may be sent, as the studio and the caller want it: that tells of their settings."""
        self._say("Looking at settings")
        studio = self._options.studio
        where = "no studio file" if studio.path is None else f"studio file {studio.path}"
        try:
            self._plan = plan_graph(
                probe_graph.build_graph(),
                settings=self._options.settings,
                presets=self._options.presets,
                studio=studio,
            )
        except FlowpipeDeadlineError as error:
            self._checks.append(Check("settings", "problem", str(error), f"mend it ({where})"))
        else:
            self._checks.append(Check("settings", "ok", where, facts={"studio_file": studio.path is not None}))

    def _check_ways(self) -> None:
        self._connection, check = connections.find_connection(self._options.studio, self._options.via)
        self._check("way", lambda: check)
        is_taken = self._connection is not None and self._connection.via == "webservice"
        self._check("script way", lambda: connections.check_script(self._command))
        self._check(
            "Web Service", lambda: connections.check_service(self._service, self._service_problem, is_taken=is_taken)
        )

    def _check_repository(self) -> None:
        if self._connection is None:
            return
        self._say("Asking the repository")
        try:
            client = open_client(self._connection) if self._command is None else ProcessClient(self._command)
            self._facts = client.read_repository()
        except FlowpipeDeadlineError as error:
            self._checks.append(Check("repository", "problem", str(error), "see that Deadline itself works here"))
            return
        facts, tolerated = self._facts, self._options.tolerated
        told = facts.version or machine.told_version(self._command)
        self._check("Deadline", lambda: machine.check_version(told))
        self._check("repository", lambda: repository.check_root(facts))
        self._check("plugin", lambda: repository.check_plugin(facts, read_installed(facts.root, self._command)))
        self._check("pools and groups", lambda: repository.check_names(facts, self._plan, tolerated=tolerated))
        self._check("limits of jobs", lambda: repository.check_limits(facts))

    def _check_places(self) -> None:
        self._check("root", lambda: places.check_root(self._options.root, tolerated=self._options.tolerated))
        self._check("store", lambda: places.check_results(self._options.store))
        self._check("interpreters", places.check_interpreters)

    def _try_out(self) -> None:
        left: list[str] = []
        if self._options.wants(GRAPH):
            left += self._send_graph()
        questions = [question for question in QUESTIONS if self._options.wants(question.name)]
        if questions and not self._must_stop():
            left += self._ask(questions)
        self._probe.append(remains(left, self._options.store))

    def _send_graph(self) -> list[str]:
        """Sends the graph; what could not be cleaned up."""
        problems = [check.name for check in self._checks if check.verdict == "problem" and check.name in _NEEDED]
        if problems or self._connection is None or self._plan is None:
            found = f"not sent to the farm, as there is a problem with: {', '.join(problems)}"
            self._probe.append(Check("graph", "unknown", found, "mend that first"))
            return []
        sender = GraphSender(
            self._plan, self._options, self._ways_that_work(), say=self._say, is_stopping=self._is_stopping
        )
        try:
            sender.run()
        except Exception as error:  # Whatever it is, what else can be found out is worth knowing.
            self._probe.append(Check("graph", "problem", f"{type(error).__name__}: {error}", "please report this"))
        self._probe += sender.checks
        self._is_interrupted = self._is_interrupted or sender.is_interrupted
        return sender.left

    def _ways_that_work(self) -> list[Connection]:
        """The way that is taken, first, and all others that can be tried."""
        assert self._connection is not None
        works = {check.name: bool(check.facts.get("works")) for check in self._checks}
        others = []
        if self._command is not None:
            others += [Connection("script", self._command.executable)] * works["script way"]
            others += [Connection("command", self._command.executable)]
        if self._service is not None and works["Web Service"]:
            others.append(Connection("webservice", self._service.url, webservice=self._service))
        first = replace(self._connection, may_fall_back=False)
        if self._connection.may_fall_back and not works["script way"]:
            first = next(connection for connection in others if connection.via == "command")
        return [first, *(connection for connection in others if connection.via != first.via)]

    def _ask(self, questions: list[Question]) -> list[str]:
        """Asks the questions; what could not be cleaned up."""
        if self._command is None:
            self._answers += [untold_answer(question, "deadlinecommand is not here") for question in questions]
            return []
        answers, left = ask_questions(
            questions,
            self._command,
            settings=self._renderers(),
            say=self._say,
            is_stopping=self._is_stopping,
        )
        self._answers += answers
        return left
