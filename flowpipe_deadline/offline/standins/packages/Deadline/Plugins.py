"""Stand-in of ``Deadline.Plugins``, as far as the Flowpipe plugin uses it."""

from _worker.errors import FailRenderException
from _worker.plugin import DeadlinePlugin, PluginType

__all__ = ["DeadlinePlugin", "FailRenderException", "PluginType"]
