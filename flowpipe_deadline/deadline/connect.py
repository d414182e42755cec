"""Which connection to Deadline is used, and where ``deadlinecommand`` is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from .client import SubmissionError
from .via import VIA_VARIABLE, VIAS
from .webservice.settings import URL_VARIABLE, WebServiceSettings, parse_environment

_MACOS_PATH_FILE = "/Users/Shared/Thinkbox/DEADLINE_PATH"
# submission, section 2.1.
_DEFAULT_FOLDERS = {
    "linux": "/opt/Thinkbox/Deadline10/bin",
    "win32": r"C:\Program Files\Thinkbox\Deadline10\bin",
    "darwin": "/Applications/Thinkbox/Deadline10/Resources",
}


@dataclass(frozen=True)
class Connection:
    """How Deadline is reached."""

    via: str
    """``script``, ``webservice`` or ``command``."""
    reason: str
    """Why this one, for people."""
    may_fall_back: bool = False
    """Whether ``command`` may be used instead if this one does not work."""
    webservice: WebServiceSettings | None = None

    def __str__(self) -> str:
        return f"{self.via} ({self.reason})"


def choose_connection(via: str | None = None, *, environment: Mapping[str, str] | None = None) -> Connection:
    """The connection ``via``, else that of FLOWPIPE_DEADLINE_VIA, else (``auto``) one that this machine has.

    ``script`` is one ``deadlinecommand`` process for a graph, ``webservice`` requests to Deadline's Web Service, and
    ``command`` a ``deadlinecommand`` process for each job, which always works and takes the longest. ``environment``
    replaces the environment variables of this process.

    Raises:
        UsageError: There is no such connection, or an environment variable is wrong.
        SubmissionError: This machine has no ``deadlinecommand`` or no address of a Web Service, as the connection
            needs; for ``auto``, neither.
    """
    variables = os.environ if environment is None else environment
    via = via or variables.get(VIA_VARIABLE) or "auto"
    if via not in VIAS:
        raise UsageError(f"'{via}' is not a connection to Deadline; there are {', '.join(VIAS)}")
    service = parse_environment(variables)
    if via == "webservice":
        if service is None:
            raise SubmissionError(f"no address of the Web Service: set {URL_VARIABLE} to its URL, http://host:8081")
        return Connection("webservice", service.url, webservice=service)
    if via in ("script", "command"):
        return Connection(via, find_deadlinecommand())
    try:
        return Connection("script", f"{find_deadlinecommand()} is here", may_fall_back=True)
    except SubmissionError as error:
        if service is None:
            raise SubmissionError(f"{error}; or set {URL_VARIABLE} to the URL of Deadline's Web Service") from error
        return Connection("webservice", f"no deadlinecommand is here, but {service.url} is set", webservice=service)


def find_deadlinecommand() -> str:
    """The path of ``deadlinecommand``, found as Deadline's own submitters do (submission, section 2.1).

    Raises:
        SubmissionError: There is none.
    """
    folders = [os.environ.get("DEADLINE_PATH", ""), _macos_folder(), _DEFAULT_FOLDERS.get(sys.platform, "")]
    for folder in (*filter(None, folders), None):  # None: those on PATH.
        found = shutil.which("deadlinecommand", path=folder)
        if found:
            return found
    raise SubmissionError(
        "no deadlinecommand on this machine: install the Deadline Client, or set DEADLINE_PATH to its bin folder"
    )


def _macos_folder() -> str:
    try:
        return Path(_MACOS_PATH_FILE).read_text(encoding="utf-8").strip() if sys.platform == "darwin" else ""
    except OSError:
        return ""
