"""The command line: one module per verb, errors as one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Sequence
from typing import Optional

import click

from ..core.errors import FlowpipeDeadlineError
from ..core.text import one_line
from ..core.warnings import PreflightError
from .cancel import cancel
from .config import config
from .doctor import doctor
from .install import install_command
from .plan import plan
from .results import results
from .run import run
from .status import status
from .submit import submit
from .support.output import say
from .wait import wait

_INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h: a bug of ours, not of the graph.
_INTERRUPTED = 130
_LONGEST_MESSAGE = 2000


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="flowpipe-deadline")
def cli() -> None:
    """Carry flowpipe graphs onto a Deadline render farm, or run them on this machine.

    GRAPH is file.py, file.py:name or package.module:name, where name is a Graph or a callable that returns one; BUNDLE
    is the folder that an earlier run or submission wrote.
    """


for command in (plan, run, submit, status, wait, cancel, results, config, doctor, install_command):
    cli.add_command(command)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Runs the command line and exits."""
    code = _run(arguments)
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        os._exit(code)  # A script has started threads that would keep us for ever; the answer is out.
    sys.exit(code)


def _run(arguments: Optional[Sequence[str]]) -> int:
    if sys.stderr is None:  # Closed by whoever started us.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (open to the end)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")  # A name that the terminal cannot show is no reason to fail.
    try:
        code = cli.main(args=arguments, prog_name="flowpipe-deadline", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted", _INTERRUPTED)
    except PreflightError as error:
        return _complain(f"{len(error.errors)} errors:", error.exit_code, details=error.lines)
    except FlowpipeDeadlineError as error:
        return _complain(str(error), error.exit_code)
    except OSError as error:
        return _complain(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""), 1)
    except Exception as error:
        if os.environ.get("FLOWPIPE_DEADLINE_DEBUG"):
            raise
        text = f"internal error: {type(error).__name__}: {error} (FLOWPIPE_DEADLINE_DEBUG=1 shows where)"
        return _complain(text, _INTERNAL_ERROR)


def _complain(message: str, code: int, *, details: Sequence[str] = ()) -> int:
    for text in (f"Error: {message}", *(f"- {detail}" for detail in details)):
        say(one_line(" ".join(text.split()), longest=_LONGEST_MESSAGE))
    return code


if __name__ == "__main__":
    main()
