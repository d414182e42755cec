"""Keeps a script that is loaded for its nodes from starting work of its own."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Iterator

from .errors import FlowpipeDeadlineError

# An environment variable, so that a command the script starts is refused as well.
_VARIABLE = "FLOWPIPE_DEADLINE_LOADING"


class LoadingError(FlowpipeDeadlineError):
    """Planning, running or submitting was asked for while a script was only being loaded."""

    exit_code = 2


@contextmanager
def loading(script: str) -> Iterator[None]:
    """Marks this process and its children as loading ``script``, until the block ends."""
    outer = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = script
    try:
        yield
    finally:
        if outer is None:
            os.environ.pop(_VARIABLE, None)  # The script may have emptied its environment.
        else:
            os.environ[_VARIABLE] = outer


def refuse_while_loading(action: str) -> None:
    """Raises LoadingError if a script is being loaded: ``action`` ("plan", "run", …) there would repeat itself."""
    script = os.environ.get(_VARIABLE)
    if script is not None:
        raise LoadingError(
            f"{script} would {action} while it is loaded for its nodes, again on every worker;"
            " put that call under  if __name__ == '__main__':"
        )
