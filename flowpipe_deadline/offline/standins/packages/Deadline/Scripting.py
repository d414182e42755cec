"""Stand-in of ``Deadline.Scripting``, as far as the Flowpipe plugin uses it."""

from _worker.utilities import FileUtils, RepositoryUtils

__all__ = ["FileUtils", "RepositoryUtils"]
