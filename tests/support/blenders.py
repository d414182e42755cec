"""The Blenders of this machine, and a double that is always there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from host_runs import write_python

from flowpipe_deadline import WorkerSetup
from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.installation.contents import read_contents

DOUBLE = "double"
_SUPPORT = Path(__file__).parent
# As the plugin starts Blender; a Python with Blender's module takes its place by leaving out what is Blender's.
_START = ["-b", "--factory-startup", "--python-use-system-env", "--python-exit-code", "1", "-P"]
_SMALL_SCREEN = ["xvfb-run", "-a", "-s", "-screen 0 640x480x24"]  # The processor draws each of its pixels.
_WRAPPER = """#!/bin/sh
while [ "$1" != "-P" ]; do shift; done
shift
PYTHONPATH="$PYTHONPATH{double}" exec "{python}" -u "$@"
"""


def find_blenders() -> dict[str, str]:
    """Executables by name: those in FLOWPIPE_DEADLINE_BLENDERS (Blender, or Pythons with bpy), else that on PATH."""
    named = os.environ.get("FLOWPIPE_DEADLINE_BLENDERS")
    found = named.split(os.pathsep) if named else filter(None, [shutil.which("blender")])
    return {DOUBLE: sys.executable, **{f"{Path(path).parents[1].name}-{Path(path).name}": path for path in found}}


def install_client(folder: Path) -> tuple[Path, Path]:
    """A repository with everything installed, and a folder into which the add-on was unpacked from its zip file."""
    repository, addons = folder / "repository", folder / "addons"
    for name, data in read_contents().files.items():
        path = repository / "custom" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with zipfile.ZipFile(next(repository.rglob("flowpipe_deadline_addon.zip"))) as archive:
        archive.extractall(addons)
    return repository, addons


class Blender:
    """A Blender, or its double, with the add-on, and with a program that stands in for the dialog's Python."""

    def __init__(
        self, executable: str, *, folder: Path, installed: tuple[Path, Path], kept: KeptBlender | None = None
    ) -> None:
        self.folder = folder
        self._kept = kept
        self._repository, self._addons = installed
        self.dialog = write_python(
            folder / "dialog", "open(here + '/facts', 'w').write(open(facts_file).read())", "os.remove(facts_file)"
        )
        self.program = Path(executable)
        self.is_double = executable == sys.executable
        if "python" in self.program.name:
            self.program = folder / "blender"
            double = f":{_SUPPORT / 'fake_blender'}" if self.is_double else ""
            self.program.write_text(_WRAPPER.format(double=double, python=executable))
            self.program.chmod(0o755)

    def run(self, script: str, *, client: object = None, window: bool = False):
        """What the script tells (blender_driver.py); it has ``folder``, in which it can write.

        In the Blender that is kept, if there is one; or in a fresh one with a window, on a screen that nobody sees.
        """
        path = self.folder / "script.py"
        path.write_text(f"from pathlib import Path\nfolder = Path({str(self.folder)!r})\n{script}", encoding="utf-8")
        variables = {
            "FLOWPIPE_DEADLINE_CLIENT": str(client or shipped_folder("submission/Flowpipe/Main")),
            "FLOWPIPE_DEADLINE_DIALOG_PYTHON": str(self.dialog),
        }
        if self._kept and not window:
            return self._kept.run(path, variables)
        environment = {**self.environment(), **variables}
        if window:
            environment["LIBGL_ALWAYS_SOFTWARE"] = "1"
        started = [*_SMALL_SCREEN, self.program, *_START[1:]] if window else [self.program, *_START]
        command = [*started, *self.driver(path)]
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=100, check=False
        )
        return _told(result.stdout.splitlines(), result.stdout + result.stderr)

    def environment(self) -> dict[str, str]:
        """The variables of this process, with the packages that are installed."""
        packages = self._repository / "custom" / "plugins" / "Flowpipe" / "packages.zip"
        return {**os.environ, "PYTHONPATH": str(packages)}

    def driver(self, script: object) -> list[object]:
        """What follows the options with which Blender is started."""
        return [_SUPPORT / "blender_driver.py", "--", script, self._addons]

    def worker_setup(self):
        """Workers that have this Blender, and of ours what is installed in the repository."""
        return WorkerSetup(interpreters={"blender": str(self.program)}, repository=self._repository)

    def facts(self):
        """What the dialog was given last."""
        return json.loads((self.folder / "dialog" / "facts").read_text())


class KeptBlender:
    """A Blender that stays for many scripts, as its start is most of what they cost; each finds a new scene."""

    def __init__(self, blender: Blender) -> None:
        self._process = subprocess.Popen(
            [blender.program, *_START, *blender.driver("-")],
            env=blender.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def run(self, script: Path, variables: dict[str, str]):
        """What the script tells."""
        print(json.dumps([str(script), variables]), file=self._process.stdin, flush=True)
        lines = list(iter(self._process.stdout.readline, "ENDED\n"))
        return _told(lines, "".join(lines))

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


def _told(lines, printed):
    told = [line for line in lines if line.startswith("TOLD ")]
    assert told, printed
    return json.loads(told[-1].partition(" ")[2])
