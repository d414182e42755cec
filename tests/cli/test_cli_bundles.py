"""``list``, ``clean``, and bundles that are named in other ways than by their folders, as commands."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import click
import farm_nodes as nodes
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from direct_farm import DirectClient
from harness import evaluate_task, run_cli
from submissions import write_one

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.cli.clean import Age
from flowpipe_deadline.cli.main import cli
from flowpipe_deadline.cli.support.options import is_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.core.text import size_text
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.submit.transaction import submit_to

TESTS = str(Path(__file__).parents[1] / "support")


@pytest.fixture
def root(tmp_path, monkeypatch, deadline):
    """The root that the environment names, of a machine with the fake Deadline."""
    folder = tmp_path / "root"
    monkeypatch.setenv("FLOWPIPE_DEADLINE_ROOT", str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    return folder


@pytest.fixture
def run_here(monkeypatch, deadline):
    """Runs ``list``, ``clean`` and ``status`` here, beside the fake Deadline: what they print, and what they raise."""

    def run(*arguments):
        for verb in ("list", "clean", "status"):
            module = import_module(f"flowpipe_deadline.cli.{verb}")
            monkeypatch.setattr(module, "reserve_stdout", lambda: None)
            monkeypatch.setattr(module, "studio_client", lambda via: DirectClient(deadline))  # noqa: ARG005
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)

    return run


def words(text):
    """The lines of a table as lists of words, without rules and blank lines."""
    return [line.split() for line in text.splitlines() if line.strip(" ─")]


def test_list_shows_submissions_with_their_progress(root, deadline):
    """By one process of Deadline's for all of them."""
    first, second = write_one(root), write_one(root, "Tree")
    for folder in (first, second):
        submit_to(DirectClient(deadline), folder)
    broken = write_one(root)
    (broken / "manifest.json").write_text("{")

    text = run_cli("list", "--via", "script")
    calls = deadline.log.calls("process")
    data = json.loads(run_cli("list", "--all", "--via", "script", "-o", "json").stdout)

    lines = words(text.stdout)
    assert (text.returncode, text.stderr, len(calls)) == (0, "", 1)
    assert lines[0] == ["State", "Progress", "Tasks", "Submission"]
    assert {line[-1]: line[:-1] for line in lines[1:4]} == {
        first.name: ["queued", "0", "%", "0/1"],
        second.name: ["queued", "0", "%", "0/1"],
        broken.name: ["damaged", "-", "-"],
    }
    assert text.stdout.splitlines()[-1].startswith(f"{broken.name}: {broken / 'manifest.json'} is damaged")
    assert (data["root"], data["messages"], len(data["bundles"])) == (str(root), [], 3)
    tree = next(entry for entry in data["bundles"] if entry["graph"] == "Tree")
    assert (tree["status"], tree["jobs"], tree["counted_by"]) == ("queued", {"Queued": 1}, "Deadline")


def test_list_says_what_is_not_there(root, tmp_path, run_here, monkeypatch):
    """No root, no bundles, and no Deadline."""
    nothing = run_here("list", "--root", tmp_path / "nowhere")
    folder = write_one(root)
    others = write_one(root / "others", user="somebody")
    of_others = run_here("list", "--root", others.parent)
    (folder / "submission.json").write_text(json.dumps({"format": 1, "state": "submitted", "jobs": {"node": "a" * 24}}))
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "")
    unreachable = run_cli("list")

    assert isinstance(nothing.exception, UsageError)
    assert str(nothing.exception).startswith(f"{tmp_path / 'nowhere'} does not exist")
    assert of_others.stdout == f"There are no bundles of yours below {others.parent}\n"
    assert unreachable.returncode == 0
    assert unreachable.stderr.startswith("Warning: Deadline cannot be asked, so results are counted: ")
    assert words(unreachable.stdout)[1][:4] == ["submitted", "0", "%*", "0/1*"]


def test_a_bundle_is_named_by_its_submission_or_by_a_job(root, deadline):
    """For every verb."""
    folder = write_one(root)
    job_id = submit_to(DirectClient(deadline), folder)["node"]

    status = run_cli("status", "Shot", "-o", "json")
    suspended = run_cli("cancel", job_id, "--suspend", "-o", "json")
    cancelled = run_cli("cancel", "shot", "-o", "json")
    run = run_cli("run", folder.name)
    results = run_cli("results", folder.name[:13])
    again = run_cli("submit", folder.name, "--again", "--dry-run", "--tolerate", "local-root")
    unknown = run_cli("wait", "Chair")

    assert [json.loads(one.stdout)["bundle"] for one in (status, suspended, cancelled)] == [str(folder)] * 3
    assert run.stdout == results.stdout == "Shot.node\n  value = 7\n"
    assert again.stdout.startswith(f"1 job planned: {root}"), again.stderr
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("Error: 'Chair' is not a bundle's folder, a job ID, or the name of")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shot-20260101-100000-0000000a", True),
        ("Shot-20260101", True),
        ("0A1b2c0a1b2c0a1b2c0a1b2c", True),
        ("Shot", False),
        ("shot-20260101.py", False),
        ("shot-20260101.py:build", False),
        ("package.module:Shot-20260101", False),
        ("./Shot-20260101", False),
    ],
)
def test_run_and_submit_tell_a_bundle_from_a_workflow(text, expected):
    """A beginning without a date may be that of a workflow."""
    assert is_bundle(text) is expected


def test_a_shell_completes_names(root):
    """Of bundles, where a bundle is wanted; where it may be a workflow, once it has a date."""
    names = sorted((write_one(root).name, write_one(root).name), reverse=True)

    def completions(*arguments):
        complete = ShellComplete(cli, {}, "flowpipe-deadline", "_X")
        return [item.value for item in complete.get_completions(list(arguments[:-1]), arguments[-1])]

    assert sorted(completions("status", "Sh")) == sorted(completions("run", names[0][:14])) == sorted(names)
    assert completions("clean", "Tr") == ["Tr"]
    assert set(completions("run", "Sh")).isdisjoint(names)


def test_status_says_which_results_are_stale(root, run_here, graph):
    """With their frames, also where these run as items; and how to make them anew."""
    frames = [1001, 1011, 1021]
    render = nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": 2})
    batch = {"size": 2, "over": ["frames", "images"]}
    check = nodes.Check(name="check", graph=graph, frames=frames, metadata={"batch": batch})
    last = nodes.Pass(name="last", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(last.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=root)
    for key, items in (*((key, items) for key in ("render", "check") for items in ("0-1", "2")), ("last", None)):
        evaluate_task(bundle.folder, node=key, frames=None if items is None else FrameList.parse(items))
    fresh = run_here("status", bundle.folder)
    for key, items in (("render", "2"), ("check", "0-1")):
        evaluate_task(bundle.folder, node=key, frames=FrameList.parse(items))

    text, data = run_here("status", bundle.folder), json.loads(run_here("status", bundle.folder, "-o", "json").stdout)

    assert "replaced since" not in fresh.stdout
    assert [line for line in text.stdout.splitlines() if "replaced since" in line or "--stale" in line] == [
        "check 2 (frames 1021): made from results or inputs that have been replaced since",
        "last: made from results or inputs that have been replaced since",
        f"To make that anew:  flowpipe-deadline redo {bundle.folder} --stale",
    ]
    assert [job["stale"] for job in data["jobs"]] == [None, "2", "all"]


def test_clean_deletes_what_is_old_and_says_what_stays(root, deadline, run_here):
    """First it only shows what would go."""
    needed, old, new = write_one(root, "Tree"), write_one(root), write_one(root)
    submit_to(DirectClient(deadline), needed)
    evaluate_task(new, node="node")
    for folder in (needed, old):
        for path in (folder, *folder.rglob("*")):
            os.utime(path, (1e9, 1e9))

    dry = run_here("clean", "--older-than", "30d", "--dry-run")
    data = json.loads(run_here("clean", "--older-than", "30d", "--dry-run", "-o", "json").stdout)
    done = run_here("clean", "--older-than", "30d")

    assert (dry.return_value, dry.stderr, done.return_value, done.stderr) == (0, "", 0, "")
    total = size_text(data["bytes"])
    assert dry.stdout.splitlines()[-2:] == [
        f"Kept: {needed.name}: {data['refused'][0]['reason']}",
        f"1 bundle ({total}) would be deleted",
    ]
    assert [one["bundle"] for one in data["deleted"]] == [str(old)]
    assert (data["dry_run"], data["left"], len(data["refused"])) == (True, [], 1)
    assert done.stdout.splitlines()[-1] == f"1 bundle ({total}) deleted"
    assert {path.name for path in root.iterdir()} == {needed.name, new.name}


def test_clean_of_named_bundles_exits_with_1_if_one_stays(root, deadline, run_here):
    """The others are deleted."""
    needed, other = write_one(root, "Tree"), write_one(root)
    submit_to(DirectClient(deadline), needed)

    result = run_here("clean", "Tree", other.name, "-o", "json")

    data = json.loads(result.stdout)
    assert result.return_value == 1
    assert [one["bundle"] for one in data["deleted"]] == [str(other)]
    assert [one["bundle"] for one in data["refused"]] == [str(needed)]


def test_clean_of_a_beginning_takes_no_bundle_of_somebody_else(root, run_here):
    """Mine has gone already, and the name is typed once more."""
    folder = write_one(root, user="somebody")

    refused, deleted = run_here("clean", "Shot"), run_here("clean", "Shot", "--all")

    assert str(refused.exception) == f"{folder} is of somebody; with --all, it goes too"
    assert (deleted.return_value, folder.exists()) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "which bundles are to go?"),
        (["Shot", "--keep", "1"], "name bundles, or choose them"),
        (["--older-than", "a month"], "'a month' is not a time; write 12h, 30d or 8w"),
        (["--keep", "-1"], "-1 is not in the range"),
        (["Chair"], "'Chair' is not a bundle's folder"),
    ],
    ids=str,
)
def test_what_clean_does_not_take_is_one_error(root, run_here, arguments, message):
    """And nothing goes."""
    folder = write_one(root)

    result = run_here("clean", *arguments)

    assert message in str(result.exception)
    assert folder.is_dir()


@pytest.mark.parametrize("answer", ["n", "y"])
def test_clean_asks_on_a_terminal(root, answer):
    """With the names of what would go."""
    folder = write_one(root)
    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "clean", "--keep", "0"]
    with subprocess.Popen(command, stdin=terminal, stderr=terminal, stdout=subprocess.PIPE, text=True) as process:
        os.write(main, f"{answer}\n".encode())
        stdout, _ = process.communicate(timeout=60)
    os.close(terminal)
    shown = b"".join(iter(partial(read_terminal, main), b"")).decode()
    os.close(main)

    assert f"  {folder.name}  " in shown
    assert "Delete 1 bundle (" in shown
    assert (process.returncode, folder.is_dir()) == ((0, False) if answer == "y" else (130, True))
    assert stdout.endswith("deleted\n") is (answer == "y")


def read_terminal(main):
    """What is still to be read from a terminal that nobody writes to any more."""
    try:
        return os.read(main, 10_000)
    except OSError:  # As Linux says it.
        return b""


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43200), ("30d", 2592000), ("8W", 4838400)])
def test_ages_have_units(text, seconds):
    """Hours, days and weeks."""
    assert Age().convert(text, None, click.Context(cli)) == seconds
