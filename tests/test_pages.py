"""What the pages for people promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import run_cli, write_script

from flowpipe_deadline.studio.file import read_studio_file

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ["for-artists.md", "in-blender.md", "in-maya.md", "performance.md", "writing-a-workflow.md"]


def code_blocks(page, language):
    """The page's blocks of that language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_workflow_of_the_page_is_one(tmp_path):
    """As it stands there, with the options that it names."""
    write_script(tmp_path, code_blocks("writing-a-workflow.md", "python")[0], name="turntable.py")
    calls = re.findall(r"\$ flowpipe-deadline (plan|run) (.*)", code_blocks("writing-a-workflow.md", "console")[0])

    plan = run_cli("plan", *calls[0][1].split(), cwd=tmp_path)
    run = run_cli("run", *calls[1][1].split(), "--root", tmp_path / "bundles", cwd=tmp_path)

    assert plan.stdout.splitlines()[-1] == "2 jobs, 6 tasks", plan.stderr
    assert run.stdout == "Turntable.Publish\n  count = 50\n", run.stderr


def test_the_studio_file_of_the_page_is_one(tmp_path):
    """As it stands there."""
    path = write_script(tmp_path, code_blocks("writing-a-workflow.md", "toml")[0], name="studio.toml")

    studio = read_studio_file(path)

    assert studio.workflows == (Path("/mnt/pipeline/workflows"),)
    assert studio.buttons["maya"] == "turntable"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_and_picture_that_a_page_names_exists(page):
    """No link of yesterday."""
    text = (DOCS / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]

    assert [link for link in links if not (DOCS / link).exists()] == []
