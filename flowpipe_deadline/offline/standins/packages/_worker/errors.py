"""What ends a task early, and how it is reported."""

from __future__ import annotations

from _dotnet.exceptions import NetException


class RenderPluginException(NetException):
    """The Worker itself found a reason to fail the task (plugin API, section 2.5)."""


class FailRenderException(NetException):
    """Raised by ``FailRender``; plugins import it from ``Deadline.Plugins`` (plugin API, sections 1.1, 2.5)."""


FailRenderException.__module__ = "Deadline.Plugins"


def message_of(error: BaseException) -> str:
    """The line of the error report, as since Deadline 10.3; an exception of Python has its name before it.

    See plugin API, section 2.5, and hosts and tooling, section 5.4.
    """
    if isinstance(error, NetException):
        return error.Message
    return "{} : {}".format(type(error).__name__, error)
