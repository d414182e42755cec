"""Bundles that nobody needs are deleted, and no others."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import sqlite3
import threading
from pathlib import Path

import pytest
from direct_farm import DirectClient
from flowpipe import Graph
from harness import evaluate_task
from other_users import acting_as, folder_of, needs_superuser
from submissions import leave_half, write_one, write_three

from flowpipe_deadline import CleaningChoice, clean, list_bundles, plan_cleaning, read_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.errors import BundleError, StoreError, UsageError
from flowpipe_deadline.results.failures import write_failure
from flowpipe_deadline.results.store import ChunkResult, FileStore
from flowpipe_deadline.status import clean as clean_module
from flowpipe_deadline.status.run_lock import run_lock
from flowpipe_deadline.submit.record import SubmissionWriter
from flowpipe_deadline.submit.transaction import submit_to

ALL = CleaningChoice(keep=0)
DAY = 86400.0


@pytest.fixture
def client(deadline):
    """A way to the fake Deadline."""
    return DirectClient(deadline)


@pytest.fixture
def root(tmp_path):
    """A folder for bundles."""
    return tmp_path / "root"


def unreachable():
    """This machine has no Deadline."""
    raise SubmissionError("no deadlinecommand on this machine")


def cleaned(root, open_client=unreachable, choice=ALL):
    """What a cleaning has deleted and refused, by name."""
    done = clean(plan_cleaning(root, open_client, choice=choice), open_client)
    return names(done.removed), {refusal.folder.name: refusal.reason for refusal in done.refused}


def names(removals):
    """The names of bundles."""
    return {removal.name for removal in removals}


def aged(folder, days):
    """The bundle as if nothing had been written to it for so long."""
    for path in (folder, *folder.rglob("*")):
        written = path.stat().st_mtime - days * DAY
        os.utime(path, (written, written))
    return folder


def contents(root):
    """All that is below the root."""
    return sorted(path.relative_to(root).parts[0] for path in root.iterdir())


def test_a_plan_changes_nothing_and_says_how_much_disk(root):
    """As much as all files and folders take."""
    folder = write_one(root)
    (folder / "results" / "large").write_bytes(b"x" * 100_000)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}

    plan = plan_cleaning(root, unreachable, choice=ALL)

    (removal,) = plan.removed
    inside = list(folder.rglob("*"))
    stats = [path.stat() for path in inside]
    assert (removal.folder, removal.files) == (folder, sum(path.is_file() for path in inside))
    assert plan.size == removal.size == sum(one.st_blocks * 512 or one.st_size for one in stats) > 100_000
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_bundle_goes_with_all_that_is_in_it(root):
    """Nothing is left below the root."""
    folder = write_one(root)
    gone = []

    done = clean(plan_cleaning(root, unreachable, choice=ALL), unreachable, on_removed=gone.append)

    assert (names(done.removed), done.refused, done.rest, done.notices) == ({folder.name}, (), (), ())
    assert (names(gone), contents(root)) == ({folder.name}, [])


def test_nothing_goes_unless_it_is_said_what(root):
    """A mistake would cost everything."""
    write_one(root)

    with pytest.raises(UsageError, match="which bundles are to go"):
        plan_cleaning(root, unreachable)
    with pytest.raises(UsageError, match="does not exist"):
        plan_cleaning(root / "nowhere", unreachable, choice=ALL)
    for choice in (CleaningChoice(keep=-1), CleaningChoice(older_than=-1.0)):
        with pytest.raises(UsageError, match="can be negative"):
            plan_cleaning(root, unreachable, choice=choice)


def test_old_is_what_nothing_was_written_to(root):
    """A result of yesterday keeps a bundle of last year."""
    old, used, new = aged(write_one(root), 31), aged(write_one(root), 365), aged(write_one(root), 29)
    evaluate_task(used, node="node")

    assert cleaned(root, choice=CleaningChoice(older_than=30 * DAY)) == ({old.name}, {})
    assert contents(root) == sorted([used.name, new.name])


def test_the_clock_of_the_disk_says_how_old_a_bundle_is(root):
    """Neither what the bundle says, nor a time in the future."""
    says_old, says_new, in_future = write_one(root), aged(write_one(root), 31), aged(write_one(root), -400)
    for folder, created in ((says_old, "2001-01-01T00:00:00"), (says_new, "2101-01-01T00:00:00")):
        manifest = folder / "manifest.json"
        stat = manifest.stat()
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "created": created}))
        os.utime(manifest, (stat.st_mtime, stat.st_mtime))

    assert cleaned(root, choice=CleaningChoice(older_than=30 * DAY)) == ({says_new.name}, {})
    assert contents(root) == sorted([says_old.name, in_future.name])


def test_the_newest_of_each_graph_of_each_user_stay(root):
    """And with an age, all else that is not as old."""
    folders = {
        (graph, user): [
            aged(write_one(root, graph, user=user), days) for days in (50, 40, 20)
        ]  # Each is newer than those before.
        for graph, user in (("Shot", None), ("Tree", None), ("Shot", "somebody"))
    }

    both = plan_cleaning(root, unreachable, choice=CleaningChoice(everyone=True, keep=1, older_than=45 * DAY))
    mine = plan_cleaning(root, unreachable, choice=CleaningChoice(keep=2))
    removed, _ = cleaned(root, choice=CleaningChoice(everyone=True, keep=1))

    assert names(both.removed) == {some[0].name for some in folders.values()}
    assert names(mine.removed) == {folders[key][0].name for key in folders if key[1] is None}
    assert removed == {folder.name for some in folders.values() for folder in some[:2]}


def test_others_bundles_go_only_if_all_are_meant(root):
    """By default they are not even looked at."""
    mine, theirs = write_one(root), write_one(root, user="somebody")

    assert cleaned(root) == ({mine.name}, {})
    assert cleaned(root, choice=CleaningChoice(everyone=True, keep=0)) == ({theirs.name}, {})


def test_named_bundles_go_whatever_their_age_is(root):
    """And nothing else."""
    named, other = write_one(root), write_one(root, user="somebody")

    done = clean(plan_cleaning(root, unreachable, bundles=[read_bundle(named)] * 2), unreachable)

    assert (names(done.removed), contents(root)) == ({named.name}, [other.name])


def test_what_is_not_a_bundle_stays(root):
    """Folders, files, what is being written, and what is damaged, of which nobody knows who needs it."""
    broken, empty = write_one(root), root / "Old-20260101-100000-0000000a"
    (broken / "manifest.json").write_text("{")
    for folder in (empty, root / "notes", root / ".Shot-20260101-100000-0000000a.partial"):
        folder.mkdir()
    (root / "a file").touch()

    removed, refused = cleaned(root)

    assert (removed, len(contents(root))) == (set(), 5)
    assert set(refused) == {broken.name, empty.name}
    assert all("delete it by hand" in reason for reason in refused.values())


def test_links_are_not_followed(root, tmp_path):
    """Neither one that is called like a bundle, nor one in a bundle, nor one that is called like a deleted one."""
    elsewhere = write_one(tmp_path / "elsewhere")
    folder = write_one(root)
    os.symlink(elsewhere, root / elsewhere.name)
    os.symlink(elsewhere, folder / "results" / "node")
    os.symlink(elsewhere, root / ".Shot-20260101-100000-0000000a.0123abcd.deleted")
    before = sorted(elsewhere.rglob("*"))

    linked = plan_cleaning(root, unreachable, bundles=[read_bundle(root / elsewhere.name)])
    removed, refused = cleaned(root)

    assert (removed, refused) == ({folder.name}, {})
    assert "it is a link to" in linked.refused[0].reason
    assert sorted(elsewhere.rglob("*")) == before


def test_a_root_may_be_a_link(root, tmp_path):
    """What is below it is not."""
    folder = write_one(root)
    os.symlink(root, tmp_path / "link")

    assert cleaned(tmp_path / "link") == ({folder.name}, {})


@pytest.mark.parametrize(
    ("changes", "states"),
    [
        ([], "1 queued, 1 pending"),
        ([("suspend", "render")], "1 suspended, 1 pending"),
        ([("fail", "render")], "1 failed, 1 pending"),
        ([("complete", "render")], "1 queued"),
        ([("complete", "render"), ("complete", "collect"), ("requeue", "render")], "1 queued"),
    ],
)
def test_what_jobs_need_stays(root, client, deadline, changes, states):
    """As long as Deadline lists one that is not complete."""
    bundle = write_three(Graph(name="Shot"), root)
    job_ids = submit_to(client, bundle)
    for change, key in [("complete", "beside"), *changes]:
        deadline.change(change, job_ids[key])
        deadline.scan()

    removed, refused = cleaned(root, lambda: client)

    assert removed == set()
    assert f"jobs of it are not complete: {states} (" in refused[bundle.name]
    assert any(f"{key} ({job_ids[key]})" in refused[bundle.name] for key in ("render", "collect"))


def test_a_complete_submission_goes(root, client, deadline):
    """Its jobs stay in Deadline."""
    bundle = write_three(Graph(name="Shot"), root)
    for job_id in submit_to(client, bundle).values():
        deadline.change("complete", job_id)

    assert cleaned(root, lambda: client) == ({bundle.name}, {})


def test_jobs_that_deadline_does_not_list_need_nothing(root, client, deadline):
    """They have been deleted."""
    folder = write_one(root)
    deadline.delete(submit_to(client, folder)["node"])

    assert cleaned(root, lambda: client) == ({folder.name}, {})


def test_a_job_that_is_only_listed_may_need_it(root, client, monkeypatch):
    """Deadline has it, and says nothing of it at the moment."""
    folder = write_one(root)
    submit_to(client, folder)
    monkeypatch.setattr(client, "read_jobs", lambda _: {})
    monkeypatch.setattr(client, "list_jobs", set)

    assert "1 unknown" in cleaned(root, lambda: client)[1][folder.name]


@pytest.mark.parametrize("place", ["{folder}", "S:\\farm\\{name}", "/mnt/farm/{name}/"])
def test_a_job_under_another_id_needs_it_too(root, client, deadline, place):
    """It was resubmitted in the Monitor, perhaps on another system; also without a submission that is on record."""
    submitted, written = write_one(root), write_one(root)
    old = deadline.job(submit_to(client, submitted)["node"])
    deadline.change("complete", old.job_id)
    for folder in (submitted, written):
        plugin_info = {**old.plugin_info, "Bundle": place.format(folder=folder, name=folder.name)}
        deadline.submit({**old.job_info, "BatchName": "", "InitialStatus": "Active"}, plugin_info)

    removed, refused = cleaned(root, lambda: client)

    assert removed == set()
    assert ["1 queued" in refused[folder.name] for folder in (submitted, written)] == [True, True]


@pytest.mark.parametrize("graph", ["Shot", "Кадр"])
def test_a_job_of_the_batch_needs_it(root, client, deadline, graph):
    """Though its plugin info has been edited, so that it names another bundle."""
    folder, other = write_one(root, graph), write_one(root)
    job = deadline.job(submit_to(client, folder)["node"])
    deadline.delete(job.job_id)
    deadline.submit(job.job_info, {**job.plugin_info, "Bundle": str(other)})

    assert set(cleaned(root, lambda: client)[1]) == {folder.name, other.name}


def test_what_was_submitted_stays_where_deadline_cannot_be_asked(root, client):
    """The rest may go."""
    submitted, written = write_one(root), write_one(root)
    submit_to(client, submitted)

    removed, refused = cleaned(root)

    assert removed == {written.name}
    assert refused == {
        submitted.name: "it was submitted, and whether jobs need it is unknown: no deadlinecommand on this machine"
    }


def test_deadline_is_asked_once_for_all(root, client):
    """For a plan; and once more before something is deleted."""
    for _ in range(3):
        submit_to(client, write_three(Graph(name="Shot"), root))
    client.calls = 0

    plan = plan_cleaning(root, lambda: client, choice=ALL)

    assert (client.calls, len(plan.refused)) == (2, 3)  # What jobs there are, and their states.


def test_without_a_candidate_deadline_is_not_asked(root):
    """Nothing would come of it."""
    write_one(root)

    def forbidden():
        raise AssertionError("Deadline is asked")

    assert plan_cleaning(root, forbidden, choice=CleaningChoice(keep=1)) == clean_module.Cleaning()


def test_a_job_that_starts_after_the_plan_is_seen(root, client, deadline):
    """Somebody has requeued it while the question was on the terminal."""
    folder = write_one(root)
    job_id = submit_to(client, folder)["node"]
    deadline.change("complete", job_id)
    plan = plan_cleaning(root, lambda: client, choice=ALL)
    deadline.change("requeue", job_id)

    done = clean(plan, lambda: client)

    assert (names(plan.removed), done.removed) == ({folder.name}, ())
    assert "1 queued" in done.refused[0].reason
    assert folder.is_dir()


def test_deadline_is_asked_again_while_a_long_cleaning_goes_on(root, client, deadline):
    """As deleting takes long, a job may have started meanwhile."""
    folders = [write_one(root), write_one(root)]
    job_ids = {folder.name: submit_to(client, folder)["node"] for folder in folders}
    for job_id in job_ids.values():
        deadline.change("complete", job_id)

    def requeue_the_others(removal):
        for name, job_id in job_ids.items():
            if name != removal.name:
                deadline.change("requeue", job_id)

    plan = plan_cleaning(root, lambda: client, choice=ALL)
    done = clean(plan, lambda: client, on_removed=requeue_the_others, fresh_seconds=0.0)

    assert (len(done.removed), len(done.refused)) == (1, 1)


def test_what_is_being_submitted_stays(root, client):
    """And what ended half-way, until it is undone."""
    under_way, half = write_one(root), write_one(root)
    leave_half(read_bundle(half), submit_to(client, half))
    with SubmissionWriter(under_way) as writer:
        writer.claim()

        removed, refused = cleaned(root, lambda: client)

    assert removed == set()
    assert "it is being submitted this moment by process" in refused[under_way.name]
    assert f"ended half-way; to undo that:  flowpipe-deadline cancel {half}" in refused[half.name]


@pytest.mark.parametrize("process", [0, os.getppid()], ids=["ended", "at work"])
def test_what_is_being_redone_stays(root, client, deadline, process):
    """And what a redo has left half done."""
    folder = write_one(root)
    deadline.change("complete", submit_to(client, folder)["node"])
    owner = {"host": socket.gethostname(), "process": process, "token": "x"}
    record = {"format": 1, "state": "redoing", **owner, "before": {}, "jobs": {}, "kept": None}
    (folder / "redo.json").write_text(json.dumps(record))

    removed, refused = cleaned(root, lambda: client)

    assert removed == set()
    assert refused[folder.name].startswith(f"a redo of it {'is under way' if process else 'ended half-way'}")


def test_what_is_being_run_stays(root):
    """Also if the run begins after the plan was made."""
    running, later = write_one(root), write_one(root)
    with run_lock(running):
        plan = plan_cleaning(root, unreachable, choice=ALL)
        with run_lock(later):
            done = clean(plan, unreachable)

    assert {refusal.folder.name: refusal.reason for refusal in done.refused} == {
        running.name: "it is being run on this machine",
        later.name: f"{later} is being run already; wait for that run, or stop it",
    }
    assert contents(root) == sorted([running.name, later.name])


def test_a_run_does_not_make_the_bundle_anew(root):
    """It was opened, and deleted before the run began."""
    bundle = read_bundle(write_one(root))
    cleaned(root)

    with pytest.raises(BundleError, match="cannot be written: No such file"), run_errors(bundle):
        pass
    assert contents(root) == []


def run_errors(bundle):
    """What a run that has read the bundle does first."""
    from flowpipe_deadline.offline.farm import _one_clear_error

    class Both:
        def __enter__(self):
            with _one_clear_error(bundle), run_lock(bundle.folder):
                pass

        def __exit__(self, *_):
            pass

    return Both()


def test_two_cleanings_at_once_delete_everything_once(root):
    """Each bundle is told by one of them; nothing is left, and nothing is refused."""
    folders = [write_one(root) for _ in range(8)]
    plan = plan_cleaning(root, unreachable, choice=ALL)
    done = []
    threads = [threading.Thread(target=lambda: done.append(clean(plan, unreachable))) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.name for each in done for one in each.removed) == sorted(folder.name for folder in folders)
    assert [(each.refused, each.rest) for each in done] == [((), ()), ((), ())]
    assert contents(root) == []


def test_an_interrupted_deletion_leaves_nothing_that_looks_like_a_bundle(root, monkeypatch):
    """Neither for a list nor for whoever opens it; the next cleaning deletes the rest."""
    first, second = write_one(root), write_one(root)
    delete = shutil.rmtree

    def interrupt(path, **options):
        (Path(path) / "jobs").rename(Path(path) / "half")
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cleaned(root)
    monkeypatch.setattr(shutil, "rmtree", delete)

    (left,) = [entry.folder for entry in list_bundles(root)]
    assert left in (first, second)
    (rest,) = set(contents(root)) - {left.name}
    plan = plan_cleaning(root, unreachable, choice=CleaningChoice(keep=1))
    assert (names(plan.rest), plan.removed, plan.size > 0) == ({rest}, (), True)
    assert cleaned(root, choice=CleaningChoice(keep=1)) == ({rest}, {})
    assert contents(root) == [left.name]


def test_a_full_disk_can_be_cleaned(root, monkeypatch):
    """Where no lock can be written, nothing can begin either; a run that began before is seen."""
    folder, running = write_one(root), write_one(root)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(clean_module, "record_lock", full)
    plan = plan_cleaning(root, unreachable, choice=ALL)
    with run_lock(running):
        done = clean(plan, unreachable)

    assert names(done.removed) == {folder.name}
    assert [refusal.reason for refusal in done.refused] == [f"{running} is being run"]


@needs_superuser
def test_what_this_user_may_not_delete_stays(tmp_path):
    """It is said before anything is renamed: the root's rights, a folder's in the bundle, and a sticky bit."""
    template = write_one(tmp_path)
    everybody = CleaningChoice(everyone=True, keep=0)

    def refusals(shared):
        with acting_as(1102, 1102):
            plan = plan_cleaning(shared, unreachable, choice=everybody)
        assert plan.removed == ()
        return [refusal.reason for refusal in plan.refused]

    with folder_of(1101, 1200, 0o755) as shared:
        shutil.copytree(template, shared / template.name)
        assert refusals(shared) == [f"the user 1102 may not change {shared}"]
        shared.chmod(0o777)
        assert refusals(shared) == [f"the user 1102 may not change {shared / template.name}"]
        for path in (shared / template.name, *(shared / template.name).rglob("*")):
            path.chmod(0o777)
        shared.chmod(0o1777)
        assert f"in {shared} each may only delete what is their own" in refusals(shared)[0]
        shared.chmod(0o777)
        with acting_as(1102, 1102):
            assert cleaned(shared, choice=everybody)[0] == {template.name}


@needs_superuser
def test_what_cannot_be_deleted_to_the_end_is_said(tmp_path):
    """Another user's folder came into it at the last moment; the rest is gone, and what is left is no bundle."""
    with folder_of(1102, 1102, 0o777) as shared:
        folder = Path(shutil.copytree(write_one(tmp_path), shared / "Shot-20260101-100000-0000000a"))
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 1102, 1102)
        (folder / "results" / "node").mkdir()
        (folder / "results" / "node" / "whole.json").touch()
        choice = CleaningChoice(everyone=True, keep=0)
        with acting_as(1102, 1102):
            (folder / "results" / "node").stat()
            plan = clean_module.Cleaning(removed=(clean_module.Removal(folder, 1, 1),))
            done = clean(plan, unreachable)
            again = cleaned(shared, choice=choice)

        assert (done.removed, len(done.rest), again[0]) == ((), 1, set())
        assert "could not be deleted to the end; the next cleaning tries again: " in done.notices[0]
        assert [path.name for path in done.rest[0].folder.iterdir()] == ["results"]
        assert cleaned(shared, choice=choice)[0] == names(done.rest)


def test_results_in_redis_go_too(root, redis_server):
    """All of the submission, and of no other."""
    gone, stays = (write_one(root, store=redis_server.url) for _ in range(2))
    for folder in (gone, stays):
        evaluate_task(folder, node="node")
    with redis_server.client() as server:
        assert len(server.keys(f"*{gone.name}:node")) == 1

        done = clean(plan_cleaning(root, unreachable, bundles=[read_bundle(gone)]), unreachable)

        assert (names(done.removed), done.notices) == ({gone.name}, ())
        assert [key for key in server.keys("*") if gone.name.encode() in key and not key.endswith(b"?")] == []
        assert len(server.keys(f"*{stays.name}:node")) == 1


def test_a_copy_takes_no_results_of_the_bundle_with_it(root, tmp_path, redis_server):
    """It has the same store; what is odd about it is said."""
    folder = write_one(root, store=redis_server.url)
    evaluate_task(folder, node="node")
    copy = Path(shutil.copytree(folder, tmp_path / "copies" / folder.name))

    done = clean(plan_cleaning(copy.parent, unreachable, choice=ALL), unreachable)

    assert names(done.removed) == {copy.name}
    (notice,) = done.notices
    assert notice.endswith(f" in Redis stay until they expire: it was written as {folder}")
    with redis_server.client() as server:
        assert len(server.keys("*:node")) == 1


def test_a_redis_that_is_out_of_reach_keeps_the_bundle(root, redis_server):
    """Or the rest of it, to be tried again."""
    folder = write_one(root, store=redis_server.url)
    evaluate_task(folder, node="node")
    plan = plan_cleaning(root, unreachable, choice=ALL)
    redis_server.kill()

    refused = plan_cleaning(root, unreachable, choice=ALL).refused
    done = clean(plan, unreachable)

    assert "cannot be reached" in refused[0].reason
    assert (done.removed, len(done.rest)) == ((), 1)
    redis_server.start()
    assert len(cleaned(root)[0]) == 1
    assert contents(root) == []


def test_a_run_bundle_goes_with_its_logs(root):
    """And with its lock, which the run has left."""
    folder = write_one(root)
    with run_lock(folder):
        pass
    assert sqlite3.connect(folder / "offline" / "lock.sqlite").close() is None

    assert cleaned(root) == ({folder.name}, {})


def test_a_task_does_not_make_a_deleted_bundle_anew(root):
    """It ran when the bundle was deleted, or its job is requeued long after; neither leaves a folder."""
    folder = write_one(root)
    cleaned(root)
    store = FileStore(folder)

    for act in (lambda: store.check_writable("node"), lambda: store.write("node", ChunkResult(None, {}, 1))):
        with pytest.raises(StoreError, match="No such file"):
            act()
    with pytest.raises(OSError, match="No such file"):
        write_failure(folder, "node", None, error=ValueError("gone"), report="gone")
    assert contents(root) == []
