"""Flowpipe Clean Up in the Monitor's menu of jobs: what would go is shown, and asked, before it does."""

from __future__ import annotations

import re

import pytest
from direct_farm import DirectClient
from submissions import Worker, write_three

from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def write(monitor, graph, tmp_path):
    """Submits a bundle below a folder, and gives it with its jobs, complete or not."""

    def written(name, *, is_complete):
        bundle = write_three(graph, tmp_path / name)
        graph.nodes.clear()
        job_ids = submit_to(DirectClient(monitor.deadline), bundle)
        for key in job_ids if is_complete else ():
            Worker(monitor.deadline, bundle, job_ids).complete(key)
        return bundle, job_ids

    return written


def test_a_bundle_goes_after_a_question(monitor, write, deadline_python):
    """In every Python of Deadline's; one that jobs still need stays, with the reason."""
    monitor.deadline.change_settings(interpreter=deadline_python)
    (done, done_ids), (live, live_ids) = write("done", is_complete=True), write("live", is_complete=False)

    seen = monitor.choose(
        "CleanUp",
        *[done_ids["render"], live_ids["render"]],
        deeds=[("press", "CleanUpButton"), ("press", "CleanUpButton"), ("press", "CleanUpButton")],
        answers=["No", "Yes"],
    )

    size = r"[0-9.]+ (bytes|kB)"
    stays = f"  {live.name} stays: jobs of it are not complete: "
    lines = seen.looks[0]["TextBox"].splitlines()
    assert lines[0] == "Would be deleted, with all results:"
    assert re.fullmatch(rf"  {done.name}: {size}, \d+ files", lines[1])
    assert lines[2].startswith(stays)
    asked, again, told, nothing = seen.boxes
    assert asked == again == ["Clean Up", "\n".join(["Delete this bundle with all results?", "", *lines[1:]])]
    assert told[1].splitlines() == ["Deleted:", *lines[1:]]
    assert nothing[1].splitlines() == ["Nothing of this can be deleted.", lines[2]]
    assert (done.folder.exists(), live.folder.exists(), seen.uncaught) == (False, True, [])
