"""Checks of this machine: installation, ways to Deadline, places of bundles and results, and the dialog's Python."""

from __future__ import annotations

import json
import os
import platform
import runpy
import secrets
import subprocess
import tempfile
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from ..core.bundle import FILES
from ..core.errors import FlowpipeDeadlineError, words_of
from ..core.shipped import shipped_folder
from ..core.warnings import WarningKind
from ..deadline.client import DeadlineClient, SubmissionError
from ..deadline.connect import Connection
from ..deadline.process import DeadlineCommand
from ..deadline.webservice.settings import URL_VARIABLE, WebServiceSettings
from ..offline.packages import own_version, version_of
from ..preflight.root import read_root_info, root_warnings
from ..results.store import StoreError, check_store
from ..studio.variables import ROOT_VARIABLE
from ..submit.script_client import ScriptClient
from ..submit.submit import open_client
from .recorder import RecordedCommand
from .report import Check

_OWN = "flowpipe-deadline"
_PACKAGES = ("flowpipe", "ascii-canvas", "typing_extensions", "jinja2", "click", "rich", "requests", "redis")
_MAIN = shipped_folder("submission/Flowpipe/Main")
_IMPORT_TIMEOUT = 120.0  # Seconds for the imports of the dialog, which come from a network in many studios.


def check_versions() -> Check:
    """Python, flowpipe, and this package."""
    versions = {_OWN: own_version(), **{name: version_of(name) for name in _PACKAGES}}
    python = f"Python {platform.python_version()} on {platform.system()}"
    found = f"{_OWN} {versions[_OWN]} with flowpipe {versions['flowpipe']}, {python}"
    details = {"packages": versions, "python": platform.python_version(), "platform": platform.platform()}
    return Check("versions", "ok", found, details=details)


def check_command(command: RecordedCommand | None, error: str, *, has_service: bool) -> Check:
    """Whether ``deadlinecommand`` is here and starts, and what a start costs; ``error`` says why there is none."""
    name = "deadlinecommand"
    if command is None:
        advice = "the Web Service works without it; the script connection and the questions of --probe do not"
        return Check(name, "warning", error, advice) if has_service else Check(name, "problem", error)
    try:
        result = command(["-GetVersion"])
    except OSError as failure:
        advice = "install the Deadline Client anew, or mend the file's permissions"
        return Check(name, "problem", f"{command.executable} cannot be started: {words_of(failure)}", advice)
    code, seconds = result.exit_code, command.exchanges[-1].seconds
    if code != 0:
        how = "does not end" if code is None else f"ends with {code}: {result.last_words}"
        advice = "see what it prints on a command line of this machine"
        return Check(name, "problem", f"{command.executable} -GetVersion {how}", advice, {"exit_code": code})
    found = f"{command.executable}; a start takes {seconds:.2g} s"
    return Check(name, "ok", found, details={"start_seconds": seconds})


def check_script(command: DeadlineCommand | None) -> Check:
    """Whether ``deadlinecommand`` runs our script, which can then ask Deadline."""
    name = "script connection"
    if command is None:
        return Check(name, "unknown", "it needs deadlinecommand", details={"works": None})
    try:
        seconds = _seconds_to_read(ScriptClient(command))
    except SubmissionError as error:
        advice = "submission falls back to a process per job, which takes longer; please report this"
        return Check(name, "warning", str(error), f"{advice}, with --output json", {"works": False})
    found = f"deadlinecommand runs our script ({seconds:.2g} s)"
    return Check(name, "ok", found, details={"works": True, "seconds": seconds})


def _seconds_to_read(client: DeadlineClient) -> float:
    """How long it takes to read what is known of the repository."""
    started = time.monotonic()
    client.read_repository()
    return time.monotonic() - started


def check_service(service: WebServiceSettings | None, error: str, *, is_used: bool) -> Check:
    """Whether the Web Service is configured, can be reached, and lets us in; ``is_used`` if it is the connection."""
    name = "Web Service"
    if error:
        return Check(name, "problem", error, "every call fails until that is mended", {"configured": True})
    if service is None:
        return Check(name, "ok", f"not configured ({URL_VARIABLE})", details={"configured": False})
    try:
        seconds = _seconds_to_read(open_client(Connection("webservice", service.url, webservice=service)))
    except FlowpipeDeadlineError as failure:
        advice, details = f"see that {URL_VARIABLE} is right", {"configured": True, "works": False}
        return Check(name, "problem" if is_used else "warning", str(failure), advice, details)
    found = f"{service.url} answers ({seconds:.2g} s)"
    return Check(name, "ok", found, details={"configured": True, "works": True, "seconds": seconds})


def check_dialog(command: RecordedCommand | None) -> Check:
    """Whether the Python that opens the submit dialog is configured, is here, and has what the dialog needs."""
    name = "dialog"
    # The client that hosts load is not a module of this package.
    client = SimpleNamespace(**runpy.run_path(str(_MAIN / "flowpipe_client.py")))
    configured = os.environ.get(client.PYTHON_VARIABLE) or _read_setting(command)
    if configured is None:
        advice = "see the checks script connection and plugin, or set it: Configure Plugins > Flowpipe > Dialog Python"
        return Check(name, "unknown", "Deadline does not tell the plugin's setting Dialog Python", advice)
    try:
        python = client.choose_python(configured)
        run = [python, "-c", "import PySide6.QtWidgets, flowpipe_deadline.cli.dialog"]
        options = {"env": client.dialog_environment(), "cwd": Path(python).parent, "timeout": _IMPORT_TIMEOUT}
        result = subprocess.run(run, capture_output=True, text=True, errors="replace", check=False, **options)
    except client.ClientError as error:
        return Check(name, "warning" if configured else "ok", str(error))
    except OSError as error:
        return Check(name, "warning", f"{python} cannot be started: {words_of(error)}", "mend that setting")
    except subprocess.TimeoutExpired:
        advice = "see how long it takes to import PySide6 there"
        return Check(name, "warning", f"{python} did not import what the dialog needs in {_IMPORT_TIMEOUT:g} s", advice)
    if result.returncode != 0:
        said = "".join(result.stderr.strip().splitlines()[-1:])
        advice = f'install it there:  "{python}" -m pip install -U "flowpipe-deadline[dialog]"'
        return Check(name, "warning", f"{python} cannot open it: {said}", advice)
    return Check(name, "ok", f"{python} can open it")


def _read_setting(command: RecordedCommand | None) -> str | None:
    """The plugin's setting; None if Deadline does not say."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        if command is not None:
            command(["-ExecuteScriptNoGui", str(_MAIN / "FlowpipeDialog.py"), str(answer)])
        return json.loads(answer.read_bytes()).get("DialogPython") if answer.exists() else None


def check_root(root: Path | None, *, tolerated: Collection[WarningKind]) -> Check:
    """Whether bundles can be written below the root, and whether workers can see it at all."""
    name = "root"
    if root is None:
        advice = f"give --root, set {ROOT_VARIABLE}, or let the studio file name one: a folder that all workers see"
        return Check(name, "unknown", "none was given", advice, {"given": False})
    info = read_root_info(root)
    storage = {"place": info.storage.place, "storage": info.storage.text}
    details = {"given": True, **storage, "free_bytes": info.free_bytes}
    found = f"{info.path} can be written ({info.storage.text})"
    check = Check(name, "ok", found, "whether the workers see it, --probe finds out", {**details, "open": info.is_open})
    check = check.with_warnings(tuple(root_warnings(info)), tolerated=tolerated)
    if not info.is_open:
        return check
    found = f"{check.found}; all may write there, so all read the variables of jobs, and may replace plans and results"
    advice = f"{check.advice}; give it to a group:  chgrp GROUP {info.path} && chmod u+rwx,g+rwxs,o-w {info.path}"
    return replace(check, verdict="warning" if check.verdict == "ok" else check.verdict, found=found, advice=advice)


def check_results(store: str) -> Check:
    """Whether the store takes results."""
    name = "store"
    try:
        check_store(store, submission=f"flowpipe-deadline-doctor-{secrets.token_hex(4)}")
    except StoreError as error:
        return Check(name, "problem", str(error))
    if store == FILES:
        return Check(name, "ok", "results are kept in the bundles", details={"kind": "files"})
    advice = "whether the workers reach it, --probe finds out"
    return Check(name, "ok", f"{store} takes results", advice, {"kind": "redis"})
