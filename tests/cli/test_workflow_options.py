"""A workflow on the command line: its parameters are options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness import run_cli, write_script

from flowpipe_deadline.cli.main import cli

WORKFLOW = '''
from pathlib import Path
from typing import Annotated, Literal
from flowpipe import Graph, Node
from flowpipe_deadline import Camera, Frames, Parameter, RenderLayers

@Node(outputs=[])
def Keep(frames, rest):
    return {}

def turntable(
    frames: Frames,
    camera: Camera = "persp",
    layers: RenderLayers = (),
    quality: Literal["draft", "final"] = "draft",
    max_samples: Annotated[int, Parameter(min_value=1)] = 64,
    denoise: bool = True,
    output: str = "x",
) -> Graph:
    """Renders a turntable.

    Args:
        camera: The camera to look through.
    """
    graph = Graph(name="Turntable")
    Keep(graph=graph, frames=frames, rest=[camera, list(layers), quality, max_samples, denoise, output])
    return graph
'''


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A studio with one workflow, and a current folder."""
    (tmp_path / "flows").mkdir()
    write_script(tmp_path / "flows", WORKFLOW, name="turntable.py")
    (tmp_path / "studio.toml").write_text('workflows = "flows"\n')
    monkeypatch.setenv("FLOWPIPE_DEADLINE_CONFIG", str(tmp_path / "studio.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*words):
    """The result of a command."""
    return CliRunner().invoke(cli, [*map(str, words)], prog_name="flowpipe-deadline")


def inputs(*words):
    """What the only node of the bundle of ``submit --dry-run`` is given."""
    result = run_cli("submit", *words, "--root", "bundles", "--dry-run", "-o", "json")
    assert result.returncode == 0, result.stderr
    record = json.loads((Path(json.loads(result.stdout)["bundle"]) / "nodes" / "Keep.json").read_text())
    return {name: plug["value"] for name, plug in record["inputs"].items()}


def test_parameters_are_options(studio):
    """With hyphens, of their own types; ``-p`` gives what an option of the command hides."""
    given = inputs(
        *("turntable", "--frames", "1-3", "--camera", "top", "--layers", "a,b", "--quality", "final"),
        *("--max-samples", "8", "--no-denoise", "-p", "output=y"),
    )

    assert given == {"frames": [1, 2, 3], "rest": ["top", ["a", "b"], "final", 8, False, "y"]}


def test_options_of_a_workflow_and_p_are_the_same(studio):
    """And what is not given has its default."""
    assert inputs("turntable", "--frames", "5") == inputs("turntable", "-p", "frames=5")


def test_a_file_has_options_as_well(studio):
    """Every GRAPH that is a callable is a workflow."""
    assert inputs("flows/turntable.py:turntable", "--frames=7")["frames"] == [7]


def test_help_tells_the_parameters(studio):
    """With their defaults and limits, and how to give what an option of the command hides."""
    text = " ".join(invoke("submit", "turntable", "--help").output.split())

    assert "Parameters of turntable: Renders a turntable. --frames FRAMES" in text
    assert "--camera TEXT The camera to look through. [default: persp]" in text
    assert "--quality [draft|final]" in text
    assert "Max samples [at least 1; default: 64]" in text
    assert "--denoise / --no-denoise" in text
    assert "-p output=TEXT" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["turntable", "--frmes", "1"], "No such option"),
        (["turntable", "--frames", "1", "--quality", "best"], "'best' is not one of 'draft', 'final'"),
        (["--frames", "1", "turntable"], "the options of a workflow stand behind its name"),
        (["turntable", "--frames", "1", "more"], "unexpected extra argument (more)"),
    ],
)
def test_what_does_not_fit_is_a_usage_error(studio, words, message):
    """As for any other option."""
    result = invoke("plan", *words)

    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("submit tur", ["turntable"]),
        ("plan turntable --fr", ["--frames"]),
        ("run turntable --quality ", ["draft", "final"]),
        ("plan turntable --no", ["--no-denoise"]),
    ],
)
def test_a_shell_completes_them(studio, monkeypatch, words, offered):
    """Names of workflows, their options, and choices."""
    monkeypatch.setenv("_FLOWPIPE_DEADLINE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"flowpipe-deadline {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))

    lines = invoke().output.splitlines()

    assert [line.partition(",")[2] for line in lines] == offered


def test_a_broken_workflow_is_no_trouble_for_completion(studio, monkeypatch):
    """The shell shows the command's own options."""
    write_script(studio / "flows", "1 / 0\n", name="broken.py")
    monkeypatch.setenv("_FLOWPIPE_DEADLINE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "flowpipe-deadline submit broken --dry")
    monkeypatch.setenv("COMP_CWORD", "3")

    assert invoke().output.splitlines() == ["plain,--dry-run"]


def test_a_workflow_that_changes_the_folder_changes_no_option(studio):
    """Paths start where the command was given."""
    text = "import os, tempfile\nos.chdir(tempfile.gettempdir())\n" + WORKFLOW
    write_script(studio / "flows", text, name="wandering.py")

    assert inputs("wandering", "--frames", "1")["frames"] == [1]
    assert list((studio / "bundles").iterdir()) != []


def test_two_parameters_never_share_an_option(studio):
    """The later one is given with -p."""
    text = "from flowpipe import Graph\ndef build(no_cache=False, cache=True) -> Graph:\n    return Graph()\n"
    write_script(studio / "flows", text, name="caches.py")

    output = invoke("plan", "caches", "--help").output

    assert output.count("--no-cache / --no-no-cache") == 1
    assert "-p cache=TEXT" in output


def test_a_choice_that_may_be_empty_takes_none(studio):
    """As it does with -p."""
    text = WORKFLOW.replace("import Annotated, Literal", "import Annotated, Literal, Optional")
    text = text.replace('Literal["draft", "final"]', 'Optional[Literal["draft", "final"]]')
    write_script(studio / "flows", text, name="picks.py")

    assert inputs("picks", "--frames", "5", "--quality", "none")["rest"][2] is None


def test_what_a_workflow_prints_is_not_taken_for_completions(studio, monkeypatch):
    """It goes to stderr, as everywhere."""
    write_script(studio / "flows", "print('loading')\n" + WORKFLOW, name="prints.py")
    monkeypatch.setenv("_FLOWPIPE_DEADLINE_COMPLETE", "zsh_complete")
    monkeypatch.setenv("COMP_WORDS", "flowpipe-deadline plan prints --cam")
    monkeypatch.setenv("COMP_CWORD", "3")

    assert run_cli().stdout.split("\n") == ["plain", "--camera", "The camera to look through.  [default: persp]", ""]
