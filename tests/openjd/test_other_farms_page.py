"""What the page about other farms promises; its commands of ``deadline`` need an account, and are not run here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import farm_nodes as nodes
import pytest
import yaml
from harness import run_cli, write_script
from openjd_runs import OPENJD

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.openjd import template
from flowpipe_deadline.openjd.export import LONGEST_TEMPLATE, plan_for_openjd

CHECKOUT = Path(__file__).parent.parent.parent
PAGE = (CHECKOUT / "docs" / "other-farms.md").read_text(encoding="utf-8")
CARRIED = {
    "environment": {"SHOW": "sho"},
    "task_timeout_seconds": 9,
    "task_timeout_minutes": 1,
    "comment": "first",
    "priority": 80,
    "output_directories": ["/mnt/show/out"],
    "output_filenames": ["/mnt/show/out/a.exr"],
    "required_assets": ["/mnt/show/a.ma"],
    "aws_asset_files": ["/mnt/show/b.ma"],
}
LOST = {
    "pool": "night",
    "group": "linux",
    "allow_list": ["one"],
    "deny_list": ["one"],
    "limits": ["maya"],
    "machine_limit": 2,
    "on_task_timeout": "Notify",
}
ROOT, BUNDLE = "/mnt/projects/show/farm", "Shot-20261123-101500-1a2b3c4d"


def blocks(text, language):
    """The blocks of that language in a page."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def section(title):
    """The page's text below that title."""
    return re.split(r"^## ", PAGE.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def united(whole, part):
    """The whole with all of the part in it; of a list, the part is the beginning."""
    if isinstance(part, list) and isinstance(whole, list):
        return [*part, *whole[len(part) :]]
    if not isinstance(part, dict) or not isinstance(whole, dict):
        return part
    return {**whole, **{key: united(whole.get(key), value) for key, value in part.items()}}


@dataclass
class Walk:
    """The commands of the page, each with its exit code, and the bundle that they made."""

    done: list[tuple[str, int]]
    told: str
    bundle: Path


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """All commands of the page but those of pip and ``deadline``, in its order, with the graph of the README."""
    folder = tmp_path_factory.mktemp("walk")
    root = folder / "farm"
    write_script(folder, blocks((CHECKOUT / "README.md").read_text(encoding="utf-8"), "python")[0], name="shot.py")
    write_script(folder, blocks(PAGE, "json")[0], name="rules.json")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done, told, name = [], "", BUNDLE
    for program, line in re.findall(r"^    (flowpipe-deadline|openjd) (.+)$", PAGE, flags=re.MULTILINE):
        words = [word.replace(ROOT, str(root)).replace(BUNDLE, name) for word in shlex.split(line)]
        if program == "openjd":
            process = subprocess.run(
                [str(OPENJD), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
        else:
            process = run_cli(*words, cwd=folder)
        done.append((f"{program} {line}", process.returncode))
        told += process.stdout + process.stderr
        if name == BUNDLE and root.is_dir():
            (name,) = os.listdir(root)
    return Walk(done, told, root / name)


def test_the_commands_work(walk):
    """As they stand there, in its order."""
    assert [line for line, code in walk.done if code != 0] == [], walk.told
    assert len(walk.done) > 8
    assert "Shot.Publish\n  count = 48\n" in walk.told


def test_the_template_of_the_page_is_a_part_of_what_is_written(walk):
    """All that it shows of the first step, however it is quoted."""
    template_of_page = yaml.safe_load(blocks(PAGE, "yaml")[0])
    written = yaml.safe_load((walk.bundle / "template.yaml").read_text(encoding="utf-8"))

    (step,) = template_of_page
    assert united(written["steps"][0], step) == written["steps"][0]


def test_the_files_of_the_page_are_those_that_are_written(walk):
    """Each of the table, and nothing else that a bundle does not have without them."""
    others = {"manifest.json", "nodes", "jobs", "results", "errors", "code", "offline"}

    named = set(re.findall(r"^\| `([^`]+?)/?` \|", section("What is written"), flags=re.MULTILINE))

    assert {path.name for path in walk.bundle.iterdir()} - others == named


def test_what_the_page_says_to_carry_over_is_no_warning_and_what_it_says_not_to_is_one(graph):
    """A node for each setting; those of the first table are all that it names, but for what has no value here."""
    for name, value in {**CARRIED, **LOST}.items():
        nodes.Pass(name=name, graph=graph, metadata={"deadline": {name: value}})

    plan = plan_for_openjd(plan_graph(graph))

    warned = {warning.node for warning in plan.warnings if warning.kind is WarningKind.NO_COUNTERPART and warning.node}
    assert warned == {f"Test.{name}" for name in LOST}
    assert set(re.findall(r"`([a-z_]+)`", section("What carries over"))) - {"capture_environment", "code"} == set(
        CARRIED
    )


def test_the_limits_of_the_page_are_those_that_are_checked():
    """In the order of its table."""
    numbers = [
        int(text.replace(",", "")) for text in re.findall(r"^\|[^|]+\| ([\d,]+)", section("Limits"), re.MULTILINE)
    ]

    assert numbers == [
        template.LONGEST_NAME,
        template.LONGEST_VARIABLE,
        256,
        template.LONGEST_PROGRAM,
        template.MOST_PARAMETERS,
        LONGEST_TEMPLATE,
    ]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(--[a-z-]+)`", PAGE))))
def test_every_option_that_it_names_alone_exists(name):
    """In our commands, or in those of the client of Deadline Cloud, version 0.60.10."""
    theirs = {"--priority", "--max-worker-count", "--max-retries-per-task", "--max-failed-tasks-count", "--yes"}

    assert name in theirs or any(name in run_cli(verb, "--help").stdout for verb in ("export", "plan", "redo"))
