"""What ends a task early."""

from __future__ import annotations

from _dotnet.exceptions import NetException

__all__ = ["Canceled", "FailRenderException", "RenderPluginException"]


class RenderPluginException(NetException):
    """The Worker itself found a reason to fail the task (reference plugin-api 2.5)."""


class FailRenderException(NetException):
    """Raised by ``FailRender``; plugins import it from ``Deadline.Plugins`` (reference plugin-api 1.1, 2.5)."""


FailRenderException.__module__ = "Deadline.Plugins"


class Canceled(NetException):
    """The task was cancelled while the Worker waited for a process."""
