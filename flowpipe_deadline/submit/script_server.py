"""Answers script requests in one of Deadline's own processes.

The request and the answer are files, because what a script prints and how its process ends is not documented
(plugin API, section 5.8), so neither is trusted. Standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, Mapping

from ..core.errors import FlowpipeDeadlineError
from ..core.files import json_bytes, read_record, write_whole
from ..core.locks import is_running
from ..deadline.in_process import InProcessClient
from .transaction import InterruptedSubmissionError, Options, submit_to

FORMAT = 1
SUBMIT = "submit"
REDO = "redo"
_REDO = "flowpipe_deadline.redo.farm"  # By name: its room stands above this one.
QUESTIONS = (
    *("read_jobs", "list_jobs", "read_tasks_of", "find_jobs", "read_repository"),
    *("read_reports", "read_report_text", "read_farm"),
    *("resume", "pend", "suspend", "delete"),
    *("change", "change_tasks_of", "read_plugin_info", "find_bundle_jobs", "map_path"),
    *("set_dependencies", "read_entries", "set_entries"),
)
"""The methods of the client that a request may name."""
_PAUSE = 0.05


def run_script_request(path: str, clients: Any, repository: Any) -> None:
    """Carries out the request file, and writes the answer file that it names; never raises.

    ``clients`` and ``repository`` are ``ClientUtils`` and ``RepositoryUtils`` of ``Deadline.Scripting``.
    """
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    client = InProcessClient(clients, repository)
    try:
        answer = {"ok": True, "result": _do(request, client)}
    except FlowpipeDeadlineError as error:
        answer = {"ok": False, "error": str(error), "exit_code": error.exit_code}
    except BaseException as error:
        answer = {"ok": False, "error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    write_whole(Path(request["answer"]), record_bytes(answer))


def _do(request: Mapping[str, Any], client: InProcessClient) -> Any:
    if request["action"] == SUBMIT:
        return submit_to(
            client,
            _bundle(request, client),
            say=lambda message: _add_line(request["progress"], message),
            is_stopping=lambda: os.path.exists(request["stop"]),
            options=Options(keep_suspended=request["keep_suspended"], token=request["token"]),
        )
    if request["action"] == REDO:
        write_whole(Path(request["info"]), record_bytes({}))  # It has begun.
        return import_module(_REDO).redo_as_requested(
            client,
            request["bundle"],
            request["wanted"],
            say=lambda message: _add_line(request["progress"], message),
            is_stopping=lambda: os.path.exists(request["stop"]),
        )
    if request["action"] not in QUESTIONS:
        raise ValueError("not a question: {}".format(request["action"]))
    return plain(getattr(client, request["action"])(*request["arguments"], **request.get("options", {})))


def _bundle(request: Mapping[str, Any], client: InProcessClient) -> str:
    """The folder of the bundle to submit; waits for it if the caller is still to make it.

    The repository is described first, so that the caller can check a plan against it before anything is written, and
    one process is enough for both.
    """
    if request["bundle"]:
        return str(request["bundle"])
    write_whole(Path(request["info"]), record_bytes(plain(client.read_repository())))
    while not os.path.exists(request["go"]):
        if os.path.exists(request["stop"]) or not is_running(request["process"]):
            raise InterruptedSubmissionError("interrupted before anything was submitted")
        time.sleep(_PAUSE)
    return str(read_record(Path(request["go"]), version=FORMAT, keys=("bundle",))["bundle"])


def _add_line(path: str, message: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(" ".join(message.split()) + "\n")


def plain(value: Any) -> Any:
    """The value as plain JSON."""
    return json.loads(json.dumps(value, default=lambda item: sorted(item) if isinstance(item, set) else asdict(item)))


def record_bytes(record: Mapping[str, Any]) -> bytes:
    """The content of a request file, or of an answer to it."""
    return json_bytes({"format": FORMAT, **record})
