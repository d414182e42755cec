"""The screen with the Monitor's dialogs, and what its user does (plugin API, sections 5.1 and 5.7)."""

from __future__ import annotations

import traceback
import weakref
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

__all__ = ["Screen", "current", "use"]

_used: List["Screen"] = []


class Screen:
    """What is seen, kept for a test; ``tells_what_scripts_set`` is unknown of Deadline, so a test plays both."""

    def __init__(self, *, tells_what_scripts_set: bool = True) -> None:
        self.tells_what_scripts_set = tells_what_scripts_set
        self.boxes: List[Tuple[str, str]] = []
        """The message boxes so far: title and text."""
        self.answers: List[str] = []
        """What will be pressed in the message boxes that ask something, in order."""
        self.uncaught: List[str] = []
        """Tracebacks on the Monitor's console, the only place where errors are shown."""
        self.while_modal: Optional[Callable[[], None]] = None
        """What the user does while a dialog waits."""
        self._dialogs: List[Any] = []

    @property
    def dialog(self) -> Any:
        """The dialog that was shown last.

        Raises:
            ValueError: There is none, it is closed, or the script has not kept it.
        """
        dialog = self._dialogs[-1]() if self._dialogs else None
        if dialog is None:
            raise ValueError("no dialog is on the screen, or Python has taken it away: keep it in a global")
        if not dialog.is_shown:
            raise ValueError("the dialog is closed")
        return dialog

    @property
    def has_dialog(self) -> bool:
        """Whether there is one to be used."""
        dialogs = [reference() for reference in self._dialogs]
        return any(dialog is not None and dialog.is_shown for dialog in dialogs)

    def press(self, name: str) -> None:
        """Press a button."""
        self.dialog.control(name).use()

    def enter(self, name: str, value: Any) -> None:
        """Give a control a value."""
        self.dialog.control(name).use(value)

    def close(self) -> None:
        """Close the dialog by its corner."""
        self.dialog.closeEvent(None)

    def values(self) -> Dict[str, Any]:
        """What the controls show, by name."""
        return {name: control.TheValue for name, control in self.dialog.controls.items()}

    def show(self, dialog: Any) -> None:
        """Show the dialog; a modal one until it is closed."""
        self._dialogs.append(weakref.ref(dialog))
        if dialog.is_modal:
            if self.while_modal is None:
                raise ValueError("a modal dialog waits until it is closed, and there is no user")
            self.while_modal()
            if dialog.is_shown:
                dialog.closeEvent(None)

    def ask(self, title: str, text: str, buttons: Tuple[str, ...]) -> str:
        """Show a message box; the button that is pressed."""
        self.boxes.append((title, text))
        if len(buttons) == 1:
            return buttons[0]
        answer = self.answers.pop(0) if self.answers else ""
        if answer not in buttons:
            raise ValueError("no answer says what to press of {}: {!r}".format(", ".join(buttons), answer))
        return answer

    @contextmanager
    def console(self) -> Iterator[None]:
        """Keep what is raised in the block."""
        try:
            yield
        except Exception:
            self.uncaught.append(traceback.format_exc())


def use(screen: Screen) -> None:
    """Make it the one that dialogs are shown on."""
    _used[:] = [screen]


def current() -> Screen:
    """The screen."""
    if not _used:
        use(Screen())
    return _used[0]
