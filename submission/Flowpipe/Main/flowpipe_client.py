"""Opens the submit dialog of flowpipe-deadline, for any host: Maya, Blender, the Monitor.

The host hands over what it knows of its scene, as a file; the dialog is a process of its own, in a Python that has
``flowpipe-deadline[dialog]`` installed. So a host needs none of that, and is not blocked.

    flowpipe_client.open_dialog("maya", "2025", {"scene": "/p/shot.ma", "frames": "1-100"}, on_failure=show)

Runs in the host's own Python: the standard library only, valid from Python 3.7. In hosts, ``flowpipe_proxy`` loads it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO, Callable, Dict, Iterable, Iterator, List, Mapping, Optional

FORMAT = 1
PYTHON_VARIABLE = "FLOWPIPE_DEADLINE_DIALOG_PYTHON"
SETTING = "DialogPython"
SCRIPT = "FlowpipeDialog.py"
TIMEOUT = 60.0
"""Seconds that ``deadlinecommand`` may take, each time, to say which Python is configured; no host waits for that."""
VERSION = re.compile(r"(?<![^._ -])v(\d+)(?![0-9A-Za-z])", re.IGNORECASE)
WHERE = "Tools > Configure Plugins > Flowpipe > Dialog Python, in the Monitor"
# What a host sets for its own Python, Qt and libraries. From PYTHONUSERBASE on, it is the default of the plugin's
# Removed Variables.
REMOVED_VARIABLES = (
    "PYTHONHOME;PYTHONPATH;"
    "PYTHONUSERBASE;PYTHONSTARTUP;PYTHONOPTIMIZE;PYTHONINSPECT;PYTHONDEBUG;PYTHONVERBOSE;PYTHONDEVMODE;"
    "PYTHONWARNINGS;PYTHONBREAKPOINT;PYTHONMALLOC;PYTHONTRACEMALLOC;PYTHONPROFILEIMPORTTIME;PYTHONPLATLIBDIR;"
    "PYTHONEXECUTABLE;__PYVENV_LAUNCHER__;VIRTUAL_ENV;QT_PLUGIN_PATH;QT_QPA_PLATFORM_PLUGIN_PATH;QML_IMPORT_PATH;"
    "QML2_IMPORT_PATH;LD_LIBRARY_PATH;DYLD_LIBRARY_PATH;DYLD_FRAMEWORK_PATH"
)
ORDINARY_ERRORS = (1, 2)
"""The exit codes of flowpipe-deadline whose last line says what is wrong."""

_remembered: List[str] = []  # The Python that was found last: asking Deadline takes seconds.


class ClientError(Exception):
    """The dialog cannot be opened; the text is one sentence for people, and what to do."""

    exit_code = 1


def free_versions(scene: str, kinds: Iterable[str]) -> Iterator[str]:
    """The paths of the next versions of a scene that are free: after ``shot_v001.ma`` comes ``shot_v002.ma``.

    One that is there as a file of another of the ``kinds``, such as ``.mb``, is taken. A scene without a number gets
    ``_v001``. The folder keeps its form.

    Raises:
        OSError: The folder cannot be read.
    """
    folder, name = os.path.split(scene)
    stem, suffix = os.path.splitext(name)
    found = list(VERSION.finditer(stem))
    start, end, digits = (*found[-1].span(1), found[-1].group(1)) if found else (len(stem), len(stem), "")
    if not digits:
        stem, start, end, digits = stem + "_v", start + 2, end + 2, "000"
    taken = {other.lower() for other in os.listdir(folder)}
    for number in itertools.count(int(digits) + 1):
        version = stem[:start] + str(number).zfill(len(digits)) + stem[end:]
        if taken.isdisjoint(version.lower() + kind for kind in {suffix.lower(), *kinds}):
            yield scene[: len(scene) - len(name)] + version + suffix


def open_dialog(  # noqa: PLR0913, PLR0917 (some hosts have nothing but the first)
    host: str,
    host_version: str,
    facts: Mapping[str, Any],
    files: Iterable[Mapping[str, Any]] = (),
    warnings: Iterable[str] = (),
    on_failure: Callable[[str], Any] = print,
    find_python: Optional[Callable[[], str]] = None,
    in_thread: bool = True,
) -> "Opening":
    """Opens the dialog and returns at once; hosts have no need of the result.

    If that fails, or the dialog ends with an error later, ``on_failure`` is called with one sentence, from another
    thread. ``find_python`` gives the path of the Python for the dialog, in that thread; without it, the variable
    FLOWPIPE_DEADLINE_DIALOG_PYTHON and the plugin's setting do. Without a thread, this returns once the dialog has been
    started, which may take as long as Deadline takes to say which Python it is; the host calls ``poll`` from then on.

    Raises:
        ClientError: Something in the facts, files or warnings is not JSON.
    """
    try:
        told = {"format": FORMAT, "host": host, "host_version": host_version, "facts": dict(facts)}
        told.update(files=list(files), warnings=list(warnings))
        # ASCII, so that names with lone surrogates survive.
        text = json.dumps(told, allow_nan=False, indent=1)
    except (TypeError, ValueError, RecursionError) as error:
        raise ClientError("What {} tells of its scene cannot be handed over: {}".format(host, error)) from error
    opening = Opening(text, on_failure, find_python or find_dialog_python)
    opening.open(in_thread)
    return opening


class Opening:
    """A dialog that is being opened, and seen through to its end. It never keeps its host from ending."""

    def __init__(self, text: str, on_failure: Callable[[str], Any], find_python: Callable[[], str]) -> None:
        self.failure: Optional[str] = None
        """What went wrong, as one sentence."""
        self.has_ended = False
        """Whether the dialog has ended, or could not be opened."""
        self._text = text
        self._on_failure = on_failure
        self._find_python = find_python
        self._facts = ""
        self.process: Optional["subprocess.Popen[bytes]"] = None
        self._log: BinaryIO
        self.thread: Optional[threading.Thread] = None

    def open(self, in_thread: bool) -> None:
        """Opens the dialog; in a thread, also sees it through to its end."""
        if in_thread:
            self.thread = threading.Thread(target=self._see_through, name="Flowpipe dialog", daemon=True)
            self.thread.start()
        else:
            self._guarded(self._start)

    def wait_until_open(self, seconds: float) -> Optional[str]:
        """What went wrong, as one sentence; None once the dialog has read its facts, or after so many seconds."""
        end = time.monotonic() + seconds
        while not self.poll() and time.monotonic() < end:
            if self._facts and not os.path.exists(self._facts):
                break
            time.sleep(0.02)
        return self.failure

    def poll(self) -> bool:
        """Whether it has ended. Without a thread, this is how its host hears of failures."""
        is_mine = self.thread is None and not self.has_ended and self.process is not None
        if is_mine and self.process.poll() is not None:  # type: ignore[union-attr]
            self._guarded(self._finish)
        return self.has_ended

    def _see_through(self) -> None:
        self._guarded(self._start)
        if self.process is not None:
            self.process.wait()
            self._guarded(self._finish)

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            is_ours = isinstance(error, ClientError)
            self.failure = str(error) if is_ours else "{}: {}".format(type(error).__name__, error)
            _remembered.clear()
            _remove(self._facts)
            self.has_ended = True
            self._on_failure(self.failure)

    def _start(self) -> None:
        python = self._find_python()
        try:
            self._facts = _write_facts(self._text)
            # A file and no pipe: the dialog may outlive this process, and print as much as it likes.
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed when the dialog ends)
        except OSError as error:
            raise _temporary_error(error) from error
        try:
            self.process = start(python, ["dialog", "--facts", self._facts], self._log)
        except ClientError:
            self._log.close()
            raise

    def _finish(self) -> None:
        assert self.process is not None
        code = self.process.returncode
        with self._log:
            if code != 0:
                python = str(self.process.args[0])  # type: ignore[index]
                raise ClientError(_end_in_words("The submit dialog", python, code, _last_line(self._log)))
        _remove(self._facts)
        self.has_ended = True


def run_command(what: str, python: str, arguments: List[str], seconds: float) -> None:
    """Starts a command of flowpipe-deadline, and waits until it says something or ends, but no longer than that.

    It lives on. ``what`` it is, such as *The submit dialog*, begins the sentence on what went wrong.

    Raises:
        ClientError: It cannot be started, or ended with an error meanwhile.
    """
    try:
        log = tempfile.TemporaryFile()  # noqa: SIM115 (closed below; the command has its own)
    except OSError as error:
        raise _temporary_error(error) from error
    with log:
        process = start(python, arguments, log, out=log)
        end = time.monotonic() + seconds
        while process.poll() is None and not os.fstat(log.fileno()).st_size and time.monotonic() < end:
            time.sleep(0.02)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)  # What it said may have been its last words.
        if process.returncode:
            raise ClientError(_end_in_words(what, python, process.returncode, _last_line(log)))


def start(python: str, arguments: List[str], log: BinaryIO, out: Any = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    """Starts a command, such as the dialog, without a window for its output; it lives on when this process ends.

    Raises:
        ClientError: It cannot be started.
    """
    options: Dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        # Not detached: each program that the dialog starts would then open a window of its own.
        options = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        return subprocess.Popen(
            [python, "-m", "flowpipe_deadline.cli.main", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            env=dialog_environment(),
            # Python's option -m imports from the current folder first; a scene's folder may hold anything.
            cwd=os.path.dirname(python),
            **options,
        )
    except OSError as error:
        raise ClientError("{} cannot be started: {}".format(python, error.strerror or error)) from error


def dialog_environment() -> Dict[str, str]:
    """The variables for the dialog's Python: this process's, without what a host sets for itself."""
    removed = REMOVED_VARIABLES.split(";")
    kept = {name: value for name, value in os.environ.items() if name not in removed}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def find_dialog_python(timeout: float = TIMEOUT) -> str:
    """The Python for the dialog, by the variable or by the plugin's setting, for which Deadline is asked.

    Raises:
        ClientError: There is none on this machine, or Deadline does not say.
    """
    pythons = [python for python in _remembered if os.path.isfile(python)]
    if not pythons:
        configured = "" if os.environ.get(PYTHON_VARIABLE) else ask_setting(timeout)
        pythons = _remembered[:] = [choose_python(configured)]
    return pythons[0]


def choose_python(configured: str) -> str:
    """The Python that FLOWPIPE_DEADLINE_DIALOG_PYTHON names, else the first of those configured that is here.

    Raises:
        ClientError: There is none.
    """
    named = os.environ.get(PYTHON_VARIABLE, "")
    # Windows copies a path with its quotes.
    paths = [path for path in (part.strip(' \t"') for part in re.split("[;\r\n]+", named or configured or "")) if path]
    for path in paths:
        if os.path.isabs(path) and os.path.isfile(path):
            return path
    where = PYTHON_VARIABLE if named else WHERE
    if paths:
        raise ClientError("The Python for the submit dialog is not here: {} ({})".format("; ".join(paths), where))
    raise ClientError("No Python is set for the submit dialog ({})".format(where))


def ask_setting(timeout: float = TIMEOUT) -> str:
    """The plugin's setting *Dialog Python*, which a script of ours reads inside of Deadline.

    Raises:
        ClientError: Deadline does not say.
    """
    import flowpipe_proxy  # noqa: PLC0415 (in hosts only; the Monitor has no need of it)

    with _temporary_folder() as folder:
        answer = os.path.join(folder, "answer.json")
        try:
            script = flowpipe_proxy.find_file(SCRIPT, timeout)
            output = flowpipe_proxy.ask_deadline(["-ExecuteScriptNoGui", script, answer], timeout)
        except flowpipe_proxy.ProxyError as error:
            raise ClientError(str(error)) from error
        try:
            with open(answer, encoding="utf-8") as file:
                told = json.load(file)
            said = told.get("error")
        except (OSError, ValueError):
            told, said = {}, (flowpipe_proxy.lines_of(output) or ["no answer"])[-1]
    if SETTING not in told:
        raise ClientError("Deadline does not tell the Dialog Python of the plugin Flowpipe: {}".format(said))
    return str(told[SETTING])


@contextlib.contextmanager
def _temporary_folder() -> Iterator[str]:
    try:
        folder = tempfile.mkdtemp(prefix="flowpipe-")
    except OSError as error:
        raise _temporary_error(error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_error(error: OSError) -> ClientError:
    return ClientError("Temporary files cannot be written, see that the disk is not full: {}".format(error))


def _write_facts(text: str) -> str:
    """The path of a new file with the text, which only this user can read."""
    handle, path = tempfile.mkstemp(prefix="flowpipe-facts-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except BaseException:
        _remove(path)
        raise
    return path


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # The dialog has removed it.
        os.remove(path)


def _last_line(log: BinaryIO) -> str:
    """The last line with something in it."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
    lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _end_in_words(what: str, python: str, code: int, last_line: str) -> str:
    if re.search("No module named|No such command '", last_line):
        return (
            "flowpipe-deadline is not installed in the Python for the submit dialog, or is too old:"
            ' "{}" -m pip install -U "flowpipe-deadline[dialog]"'.format(python)
        )
    said = re.sub("^Error: ", "", last_line)
    if code not in ORDINARY_ERRORS or not said:  # It crashed, and what it printed may be of no importance.
        said = "exit code {}{}".format(code, ", " + said if said else "")
    return "{} ended with an error: {} ({})".format(what, said, python)
