"""Evaluates a task, or those of a session: ``python -m flowpipe_deadline.evaluator --task FILE``, or by hand."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Callable, Iterator, NoReturn, Sequence

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError, error_line, report_of
from ..core.files import RecordError
from ..core.frames import FrameList
from ..results.failures import write_failure
from ..results.inputs.edits import last_number, read_edits
from . import system
from .attempt import evaluation_of
from .channel import Channel, Reporter
from .nodes import remarks_on
from .progress import report_to
from .protocol import SessionRequest, TaskRequest, read_request
from .session import run_session
from .task import evaluate_request

_NODE_FAILED = 1
_TASK_REFUSED = 2
_OURS = ("__main__", "flowpipe", "flowpipe_deadline")
_FAREWELL = "--farewell"
_FAREWELLS = ("maya", "houdini", "nuke")
"""Applications that shut down by themselves, to give a licence back (hosts and tooling, sections 1.3 and 4)."""
_PATIENCE = 60.0  # Seconds that threads of a node have to end before its task is done.
_ANSWERS = "answers"  # A file beside the task's, for answers that cannot be printed.


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Evaluates what the arguments ask for, and ends the process."""
    code, wants_farewell = _evaluate(sys.argv[1:] if arguments is None else arguments)
    if wants_farewell:
        sys.exit(code)
    system.leave(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluates the task; gives 0, 1 if the node raised, or 2 if the task could not be evaluated at all."""
    return _evaluate(sys.argv[1:] if arguments is None else arguments)[0]


def _evaluate(arguments: Sequence[str]) -> tuple[int, bool]:
    """The exit code, and whether the host wants to shut down by itself."""
    wants_farewell = _FAREWELL in arguments
    try:
        request, folder = _parse([each for each in arguments if each != _FAREWELL])
    except FlowpipeDeadlineError as error:
        print(f"Error: {error}", file=sys.stderr)
        return _TASK_REFUSED, wants_farewell
    channel = Channel(folder / _ANSWERS)
    reporter = Reporter(channel, request.token)
    reporter.started()
    application = request.interpreter.partition("-")[0]
    wants_farewell = wants_farewell or application in _FAREWELLS
    code = 0
    with _host(application, warn=reporter.warning):
        if not isinstance(request, SessionRequest):
            code = _evaluate_task(request, reporter, is_last=lambda: True)
        elif not run_session(request, channel, partial(_evaluate_task, is_last=lambda: not channel.is_whole)):
            system.leave(code, waits=wants_farewell)
    return code, wants_farewell


def _evaluate_task(request: TaskRequest, reporter: Reporter, *, is_last: Callable[[], bool]) -> int:
    report_to(reporter.progress)
    process, threads, began = os.getpid(), threading.enumerate(), time.monotonic()
    try:
        result = evaluate_request(request, report=reporter.status)
        with suppress(RecordError):  # It is done in any case.
            for remark in remarks_on(result.outputs, record=partial(read_node, request.bundle, request.node)):
                reporter.warning(remark)
        if not system.wait_for_threads(threads, seconds=_PATIENCE):
            reporter.warning(f"A thread that the node started is still at work after {_PATIENCE:.0f} s.")
        reporter.done(is_last=is_last())
    except FlowpipeDeadlineError as error:
        message = str(error)
        _keep_failure(request, error, reason=message, report=message, began=began, warn=reporter.warning)
        reporter.failed(message=message, traceback="")
        return _TASK_REFUSED
    except BaseException as error:  # A node may raise anything, also SystemExit: the task has failed.
        if os.getpid() != process:  # A child that the node has forked, which is not to answer for it.
            os._exit(error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else _NODE_FAILED)
        text, message = report_of(error, leaves_out=_OURS), error_line(error)
        first = message.partition("\n")[0]
        if first not in text:  # It says more than the error did.
            text = f"{first}\n\n{text}"
        _keep_failure(request, error, reason=message, report=text, began=began, warn=reporter.warning)
        reporter.failed(message=message, traceback=text)
        return _NODE_FAILED
    finally:
        report_to(None)
    return 0


@contextmanager
def _host(application: str, *, warn: Callable[[str], None]) -> Iterator[None]:
    """Runs the block with the host application ready; hython, Blender and Nuke need nothing for it.

    mayapy must be initialised, and Autodesk asks for ``uninitialize`` before it exits; both raise in a Maya that
    already runs, which does no harm (hosts and tooling, section 1.3).
    """
    if application != "maya":
        yield
        return
    try:
        from maya import standalone  # noqa: PLC0415 (exists in mayapy only)
    except ImportError:
        warn("This interpreter has no maya.standalone; going on as plain Python.")
        yield
        return
    try:
        standalone.initialize(name="python")
    except RuntimeError as error:
        warn(f"Maya is initialised already: {error}")
    try:
        yield
    finally:
        try:
            standalone.uninitialize()
        except RuntimeError as error:
            warn(f"Maya did not shut down cleanly: {error}")


def _parse(arguments: Sequence[str]) -> tuple[TaskRequest | SessionRequest, Path]:
    """What is asked for, and the folder of the file that asks for it."""
    if len(arguments) == 2 and arguments[0] == "--task":
        return read_request(Path(arguments[1])), Path(arguments[1]).parent
    import argparse  # noqa: PLC0415  (tasks on the farm do not need it)

    parser = argparse.ArgumentParser(
        prog="python -m flowpipe_deadline.evaluator",
        description="Evaluates one task of a bundle and writes its result into the bundle.",
        epilog="The Deadline plugin passes --task; the other options are for trying a task by hand.",
    )
    parser.add_argument("--task", type=Path, metavar="FILE", help="a task file as the Deadline plugin writes it")
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help="the bundle's folder")
    parser.add_argument("--node", metavar="KEY", help="the node's key: the name of its file in the bundle's nodes/")
    parser.add_argument(
        "--frames", metavar="LIST", help="the frames of the chunk, such as 1-10; not for a node without a batch"
    )
    options = parser.parse_args(arguments)
    if options.task is not None:
        return read_request(options.task), options.task.parent
    if options.bundle is None or options.node is None:
        parser.error("give --task, or both --bundle and --node")
    frames = None if options.frames is None else FrameList.parse(options.frames)
    return TaskRequest(bundle=options.bundle, node=options.node, frames=frames), options.bundle


def _keep_failure(  # noqa: PLR0913  (what there is to say of a failure)
    request: TaskRequest,
    error: BaseException,
    *,
    reason: str,
    report: str,
    began: float,
    warn: Callable[[str], None],
) -> None:
    """Keeps the error for people, and for ``graph.evaluate`` to raise; if that fails, there is the task's report."""
    edit = 0
    with suppress(FlowpipeDeadlineError):
        edit = last_number(read_edits(request.bundle, request.node))
    evaluation = evaluation_of(request, began=began, edit=edit, error=reason)
    try:
        write_failure(request.bundle, request.node, request.chunk, error=error, report=report, evaluation=evaluation)
    except BaseException as cause:  # The error may itself raise when it is read, or exit.
        warn(f"The error is not kept in the bundle: {error_line(cause)}")


if __name__ == "__main__":
    run()
