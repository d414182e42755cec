"""Runs a script's ``__main__`` on the stand-ins, and asks the process that started it for everything about jobs.

Started by ``scripts.py`` under Deadline's own Python, as a program: ``python -IS script_host.py REQUEST``.
Stdin and stdout are the pipe; what the script prints goes through it as well.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import traceback
import types
from typing import Any, Dict, Tuple

__all__ = ["main"]


class _Printed(io.TextIOBase):
    """What the script prints, line by line."""

    def __init__(self, bridge: Any) -> None:
        self._bridge = bridge
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._bridge.tell({"print": line + "\n"})
        return len(text)

    def finish(self) -> None:
        if self._rest:
            self._bridge.tell({"print": self._rest + "\n"})
            self._rest = ""


def main(request: Dict[str, Any]) -> int:
    """Runs the script that the request names, and tells how it ended."""
    sys.path[:0] = request["packages"]
    # By name: these can be imported only now.
    bridge: Any = importlib.import_module("_script.bridge").Bridge(*_pipe())
    printed = _Printed(bridge)
    sys.stdout = printed
    script: Any = importlib.import_module("_script")
    with script.install(bridge, answers=request["answers"], path_mappings=request["path_mappings"]):
        exit_code, error = _run(request)
    printed.finish()
    bridge.tell({"end": exit_code, "error": error})
    return 0


def _pipe() -> Tuple[Any, Any]:
    """Stdin and stdout, moved to where nothing that the script starts can reach them."""
    answers = os.dup(0)
    questions = os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return answers, questions


def _run(request: Dict[str, Any]) -> Tuple[int, str]:
    """The exit code that the script asks for, and the traceback of what it raised."""
    path = request["script"]
    sys.argv = list(request["argv"])
    module = types.ModuleType(os.path.splitext(os.path.basename(path))[0])
    if request["has_file"]:
        module.__file__ = path
    sys.modules[module.__name__] = module
    try:
        with open(path, "rb") as stream:
            code = compile(stream.read(), path, "exec", dont_inherit=True)
        exec(code, module.__dict__)
        entry = module.__dict__.get("__main__")
        if callable(entry):
            entry(*request["arguments"])
    except SystemExit as end:
        return _code_of(end), ""
    except Exception:
        return 1, traceback.format_exc()
    return 0, ""


def _code_of(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return int(end.code or 0)
    print(end.code)
    return 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
