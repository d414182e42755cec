"""Signals as PyQt5 has them (plugin API, section 5.1: controls are PyQt5 widgets; measured with PyQt5 5.15)."""

from __future__ import annotations

import inspect
import weakref
from typing import Any, Callable, List

from _dialog import screen

__all__ = ["Signal"]


class Signal:
    """A signal of one object.

    A method that is connected is not kept alive by that, and a slot that takes fewer arguments is given fewer.
    """

    def __init__(self) -> None:
        self._slots: List[Callable[[], Any]] = []

    def connect(self, slot: Any) -> None:
        """Call the slot whenever this is emitted."""
        if not callable(slot):
            raise TypeError("argument 1 has unexpected type '{}': a slot is callable".format(type(slot).__name__))
        is_method = getattr(slot, "__self__", None) is not None and hasattr(slot, "__func__")
        self._slots.append(weakref.WeakMethod(slot) if is_method else lambda: slot)

    def emit(self, *arguments: Any) -> None:
        """Call what is connected; what that raises is seen on the console only (plugin API, section 5.1)."""
        for reference in list(self._slots):
            slot = reference()
            if slot is not None:
                with screen.current().console():
                    slot(*_fitting(slot, arguments))


def _fitting(slot: Any, arguments: Any) -> Any:
    signature = inspect.signature(slot)
    for count in range(len(arguments), 0, -1):
        try:
            signature.bind(*arguments[:count])
        except TypeError:
            continue
        return arguments[:count]
    return ()
