"""The script of the doctor that looks at how deadlinecommand runs it.

    deadlinecommand -ExecuteScriptNoGui script_look.py <end> <answer file> <token>

Runs in Deadline's own Python: the standard library only, valid from Python 3.7. Prints the token, writes what it sees
into the answer file, and ends as ``end`` says: ``plain``, ``exit`` (with ``EXIT_CODE``), or ``raise``.
"""

from __future__ import annotations

import json
import os
import sys

EXIT_CODE = 7


def __main__(*args: str) -> None:
    """Deadline calls this with the arguments behind the script's name."""
    end, answer, token = args
    seen = {
        "process": os.getpid(),
        "parent": os.getppid(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "file": "__file__" in globals(),
        "arguments": list(getattr(sys, "argv", [])),
    }
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(seen, file)
    print(token)
    if end == "exit":
        sys.exit(EXIT_CODE)
    if end == "raise":
        raise RuntimeError(token)
