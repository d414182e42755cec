"""What .NET makes of wrong settings, of Deadline's collections and of strange output, and what a user is told."""

from __future__ import annotations

import pytest
from dotnet_jobs import FAIL_RENDER, TASKS, Jobs, usual_graph
from dotnet_runs import play

from flowpipe_deadline import read_bundle, read_results

COLLECTIONS = ("arrays", "list of arrays", "pairs", "tuples", "dictionary", "two dimensions")
WAITS = ("", " ", "2.5")
ALONE = {"OneTaskPerProcess": "*"}
ON_READERS = {"HandlersOnReaders": True}


def faulty_jobs(folder):
    """Jobs that go wrong, or that have what nobody expects."""
    program = folder / "not executable"
    program.touch(mode=0o644)
    jobs = Jobs(folder, usual_graph())
    changes = [{"mappings": [name, "/farm/show", "/mnt/show"]} for name in COLLECTIONS]
    changes += [{"mappings": ["null", "", ""]}, *({"config": {"WaitForResults": text}} for text in WAITS)]
    assert len(changes) == TASKS
    scenarios = {
        "not executable": jobs.job("pass", config={"Executable_python": str(program)}),
        "no frame mode": jobs.job("pass", plugin_info={"FrameMode": None}),
        "wait: soon": jobs.job("pass", config={"WaitForResults": "soon"}),
        "strange settings": jobs.job(
            "map", *([frame] for frame in range(TASKS)), mode="frames", changes=dict(enumerate(changes))
        ),
        "forged": jobs.job("forge", config=ALONE),
        "forged, on reader threads": jobs.job("forge", config=ALONE, worker=ON_READERS),
        "forged error": jobs.job("forge_error", config=ALONE),
        "two tasks, on reader threads": jobs.job("process", [1], [2], mode="frames", worker=ON_READERS),
    }
    return {"bundle": jobs.bundle, **dict(zip(scenarios, play("deadline", list(scenarios.values()))))}


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


def test_a_wait_that_is_no_number(played):
    """The report names the setting."""
    kind, text = failure_of(played["wait: soon"])

    assert (kind, "WaitForResults" in text) == (FAIL_RENDER, True)


def test_strange_settings(played):
    """A wait that is blank or fractional; rules in any collection, or none (hosts and tooling, section 5.4)."""
    paths = read_results(read_bundle(played["bundle"]))["Test.map"].outputs()["paths"]

    assert played["strange settings"]["failures"] == []
    assert paths == ["/mnt/show/a"] * len(COLLECTIONS) + ["/farm/show/a"] * (1 + len(WAITS))


def test_a_forged_error(played):
    """Fails the task, as Deadline's own exception."""
    kind, _ = failure_of(played["forged error"])

    assert kind == FAIL_RENDER


@pytest.mark.parametrize("name", ["forged", "forged, on reader threads", "two tasks, on reader threads"])
def test_no_handler_raises(played, name):
    """Whatever a line holds: on a reader thread of .NET, an error in a handler ends the whole process."""
    said = played[name]

    assert [kind for _, kind, _ in said["failures"] if kind != FAIL_RENDER] == []
    assert said["hooked"] == []
