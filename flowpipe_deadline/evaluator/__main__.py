"""Evaluates one task: ``python -m flowpipe_deadline.evaluator --task FILE``, or with ``--bundle`` and ``--node``."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Iterator, List, Optional, Sequence

from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from ..results.failures import write_failure
from .protocol import Reporter, TaskRequest, read_task
from .task import evaluate_request

_NODE_FAILED = 1
_TASK_REFUSED = 2
_OURS = ("__main__", "flowpipe", "flowpipe_deadline")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Evaluates the task; gives 0, 1 if the node raised, or 2 if the task could not be evaluated at all."""
    try:
        request = _parse(sys.argv[1:] if arguments is None else arguments)
    except FlowpipeDeadlineError as error:
        print(f"Error: {error}", file=sys.stderr)
        return _TASK_REFUSED
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)  # A node that reads input gets its end, as it would wait for ever otherwise.
    reporter = Reporter(request.token)
    try:
        with _host(request.interpreter):
            evaluate_request(request, report=reporter.status)
            reporter.done()
    except FlowpipeDeadlineError as error:
        print(f"Error: {error}", file=sys.stderr)
        _keep_failure(request, error, report=str(error))
        reporter.failed(message=str(error), traceback="")
        return _TASK_REFUSED
    except BaseException as error:  # A node may raise anything, also SystemExit: the task has failed.
        text = "".join(_format_from_node(error))
        print(text, file=sys.stderr)
        _keep_failure(request, error, report=text)
        reporter.failed(message=traceback.format_exception_only(type(error), error)[-1].strip(), traceback=text)
        return _NODE_FAILED
    return 0


@contextmanager
def _host(interpreter: str) -> Iterator[None]:
    """Runs the block with the host application ready; hython, Blender and Nuke need nothing for it.

    mayapy must be initialised, and Autodesk asks for ``uninitialize`` before it exits; both raise in a Maya that
    already runs, which does no harm (hosts and tooling, section 1.3).
    """
    if interpreter.partition("-")[0] != "maya":
        yield
        return
    try:
        from maya import standalone  # noqa: PLC0415 (exists in mayapy only)
    except ImportError:
        print("This interpreter has no maya.standalone; going on as plain Python.", file=sys.stderr)
        yield
        return
    try:
        standalone.initialize(name="python")
    except RuntimeError as error:
        print(f"Maya is initialised already: {error}", file=sys.stderr)
    try:
        yield
    finally:
        try:
            standalone.uninitialize()
        except RuntimeError as error:
            print(f"Maya did not shut down cleanly: {error}", file=sys.stderr)


def _parse(arguments: Sequence[str]) -> TaskRequest:
    if len(arguments) == 2 and arguments[0] == "--task":
        return read_task(Path(arguments[1]))
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
        return read_task(options.task)
    if options.bundle is None or options.node is None:
        parser.error("give --task, or both --bundle and --node")
    frames = None if options.frames is None else FrameList.parse(options.frames)
    return TaskRequest(bundle=options.bundle, node=options.node, frames=frames)


def _keep_failure(request: TaskRequest, error: BaseException, *, report: str) -> None:
    """Keeps the error for ``graph.evaluate`` to raise; if that fails, there is still the task's report."""
    try:
        write_failure(request.bundle, request.node, request.chunk, error=error, report=report)
    except Exception as reason:  # The error may itself raise when it is read.
        print(f"Warning: the error is not kept in the bundle: {reason!r}", file=sys.stderr)


def _format_from_node(error: BaseException) -> List[str]:
    """The traceback without the steps through the evaluator and flowpipe that led to the node."""
    step: Optional[TracebackType] = error.__traceback__
    while step is not None and step.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        step = step.tb_next
    return traceback.format_exception(type(error), error, step or error.__traceback__)


if __name__ == "__main__":
    sys.exit(main())
