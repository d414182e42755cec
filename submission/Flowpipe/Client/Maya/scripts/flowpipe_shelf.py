"""The button of flowpipe-deadline on Maya's shelf, and what a click on it starts.

This is all that is installed in Maya: what the click does is in ``flowpipe_maya.py``, which ``flowpipe_proxy`` gets
from the Deadline repository. The standard library and Maya's modules only, valid from Python 3.7 to 3.13.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Iterator, List, cast

from maya import cmds, mel

SHELF = "Flowpipe"
TITLE = "Submit To Deadline"
# By this text in their command, buttons of ours are found again; Maya keeps it with the shelf, whatever else is edited.
MARK = "flowpipe_shelf.submit()"
COMMAND = """\
try:
    import flowpipe_shelf
except ImportError:
    from maya import cmds
    cmds.confirmDialog(title="Flowpipe", message="flowpipe-deadline is no longer installed in this Maya. Install it again, or delete this button.", button=["OK"])
else:
    flowpipe_shelf.submit()
"""  # noqa: E501  (one line of the button's)
MADE = "flowpipeDeadlineButton"
MODULE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ICON = os.path.join(MODULE, "icons/flowpipe_deadline.svg").replace("\\", "/")
# Where the proxy lies as long as this folder is used as it is in the repository, and not a copy of it.
CLIENT = os.path.dirname(MODULE)


def start() -> None:
    """Makes the button at Maya's start, unless the user has removed it; an error is printed, and breaks nothing."""
    try:
        make_button(again=False)
    except Exception:
        print("flowpipe-deadline has no button in this Maya:")
        traceback.print_exc()


def make_button(again: bool = True) -> List[str]:
    """Makes the button, or brings those that are there up to date; their names.

    A button stays where the user has moved it, under the name that the user gave it. If there was one and the user has
    removed it, it is made ``again`` only if that is asked for.

    Raises:
        RuntimeError: Maya refuses.
    """
    _proxy()  # Not only at a click: an update of the module removes this copy, also while Maya runs.
    top = _top()
    if not top:
        return []
    selected = str(cmds.shelfTabLayout(top, query=True, selectTab=True) or "")
    buttons = list(_buttons(top))
    try:
        if not buttons and (again or not cmds.optionVar(exists=MADE)):
            if not cmds.shelfLayout(_path(top, SHELF), exists=True):
                # Brings the shelf's saved buttons back, if there are any.
                mel.eval('addNewShelfTab "{}"'.format(SHELF))
            buttons = list(_buttons(top)) or [str(cmds.shelfButton(parent=_path(top, SHELF), label=TITLE))]
            cmds.optionVar(intValue=(MADE, 1))
        for button in buttons:
            _update(button)
    finally:
        if selected:
            cmds.shelfTabLayout(top, edit=True, selectTab=selected)
    return buttons


def submit() -> None:
    """What a click does: the current client's ``submit``. An error is shown in one dialog."""
    try:
        proxy = _proxy()
        cmds.waitCursor(state=True)  # Asking Deadline may take seconds, once in a session.
        try:
            client = proxy.load("flowpipe_maya")
        finally:
            cmds.waitCursor(state=False)
        client.submit()
    except Exception as error:
        text = str(error)
        if type(error).__name__ not in ("ClientError", "ProxyError"):  # Those have sentences for people.
            traceback.print_exc()
            text = "{}: {}\n\nThe Script Editor has the details.".format(type(error).__name__, error)
        cmds.confirmDialog(title=TITLE, message=text, button=["OK"], icon="critical")


def _proxy() -> Any:
    if CLIENT not in sys.path and os.path.isfile(os.path.join(CLIENT, "flowpipe_proxy.py")):
        sys.path.append(CLIENT)
    import flowpipe_proxy  # noqa: PLC0415  (an error of it is shown, too)

    return flowpipe_proxy


def _update(button: str) -> None:
    """Edits what is ours; a label that the user gave it stays."""
    cmds.shelfButton(
        button,
        edit=True,
        command=COMMAND,
        sourceType="python",
        annotation="Submit this scene to Deadline (flowpipe-deadline)",
        image1=ICON,
        style="iconOnly",
    )


def _buttons(top: str) -> Iterator[str]:
    """The buttons of ours, on whatever shelf they are."""
    for shelf in _children(cmds.shelfTabLayout(top, query=True, childArray=True)):
        for name in _children(cmds.shelfLayout(_path(top, shelf), query=True, childArray=True)):
            button = _path(top, shelf, name)
            if cmds.objectTypeUI(button) != "shelfButton":
                continue
            if MARK in str(cmds.shelfButton(button, query=True, command=True) or ""):
                yield button


def _top() -> str:
    """The layout of all shelves; empty in a Maya without any."""
    name = str(mel.eval("global string $gShelfTopLevel; $flowpipeShelves = $gShelfTopLevel;") or "")
    return name if name and cmds.shelfTabLayout(name, exists=True) else ""


def _children(names: object) -> List[str]:
    return cast(List[str], names or [])  # None if there are none; the stubs know it as a flag only.


def _path(*names: str) -> str:
    return "|".join(names)
