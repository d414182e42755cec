"""Stand-in of ``Deadline.Scripting``, as far as the Flowpipe plugin uses it."""

from _worker.utilities import ClientUtils, FileUtils, RepositoryUtils

__all__ = ["ClientUtils", "FileUtils", "RepositoryUtils"]
