"""What .NET makes of wrong settings, of Deadline's collections and of strange output, and what a user is told."""

from __future__ import annotations

import os

import pytest
from dotnet_jobs import FAIL_RENDER, Jobs, usual_graph
from dotnet_runs import play

from flowpipe_deadline import read_bundle, read_results

COLLECTIONS = ("arrays", "list of arrays", "pairs", "tuples", "dictionary", "two dimensions")
WAITS = ("", " ", "2.5", "soon")
ALONE = {"OneTaskPerProcess": "*"}


def faulty_jobs(folder):
    """Jobs that go wrong, or that have what nobody expects."""
    program = folder / "not executable"
    program.touch(mode=0o644)
    jobs = Jobs(folder, usual_graph())
    rule = ("/farm/show", "/mnt/show")
    scenarios = {
        "not executable": jobs.job("pass", config={"Executable_python": str(program)}),
        "no frame mode": jobs.job("pass", plugin_info={"FrameMode": None}),
        "rules: null": jobs.job("pass", mappings=["null", "", ""]),
        "forged": jobs.job("forge", config=ALONE),
        "forged, on reader threads": jobs.job("forge", config=ALONE, worker={"HandlersOnReaders": True}),
        "two tasks, on reader threads": jobs.job(
            "process", [1], [2], mode="frames", worker={"HandlersOnReaders": True}
        ),
        **{f"wait: {text}": jobs.job("pass", config={"WaitForResults": text}) for text in WAITS},
        **{
            f"rules: {name}": Jobs(folder / name, usual_graph()).job("pass", mappings=[name, *rule])
            for name in COLLECTIONS
        },
    }
    said = dict(zip(scenarios, play("deadline", list(scenarios.values()))))
    return {name: {**said[name], "bundle": scenarios[name]["plugin_info"]["Bundle"]} for name in scenarios}


@pytest.fixture(scope="session")
def played(play_once):
    """What came of them."""
    return play_once(faulty_jobs)


def failure_of(said):
    """The one failure of a task: its kind and its text."""
    [(phase, kind, text)] = said["failures"]
    assert phase == "Task 0"
    return kind, text


def test_an_executable_that_cannot_be_executed(played):
    """The report names it."""
    kind, text = failure_of(played["not executable"])

    assert kind == FAIL_RENDER
    assert "not executable cannot be started: " in text


def test_a_job_without_frame_mode(played):
    """The report names what is missing."""
    kind, text = failure_of(played["no frame mode"])

    assert (kind, "FrameMode" in text) == (FAIL_RENDER, True)


@pytest.mark.parametrize("text", ["", " ", "2.5"])
def test_a_wait_that_is_blank_or_fractional(played, text):
    """Works."""
    assert played[f"wait: {text}"]["failures"] == []


def test_a_wait_that_is_no_number(played):
    """The report names the setting."""
    kind, text = failure_of(played["wait: soon"])

    assert (kind, "WaitForResults" in text) == (FAIL_RENDER, True)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_rules_in_any_collection(played, name):
    """Of which kind Deadline's are is unknown (hosts and tooling, section 5.4)."""
    said = played[f"rules: {name}"]

    assert said["failures"] == []
    assert read_results(read_bundle(said["bundle"]))["Test.pass"].outputs()["value"] == "/mnt/show/a"


def test_no_rules_at_all(played):
    """Null is none."""
    assert played["rules: null"]["failures"] == []


@pytest.mark.parametrize("name", ["forged", "forged, on reader threads", "two tasks, on reader threads"])
def test_no_handler_raises(played, name):
    """Whatever a line holds: on a reader thread of .NET, an error in a handler ends the whole process."""
    said = played[name]

    assert [kind for _, kind, _ in said["failures"] if kind != FAIL_RENDER] == []
    assert said["hooked"] == []


@pytest.mark.xfail(reason="the plugin hands its strings to .NET as they are")
@pytest.mark.parametrize(
    ("node", "variables"),
    [("half", {}), ("pass", {"LD_LIBRARY_PATH": os.fsdecode(b"/lib\xff:/opt/Thinkbox/Deadline10/lib")})],
    ids=["in a node's message", "in a variable of the Worker"],
)
def test_half_a_surrogate_pair(tmp_path, node, variables):
    """It reaches .NET in no string: pythonnet would end the process (hosts and tooling, section 5.3)."""
    [said] = play("deadline", [Jobs(tmp_path, usual_graph()).job(node)], variables=variables)

    assert [kind for _, kind, _ in said["failures"]] == ([FAIL_RENDER] if node == "half" else [])
