"""Runs one task where Open Job Description starts it: ``python BUNDLE/packages --node=KEY ... -- COMMAND``.

It starts the node's interpreter with the evaluator, and passes on what that prints. The session that reads it takes
lines such as ``openjd_env: A=B`` as orders: only what the evaluator says becomes one.
"""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Callable, Iterable, NoReturn

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError, error_line, words_of
from ..core.files import json_bytes
from ..core.frames import FrameList
from ..core.text import one_line
from ..evaluator.protocol import TaskRequest
from ..evaluator.system import set_blocking

_ORDER, _HARMLESS = b"openjd_", b"| "
"""What orders begin with, in any case and behind any blanks; and what is put before a line that might be one."""
_LONGEST_PIECE = 16_384  # Of a line: readers cut lines, each at a length of its own, and an order may begin there.
_LONGEST_MESSAGE, _MOST_LAST_LINES, _LONGEST_LAST_LINE = 1_000, 20, 400
_WAIT = 30.0  # Seconds for results from upstream that the file system does not show yet, as the plugin waits.
_END = "end"  # The launcher's own answer, behind all that the interpreter has printed: others may go on for ever.
_LAST_ANSWERS_SECONDS = 2.0  # Behind the end, if there is no answer yet: a wrapper may hand its output on late.
_MOST_FRAMES = 1_000_000  # As many as a frame list takes.
_RANGE = re.compile(r"\s*(-?\d{1,18})\s*(?:-\s*(-?\d{1,18})\s*(?::\s*(-?\d{1,18})\s*)?)?", re.ASCII)
_PROGRESS = re.compile(rb"Progress: (\d{1,3})%")  # As Deadline's own plugins read it.
_POSIX_PATH = re.compile("(?:&?:)*/(?!/)")  # Or a list of them.
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


class TaskError(FlowpipeDeadlineError):
    """A task that cannot be run, or that ended without a result."""


def run() -> NoReturn:
    """Runs the task that the arguments describe, and exits: with 0 if its result is there."""
    code = 1
    is_of_session = hasattr(os, "getsid") and os.getsid(0) == os.getpid()  # All that a node starts ends with its task.
    if is_of_session:
        signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    try:
        _run(*_parse(sys.argv[1:]))
        code = 0
    except Exception as error:  # The session shows what it is told, and hardly a traceback.
        _order("fail", str(error) if isinstance(error, FlowpipeDeadlineError) else error_line(error))
    if is_of_session:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    os._exit(code)  # A thread may still wait for what the interpreter has left behind.


def parse_range(text: str) -> list[int]:
    """The numbers of a range expression, as a task is handed them.

    >>> parse_range("7-7"), parse_range("-3--1"), parse_range("7,9,20"), parse_range("1-31:10")
    ([7], [-3, -2, -1], [7, 9, 20], [1, 11, 21, 31])

    Raises:
        TaskError: It is none, or has too many.
    """
    numbers: list[int] = []
    for match in map(_RANGE.fullmatch, text.split(",")):
        words = match.groups() if match else ("0", "0", "0")
        first, last, step = int(words[0]), int(words[1] or words[0]), int(words[2] or 1)
        if step == 0 or (last - first) * step < 0:
            raise TaskError(f"{text[:80]!r} is not a range of frames, such as 7, 1-10, 7,9,20, 1-31:10 or 10-1:-1")
        if (last - first) // step + len(numbers) >= _MOST_FRAMES:
            raise TaskError(f"{text[:80]!r} has more than {_MOST_FRAMES} frames, which a task cannot have")
        numbers += range(first, last + (1 if step > 0 else -1), step)
    return numbers


def _parse(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The options, each as ``--name=value``, and the command behind ``--``, which starts the interpreter."""
    at = words.index("--") if "--" in words else len(words)
    options: dict[str, list[str]] = {}
    for name, _, value in (word.partition("=") for word in words[:at]):
        options.setdefault(name, []).append(value)
    if "--node" not in options or not words[at + 1 :]:
        raise TaskError("write  --node=KEY [--frames=RANGE] [--rules=FILE] [--path=NAME] [--paths=NAME] -- COMMAND")
    return options, words[at + 1 :]


def _run(options: dict[str, list[str]], command: list[str]) -> None:
    """Runs the task; raises TaskError if there is no result.

    Of its options, ``--frames`` are those of the chunk, ``--rules`` is the session's file of path mapping rules, and
    ``--path`` and ``--paths`` name variables that hold a path, or a list of paths.
    """
    began = time.monotonic()
    packages = Path(__file__).absolute().parents[2]
    rules = _read_rules(options.get("--rules", [""])[0])
    node, token = options["--node"][0], os.urandom(16).hex()
    frames = options.get("--frames")
    request = TaskRequest(
        bundle=packages.parent,
        node=node,
        frames=FrameList(parse_range(frames[0])) if frames else None,
        token=token,
        interpreter=read_node(packages.parent, node)["interpreter"],
        wait=_WAIT,
        path_mappings=rules,
        maps_back=True,  # On farms that carry files, each session has folders of its own.
        worker=platform.node(),
    )
    folder = Path(os.getcwd()) / f"task-{token}"
    task, answers = folder / "task.json", folder / "answers"
    folder.mkdir(mode=0o700)
    try:
        task.write_bytes(json_bytes(request.to_json()))
        interpreter = _Interpreter(request, answers)
        words = [word.replace("<TASK>", str(task)).replace("<BOOT>", str(packages / "boot.py")) for word in command]
        _set_variables(options, rules, packages)
        reason = interpreter.run(words)
    finally:
        for remove in (task.unlink, answers.unlink, folder.rmdir):
            with suppress(OSError):  # The session removes its whole folder later.
                remove()
    if reason:
        with suppress(Exception):  # The reason counts.
            _keep_failure(request, reason, interpreter.last_lines, began=began)
    if reason or interpreter.failure:
        raise TaskError(reason or interpreter.failure)


def _keep_failure(request: TaskRequest, reason: str, last_lines: Iterable[str], *, began: float) -> None:
    """Keeps in the bundle why the task failed, where the evaluator could not."""
    from ..evaluator.attempt import evaluation_of  # noqa: PLC0415 (tasks with a result do not need it)
    from ..results.failures import write_failure  # noqa: PLC0415 (as above)

    report = "\n    ".join([reason, *last_lines])
    evaluation = evaluation_of(request, began=began, error=reason)
    error = TaskError(reason)
    write_failure(request.bundle, request.node, request.chunk, error=error, report=report, evaluation=evaluation)


def _read_rules(path: str) -> tuple[tuple[str, str], ...]:
    """Beginnings of paths and their replacements, of the session's rules; those of URIs concern nobody here."""
    data = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    rules = data.get("path_mapping_rules", ())
    return tuple((one["source_path"], one["destination_path"]) for one in rules if one["source_path_format"] != "URI")


def _set_variables(options: dict[str, list[str]], rules: tuple[tuple[str, str], ...], packages: Path) -> None:
    """Makes the variables those of the interpreter, in this process, which knows them in any case on Windows."""
    found = os.environ
    if rules and ("--path" in options or "--paths" in options):
        from ..evaluator.path_mapping import PathMapping  # noqa: PLC0415 (few tasks need it, and it takes time)

        mapping = PathMapping(rules)
        for option, mapped in (("--path", mapping.path), ("--paths", partial(map_list, mapped=mapping.path))):
            found.update({name: mapped(found[name]) for name in options.get(option, ()) if name in found})
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(packages), found.get("PYTHONPATH", "")]))
    found.update(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8", PWD=str(packages.parent))
    if os.name != "nt" and not any(map(found.get, _LOCALE)):  # Some hosts read and write ASCII otherwise.
        found["LC_CTYPE"] = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def map_list(paths: str, mapped: Callable[[str], str], *, separator: str = os.pathsep) -> str:
    """A list of paths of any system, each of them mapped, with the separator of this one; as the plugin reads it."""
    is_of_windows = not _POSIX_PATH.match(paths) and re.search(r"\\|(?:^|;)(?:[A-Za-z]:(?:[/;]|$)|//)", paths)
    parts = re.split("(;)" if is_of_windows else r"(:(?!//)|;(?=[/&$@~;]|$)|(?<=&);)", paths)
    parts[::2] = map(mapped, parts[::2])
    if bool(is_of_windows) == (separator == ":"):
        parts[1::2] = [separator] * (len(parts) // 2)
    return "".join(parts)


class _Interpreter:
    """The node's interpreter with the evaluator in it, what it prints, and what it answers."""

    def __init__(self, request: TaskRequest, answers: Path) -> None:
        self.failure: str | None = None
        """What the evaluator says, and has kept: nothing if there is a result, and None before it says so."""
        self.last_lines: deque[str] = deque(maxlen=_MOST_LAST_LINES)
        self._has_begun = False
        self._ended = threading.Event()
        self._request = request
        self._mark = f"[flowpipe:{request.token}] ".encode("ascii")
        self._answers = answers
        self._answers_read = 0

    def run(self, command: list[str]) -> str:
        """Runs it to its end, and passes its output on; gives why there is no result, if the evaluator does not."""
        name, advice = self._request.interpreter, "name its program on the workers by the job's parameter for it"
        folder, nothing, (source, sink) = str(self._request.bundle), subprocess.DEVNULL, os.pipe()
        try:
            process = subprocess.Popen(command, cwd=folder, stdin=nothing, stdout=sink, stderr=sink)
        except OSError as error:
            return f"the interpreter {name} cannot be started, {words_of(error)}: {command[0]}; {advice}"
        reader = threading.Thread(target=self._read, args=(source,), daemon=True)
        reader.start()
        code = process.wait()
        set_blocking(sink)
        os.write(sink, self._mark + _END.encode("ascii") + b"\n")
        os.close(sink)
        self._ended.wait()
        reader.join(_LAST_ANSWERS_SECONDS)
        self._take_answers()  # Those that nothing could be printed of, as the node has closed its output.
        if self.failure is not None:
            return ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if self._has_begun:
            return f"the interpreter {name} ended before it wrote a result ({how})"
        return f"the interpreter {name} ended before it reached the evaluator ({how}): {command[0]}; {advice}"

    def _read(self, source: int) -> None:
        waiting, more = b"", b"-"
        while more and not (self._ended.is_set() and self.failure is not None):
            more = os.read(source, 65_536)
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
            try:
                self._take_answer(*answer.decode("ascii").partition(" ")[::2])
            except (OSError, ValueError, LookupError, TypeError):  # It is damaged; and somebody has to go on reading.
                self._pass_on(answer)

    def _pass_on(self, line: bytes) -> None:
        """Prints what is no answer, so that it is no order."""
        for start in range(0, max(1, len(line)), _LONGEST_PIECE):
            piece = line[start : start + _LONGEST_PIECE]
            self.last_lines.append(piece[:_LONGEST_LAST_LINE].decode("utf-8", "replace"))
            _write((_HARMLESS if _ORDER in piece.lower() else b"") + piece)
            progress = _PROGRESS.search(piece)
            if progress:
                _order("progress", str(min(100, int(progress[1]))))

    def _take_answer(self, kind: str, text: str) -> None:
        self._has_begun = self._has_begun or kind != _END
        if kind == "progress":
            fraction, _, text = text.partition(" ")
            _order("progress", f"{100.0 * float(fraction):.1f}")
        if kind in ("progress", "status") and text:
            _order("status", text)
        elif kind == "warning":
            self._pass_on(f"Warning: {text}".encode("ascii"))
        elif kind == "answers":  # Too long to be printed.
            self._take_answers()
        elif kind == "error":
            self.failure = json.loads(text)["message"] or "the task failed without a message"
        elif kind == "done":
            self.failure = ""
        elif kind == _END:
            self._ended.set()

    def _take_answers(self) -> None:
        """Takes the further answers in the file for those that could not be printed."""
        if self._answers.is_file():
            data, end, _ = self._answers.read_bytes()[self._answers_read :].rpartition(b"\n")
            self._answers_read += len(data + end)
            for line in data.splitlines():
                self._take(line)


def _order(kind: str, text: str) -> None:
    _write(f"openjd_{kind}: {one_line(text, longest=_LONGEST_MESSAGE)}".encode("utf-8", "backslashreplace"))


def _write(line: bytes) -> None:
    with suppress(OSError):  # Nobody reads it any more; the task goes on to its result.
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
