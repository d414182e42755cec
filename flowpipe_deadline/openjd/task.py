"""Runs one task where Open Job Description starts it: ``python BUNDLE/packages --node=KEY ... -- COMMAND``.

It starts the node's interpreter with the evaluator, and passes on what that prints. The session that reads it takes
lines such as ``openjd_env: A=B`` as orders: only what the evaluator says becomes one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO, Dict, List, NoReturn, Optional, Sequence, Tuple

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError, error_line, words_of
from ..core.files import json_bytes
from ..core.frames import FrameList
from ..core.text import one_line
from ..evaluator.path_mapping import PathMapping
from ..evaluator.protocol import TaskRequest

_ORDER, _HARMLESS = b"openjd_", b"| "
"""What orders begin with, in any case and behind any blanks; and what is put before a line that might be one."""
_LONGEST_PIECE = 16_384  # Of a line: readers cut lines, each at a length of its own, and an order may begin there.
_LONGEST_MESSAGE, _MOST_LAST_LINES = 1_000, 20
_WAIT = 30.0  # Seconds for results from upstream that the file system does not show yet, as the plugin waits.
_LAST_LINES_SECONDS = 2.0  # After the interpreter has ended: what it started may keep the output open for ever.
_RANGE = re.compile(r"\s*(-?\d+)\s*(?:-\s*(-?\d+)\s*(?::\s*(-?\d+)\s*)?)?", re.ASCII)
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


class TaskError(FlowpipeDeadlineError):
    """A task that cannot be run, or that ended without a result."""


def run(arguments: Optional[Sequence[str]] = None) -> NoReturn:
    """Runs the task that the arguments describe, and exits: with 0 if its result is there."""
    code = 1
    try:
        _run(*_parse(sys.argv[1:] if arguments is None else list(arguments)))
        code = 0
    except (FlowpipeDeadlineError, OSError) as error:
        _order("fail", str(error) if isinstance(error, FlowpipeDeadlineError) else error_line(error))
    os._exit(code)  # A thread may still wait for what the interpreter has left behind.


def parse_range(text: str) -> List[int]:
    """The numbers of a range expression, as a task is handed them.

    >>> parse_range("7-7"), parse_range("-3--1"), parse_range("7,9,20"), parse_range("1-31:10")
    ([7], [-3, -2, -1], [7, 9, 20], [1, 11, 21, 31])

    Raises:
        TaskError: It is none.
    """
    numbers: List[int] = []
    for match in map(_RANGE.fullmatch, text.split(",")):
        step = int(match[3] or 1) if match else 0
        if match is None or step == 0:
            raise TaskError(f"{text[:80]!r} is not a range of frames, such as 7, 1-10, 7,9,20 or 1-31:10")
        numbers += range(int(match[1]), int(match[2] or match[1]) + (1 if step > 0 else -1), step)
    return numbers


def _parse(arguments: List[str]) -> Tuple[argparse.Namespace, List[str]]:
    """The options, and the command behind ``--``."""
    parser = argparse.ArgumentParser(prog="packages", description="Runs one task of a flowpipe-deadline bundle.")
    parser.add_argument("--node", required=True, help="the node's key")
    parser.add_argument("--frames", help="the frames or item numbers of the chunk; not for a node without a batch")
    parser.add_argument("--rules", type=Path, help="the session's file of path mapping rules")
    parser.add_argument("--path", action="append", default=[], metavar="NAME", help="a variable that holds a path")
    parser.add_argument("--paths", action="append", default=[], metavar="NAME", help="one that holds a list of paths")
    parser.add_argument("command", nargs="*", help="how the interpreter is started; <TASK> is the file of the task")
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return parser.parse_args(arguments[:at]), arguments[at + 1 :]


def _run(options: argparse.Namespace, command: List[str]) -> None:
    """Runs the task; raises TaskError if there is no result."""
    began = time.monotonic()
    packages = Path(__file__).absolute().parents[2]
    rules = _read_rules(options.rules)
    request = TaskRequest(
        bundle=packages.parent,
        node=options.node,
        frames=None if options.frames is None else FrameList(parse_range(options.frames)),
        token=uuid.uuid4().hex,
        interpreter=read_node(packages.parent, options.node)["interpreter"],
        wait=_WAIT,
        path_mappings=rules,
        worker=platform.node(),
    )
    folder = Path(tempfile.mkdtemp(prefix="task-", dir=os.getcwd()))
    try:
        (folder / "task.json").write_bytes(json_bytes(request.to_json()))
        places = {"<TASK>": str(folder / "task.json"), "<BOOT>": str(packages / "boot.py")}
        interpreter = _Interpreter(request, folder / "answers")
        environment = _environment(options, PathMapping(rules), packages)
        interpreter.run([places.get(word, word) for word in command], environment)
    finally:
        shutil.rmtree(str(folder), ignore_errors=True)
    if interpreter.reason:
        with suppress(OSError):  # The reason counts.
            _keep_failure(request, interpreter, began=began)
    if not interpreter.is_done:
        raise TaskError(interpreter.reason or interpreter.failure)


def _keep_failure(request: TaskRequest, interpreter: _Interpreter, *, began: float) -> None:
    """Keeps in the bundle why the task failed, where the evaluator could not."""
    from ..evaluator.task import evaluation_of  # noqa: PLC0415 (tasks with a result do not need it)
    from ..results.failures import write_failure  # noqa: PLC0415 (as above)

    write_failure(
        request.bundle,
        request.node,
        request.chunk,
        error=TaskError(interpreter.reason),
        report="\n    ".join([interpreter.reason, *interpreter.last_lines]),
        evaluation=evaluation_of(request, began=began, error=interpreter.reason),
    )


def _read_rules(path: Optional[Path]) -> Tuple[Tuple[str, str], ...]:
    """Beginnings of paths and their replacements, of the session's rules; those of URIs concern nobody here."""
    data = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
    rules = data.get("path_mapping_rules", ())
    return tuple((one["source_path"], one["destination_path"]) for one in rules if one["source_path_format"] != "URI")


def _environment(options: argparse.Namespace, mapping: PathMapping, packages: Path) -> Dict[str, str]:
    """The variables of the interpreter."""
    found = dict(os.environ)
    for names, mapped in ((options.path, mapping.path), (options.paths, mapping.text)):
        found.update({name: mapped(found[name]) for name in names if name in found})
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(packages), found.get("PYTHONPATH", "")]))
    found.update(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8", PWD=str(packages.parent))
    if os.name != "nt" and not any(map(found.get, _LOCALE)):  # Some hosts read and write ASCII otherwise.
        found["LC_CTYPE"] = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    return found


class _Interpreter:
    """The node's interpreter with the evaluator in it, what it prints, and what it answers."""

    def __init__(self, request: TaskRequest, answers: Path) -> None:
        self.is_done = False
        self.failure = ""
        """What the evaluator says, and has kept."""
        self.reason = ""
        """Why there is no result, where the evaluator does not say it."""
        self.last_lines: List[str] = []
        self._request = request
        self._mark = f"[flowpipe:{request.token}] ".encode("ascii")
        self._answers = answers
        self._answers_read = 0

    def run(self, command: List[str], environment: Dict[str, str]) -> None:
        """Runs it to its end, and passes its output on."""
        folder, pipe = str(self._request.bundle), subprocess.PIPE
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT
            )
        except OSError as error:
            self.reason = (
                f"the interpreter {self._request.interpreter} cannot be started, {words_of(error)}: {command[0]};"
                " name its program on the workers by the job's parameter for it"
            )
            return
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        code = process.wait()
        reader.join(_LAST_LINES_SECONDS)
        if not self.is_done and not self.failure:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            self.reason = f"the interpreter ended before it wrote a result ({how})"

    def _read(self, stream: IO[bytes]) -> None:
        waiting, more = b"", b"-"
        while more:
            more = os.read(stream.fileno(), 65_536)
            *lines, waiting = re.split(rb"\r\n?|\n", waiting + more)
            for line in lines:
                self._take(line)
            if len(waiting) > _LONGEST_PIECE:  # A line without end; an answer may be behind it, or begin at its end.
                at = waiting.find(self._mark)
                end = len(waiting) - len(self._mark) if at < 0 else at
                self._pass_on(waiting[:end])
                waiting = waiting[end:]
        if waiting:
            self._take(waiting)

    def _take(self, line: bytes) -> None:
        """Handles an answer, or passes a line on."""
        before, mark, answer = line.partition(self._mark)
        if before or not mark:
            self._pass_on(before)
        if mark:
            self._take_answer(*answer.decode("ascii", "replace").partition(" ")[::2])

    def _pass_on(self, line: bytes) -> None:
        """Prints what is no answer, so that it is no order."""
        for start in range(0, max(1, len(line)), _LONGEST_PIECE):
            piece = line[start : start + _LONGEST_PIECE]
            self.last_lines = [*self.last_lines, piece.decode("utf-8", "replace")][-_MOST_LAST_LINES:]
            _write((_HARMLESS if _ORDER in piece.lower() else b"") + piece)

    def _take_answer(self, kind: str, text: str) -> None:
        if kind == "progress":
            fraction, _, text = text.partition(" ")
            _order("progress", f"{100.0 * float(fraction):.1f}")
        if kind in ("progress", "status") and text:
            _order("status", text)
        elif kind == "warning":
            _write(f"Warning: {text}".encode("ascii"))
        elif (
            kind == "answers" and self._answers.is_file()
        ):  # Too long to be printed, or the node has closed its output.
            data = self._answers.read_bytes()[self._answers_read :]
            self._answers_read += len(data)
            for line in data.splitlines():
                self._take(line)
        elif kind == "error":
            self.failure = json.loads(text)["message"]
        elif kind == "done":
            self.is_done = True


def _order(kind: str, text: str) -> None:
    _write(f"openjd_{kind}: {one_line(text, longest=_LONGEST_MESSAGE)}".encode("utf-8", "backslashreplace"))


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
