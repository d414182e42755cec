"""A Monitor over a fake Deadline with an installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.offline.packages import read_light_packages
from tests.fake_deadline.operations import FakeDeadline

DRIVER = Path(__file__).parents[1] / "support" / "monitor_driver.py"
MAIN = "submission/Flowpipe/Main"


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The packages that lie beside the plugin."""
    path = tmp_path_factory.mktemp("packages") / "packages.zip"
    path.write_bytes(read_light_packages().archive())
    return path


@dataclass
class Monitor:
    """The Monitor of a fake Deadline, in a process of its own."""

    deadline: FakeDeadline
    folder: Path

    @property
    def custom(self):
        """Where things are installed."""
        return self.deadline.root / "custom"

    def use(self, *deeds, arguments=(), answers=(), tells=True, script="FlowpipeSubmission.py"):
        """What the dialog of a script in the menu *Submit* shows after these steps of a user."""
        play, report = self.folder / "play.json", self.folder / "report.json"
        told = {"deeds": deeds, "arguments": arguments, "answers": answers, "tells": tells}
        told.update(report=str(report), script=script)
        play.write_text(json.dumps(told, default=os.fspath))
        command = [str(self.deadline.bin / "deadlinecommand"), "-ExecuteScript", str(DRIVER), str(play)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert report.exists(), result.stdout + result.stderr
        return SimpleNamespace(**json.loads(report.read_text()), printed=result.stdout)


@pytest.fixture
def monitor(tmp_path, archive):
    """A Monitor with everything installed."""
    with FakeDeadline.create(tmp_path / "deadline") as deadline:
        custom = deadline.root / "custom"
        for source, target in (("custom_scripts/Submission", "scripts/Submission"), (MAIN, MAIN)):
            shutil.copytree(shipped_folder(source), custom / target, dirs_exist_ok=True)
        (custom / "plugins" / "Flowpipe").mkdir()
        shutil.copy(archive, custom / "plugins" / "Flowpipe")
        yield Monitor(deadline, tmp_path)
