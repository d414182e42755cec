"""What the dialog has done in a process of its own: a user's workflow is loaded here, and Deadline is asked here.

A request is a JSON line on stdin, its answer are JSON lines on stdout: any number of ``{"say": …}``, then ``{"answer":
…}`` or ``{"findings": […]}``. The line ``{"do": "cancel"}`` cancels it. What else is printed goes to stderr. A process
that has loaded a workflow ends with its answer: the next one loads it anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from flowpipe import Graph

from ..core.bundle import SUBMISSION, Bundle, job_labels, read_bundle
from ..core.errors import FlowpipeDeadlineError, UsageError, words_of
from ..core.text import grouped_lines
from ..core.warnings import CheckError, PlanWarning, PreflightError, WarningKind
from ..deadline.client import RepositoryInfo
from ..planning.plan import Plan
from ..preflight.check import examine_plan, parse_kinds, parse_strict, raise_errors
from ..preflight.scene_files import scene_file_warnings
from ..preflight.storage import read_mounts
from ..status.status import read_submission_status
from ..studio.connect import studio_client
from ..studio.file import StudioFile, load_studio_file
from ..studio.options import SubmitOptions, find_root
from ..studio.plan import plan_graph
from ..studio.submit import submit_graph
from ..submit.script_client import with_tuples
from ..submit.submit import submit_new_bundle  # noqa: F401  (takes long to import, and each submission needs it)
from ..workflows.facts import SceneFile
from ..workflows.find import find_workflows, load_workflow
from ..workflows.parameters import ParameterError
from . import REUSABLE

Say = Callable[[Mapping[str, Any]], None]

_BUILT_IN = {"maya": "render_scene", "blender": "render_blender_scene"}
_INTERRUPTED = 130
_PATIENCE = 1.0  # Seconds to end in, once nobody wants an answer any more.
_BUNDLE = "Bundle: "
_ROOT_KINDS = (
    *(WarningKind.UNUSABLE_ROOT, WarningKind.LOCAL_ROOT, WarningKind.PRIVATE_ROOT, WarningKind.LITTLE_SPACE),
    WarningKind.LONG_PATH,
)
_OPTIONS_OF_KIND: Mapping[WarningKind, tuple[str, ...]] = {
    WarningKind.PRIORITY: ("priority",),
    WarningKind.UNKNOWN_POOL: ("pool", "secondary_pool"),
    WarningKind.UNKNOWN_GROUP: ("group",),
    WarningKind.UNKNOWN_LIMIT: ("limits",),
    WarningKind.LETTER_CASE: ("pool", "secondary_pool", "group", "limits"),
}


def main() -> None:
    """Answers the requests on stdin, and ends the process."""
    lines, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    # A workflow that reads gets nothing, and what it prints is no answer.
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    # A process that was started in the background may have inherited that it ignores this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    submitting = threading.Event()
    is_waiting = True
    try:
        threading.Thread(target=_listen, args=(lines, requests, submitting), daemon=True).start()
        while is_waiting:
            request = requests.get()
            is_waiting = request["do"] in REUSABLE
            _write(answers, _answer(request, lambda said: _write(answers, {"say": said})))
    except KeyboardInterrupt:  # Maybe before it has begun with the request.
        if not lines.closed:
            cancelled = _finding("error", "Cancelled: nothing was submitted.")
            _write(answers, {"findings": [cancelled], "is_cancelled": True})
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # The workflow may have closed or replaced it.
            stream.flush()
    os._exit(0)  # Whatever threads the workflow has started.


def _listen(lines: BinaryIO, requests: queue.Queue[dict[str, Any]], submitting: threading.Event) -> None:
    """Passes requests on, and cancels. Once the dialog has ended, a submission goes on, and nothing else does."""
    for line in lines:
        request = json.loads(line)
        if request["do"] == "cancel":
            _interrupt()
        else:
            if request["do"] == "submit":
                submitting.set()
            requests.put(request)
    lines.close()
    if not submitting.is_set():
        _interrupt()  # So that what it has started, such as a call of Deadline, ends with it.
        time.sleep(_PATIENCE)
        os._exit(0)


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # It may wait in a system call.
    else:
        signal.raise_signal(signal.SIGINT)


def _write(answers: int, line: Mapping[str, Any]) -> None:
    data = json.dumps(line).encode("ascii") + b"\n"
    with contextlib.suppress(OSError):  # The dialog may have ended.
        while data:
            data = data[os.write(answers, data) :]


def _answer(request: Mapping[str, Any], say: Say) -> Mapping[str, Any]:
    try:
        return {"answer": _REQUESTS[request["do"]](request, say)}
    except (FlowpipeDeadlineError, OSError) as error:
        is_cancelled = getattr(error, "exit_code", 1) == _INTERRUPTED
        return {"findings": _findings(error, request), "is_cancelled": is_cancelled}
    except Exception as error:
        return {"findings": [_finding("error", f"internal error: {words_of(error)}")]}


def _describe(request: Mapping[str, Any], _say: Say) -> Mapping[str, Any]:
    """The workflows that there are, and the one that is asked for, or that opens for the host, or was used last."""
    studio = load_studio_file()
    host = request["host"]
    name = request["workflow"] or studio.buttons.get(host) or _BUILT_IN.get(host) or request["last"]
    found: dict[str, Any] = {
        "workflows": [source.name for source in find_workflows(studio.workflows)],
        "studio": {
            "root": None if studio.root is None else str(studio.root),
            "presets": list(studio.presets),
            "presets_folder": None if studio.presets_folder is None else str(studio.presets_folder),
        },
        "workflow": None,
        "findings": [],
    }
    if name:
        try:
            workflow = load_workflow(name, folders=studio.workflows)
        except FlowpipeDeadlineError as error:
            found["findings"] = _findings(error, request)
        else:
            found["workflow"] = {
                "spec": name,
                "title": workflow.title,
                "description": workflow.description,
                "parameters": [parameter.to_json() for parameter in workflow.parameters],
            }
    return found


def _plan(request: Mapping[str, Any], _say: Say) -> Mapping[str, Any]:
    """The jobs, and everything that is wrong or odd, each with the field that it belongs to."""
    studio = load_studio_file()
    options = SubmitOptions(**request["options"], studio=studio)
    findings: list[Mapping[str, str]] = []
    root, plan = None, None
    try:
        root = _root(request, studio)
    except UsageError as error:
        findings.append(_finding("error", str(error), "options.root"))
    try:
        graph = _build(request, studio)
        plan = plan_graph(graph, settings=options.settings, presets=options.presets, studio=studio)
    except FlowpipeDeadlineError as error:
        findings += _findings(error, request)
    known = request["repository"]
    repository = None if known is None else RepositoryInfo(**with_tuples(known))
    chosen = options.completed(studio)
    tolerated = parse_kinds(chosen.tolerate or ()) | ({WarningKind.LOCAL_ROOT} if options.is_dry_run else set())
    strict = chosen.strict if isinstance(chosen.strict, bool) else parse_strict(chosen.strict or ())
    warnings: list[PlanWarning] = []
    for found in examine_plan(plan, root=root, repository=repository):
        try:
            warnings += raise_errors([found], strict=strict, tolerated=tolerated)
        except CheckError as error:
            warnings.append(error.warning)
    return {"jobs": [] if plan is None else _jobs(plan), "findings": findings + _grouped(warnings, request)}


def _submit(request: Mapping[str, Any], say: Say) -> Mapping[str, Any]:
    """What was submitted; a line for each message on the way."""
    studio = load_studio_file()
    options, root = SubmitOptions(**request["options"], studio=studio), _root(request, studio)
    graph = _build(request, studio)  # A cancellation until here is a KeyboardInterrupt.
    asked: list[int] = []
    bundle = ""
    signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    say({"stage": "submitting"})

    def pass_on(line: str) -> None:
        nonlocal bundle
        if asked:  # While the graph was planned, before ``submit_graph`` listened.
            asked.clear()
            signal.raise_signal(signal.SIGINT)
        if line.startswith(_BUNDLE):
            bundle = line[len(_BUNDLE) :]
            say({"keys": list(_labels(read_bundle(bundle)))})
        say({"line": line.replace("Press Ctrl+C again", "Cancel again")})

    try:
        result = submit_graph(
            graph,
            root=root,
            options=options,
            on_message=pass_on,
            on_warning=lambda line: say({"line": f"Warning: {line}"}),
        )
    except FlowpipeDeadlineError:
        if bundle and os.path.exists(os.path.join(bundle, SUBMISSION)):  # It is removed once no job is left.
            say({"is_left": True})
        raise
    return {"bundle": str(result.bundle.folder), "jobs": dict(result.job_ids), "labels": _labels(result.bundle)}


def _labels(bundle: Bundle) -> dict[str, str]:
    """What people call the jobs, by key."""
    return job_labels(bundle.jobs, main=bundle.graph)


def _read_repository(_request: Mapping[str, Any], _say: Say) -> Mapping[str, Any]:
    return asdict(studio_client().read_repository())


def _judge_files(request: Mapping[str, Any], _say: Say) -> Mapping[str, Any]:
    """What is odd about the files of a scene."""
    files = [SceneFile(**each) for each in request["files"]]
    return {"findings": _grouped(scene_file_warnings(files, mounts=read_mounts()), request)}


def _read_status(request: Mapping[str, Any], _say: Say) -> Mapping[str, Any]:
    """How far the jobs are, for the table."""
    status = read_submission_status(request["bundle"], with_stale=False)
    labels = _labels(status.bundle)
    return {
        "notices": [*status.notices, *status.changes],
        "is_over": status.is_over,
        "progress": status.progress,
        "jobs": [
            {
                "label": labels[job.key],
                "id": job.job_id or "",
                "status": job.status or "",
                "tasks": f"{job.done} of {job.total}",
                "errors": str(job.errors or ""),
                "failure": job.failures[0].reason if job.failures else "",
            }
            for job in status.jobs
        ],
    }


_REQUESTS: Mapping[str, Callable[[Mapping[str, Any], Say], Mapping[str, Any]]] = {
    "describe": _describe,
    "plan": _plan,
    "submit": _submit,
    "repository": _read_repository,
    "files": _judge_files,
    "status": _read_status,
}


def _root(request: Mapping[str, Any], studio: StudioFile) -> str:
    root = os.path.expanduser(find_root(request["root"], studio))
    if not os.path.isabs(root):
        raise UsageError(f"the shared folder '{root}' is not a full path of this system")
    return root


def _build(request: Mapping[str, Any], studio: StudioFile) -> Graph:
    workflow = load_workflow(request["workflow"], folders=studio.workflows)
    return workflow.build(request["texts"])


def _jobs(plan: Plan) -> list[Mapping[str, Any]]:
    labels = job_labels(plan.jobs, main=plan.name)
    return [{**job, "label": labels[job["key"]]} for job in plan.to_json()["jobs"]]


def _finding(severity: str, text: str, field: str = "") -> Mapping[str, str]:
    return {"severity": severity, "text": text, "field": field}


def _findings(error: Exception, request: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """A finding for each error that this one consists of."""
    errors = error.errors if isinstance(error, PreflightError) else (error,)
    checks = [each.warning for each in errors if isinstance(each, CheckError)]
    others = [each for each in errors if not isinstance(each, CheckError)]
    return [_finding("error", words_of(each), _field_of(each, request)) for each in others] + _grouped(checks, request)


def _grouped(warnings: Iterable[PlanWarning], request: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """A finding per warning; one for several nodes with the same warning."""
    groups: dict[tuple[str, str, str], list[PlanWarning]] = {}
    for warning in warnings:
        field = _field_of_warning(warning, request)
        groups.setdefault((warning.severity, warning.message, field), []).append(warning)
    return [
        _finding(severity, _sentence(grouped_lines((warning.node, message) for warning in group)[0], group[0]), field)
        for (severity, message, field), group in sorted(groups.items(), key=lambda item: item[0][0] != "error")
    ]


def _sentence(text: str, warning: PlanWarning) -> str:
    return text if warning.node is not None else text[:1].upper() + text[1:]


def _field_of(error: Exception, request: Mapping[str, Any]) -> str:
    if isinstance(error, ParameterError):
        return f"parameters.{error.parameter}"
    if str(error).startswith("unknown preset"):
        return "options.presets"
    return _field_with_text(str(error), request)


def _field_of_warning(warning: PlanWarning, request: Mapping[str, Any]) -> str:
    if warning.kind in _ROOT_KINDS:
        return "options.root"
    settings: Mapping[str, Any] = request.get("options", {}).get("settings", {})
    for name in _OPTIONS_OF_KIND.get(warning.kind, ()):
        given = settings.get(name)
        names = given if isinstance(given, list) else [given]
        if any(each is not None and (name == "priority" or f"'{each}'" in warning.text) for each in names):
            return f"options.{name}"
    return _field_with_text(warning.text, request)


def _field_with_text(text: str, request: Mapping[str, Any]) -> str:
    """The parameter that has a text which is quoted here, such as a path."""
    texts: Mapping[str, str] = request.get("texts", {})
    found: str | None = next((name for name, own in texts.items() if own and f"'{own}'" in text), None)
    return "" if found is None else f"parameters.{found}"
