"""The bundles below a root, as a list shows them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from flowpipe import Graph
from harness import evaluate_task
from other_users import acting_as, folder_of, needs_superuser
from submissions import leave_half, write_one, write_three

from flowpipe_deadline import list_bundles, read_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.core.rights import user_name
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.status import root as root_module
from flowpipe_deadline.submit.record import SubmissionWriter
from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs with five tasks."""
    return write_three(graph, tmp_path / "root")


@pytest.fixture
def root(tmp_path):
    """The folder that has it."""
    return tmp_path / "root"


def forbidden():
    """A way to Deadline that is not to be opened."""
    raise AssertionError("Deadline is asked")


def unreachable():
    """This machine has no Deadline."""
    raise SubmissionError("no deadlinecommand on this machine")


def the_only(root, open_client=forbidden, **options):
    """The one bundle that there is."""
    (entry,) = list_bundles(root, open_client=open_client, **options)
    return entry


def test_what_is_only_written_is_counted_by_its_results(bundle, root):
    """Without Deadline; and it says who wrote it."""
    before = the_only(root)
    for frames in ("1-4", "9-10"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
    after = the_only(root)

    assert (before.state, before.status, before.done, before.total) == ("not submitted", "not submitted", 0, 5)
    assert (before.name, before.graph, before.user, before.created) == (
        bundle.name,
        "Test",
        user_name(),
        bundle.created,
    )
    assert (after.done, after.is_reported, after.progress) == (2, False, 40.0)


def test_chunks_that_were_cut_differently_are_counted_right(bundle, root):
    """Three results have the frames of one planned chunk, and no other's."""
    for frames in ("1-2", "3-4", "5-7"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))

    assert the_only(root).done == 1


def test_a_submission_is_as_far_as_deadline_says(bundle, root, client, worker):
    """Or its results, where Deadline tells no more than states."""
    worker.render("render", "1-4")
    worker.render("beside")

    entry = the_only(root, lambda: client)

    assert (entry.state, entry.status, entry.jobs) == (
        "submitted",
        "queued",
        {"Queued": 1, "Pending": 1, "Completed": 1},
    )
    assert (entry.done, entry.total) == (2, 5)


def test_states_are_told_in_one_word(root, client, worker, job_ids, deadline):
    """What needs a person comes first."""
    deadline.change("suspend", job_ids["render"])
    assert the_only(root, lambda: client).status == "queued"  # The job beside it.
    worker.render("beside")
    assert the_only(root, lambda: client).status == "suspended"
    deadline.change("resume", job_ids["render"])
    worker.fail("render")
    assert the_only(root, lambda: client).status == "failed"
    deadline.change("resumefailed", job_ids["render"])
    for frames in ("1-4", "5-8", "9-10"):
        worker.render("render", frames)
    worker.render("collect")
    done = the_only(root, lambda: client)
    assert (done.status, done.progress, done.is_reported) == ("completed", 100.0, True)


def test_jobs_that_are_deleted_are_complete_by_their_results(root, client, worker, job_ids, deadline):
    """A farm deletes what is done; else somebody has done so too early."""
    worker.render("beside")
    for job_id in job_ids.values():
        deadline.delete(job_id)

    entry = the_only(root, lambda: client)

    assert (entry.status, entry.jobs, entry.done) == ("deleted", {"Completed": 1, "Deleted": 2}, 1)


def test_a_thousand_jobs_are_one_question(tmp_path, client):
    """Whatever number of submissions they are in, and nothing else is asked."""
    for _ in range(3):
        submit_to(client, write_three(Graph(name="Shot"), tmp_path))
    asked = []

    class Counting(type(client)):
        def _call(self, question, *arguments):
            asked.append(len(arguments[0]))
            return super()._call(question, *arguments)

    assert len(list_bundles(tmp_path, open_client=lambda: Counting(client.deadline))) == 3
    assert asked == [9]


def test_a_deadline_that_is_out_of_reach_is_said_once(bundle, root, worker, job_ids):
    """The progress is that of the results, then."""
    worker.render("render", "1-4")
    said = []

    entry = the_only(root, unreachable, on_message=said.append)

    assert (entry.state, entry.status, entry.jobs) == ("submitted", "submitted", {})
    assert (entry.done, entry.total, entry.is_reported) == (1, 5, False)
    assert said == ["Deadline cannot be asked, so results are counted: no deadlinecommand on this machine"]


def test_half_a_submission_is_told(bundle, root, client, job_ids):
    """One that is under way, one that ended, and one that could not be undone."""
    with SubmissionWriter(bundle.folder) as writer:
        writer.claim(takes_submitted=True)
        assert the_only(root, lambda: client).state == "submitting"
        writer.leave([])
    assert the_only(root, lambda: client).state == "half undone"
    leave_half(bundle, {"render": job_ids["render"]})
    assert the_only(root, lambda: client).state == "half submitted"


def test_bundles_are_mine_unless_all_are_asked_for(tmp_path):
    """Of those of an earlier version, by the owner of the folder."""
    mine, theirs, earlier = write_one(tmp_path), write_one(tmp_path, user="somebody"), write_one(tmp_path)
    manifest = earlier / "manifest.json"
    data = json.loads(manifest.read_text())
    del data["user"]
    manifest.write_text(json.dumps(data))

    assert {entry.folder for entry in list_bundles(tmp_path)} == {mine, earlier}
    assert {entry.folder: entry.user for entry in list_bundles(tmp_path, everyone=True)} == {
        mine: user_name(),
        theirs: "somebody",
        earlier: user_name(),
    }


def test_the_newest_comes_first_whatever_a_clock_said(tmp_path):
    """One that was ahead makes a bundle no newer than its files are; nor does copying all to another disk."""
    order = []
    for created, written in (
        ("2026-01-01T10:00:00", 1.8e9),
        ("2031-01-01T10:00:00", 1.77e9),  # Written on the 2nd of February 2026.
        ("2026-03-01T10:00:00", 1.8e9),
        ("nonsense", 1.775e9),  # On the 31st of March 2026.
    ):
        folder = write_one(tmp_path)
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "created": created}))
        os.utime(manifest, (written, written))
        order.append(folder)

    newest = [entry.folder for entry in list_bundles(tmp_path)]

    assert newest == [order[3], order[2], order[1], order[0]]


def test_a_damaged_bundle_is_listed_with_what_is_wrong(bundle, root, client, job_ids):
    """And the others as ever; what is not called like a bundle, and is not one, is left out."""
    broken, cut, empty = write_one(root), write_one(root), root / "Old-20260101-100000-0000000a"
    (broken / "manifest.json").write_text("{")
    (cut / "submission.json").write_text("{}")
    empty.mkdir()
    (root / "notes").mkdir()
    (root / "a file").touch()

    entries = {entry.folder: entry for entry in list_bundles(root, open_client=lambda: client)}

    assert set(entries) == {bundle.folder, broken, cut, empty}
    assert "is damaged" in entries[broken].error
    assert "submission.json is damaged" in entries[cut].error
    assert "has no manifest" in entries[empty].error
    assert {entries[folder].state for folder in (broken, cut, empty)} == {"damaged"}
    assert (entries[bundle.folder].status, entries[empty].graph) == ("queued", "Old")


def test_a_bundle_that_disappears_while_it_is_listed_is_left_out(tmp_path, monkeypatch):
    """Somebody cleans at the same time."""
    stays, goes = write_one(tmp_path), write_one(tmp_path)
    read = root_module.read_bundle

    def read_late(folder):
        shutil.rmtree(goes, ignore_errors=True)
        return read(folder)

    monkeypatch.setattr(root_module, "read_bundle", read_late)

    assert [entry.folder for entry in list_bundles(tmp_path)] == [stays]


def test_links_and_hidden_folders_are_not_listed(tmp_path):
    """A link would be a second name; hidden ones are being written or deleted."""
    folder = write_one(tmp_path)
    os.symlink(folder, tmp_path / "latest")
    shutil.copytree(folder, tmp_path / ".Shot-20260101-100000-0000000a.partial")

    assert the_only(tmp_path).folder == folder


def test_a_root_that_there_is_not_is_one_error(tmp_path):
    """Also one that is a file."""
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="nowhere does not exist"):
        list_bundles(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="file cannot be read: Not a directory"):
        list_bundles(tmp_path / "file")


def test_without_a_root_it_is_the_one_that_is_named(tmp_path, monkeypatch):
    """By the environment, else where bundles are written that only run on this machine."""
    named, own = write_one(tmp_path / "named"), write_one(tmp_path / "flowpipe-deadline" / "bundles")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("FLOWPIPE_DEADLINE_ROOT", str(named.parent))
    assert the_only(None).folder == named
    monkeypatch.delenv("FLOWPIPE_DEADLINE_ROOT")
    assert the_only(None).folder == own


@needs_superuser
def test_what_this_user_may_not_read_is_said(tmp_path):
    """It is somebody's, and listed only with those of all."""
    bundle = write_one(tmp_path)
    with folder_of(1101, 1200, 0o755) as shared:
        private = Path(shutil.copytree(bundle, shared / bundle.name))
        private.chmod(0o700)
        with acting_as(1102, 1102):
            mine, everybodys = list_bundles(shared), list_bundles(shared, everyone=True)

    assert mine == ()
    assert [(entry.state, entry.error, entry.user) for entry in everybodys] == [
        ("damaged", "Permission denied", "root")
    ]


def test_what_was_written_says_by_whom(bundle):
    """Whoever copies a plan has written the copy."""
    assert read_bundle(bundle).user == user_name()
