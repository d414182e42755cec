"""Maya from its start to a click on the button, in whatever Python runs this; valid from Python 3.7.

The arguments are the installer, the stubs of Maya, and a folder to work in. What was handed over is printed as JSON.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from fake_maya import FakeMaya, install


def main(installer, stubs, folder):
    """An artist installs the button, starts Maya anew, and clicks on it."""
    maya = install(FakeMaya(stubs, folder))
    runpy.run_path(installer)["onMayaDroppedPythonFile"]()
    maya.restart()
    runpy.run_path(str(next(Path(folder).rglob("userSetup.py"))), run_name="__main__")
    maya.idle()
    maya.open_scene(Path(folder) / "shot_v001.ma")
    maya.modified, maya.answers = True, ["Save New Version"]
    ((_, button),) = maya.buttons()
    maya.click(button)
    opened = sys.modules["flowpipe_client"].opened
    print(json.dumps({"opened": opened, "dialogs": maya.dialogs, "refused": maya.refused}))


if __name__ == "__main__":
    main(*sys.argv[1:])
