"""Stand-in of ``FranticX.Processes``, as far as the Flowpipe plugin uses it."""

from _worker.process import ManagedProcess

__all__ = ["ManagedProcess"]
