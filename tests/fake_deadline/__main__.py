"""A fake Deadline to submit to: ``python -m tests.fake_deadline FOLDER --create``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flowpipe_deadline.core.errors import FlowpipeDeadlineError
from flowpipe_deadline.core.interrupts import terminable
from flowpipe_deadline.deadline.webservice.settings import URL_VARIABLE

from .operations import FakeDeadline
from .web import serve
from .workers import running_workers

_LISTS = ("pools", "groups", "limits")


def main(arguments: Sequence[str] | None = None) -> int:
    """Opens or creates a fake Deadline and renders what is submitted to it, until Ctrl+C."""
    options = _parser().parse_args(arguments)
    try:
        with terminable(), _opened(options) as deadline, ExitStack() as stack:
            stack.enter_context(running_workers(deadline, count=options.workers, scan_seconds=options.scan))
            url = "" if options.web is None else stack.enter_context(serve(deadline, port=options.web)).url
            _say(_welcome(deadline, options.workers, url=url))
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        _say("Stopped; the jobs are kept.")
        return 0
    except FlowpipeDeadlineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_deadline", description=__doc__)
    parser.add_argument("folder", type=Path, help="its folder")
    parser.add_argument("--create", action="store_true", help="create it if it does not exist")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="how many workers render (2)")
    parser.add_argument("--scan", type=float, default=1.0, metavar="SECONDS", help="the pending job scan's period (1)")
    parser.add_argument("--startup", type=float, metavar="SECONDS", help="how long each deadlinecommand takes to start")
    parser.add_argument("--web", type=int, metavar="PORT", help="serve its Web Service, on this machine alone")
    for name in _LISTS:
        parser.add_argument(f"--{name}", metavar="A,B", help=f"its {name}")
    return parser


def _opened(options: argparse.Namespace) -> FakeDeadline:
    settings: dict[str, Any] = {} if options.startup is None else {"startup_seconds": options.startup}
    settings.update({name: getattr(options, name).split(",") for name in _LISTS if getattr(options, name)})
    if options.create and not (options.folder / "settings.json").exists():
        return FakeDeadline.create(options.folder, **settings)
    deadline = FakeDeadline(options.folder)
    deadline.change_settings(**settings)
    return deadline


def _welcome(deadline: FakeDeadline, workers: int, *, url: str) -> str:
    variables = {"DEADLINE_PATH": str(deadline.bin), **({URL_VARIABLE: url} if url else {})}
    form = "set {}={}" if os.name == "nt" else "export {}='{}'"
    lines = "".join(f"    {form.format(*item)}\n" for item in variables.items())
    return f"{workers} workers render what is submitted to {deadline.folder}. Where you submit:\n\n{lines}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
