"""Stand-in of ``DeadlineScriptDialog``: the dialog that scripts of the Monitor build (plugin API, section 5.7).

No Qt: the dialog is kept as it would be seen, and `_dialog.screen` is who looks at it. What is left out refuses.
"""

# ruff: noqa: D102 (members carry Deadline's names; what they do is in the reference)

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from _dialog import screen
from _dialog.controls import Control, kind_of
from _dialog.layout import Layout
from _dialog.signals import Signal
from _dialog.sticky import read_settings, write_settings
from _dialog.typed import FLAG, NAMES, NUMBER, TEXT, WHOLE, typed
from _dotnet.exceptions import refused
from _dotnet.kinds import OBJECT
from _more.refusal import refusing_function

__all__ = ["DeadlineScriptDialog"]

_LEFT_OUT = tuple(
    """
    AddSubsetControlToGrid AddScriptControl AddRow EndRow AddControl AddComboControl AddRangeControl
    AddSelectionControl AddRadioControl SetCollapsed CreateColorObject OpenUrl CopyToClipboard ShowOpenFileBrowser
    ShowMultiOpenFileBrowser ShowSaveFileBrowser ShowFolderBrowser
    """.split()
)
_NAME = ("name", TEXT)


def _adding(method: str, *between: Any, span: int = 1, more: Any = ()) -> Any:
    """A method that adds a control; ``between`` are its parameters between the value and the place in the grid."""
    place = (("row", WHOLE), ("column", WHOLE), ("tooltip", TEXT, ""), ("expand", FLAG, True))
    spans = (("rowSpan", WHOLE, span), ("colSpan", WHOLE, span))

    def add(self: Any, given: Dict[str, Any]) -> Control:
        return self._add(method, given)

    add.__name__ = method
    return typed(_NAME, ("control", TEXT), ("value", OBJECT), *between, *place, *spans, *more)(add)


class DeadlineScriptDialog:
    """A dialog. It lives as long as the script keeps it (plugin API, section 5.1)."""

    def __init__(self, parent: Any = None) -> None:  # noqa: ARG002 (there are no windows to belong to)
        self.Shown = Signal()
        self.controls: Dict[str, Control] = {}
        self.is_shown = False
        self.is_modal = False
        self.title = ""
        self.is_topmost = False
        self._is_ended = False
        self.parts: List[Tuple[str, Dict[str, Any]]] = []
        """What the dialog is made of, in order: the method that added each part, and its arguments."""
        self._layout = Layout()
        self._items: Dict[str, Tuple[str, ...]] = {}
        self._sticky: Dict[str, Tuple[str, ...]] = {}

    def __getattr__(self, name: str) -> Any:
        if name in _LEFT_OUT:
            return refusing_function("DeadlineScriptDialog.{}".format(name), "5.7")
        raise AttributeError("'{}' object has no attribute '{}'".format(type(self).__name__, name))

    # The parts of a dialog.

    def AddGrid(self) -> None:
        self._begin("Grid")

    def EndGrid(self) -> None:
        self._end("Grid")

    @typed(_NAME, ("width", WHOLE), ("height", WHOLE))
    def AddTabControl(self, given: Dict[str, Any]) -> None:
        self._begin("TabControl", given)

    def EndTabControl(self) -> None:
        self._end("TabControl")

    @typed(_NAME, ("isScrollable", FLAG, False))
    def AddTabPage(self, given: Dict[str, Any]) -> None:
        self._begin("TabPage", given, inside="TabControl")

    def EndTabPage(self) -> None:
        self._end("TabPage")

    @typed(_NAME, ("text", TEXT), ("collapsible", FLAG))
    def AddGroupBox(self, given: Dict[str, Any]) -> None:
        self._begin("GroupBox", given)

    @typed(("isCollapsed", FLAG), ("width", WHOLE, -1))
    def EndGroupBox(self, _: Any) -> None:
        self._end("GroupBox")

    def _begin(self, what: str, given: Any = (), **inside: str) -> None:
        self._layout.begin(what, **inside)
        self.parts.append(("Add" + what, dict(given)))

    def _end(self, what: str) -> None:
        self._layout.end(what)
        self.parts.append(("End" + what, {}))

    AddControlToGrid = _adding("AddControlToGrid", span=-1)
    AddComboControlToGrid = _adding("AddComboControlToGrid", ("items", NAMES))
    AddRangeControlToGrid = _adding(
        "AddRangeControlToGrid",
        *(("minimum", NUMBER), ("maximum", NUMBER), ("decimalPlaces", WHOLE), ("increment", NUMBER)),
    )
    AddSelectionControlToGrid = _adding(
        "AddSelectionControlToGrid", ("theFilter", TEXT), more=(("browserLocation", TEXT, ""),)
    )
    AddRadioControlToGrid = _adding("AddRadioControlToGrid", ("text", TEXT), ("groupName", TEXT))

    @typed(_NAME, ("row", WHOLE), ("column", WHOLE))
    def AddHorizontalSpacerToGrid(self, given: Dict[str, Any]) -> None:
        self._layout.take(given["row"], given["column"], rows=1, columns=1)
        self.parts.append(("AddHorizontalSpacerToGrid", given))

    def _add(self, method: str, given: Dict[str, Any]) -> Control:
        kind = kind_of(method, given)
        name = given["name"]
        if name in self.controls:
            raise ValueError("there is a control {} already: names are unique".format(name))
        self._layout.take(given["row"], given["column"], rows=given["rowSpan"], columns=given["colSpan"])
        self.controls[name] = Control(name, given["control"], given["value"], kind)
        self.parts.append((method, given))
        if "items" in given:
            self._items[name] = given["items"]
        return self.controls[name]

    # What the controls hold.

    def control(self, name: str) -> Control:
        """The control of that name; what Deadline does where there is none is not known, so that is refused."""
        if name not in self.controls:
            raise ValueError("there is no control {}".format(name))
        return self.controls[name]

    @typed(_NAME)
    def GetValue(self, given: Dict[str, Any]) -> Any:
        return self.control(given["name"]).TheValue

    @typed(_NAME, ("value", OBJECT))
    def SetValue(self, given: Dict[str, Any]) -> None:
        self.control(given["name"]).TheValue = given["value"]

    @typed(_NAME)
    def GetItems(self, given: Dict[str, Any]) -> Any:
        return self._items[given["name"]]

    @typed(_NAME, ("items", NAMES))
    def SetItems(self, given: Dict[str, Any]) -> None:
        self._items[self.control(given["name"]).Name] = given["items"]

    @typed(_NAME)
    def GetEnabled(self, given: Dict[str, Any]) -> bool:
        return self.control(given["name"]).is_enabled

    @typed(_NAME, ("isEnabled", FLAG))
    def SetEnabled(self, given: Dict[str, Any]) -> None:
        self.control(given["name"]).is_enabled = given["isEnabled"]

    @typed(_NAME, ("text", TEXT))
    def SetToolTip(self, given: Dict[str, Any]) -> None:
        self.control(given["name"])

    @typed(("file", TEXT), ("names", NAMES))
    def LoadSettings(self, given: Dict[str, Any]) -> None:
        values = read_settings(given["file"])
        for name in given["names"]:
            control = self.control(name)
            control.TheValue = values.get(name, control.TheValue)

    @typed(("file", TEXT), ("names", NAMES))
    def SaveSettings(self, given: Dict[str, Any]) -> None:
        write_settings(given["file"], {name: self.control(name).TheValue for name in given["names"]})

    @typed(("names", NAMES), ("file", TEXT))
    def EnabledStickySaving(self, given: Dict[str, Any]) -> None:
        """Saved when the dialog is closed; when Deadline does it is not known."""
        for name in given["names"]:
            self.control(name)
        self._sticky[given["file"]] = given["names"]

    # The dialog as a whole.

    @typed(("title", TEXT))
    def SetTitle(self, given: Dict[str, Any]) -> None:
        self.title = given["title"]

    @typed(("plugin", TEXT))
    def GetIcon(self, given: Dict[str, Any]) -> str:
        return "{}.ico".format(given["plugin"])

    @typed(("path", TEXT))
    def SetIcon(self, _: Any) -> None:
        """There is nothing to see it on."""

    @typed(("width", WHOLE), ("height", WHOLE))
    def SetSize(self, _: Any) -> None:
        """As above."""

    @typed(("isAllowed", FLAG))
    def AllowResizingDialog(self, _: Any) -> None:
        """As above."""

    def MakeTopMost(self) -> None:
        self.is_topmost = True

    @typed(("modal", FLAG, True))
    def ShowDialog(self, given: Dict[str, Any]) -> None:
        self._layout.finish()
        if self.is_shown or self._is_ended:
            raise refused("showing a dialog twice", "5.7")
        self.is_shown, self.is_modal = True, given["modal"]
        self.Shown.emit()
        screen.current().show(self)

    def CloseDialog(self) -> None:
        self.closeEvent(None)

    def closeEvent(self, _: Any) -> None:
        if self.is_shown:
            for file, listed in self._sticky.items():
                self.SaveSettings(file, listed)
        self.is_shown, self._is_ended = False, True

    @typed(("description", TEXT), ("title", TEXT), ("buttons", OBJECT, None))
    def ShowMessageBox(self, given: Dict[str, Any]) -> str:
        """One that is never shown may not display a message box at all: that is refused."""
        if not self.is_shown:
            raise refused("a message box of a dialog that is not shown", "5.7")
        buttons = ("OK",) if given["buttons"] is None else NAMES(given["buttons"])
        return screen.current().ask(given["title"], given["description"], buttons)
