"""Chooses one of our scripts in the Monitor, uses its dialogs as told, and writes down what was seen.

A script for ``deadlinecommand -ExecuteScript`` of a fake Deadline: run by Deadline's own Python, valid from 3.7.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import types

from _dialog.screen import Screen, use
from _script.monitor import select
from Deadline.Scripting import RepositoryUtils


class Player:
    """Somebody before the screen, who does what a list of deeds says."""

    def __init__(self, play):
        self.screen = Screen(tells_what_scripts_set=play["tells"])
        self.screen.answers = play["answers"]
        self.screen.while_modal = self.act
        self.play = play
        self.deeds = list(play["deeds"])
        self.looks = []
        self.script = None

    def open(self, *arguments):
        """Chooses the script in the menu; the Monitor keeps its globals and nothing else."""
        path = RepositoryUtils.GetRepositoryFilePath("scripts/" + self.play["script"], True)
        self.script = types.ModuleType(os.path.splitext(os.path.basename(path))[0])
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), self.script.__dict__)
        with self.screen.console():
            self.script.__dict__["__main__"](*arguments)
        gc.collect()

    def act(self):
        """Does what is left to do, and looks at the dialog after each deed."""
        self.look()
        while self.deeds:
            deed, *arguments = self.deeds.pop(0)
            if deed == "replace":
                os.replace(*arguments)
            elif deed == "open":
                self.open(*arguments)
            elif deed == "choose":
                self.play["script"] = arguments.pop(0)
                self.open(*arguments)
            elif deed == "select":
                select(*arguments)
            else:
                getattr(self.screen, deed)(*arguments)
            self.look()

    def look(self):
        """Writes down what the dialog shows."""
        if self.screen.has_dialog:
            dialog = self.screen.dialog
            progress, told = (
                dialog.controls[name].history if name in dialog.controls else []
                for name in ("ProgressBox", self.play["told"])
            )
            disabled = [name for name in dialog.controls if not dialog.GetEnabled(name)]
            kind = {"title": dialog.title, "topmost": dialog.is_topmost, "modal": dialog.is_modal}
            about = {**kind, "progress": progress, "told": told, "disabled": disabled}
            self.looks.append({**self.screen.values(), **about})


def __main__(path):  # noqa: N807 (Deadline calls it so)
    """Plays what the file says, and writes the report that it names."""
    with open(path, encoding="utf-8") as file:
        play = json.load(file)
    player = Player(play)
    use(player.screen)
    select(play["jobs"], play["tasks"])
    player.open(*play["arguments"])
    player.act()
    report = {
        "looks": player.looks,
        "boxes": player.screen.boxes,
        "uncaught": player.screen.uncaught,
        "is_open": player.screen.has_dialog,
        "parts": player.screen.dialog.parts if player.screen.has_dialog else [],
        "python": "{}.{}".format(*sys.version_info),
        "ours": sorted(name for name in sys.modules if name.startswith("flowpipe_deadline")),
    }
    with open(play["report"], "w", encoding="utf-8") as file:
        json.dump(report, file)
