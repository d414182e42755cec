"""Checks of the ways to Deadline: which there are, which of them works, and which one is taken."""

from __future__ import annotations

import time
from typing import Optional

from ..core.errors import FlowpipeDeadlineError
from ..deadline.client import SubmissionError
from ..deadline.process import DeadlineCommand
from ..deadline.webservice.settings import URL_VARIABLE, WebServiceSettings, parse_environment
from ..studio.connect import studio_connection, studio_variables
from ..studio.file import StudioFile
from ..submit.script_client import ScriptClient
from ..submit.submit import Connection, open_client
from .report import Check


def find_connection(studio: StudioFile, via: Optional[str]) -> tuple[Optional[Connection], Check]:
    """The way that is taken, if there is one."""
    name = "way"
    try:
        connection = studio_connection(studio, via=via)
    except FlowpipeDeadlineError as error:
        return None, Check(name, "problem", str(error), "without a way to Deadline, nothing can be submitted")
    return connection, Check(
        name, "ok", str(connection), facts={"via": connection.via, "may_fall_back": connection.may_fall_back}
    )


def check_script(command: Optional[DeadlineCommand]) -> Check:
    """Whether one process runs our script, and can ask Deadline from within."""
    name = "script way"
    if command is None:
        return Check(name, "unknown", "it needs deadlinecommand", facts={"works": None})
    started = time.monotonic()
    try:
        ScriptClient(command).read_repository()
    except SubmissionError as error:
        advice = (
            "submission falls back to a process per job, which takes longer; please report this, with --output json"
        )
        return Check(name, "warning", str(error), advice, {"works": False})
    seconds = time.monotonic() - started
    return Check(
        name, "ok", f"deadlinecommand runs our script ({seconds:.2g} s)", facts={"works": True, "seconds": seconds}
    )


def read_service(studio: StudioFile) -> tuple[Optional[WebServiceSettings], str]:
    """How the Web Service is reached, if it is configured; or what is wrong with the configuration."""
    try:
        return parse_environment(studio_variables(studio)), ""
    except FlowpipeDeadlineError as error:
        return None, str(error)


def check_service(service: Optional[WebServiceSettings], problem: str, *, is_taken: bool) -> Check:
    """Whether the Web Service is configured, can be reached, and lets us in; ``is_taken`` if it is the way."""
    name = "Web Service"
    if problem:
        return Check(name, "problem", problem, "every call fails until that is mended", {"configured": True})
    if service is None:
        return Check(name, "ok", f"not configured ({URL_VARIABLE})", facts={"configured": False})
    started = time.monotonic()
    try:
        open_client(Connection("webservice", service.url, webservice=service)).read_repository()
    except FlowpipeDeadlineError as error:
        advice, facts = f"see that {URL_VARIABLE} is right", {"configured": True, "works": False}
        return Check(name, "problem" if is_taken else "warning", str(error), advice, facts)
    seconds = time.monotonic() - started
    found = f"{service.url} answers ({seconds:.2g} s)"
    return Check(name, "ok", found, facts={"configured": True, "works": True, "seconds": seconds})
