"""The command line, in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import run_cli, write_script

SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["items"])
def Render(frames, scene):
    print("Rendering", frames)
    return {"items": [f"{scene}.{frame}" for frame in frames]}

@Node(outputs=["count"], metadata={"deadline": {"pool": "cpu"}})
def Count(items):
    return {"count": len(items)}

@Node(outputs=["value"])
def Broken():
    raise RuntimeError("no licence")

def build(frames: int = 5, broken: bool = False) -> Graph:
    graph = Graph(name="Shot")
    render = Render(graph=graph, frames=list(range(1, frames + 1)), scene="s", metadata={"batch_size": 2})
    count = Count(graph=graph)
    render.outputs["items"].connect(count.inputs["items"])
    if broken:
        Broken(graph=graph)
    return graph
"""


@pytest.fixture
def script(tmp_path):
    """A script that builds a graph."""
    return write_script(tmp_path, SCRIPT)


@pytest.fixture
def no_deadline(monkeypatch):
    """A machine without a Deadline client."""
    monkeypatch.delenv("DEADLINE_PATH", raising=False)


def test_debug_shows_where_an_error_comes_from(tmp_path):
    """The traceback, and at its end the line that is always there, with that of the script."""
    path = write_script(tmp_path, "def build():\n    raise KeyError('Nope')\n", name="nope.py")
    line = f"Error: {path}:build failed to build its graph: KeyError: 'Nope' ({path}:2)"

    without, debugged = run_cli("plan", f"{path}:build"), run_cli("--debug", "plan", f"{path}:build")

    assert (without.returncode, without.stderr) == (1, f"{line}\n")
    assert debugged.returncode == 1
    assert debugged.stderr.startswith("Traceback (most recent call last):\n")
    assert f'File "{path}", line 2, in build' in debugged.stderr
    assert debugged.stderr.splitlines()[-1] == line


def test_plan_shows_jobs_and_reasons(script):
    """Every job with its interpreter, frames, tasks, what it waits for, and why."""
    result = run_cli("plan", script)

    assert result.returncode == 0
    row = next(line for line in result.stdout.splitlines() if "Render" in line and "1-5" in line)
    assert row.split()[:4] == ["Render", "python", "1-5", "3"]
    assert "Render feeds items" in result.stdout
    words = " ".join(result.stdout.split())
    assert words.endswith(f"From {script}: Render, Count 2 jobs, 4 tasks")


def test_plan_as_json(script):
    """The same for programs, and nothing else on stdout."""
    result = run_cli("plan", f"{script}:build", "-p", "frames=3", "--output", "json")

    plan = json.loads(result.stdout)
    assert [(job["key"], job["frames"], job["tasks"]) for job in plan["jobs"]] == [
        ("Render", "1-3", 2),
        ("Count", None, 1),
    ]
    assert plan["jobs"][0]["source"]["file"] == str(script)
    assert plan["jobs"][1]["depends_on"] == [{"key": "Render", "kind": "job", "reason": "feeds items"}]


def test_run_prints_the_outputs_of_the_last_nodes(script, tmp_path):
    """Plain lines of progress where there is no terminal, and the bundle's folder."""
    result = run_cli("run", script, "--root", tmp_path)

    assert result.returncode == 0, result.stderr
    assert result.stdout == "Shot.Count\n  count = 5\n"
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"Bundle: {tmp_path / 'Shot-'}")
    assert lines[1:] == ["[1/2] Render completed", "[2/2] Count completed"]


def test_run_as_json(script, tmp_path):
    """Jobs, tasks and the outputs of all nodes."""
    result = run_cli("run", f"{script}:build", "-p", "frames=3", "--root", tmp_path, "-o", "json")

    report = json.loads(result.stdout)
    assert Path(report["bundle"]).parent == tmp_path
    assert report["outputs"] == {"Shot.Render": {"items": ["s.1", "s.2", "s.3"]}, "Shot.Count": {"count": 3}}
    assert [(job["key"], job["node"], job["graph"], job["status"]) for job in report["jobs"]] == [
        ("Render", "Render", "Shot", "Completed"),
        ("Count", "Count", "Shot", "Completed"),
    ]
    assert [(task["id"], task["frames"], task["status"]) for task in report["jobs"][0]["tasks"]] == [
        (0, "1-2", "Completed"),
        (1, "3", "Completed"),
    ]


def test_run_fails_with_the_jobs(script, tmp_path):
    """The error in one line, the log's place, how to go on; exit code 1."""
    result = run_cli("run", f"{script}:build", "-p", "broken=true", "--root", tmp_path)

    assert result.returncode == 1
    assert "Shot.Count\n  count = 5\n" in result.stdout
    assert "Failed: Broken: RuntimeError: no licence" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("To go on after fixing that:  flowpipe-deadline run ")
    assert "Traceback" not in result.stderr


def test_run_goes_on_with_a_bundle(script, tmp_path):
    """A folder instead of a graph."""
    bundle = json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json").stdout)["bundle"]

    again = run_cli("run", bundle, "-o", "json")

    assert again.returncode == 0
    assert json.loads(again.stdout)["bundle"] == bundle


def test_results_per_chunk_and_merged(script, tmp_path):
    """What each node gave, as text and as JSON."""
    bundle = json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json").stdout)["bundle"]

    text = run_cli("results", bundle, "Render", "--chunks").stdout
    data = json.loads(run_cli("results", bundle, "Shot.Render", "-o", "json").stdout)

    assert text.splitlines()[0:2] == ["Shot.Render", '  items = ["s.1", "s.2", "s.3", "s.4", "s.5"]']
    assert text.splitlines()[2:4] == ["  Shot.Render 1-2", '  items = ["s.1", "s.2"]']
    assert [chunk["frames"] for chunk in data["nodes"]["Shot.Render"]["chunks"]] == ["1-2", "3-4", "5"]


def test_results_say_what_is_missing(script, tmp_path):
    """Of a bundle that never ran, and of one that lost a chunk."""
    bundle = json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json").stdout)["bundle"]
    (Path(bundle) / "results" / "Render" / "3-4.json").unlink()

    result = run_cli("results", bundle)

    assert result.returncode == 1
    assert "Shot.Render: missing frames 3-4; requeue their tasks" in result.stdout


@pytest.mark.parametrize("verb", ["plan", "run", "submit", "status", "wait", "cancel", "results"])
def test_help_is_worth_reading(verb):
    """What the verb does, its options, and examples."""
    result = run_cli(verb, "--help")

    assert result.returncode == 0
    assert "Examples:" in result.stdout
    assert "--output" in result.stdout


@pytest.mark.usefixtures("no_deadline")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["plan", "nope.py"], 2, "the file 'nope.py' does not exist"),
        (["run", "nope"], 2, "there is no workflow 'nope'"),
        (["run", "nope:graph"], 1, "not importable"),
        (["plan", "{script}:nope"], 2, "has no 'nope'"),
        (["plan", "{script}", "-p", "frmes=3"], 2, "did you mean 'frames'"),
        (["plan", "{script}", "-p", "frames"], 2, "write -p NAME=VALUE"),
        (["run", "{script}", "-i", "maya"], 2, "write -i NAME=PATH"),
        (["run", "{script}", "-i", "maya=/nope"], 2, "no file /nope"),
        (["run", "{script}", "--root", "{script}"], 1, "cannot be written below"),
        (["run", "{script}", "--templates", "/nope"], 1, "template folder /nope does not exist"),
        (["run", "{folder}", "-o", "json"], 2, "is a folder"),
        (["results", "{folder}"], 1, "is not a bundle"),
        (["run", "{script}", "--store", "redis://u:p@cache/0"], 2, "the store's URL holds a user or a password"),
        (["run", "{script}", "--store", "http://cache"], 2, "is not a store; write 'files'"),
        (["submit", "{script}"], 2, "Give --root"),
        (["run", "{script}", "--root", "{folder}", "--store", "redis://127.0.0.1:1"], 1, "be reached"),
        (["submit", "{script}", "--root", "{folder}"], 1, "no deadlinecommand"),
    ],
)
def test_bad_input_is_one_clear_line(script, tmp_path, arguments, code, message):
    """An exit code and one line, never a traceback; nothing is written."""
    words = [word.format(script=script, folder=tmp_path) for word in arguments]

    result = run_cli(*words, cwd=tmp_path)

    assert result.returncode == code, result.stderr
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} <= {"script.py", "__pycache__"}


def test_an_early_end_of_the_reader_is_no_error(script, tmp_path):
    """``| head`` closes the pipe."""
    command = f"{sys.executable} -m flowpipe_deadline.cli.main plan {script} | head -1"

    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert "Shot" in result.stdout
    assert result.stderr == ""


def test_names_beyond_the_terminals_alphabet_are_no_error(tmp_path):
    """A terminal that knows ASCII only gets an approximation, and no traceback."""
    text = "from flowpipe import Graph, Node\n@Node(outputs=['v'])\ndef N(): return {'v': 'ü'}\n"
    script = write_script(tmp_path, text + "g = Graph(name='Größe')\nN(name='渲染', graph=g)\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}

    for verb in (("plan", script), ("run", script, "--root", tmp_path)):
        result = run_cli(*verb, env=environment)

        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr


NOISE = """
import atexit, io, os, sys
print("python")
os.write(1, b"raw\\n")
os.system("echo child")
atexit.register(print, "at exit")
atexit.register(os.write, 1, b"raw at exit\\n")
sys.stdout = io.StringIO()
"""


@pytest.mark.parametrize("verb", ["plan", "run", "submit"])
def test_the_answer_is_alone_on_stdout(tmp_path, verb):
    """Whatever a script prints, by Python or past it, now or at exit, goes to stderr."""
    script = write_script(tmp_path, NOISE + SCRIPT)
    words = {"plan": [], "run": ["--root", tmp_path], "submit": ["--root", tmp_path, "--dry-run"]}[verb]

    result = run_cli(verb, script, *words, "-o", "json")

    assert result.returncode == 0, result.stderr
    json.loads(result.stdout)
    assert {"python", "raw", "child"} <= set(result.stderr.split())


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">/dev/full", "| true"])
def test_nobody_listening_is_no_error(script, tmp_path, closed):
    """A closed stdout or stderr, a full device, a reader that has gone: the work is done all the same."""
    command = f"{sys.executable} -m flowpipe_deadline.cli.main run {script} --root {tmp_path} {closed}"

    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert "Traceback" not in result.stderr
    assert len(list(tmp_path.glob("Shot-*/results/Count/whole.json"))) == 1


def test_a_copied_bundle_runs_where_it_is(script, tmp_path):
    """The copy gets the results, the original stays as it was."""
    submitted = run_cli("submit", script, "--root", tmp_path / "root", "--dry-run", "-o", "json")
    original = Path(json.loads(submitted.stdout)["bundle"])
    copy = Path(shutil.copytree(original, tmp_path / "copy"))

    result = run_cli("run", copy, "-o", "json")

    assert json.loads(result.stdout)["outputs"]["Shot.Count"] == {"count": 5}
    assert list((copy / "results").iterdir())
    assert not list((original / "results").iterdir())


def test_a_damaged_result_is_said_and_made_again(script, tmp_path):
    """It hides no other result, and is set aside, not lost."""
    bundle = Path(json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json").stdout)["bundle"])
    damaged = bundle / "results" / "Render" / "3-4.json"
    damaged.write_text('{"format": 1')

    shown = run_cli("results", bundle)
    again = run_cli("run", bundle)

    assert f"the result {damaged} is damaged" in shown.stdout
    assert "count = 5" in shown.stdout
    assert again.returncode == 0, again.stderr
    assert again.stdout == "Shot.Count\n  count = 5\n"
    assert damaged.with_name("3-4.json.damaged").exists()


def test_chunks_that_cannot_be_merged_are_a_failure(tmp_path):
    """All jobs are complete, but there is no answer: that is said, and the exit code is no 0."""
    text = SCRIPT.replace('return {"items": [f"{scene}.{frame}" for frame in frames]}', 'return {"items": len(frames)}')
    script = write_script(tmp_path, text.replace("render.outputs", "# render.outputs").replace("count = Count", "# "))

    result = run_cli("run", script, "--root", tmp_path)

    assert result.returncode == 1
    assert "Shot.Render.items" in result.stderr or "Render.items: the rule 'same' cannot merge" in result.stderr


def test_templates_of_the_environment_do_not_keep_a_bundle_from_running(script, tmp_path):
    """They are for bundles yet to be written; asked for by option, they are refused."""
    bundle = json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json").stdout)["bundle"]
    environment = {**os.environ, "FLOWPIPE_DEADLINE_TEMPLATES": str(tmp_path), "FLOWPIPE_DEADLINE_ROOT": str(tmp_path)}

    assert run_cli("run", bundle, env=environment).returncode == 0
    assert "--templates can only be given with a graph" in run_cli("run", bundle, "--templates", tmp_path).stderr
    assert "--snapshot-code can only be given with a graph" in run_cli("run", bundle, "--snapshot-code").stderr


def test_an_error_with_a_strange_file_name_is_told(tmp_path):
    """File names that are no UTF-8 come as lone surrogates, which not everything can store."""
    script = write_script(tmp_path, SCRIPT.replace("no licence", "cannot open \\udcff.exr"))

    result = run_cli("run", f"{script}:build", "-p", "broken=true", "--root", tmp_path, "--failures", 1)

    assert "Failed: Broken: RuntimeError: cannot open" in result.stderr


def test_a_full_disk_is_one_clear_error(script, tmp_path):
    """The reason, and that nothing that is done is lost."""
    bundle = Path(json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json").stdout)["bundle"])
    shutil.rmtree(bundle / "offline")
    (bundle / "offline").write_text("in the way")

    result = run_cli("run", bundle)

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"Error: {bundle} cannot be written: ")
