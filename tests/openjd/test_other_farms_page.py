"""What the page about other farms promises of an export; its commands are run by ``test_pages.py``."""

from __future__ import annotations

import re

import farm_nodes as nodes
import pytest
import yaml
from harness import run_cli, write_script
from pages import CHECKOUT, read_page

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.openjd import template
from flowpipe_deadline.openjd.export import LONGEST_TEMPLATE, plan_for_openjd

PAGE = read_page(CHECKOUT / "docs" / "other-farms.md")
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


def section(title):
    """The page's text below that title."""
    return re.split(r"^## ", PAGE.text.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def united(whole, part):
    """The whole with all of the part in it; of a list, the part is the beginning."""
    if isinstance(part, list) and isinstance(whole, list):
        return [*part, *whole[len(part) :]]
    if not isinstance(part, dict) or not isinstance(whole, dict):
        return part
    return {**whole, **{key: united(whole.get(key), value) for key, value in part.items()}}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """What the export of the README's graph has written."""
    folder = tmp_path_factory.mktemp("export")
    text = next(block.text for block in read_page(CHECKOUT / "README.md").blocks if block.name == "shot.py")
    script = write_script(folder, text, name="shot.py")
    done = run_cli("export", script, "--to", "openjd", "--root", folder / "farm", "--snapshot-code")
    assert done.returncode == 0, done.stderr
    return next((folder / "farm").iterdir())


def test_the_template_of_the_page_is_a_part_of_what_is_written(bundle):
    """All that it shows of the first step, however it is quoted."""
    template_of_page = yaml.safe_load(next(block.text for block in PAGE.blocks if block.language == "yaml"))
    written = yaml.safe_load((bundle / "template.yaml").read_text(encoding="utf-8"))

    (step,) = template_of_page
    assert united(written["steps"][0], step) == written["steps"][0]


def test_the_files_of_the_page_are_those_that_are_written(bundle):
    """Each of the table, and nothing else that a bundle does not have without them."""
    others = {"manifest.json", "nodes", "jobs", "results", "errors", "code", "offline"}

    named = set(re.findall(r"^\| `([^`]+?)/?` \|", section("What is written"), flags=re.MULTILINE))

    assert {path.name for path in bundle.iterdir()} - others == named


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
