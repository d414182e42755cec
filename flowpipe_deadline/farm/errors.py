"""What can go wrong, as one family: each error says what, where, and what to do, and knows its exit code."""

from __future__ import annotations


class FlowpipeDeadlineError(Exception):
    """A failure with a message for a person; the command line prints it and exits with ``exit_code``."""

    exit_code = 1


class BundleError(FlowpipeDeadlineError):
    """A bundle that cannot be written or is not complete."""
