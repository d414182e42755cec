"""A Monitor over a fake Deadline with an installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.installation.contents import menu_scripts
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
    environment: dict[str, str] = field(default_factory=dict)
    """Further variables of its process."""

    @property
    def custom(self):
        """Where things are installed."""
        return self.deadline.root / "custom"

    def use(self, *deeds, script="FlowpipeSubmission.py", **play):
        """What the dialog of a script in the menu *Submit* shows after these steps of a user."""
        return self.play(*deeds, script=f"Submission/{script}", told="SubmissionBox", **play)

    def choose(self, name, *jobs, deeds=(), tasks=None, **play):
        """What a script in the menu of jobs shows, with these jobs selected, after these steps of a user.

        ``tasks`` are the numbers of the selected tasks by job.
        """
        return self.play(
            *deeds, script=f"Jobs/Flowpipe{name}.py", told="StateBox", jobs=jobs, tasks=tasks or {}, **play
        )

    def play(self, *deeds, **play):
        """What is seen of one of our scripts after these steps of a user."""
        path, report = self.folder / "play.json", self.folder / "report.json"
        report.unlink(missing_ok=True)
        told = {"arguments": (), "answers": (), "tells": True, "jobs": (), "tasks": {}, **play}
        told.update(deeds=deeds, report=str(report))
        path.write_text(json.dumps(told, default=os.fspath))
        command = [str(self.deadline.bin / "deadlinecommand"), "-ExecuteScript", str(DRIVER), str(path)]
        environment = {**os.environ, **self.environment}
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
        assert report.exists(), result.stdout + result.stderr
        return SimpleNamespace(**json.loads(report.read_text()), printed=result.stdout)


@pytest.fixture
def monitor(tmp_path, archive):
    """A Monitor with everything installed."""
    with FakeDeadline.create(tmp_path / "deadline") as deadline:
        custom = deadline.root / "custom"
        for folder in ("Jobs", "Submission"):
            (custom / "scripts" / folder).mkdir(parents=True, exist_ok=True)
        for path in shipped_folder("custom_scripts/Submission").glob("*.py"):
            shutil.copy(path, custom / "scripts" / "Submission")
        for name, data in menu_scripts().items():
            (custom / "scripts" / "Jobs" / name).write_bytes(data)
        shutil.copytree(shipped_folder(MAIN), custom / MAIN, dirs_exist_ok=True)
        (custom / "plugins" / "Flowpipe").mkdir()
        shutil.copy(archive, custom / "plugins" / "Flowpipe")
        yield Monitor(deadline, tmp_path)
