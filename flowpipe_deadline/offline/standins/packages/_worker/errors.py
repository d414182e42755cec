"""What ends a task early."""

from __future__ import annotations

from _dotnet.exceptions import NetException

__all__ = ["Canceled", "FailRenderException", "RenderPluginException"]


class RenderPluginException(NetException):
    """The Worker itself found a reason to fail the task (plugin API, section 2.5)."""


class FailRenderException(NetException):
    """Raised by ``FailRender``; plugins import it from ``Deadline.Plugins`` (plugin API, sections 1.1, 2.5)."""


FailRenderException.__module__ = "Deadline.Plugins"


class Canceled(NetException):
    """The task was cancelled while the Worker waited for a process."""
