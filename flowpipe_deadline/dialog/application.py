"""Starts the dialog, once it is certain that Qt can: where it cannot, Qt ends the process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from ..core.errors import FlowpipeDeadlineError
from ..workflows.facts import Facts

_DEBIAN = "libegl1 libgl1 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0"


@dataclass(frozen=True)
class Given:
    """What the dialog is started with."""

    workflow: str = ""
    facts: Facts = field(default_factory=Facts)
    root: str | None = None
    presets: Sequence[str] = ()
    """Those of the studio file."""
    warnings: Sequence[str] = ()
    """Further sentences to show."""


class DialogError(FlowpipeDeadlineError):
    """The dialog cannot be shown on this machine; the message says what it needs."""


def run_dialog(given: Given) -> int:
    """Shows the dialog until it is closed; gives the exit code. ``check_qt`` says before whether it can."""
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415  (it was not certain that it is there)

    from .window import Window  # noqa: PLC0415  (as above)

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Qt would not notice Ctrl+C; a submission sees it by itself.
    application = QApplication(sys.argv[:1])
    application.setApplicationName("flowpipe-deadline")
    window = Window(given)

    def show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        window.show_bug(error)

    sys.excepthook = show_bug
    window.show()
    return application.exec()


def check_qt() -> None:
    """Makes sure that Qt is here, works, and has a display.

    Raises:
        DialogError: Qt is missing, does not work with this Python, or has nowhere to show anything.
    """
    try:
        import PySide6  # noqa: PLC0415  (an extra)
        from PySide6 import QtWidgets  # noqa: F401, PLC0415  (as above)
    except ModuleNotFoundError as error:
        raise DialogError("the dialog needs Qt:  pip install 'flowpipe-deadline[dialog]'") from error
    except ImportError as error:
        raise DialogError(f"Qt needs libraries of the system ({error}); Debian: apt install {_DEBIAN}") from error
    if PySide6.__version_info__[:2] >= (6, 12) and sys.version_info < (3, 12):
        # Hosts and tooling, section 2: every call that returns None loses a reference to it.
        raise DialogError(
            f"PySide6 {PySide6.__version__} crashes with Python {sys.version_info[0]}.{sys.version_info[1]}:"
            "  pip install 'PySide6-Essentials<6.12'"
        )
    if sys.platform.startswith("linux"):
        _check_display()


def _check_display() -> None:
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if platform not in ("", "xcb") or (not platform and os.environ.get("WAYLAND_DISPLAY")):
        return
    if not os.environ.get("DISPLAY"):
        raise DialogError("no display: neither DISPLAY nor WAYLAND_DISPLAY is set; start it in a desktop session")
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
        ctypes.CDLL("libxcb-cursor.so.0")  # Qt needs it from 6.5 on, and aborts without.
    except OSError as error:
        raise DialogError(f"Qt needs libraries of the system ({error}); Debian: apt install {_DEBIAN}") from error
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    is_broken = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    if is_broken:
        raise DialogError(f"the display {os.environ['DISPLAY']} does not answer; start it in a desktop session")
