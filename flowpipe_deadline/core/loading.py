"""Keeps a script that is loaded for its nodes from starting work of its own."""

from __future__ import annotations

import os

from .errors import FlowpipeDeadlineError

LOADING = "FLOWPIPE_DEADLINE_LOADING"
"""Names the script that is being loaded: in the environment, so that a command it starts is refused as well."""


class LoadingError(FlowpipeDeadlineError):
    """Planning, running or submitting was asked for while a script was only being loaded."""

    exit_code = 2


def refuse_while_loading(action: str) -> None:
    """Raises LoadingError if a script is being loaded: ``action`` ("plan", "run", …) there would repeat itself."""
    script = os.environ.get(LOADING)
    if script is not None:
        raise LoadingError(
            f"{script} would {action} while it is loaded for its nodes, again on every worker;"
            " put that call under  if __name__ == '__main__':"
        )
