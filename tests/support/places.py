"""Where commands run as they stand on a page or in a help text: a folder with a fake Deadline, and names for both."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import click
from harness import run_cli, run_script

from flowpipe_deadline.cli.main import cli
from tests.fake_deadline.workers import running_workers

PROGRAM = "flowpipe-deadline"
BUNDLE = re.compile(r"\b([A-Z]\w*)-20261123(?:-101500-1a2b3c4d)?\b")
"""How a bundle is named that is not there yet."""
_ANY_BUNDLE = re.compile(r"-\d{8}-\d{6}-[0-9a-f]{8}\b")
_LOCAL_ROOT = re.compile(r"^Warning: the root \S+ is on this machine .*\n", flags=re.MULTILINE)
_WAITING = re.compile(r"wait_for_submission|DeadlineEvaluator")
_QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"|\s#.*")
_SHELL = re.compile(r"[|&;<>()$`*?~]")


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    output: str
    """Its output and errors, with the names of the page."""


class Place:
    """What is named ``/home/td``, ``/mnt/…`` and so on, where commands run as they would in a terminal."""

    def __init__(self, folder, deadline):
        self.home = folder / "home" / "td"
        self.root = folder / "mnt" / "projects" / "show" / "farm"
        self._deadline = deadline
        self._names = {
            "/mnt/DeadlineRepository10": str(deadline.root),
            "/mnt": str(folder / "mnt"),
            "/home/td": str(self.home),
            "/etc/xdg": str(folder / "etc"),
            "/opt/Thinkbox/Deadline10/bin": str(deadline.bin),
            "//server/show/farm": str(self.root),
            "/opt/maya2026/bin/mayapy": sys.executable,
            "/usr/bin/python3": sys.executable,
        }
        self._folder = self.home
        for made in (self.home, self.root):
            made.mkdir(parents=True)
        self.environment = {
            **{name: text for name, text in os.environ.items() if name != "FLOWPIPE_DEADLINE_CONFIG"},
            "COLUMNS": "200",  # So that a temporary folder's name breaks no table.
            "DEADLINE_PATH": str(deadline.bin),
            "FLOWPIPE_DEADLINE_TOLERATE": "local-root",
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "XDG_CONFIG_DIRS": str(folder / "etc"),
        }
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            self.environment.pop(name, None)

    def here(self, text):
        """The text with what is here in place of what is named."""
        text = BUNDLE.sub(lambda found: self._latest(found.group(1)), text)
        named = "|".join(map(re.escape, self._names))
        return re.sub(rf"(?<![\w./-])(?:{named})(?![\w-])", lambda found: self._names[found.group()], text)

    def named(self, output):
        """The output with the names that stand for what is here."""
        for name, here in self._names.items():
            output = output.replace(here, name) if here != sys.executable else output
        return _ANY_BUNDLE.sub("-20261123-101500-1a2b3c4d", _LOCAL_ROOT.sub("", output))

    def _latest(self, graph):
        manifests = [path for folder in (self.home, self.root.parents[2]) for path in folder.rglob("manifest.json")]
        manifests.sort(key=lambda path: path.stat().st_mtime_ns)
        names = [path.parent.name for path in manifests]
        return next((name for name in reversed(names) if name.startswith(f"{graph}-")), (names or ["no-bundle"])[-1])

    def write(self, name, text):
        """Writes a file; one that is called ``studio.toml`` is the studio's from now on."""
        path = self._folder / self.here(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(text), encoding="utf-8")
        if path.name == "studio.toml":
            self.environment["FLOWPIPE_DEADLINE_CONFIG"] = str(path)
        return path

    def copy(self, folder):
        """Copies a folder of the checkout, without what examples have left there."""
        shutil.copytree(folder, self.home / folder.name, ignore=shutil.ignore_patterns("__pycache__", "*-output"))

    def script(self, text, name):
        """Runs a script that is kept under that name."""
        return self._run_script([self.write(name, text)], self.environment)

    def run(self, line):
        """Runs a line, as a shell does; ``cd`` and ``export`` hold for what follows."""
        line = self.here(line)
        words = shlex.split(line, comments=True)
        plain = not _SHELL.search(_QUOTED.sub("", line))
        environment = dict(self.environment)
        if plain and words[0] == "cd":
            self._folder = self._folder / words[1]
            return Done(0, "")
        if plain and words[0] == "export":
            self.environment.update(word.split("=", 1) for word in words[1:])
            return Done(0, "")
        while plain and re.match(r"\w+=", words[0]):
            name, _, text = words.pop(0).partition("=")
            environment[name] = text
        if plain and words[0] in ("python", "python3") and words[1].endswith(".py"):
            return self._run_script([self._folder / words[1], *words[2:]], environment)
        if not plain or words[0] != PROGRAM:
            return self._run_in_shell(line)
        if words[1:2] == ["config"]:  # It would show what only this place needs.
            environment.pop("FLOWPIPE_DEADLINE_TOLERATE")
        with self._farm(words[1:2] == ["wait"]):
            process = run_cli(*words[1:], cwd=self._folder, env=environment, is_together=True)
        return Done(process.returncode, self.named(process.stdout))

    def _run_script(self, words, environment):
        with self._farm(_WAITING.search(words[0].read_text(encoding="utf-8"))):
            process = run_script(*words, cwd=self._folder, env=environment)
        return Done(process.returncode, self.named(process.stdout))

    def _run_in_shell(self, line):
        process = subprocess.run(
            ["bash", "-c", line],
            cwd=self._folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=110,
        )
        return Done(process.returncode, self.named(process.stdout))

    def _farm(self, is_needed):
        return running_workers(self._deadline, scan_seconds=0.05) if is_needed else nullcontext()


def check_options(line):
    """Has click parse each command line of ours in a line for the shell.

    Raises:
        click.UsageError: An option, or a verb, does not exist.
    """
    for part in re.split(r"&&|[|;]", line):
        words = shlex.split(part.partition(" > ")[0], comments=True)
        if words and os.path.basename(words[0]) == PROGRAM:
            context = click.Context(cli)
            command = cli.get_command(context, words[1])
            if command is None:
                raise click.UsageError(f"there is no verb '{words[1]}'", context)
            command.make_context(words[1], words[2:])
