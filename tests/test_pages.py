"""What the pages for people promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import farm_nodes as nodes
import pytest
from harness import run_cli, write_script

from flowpipe_deadline import plan_graph, run_bundle, write_bundle
from flowpipe_deadline.results.edits import read_edits
from flowpipe_deadline.studio.file import read_studio_file

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [
    "for-artists.md",
    "for-wranglers.md",
    "in-blender.md",
    "in-maya.md",
    "other-farms.md",
    "performance.md",
    "writing-a-workflow.md",
]


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


def test_the_commands_for_wranglers_work(tmp_path, graph):
    """As they stand on the page, in its order, for a submission of that name with nodes of these names."""
    graph.name = "Shot"
    frames = list(range(1015, 1023))
    render = nodes.Sample(name="Render", graph=graph, frames=frames, metadata={"batch_size": 2})
    comp = nodes.Collect(name="Comp", graph=graph)
    render.outputs["items"].connect(comp.inputs["images"]["beauty"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    run_bundle(bundle)
    text = (DOCS / "for-wranglers.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    flowpipe-deadline (.+)$", text, flags=re.MULTILINE)
    commands = [command.replace("Shot-20261123", bundle.name) for command in commands]

    code = (
        "import shlex, sys\nfrom flowpipe_deadline.cli import main\n"
        "for command in sys.argv[1:]: print('exit code', main._run(shlex.split(command)), command, file=sys.stderr)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, *commands],
        cwd=tmp_path,
        env={**os.environ, "FLOWPIPE_DEADLINE_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stderr

    assert [line for line in told.splitlines() if line.startswith("exit code")] == [
        f"exit code 0 {command}" for command in commands
    ], told
    assert len(commands) > 10
    assert (tmp_path / "shot.html").stat().st_size > 0
    (edit,) = read_edits(bundle.folder, "Render")
    assert (edit.name, edit.value) == ("samples", 64)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_and_picture_that_a_page_names_exists(page):
    """No link of yesterday."""
    text = (DOCS / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]

    assert [link for link in links if not (DOCS / link).exists()] == []
