"""Installs the button of flowpipe-deadline: drop this file into Maya's window.

Or without Maya, for all artists of a studio, into a folder that MAYA_MODULE_PATH names:

    python install_in_maya.py FOLDER

It copies the module that lies beside it. Done again, it brings the copy up to date. The standard library and Maya's
modules only, valid from Python 3.7 to 3.13.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import uuid
from typing import Any

NAME = "flowpipe_deadline"
HERE = os.path.dirname(os.path.abspath(__file__))
PROXY = os.path.join(os.path.dirname(HERE), "flowpipe_proxy.py")
# What Maya keeps of an earlier version, as long as it runs.
LOADED = ("flowpipe_shelf", "flowpipe_proxy")


class InstallError(Exception):
    """The module could not be installed; a sentence for people."""


def onMayaDroppedPythonFile(*_: Any) -> None:  # noqa: N802  (Maya's name)
    """Maya calls this when the file is dropped into its window: installs for this user, and makes the button."""
    from maya import cmds  # noqa: PLC0415  (there is none without Maya)

    text, icon = "", "information"
    try:
        folder = os.path.join(str(cmds.internalVar(userAppDir=True)), "modules")
        buttons = use(install(folder))
        text = "Installed in {}.\n\n".format(folder)
        text += "The button is on the shelf {}.".format(buttons[0].split("|")[-2]) if buttons else "There is no shelf."
    except Exception as error:  # An installer that fails says why, whatever it is.
        text, icon = str(error) or repr(error), "critical"
    cmds.confirmDialog(title="flowpipe-deadline", message=text, button=["OK"], icon=icon)


def install(folder: str) -> str:
    """Copies the module into the folder; the path of the copy.

    Maya reads ``flowpipe_deadline.mod``, which names the copy, and is replaced as the last step: so Maya finds the
    whole earlier version, or the whole new one.

    Raises:
        InstallError: The folder cannot be written, or this file has been taken away from the others.
    """
    copy_name = "{}-{}".format(NAME, uuid.uuid4().hex[:8])
    copy, description = os.path.join(folder, copy_name), os.path.join(folder, NAME + ".mod")
    unfinished = os.path.join(folder, copy_name + ".part")
    try:
        if not os.path.isfile(PROXY):
            raise InstallError("{} is missing: drop the file from where it was, beside all the others.".format(PROXY))
        earlier = _named_copy(description)
        for part in ("scripts", "icons"):
            os.makedirs(os.path.join(copy, part))
            for name in os.listdir(os.path.join(HERE, part)):
                _copy(os.path.join(HERE, part, name), os.path.join(copy, part))
        _copy(PROXY, os.path.join(copy, "scripts"))
        with open(os.path.join(HERE, NAME + ".mod"), encoding="ascii") as file:
            line = file.readline().rstrip().rpartition(" ")[0]
        with open(unfinished, "w", encoding="ascii") as file:
            file.write("{} ./{}\n".format(line, copy_name))
        os.replace(unfinished, description)
    except (OSError, InstallError) as error:
        shutil.rmtree(copy, ignore_errors=True)
        if os.path.exists(unfinished):
            os.remove(unfinished)
        if isinstance(error, InstallError):
            raise
        raise InstallError("flowpipe-deadline could not be installed in {}: {}".format(folder, error)) from error
    if earlier:
        shutil.rmtree(os.path.join(folder, earlier), ignore_errors=True)  # What is in use stays; it harms nobody.
    return copy


def use(copy: str) -> Any:
    """Makes the button in this Maya from a copy that has just been installed; the names of the buttons.

    Raises:
        RuntimeError: Maya refuses.
    """
    earlier = os.sep + NAME + "-"
    sys.path[:] = [path for path in sys.path if earlier not in os.path.normpath(path)]
    sys.path.insert(0, os.path.join(copy, "scripts"))
    for name in LOADED:
        sys.modules.pop(name, None)
    import flowpipe_shelf  # noqa: PLC0415  (it has just been copied)

    return flowpipe_shelf.make_button()


def _named_copy(description: str) -> str:
    """The folder of ours that the installed description names; empty if there is none."""
    if not os.path.isfile(description):
        return ""
    with open(description, encoding="utf-8", errors="replace") as file:
        match = re.search(r"^\+.* \./({}-[0-9a-f]{{8}})\s*$".format(NAME), file.read(), re.MULTILINE)
    return match.group(1) if match else ""


def _copy(path: str, folder: str) -> None:
    """Copies a file without its rights: a repository may be read-only, and a later installation replaces the copy."""
    if os.path.isfile(path):
        shutil.copyfile(path, os.path.join(folder, os.path.basename(path)))


def main(arguments: Any) -> int:
    """Installs into the folder that is named; 0, or 1 if that failed, 2 if none is named."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print("Installed: {}".format(install(arguments[0])))
    except InstallError as error:
        print("Error: {}".format(error), file=sys.stderr)
        return 1
    print("Maya finds it if MAYA_MODULE_PATH names {}.".format(os.path.abspath(arguments[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
