"""The controls of a dialog: their types, and what each holds (plugin API, section 5.7)."""

from __future__ import annotations

from typing import Any, Dict, List

from _dotnet.kinds import Kind

from _dialog import screen
from _dialog.signals import Signal
from _dialog.typed import FLAG, TEXT, between

__all__ = ["TYPES", "Control", "kind_of"]

TYPES: Dict[str, List[str]] = {
    "AddControlToGrid": """
        LabelControl SeparatorControl TextControl MultiLineTextControl ReadOnlyTextControl PasswordControl ButtonControl
        PoolComboControl SecondaryPoolComboControl GroupComboControl MachineListControl SlaveListControl
        LimitGroupControl DependencyControl OnJobCompleteControl
    """.split(),
    "AddComboControlToGrid": "ComboControl ListControl MultiSelectListControl".split(),
    "AddRangeControlToGrid": "RangeControl SliderControl ProgressBarControl".split(),
    "AddSelectionControlToGrid": """
        CheckBoxControl FileBrowserControl FileSaverControl FolderBrowserControl MultiFileBrowserControl
        MultiLineMultiFileBrowserControl MultiLineMultiFolderBrowserControl
    """.split(),
    "AddRadioControlToGrid": "RadioControl".split(),
}
"""The types that each method adds."""

_FLAGS = ("CheckBoxControl", "RadioControl")
_UNTOUCHABLE = ("LabelControl", "SeparatorControl", "ReadOnlyTextControl", "ProgressBarControl")


def kind_of(method: str, given: Dict[str, Any]) -> Kind:
    """What a control holds that this method is to add.

    Raises:
        ValueError: there is no control of that type, or another method adds it.
    """
    control = given["control"]
    adding = [name for name, types in TYPES.items() if control in types]
    if not adding:
        raise ValueError("'{}' is no type of control that is imitated".format(control))
    if adding != [method]:
        raise ValueError("a {} is added with {}, not {}".format(control, adding[0], method))
    if control in _FLAGS:
        return FLAG
    return between(given["minimum"], given["maximum"]) if "minimum" in given else TEXT


class Control:
    """A control, as the methods that add one return it. Attributes that are not known are refused."""

    __slots__ = ("Name", "ReadOnly", "ValueModified", "__weakref__", "_kind", "_type", "history", "is_enabled")

    def __init__(self, name: str, control: str, value: Any, kind: Kind) -> None:
        self.Name = name
        self.ReadOnly = False
        self.ValueModified = Signal()
        self.is_enabled = True
        self._type = control
        self._kind = kind
        self.history = [self._checked(value)]
        """Every value that it had, the present one last."""

    @property
    def TheValue(self) -> Any:
        return self.history[-1]

    @TheValue.setter
    def TheValue(self, value: Any) -> None:
        # Whether what a script sets counts as modified is unknown: both are played.
        self._take(value, is_told=screen.current().tells_what_scripts_set)

    def use(self, value: Any = None) -> None:
        """The user's action: press it, or give it a value."""
        if not self.is_enabled:
            raise ValueError("{} is disabled: nobody can use it".format(self.Name))
        if self._type in _UNTOUCHABLE or self.ReadOnly:
            raise ValueError("{} only shows something: nobody can use it".format(self.Name))
        if self._type == "ButtonControl":
            self.ValueModified.emit(self)
        else:
            self._take(value, is_told=True)

    def _take(self, value: Any, *, is_told: bool) -> None:
        self.history.append(self._checked(value))
        if is_told and self.history[-2] != self.history[-1]:
            self.ValueModified.emit(self)

    def _checked(self, value: Any) -> Any:
        try:
            return self._kind(value)
        except TypeError as error:
            raise TypeError("{} ({}): {}".format(self.Name, self._type, error)) from None
