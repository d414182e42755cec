"""What the README promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import run_cli, write_script

from flowpipe_deadline.studio.file import read_studio_file

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def code_blocks(language):
    """The README's blocks of that language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_ci_runs_the_readmes_test_command():
    """Word for word."""
    commands = [block.strip() for block in code_blocks("sh")]

    assert len(commands) == 2
    assert commands[1] in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readmes_graph_runs(tmp_path):
    """As it stands there, with the numbers it names."""
    script = write_script(tmp_path, code_blocks("python")[0], name="shot.py")

    plan = run_cli("plan", script)
    run = run_cli("run", script, "--frames", "1-24", "--root", tmp_path)

    assert plan.stdout.splitlines()[-1] == "2 jobs, 6 tasks"
    assert run.stdout == "Shot.Publish\n  count = 24\n", run.stderr


@pytest.mark.parametrize("name", re.findall(r"`(--[a-z-]+)`", README))
def test_every_option_it_names_exists(name):
    """No option of yesterday."""
    verbs = re.findall(r"^  (\w+) ", run_cli("--help").stdout.partition("Commands:")[2], flags=re.MULTILINE)

    assert name == "--help" or any(name in run_cli(verb, "--help").stdout for verb in verbs)


def test_the_readmes_studio_file_is_one(tmp_path):
    """As it stands there."""
    path = write_script(tmp_path, code_blocks("toml")[0], name="studio.toml")

    studio = read_studio_file(path)

    assert studio.settings["capture_environment"] == ["OCIO", "REZ_*"]
    assert studio.preset("night") == {"pool": "night", "priority": 40}
