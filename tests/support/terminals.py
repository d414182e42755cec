"""The command line on a terminal of its own."""

from __future__ import annotations

import os
import pty
import sys


def on_terminal(*arguments, typed=b""):
    """The exit code of the command line on a terminal, and all that stood there."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm", COLUMNS="120", LINES="40")
        os.execv(sys.executable, [sys.executable, "-m", "flowpipe_deadline.cli.main", *map(str, arguments)])
    os.write(terminal, typed)
    said = b""
    while True:
        try:
            some = os.read(terminal, 4096)
        except OSError:  # Linux: the other end is closed.
            break
        if not some:
            break
        said += some
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), said.decode()
