"""Loads the current client of flowpipe-deadline out of Deadline's repository, for Maya, Blender and other hosts.

This file is what is installed in a host; what it loads is in the repository and follows its updates. An installed copy
may be years older than what it loads, so these names keep their meaning: `load`, `find_file`, `ask_deadline`,
`lines_of`, `ProxyError`.

    module = flowpipe_proxy.load("flowpipe_maya")

Runs in the host's own Python: the standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import locale
import os
import shutil
import signal
import subprocess
import sys
import threading
import types
from typing import Any, Dict, List, Sequence, Tuple

CLIENT = "flowpipe_client"
CLIENT_VARIABLE = "FLOWPIPE_DEADLINE_CLIENT"
MAIN = "submission/Flowpipe/Main/"
TIMEOUT = 30.0
"""Seconds that ``deadlinecommand`` may take to say where a file is; the host waits for it, once in a session."""
MACOS_PATH_FILE = "/Users/Shared/Thinkbox/DEADLINE_PATH"
DEFAULT_FOLDERS = {
    "linux": "/opt/Thinkbox/Deadline10/bin",
    "win32": r"C:\Program Files\Thinkbox\Deadline10\bin",
    "darwin": "/Applications/Thinkbox/Deadline10/Resources",
}
# A host sets them for its own Python and libraries; deadlinecommand has its own (hosts and tooling, section 1.3).
HOST_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")
# Which one deadlinecommand prints in is undocumented (submission, section 2.4); "oem" is that of Windows' consoles.
ENCODINGS = ("utf-8", locale.getpreferredencoding(False), *(["oem"] if os.name == "nt" else []))

_paths: Dict[str, str] = {}
_loaded: Dict[str, Tuple[Tuple[Any, ...], types.ModuleType]] = {}


class ProxyError(Exception):
    """The client cannot be loaded; the text is for people, and says what to do."""


def load(name: str, timeout: float = TIMEOUT) -> types.ModuleType:
    """The module ``NAME.py`` of the current client; a new one if that file, or ``flowpipe_client.py``, has changed.

    It may import ``flowpipe_client``. Where a file is, Deadline is asked once in a session. No compiled copy is made.

    Raises:
        ProxyError: The file is not found, or cannot be loaded.
    """
    sys.modules.setdefault("flowpipe_proxy", sys.modules[__name__])  # In an add-on, this module has another name.
    if name != CLIENT:
        load(CLIENT, timeout)
    path = find_file(name + ".py", timeout)
    try:
        stat = os.stat(path)
        state = (path, stat.st_mtime_ns, stat.st_size, () if name == CLIENT else _loaded[CLIENT][0])
        if name not in _loaded or _loaded[name][0] != state:
            _loaded[name] = (state, _execute(name, path))
    except Exception as error:
        raise ProxyError("{} cannot be loaded: {}: {}".format(path, type(error).__name__, error)) from error
    sys.modules[name] = _loaded[name][1]
    return _loaded[name][1]


def _execute(name: str, path: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = path
    before = sys.modules.get(name)
    sys.modules[name] = module  # Dataclasses look for their module there.
    try:
        with open(path, "rb") as file:  # Not imported: that would write a compiled copy into the repository.
            exec(compile(file.read(), path, "exec"), module.__dict__)  # noqa: S102
    except BaseException:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        raise
    return module


def find_file(name: str, timeout: float = TIMEOUT) -> str:
    """The path of a file of the client: in the folder FLOWPIPE_DEADLINE_CLIENT, else as Deadline says, asked once.

    Raises:
        ProxyError: There is no such file, or Deadline does not answer.
    """
    folder = os.environ.get(CLIENT_VARIABLE, "")
    if folder:
        if not os.path.isfile(os.path.join(folder, name)):
            raise ProxyError("{} has no {}; it is the folder that {} names".format(folder, name, CLIENT_VARIABLE))
        return os.path.join(folder, name)
    path = _paths.get(name, "")
    if os.path.isfile(path):
        return path
    # A Remote Connection Server only hands out files that are asked for by name.
    output = ask_deadline(["-GetRepositoryFilePath", MAIN + name, "True"], timeout)
    # Warnings and blank lines may come before the path. In Python 3.7, isfile does not take everything for a path.
    lines = [line for encoding in ENCODINGS for line in reversed(lines_of(output, encoding))]
    for line in lines:
        if "\0" not in line and os.path.isabs(line) and os.path.isfile(line):
            _paths[name] = line
            return line
    raise ProxyError(
        "Deadline's repository has no {}{}. Whoever looks after Deadline puts it there: flowpipe-deadline install"
        " REPOSITORY. (deadlinecommand: {})".format(MAIN, name, lines[0] if lines else "no answer")
    )


def lines_of(output: bytes, encoding: str = "utf-8") -> List[str]:
    """The lines with something in them."""
    lines = output.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace").splitlines()
    return [line.strip() for line in lines if line.strip()]


def ask_deadline(arguments: Sequence[str], timeout: float = TIMEOUT) -> bytes:
    """What ``deadlinecommand`` prints; if that is nothing, what it prints as errors.

    Raises:
        ProxyError: There is none, it cannot be started, or it takes longer than ``timeout`` seconds; then it is ended.
    """
    executable = find_deadlinecommand()
    environment = {name: value for name, value in os.environ.items() if name not in HOST_VARIABLES}
    if os.name == "nt":
        environment["PATH"] = os.path.dirname(executable) + os.pathsep + environment.get("PATH", "")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    try:
        process = subprocess.Popen([executable, *arguments], env=environment, **pipes, **_own_group())  # type: ignore
    except OSError as error:
        raise ProxyError("{} cannot be started: {}".format(executable, error.strerror)) from error
    # In a thread, as a process that it has started may hold the pipes open after it was ended.
    answers: List[Tuple[bytes, bytes]] = []
    reader = threading.Thread(target=lambda: answers.append(process.communicate()), daemon=True)
    reader.start()
    reader.join(timeout)
    if not answers:
        _end(process)
        raise ProxyError(
            "{} did not answer within {:g} seconds. See that Deadline works on this machine, and try again.".format(
                executable, timeout
            )
        )
    return answers[0][0] if answers[0][0].strip() else answers[0][1]


def find_deadlinecommand() -> str:
    """The path of ``deadlinecommand``, found as Deadline's own submitters do (submission, section 2.1).

    Raises:
        ProxyError: There is none.
    """
    folders = [os.environ.get("DEADLINE_PATH", ""), _macos_folder(), DEFAULT_FOLDERS.get(sys.platform, "")]
    for folder in (*filter(None, folders), None):  # None: those on PATH.
        found = shutil.which("deadlinecommand", path=folder)
        if found:
            return found
    raise ProxyError(
        "There is no deadlinecommand on this machine: install the Deadline Client, or set DEADLINE_PATH to its bin"
        " folder."
    )


def _macos_folder() -> str:
    try:
        with open(MACOS_PATH_FILE, encoding="utf-8") as file:
            return file.read().strip() if sys.platform == "darwin" else ""
    except (OSError, ValueError):
        return ""


def _own_group() -> Dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the process and what it has started."""
    try:
        if sys.platform == "win32":
            subprocess.call(["taskkill", "/F", "/T", "/PID", str(process.pid)], **_own_group())
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
