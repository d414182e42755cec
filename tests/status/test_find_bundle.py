"""Which bundle is meant: a folder, a name, or a job."""

from __future__ import annotations

import os
import shutil

import pytest
from direct_farm import DirectClient
from submissions import write_one

from flowpipe_deadline import find_bundle
from flowpipe_deadline.errors import RecordError, SubmissionError, UsageError
from flowpipe_deadline.status.find import find_names
from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder that the environment names."""
    folder = tmp_path / "root"
    monkeypatch.setenv("FLOWPIPE_DEADLINE_ROOT", str(folder))
    return folder


@pytest.fixture
def client(deadline):
    """A way to the fake Deadline."""
    return DirectClient(deadline)


def forbidden():
    """A way to Deadline that is not to be opened."""
    raise AssertionError("Deadline is asked")


def found(name, open_client=forbidden, **options):
    """The folder of the bundle that is found."""
    return find_bundle(name, open_client, **options).folder


def test_a_folder_is_taken_as_it_is(root, tmp_path, monkeypatch):
    """By its full path, relative to where one is, or as a bundle; the root is not looked at."""
    folder = write_one(tmp_path / "elsewhere")
    monkeypatch.chdir(folder.parent)

    assert (
        found(str(folder)) == found(folder.name) == found(f"./{folder.name}/") == found(find_bundle(folder)) == folder
    )
    with pytest.raises(RecordError, match="is not a bundle: it has no manifest"):
        found(tmp_path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Shot-20260101-100000-0000000a", "Shot-20260101-100000-0000000a"),
        ("Shot-20260101", "Shot-20260101-100000-0000000a"),
        ("shot-202602", "Shot-20260202-100000-0000000b"),
        ("Shot_final", "Shot_final-20260303-100000-0000000c"),
        ("Tree", "Tree-20260404-100000-0000000d"),
        ("Tr", "Tree-20260404-100000-0000000d"),
        ("Trees", "Trees-20260505-100000-0000000e"),
    ],
)
def test_a_name_may_be_short_as_long_as_one_submission_is_meant(root, text, name):
    """The name of a graph means that graph, although another graph's name begins so, too."""
    for number, graph in enumerate(("Shot", "Shot", "Shot_final", "Tree", "Trees")):
        day = f"20260{number + 1}0{number + 1}"
        write_one(root, graph, name=f"{graph}-{day}-100000-0000000{'abcde'[number]}")
    if text == "Tr":
        shutil.rmtree(root / "Trees-20260505-100000-0000000e")

    assert found(text) == root / name


def test_a_graph_is_named_as_it_is_or_as_its_folder_is(root):
    """Or by its batch in the Monitor, which has the graph's own name; or with what a file name cannot have."""
    kadr, shot = write_one(root, "Кадр 10"), write_one(root, "My Shot")

    batch = f"Кадр 10{kadr.name[len('Kadr_10') :]}"
    assert kadr.name.startswith("Kadr_10-")
    assert found("Кадр 10") == found("Кадр") == found("Kadr_10") == found("kadr") == found(batch) == kadr
    assert found("My Shot") == found("My Sh") == shot


def test_of_several_the_newest_are_told_first(root):
    """So that the next try is right."""
    for day in ("20260101", "20260303", "20260202"):
        write_one(root, name=f"Shot-{day}-100000-0000000a")

    with pytest.raises(
        UsageError, match=r"3 submissions below .* begin with 'Shot'; .*: Shot-20260303.*, Shot-20260202"
    ):
        found("Shot")


def test_of_several_mine_is_meant(root):
    """The whole name of another's is always possible, and a beginning where I have none."""
    mine = write_one(root)
    other = write_one(root, user="somebody")
    theirs = write_one(root, "Tree", user="somebody")

    assert found("Shot") == mine
    assert found(other.name) == other
    assert found("Tree") == theirs


def test_a_name_that_there_is_not_is_said(root, tmp_path, monkeypatch):
    """With the name that is most like it; also where the root does not exist."""
    with pytest.raises(UsageError, match=r"'Shot' is not .* below .*root\. 'flowpipe-deadline list' shows"):
        found("Shot")
    folder = write_one(root)
    with pytest.raises(UsageError, match=rf"Did you mean '{folder.name}'\?"):
        found(f"{folder.name}x")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Chair").mkdir()
    with pytest.raises(RecordError, match="Chair is not a bundle"):
        found("Chair")


def test_a_job_on_record_is_found_without_deadline(root, client):
    """By its ID in capitals, too; a copy of the bundle is not what is meant."""
    folders = [write_one(root), write_one(root)]
    job_ids = [submit_to(client, folder)["node"] for folder in folders]
    shutil.copytree(folders[0], root / "Aside-20260101-100000-0000000a")

    assert [found(job_id.upper()) for job_id in job_ids] == folders


def test_a_job_that_was_resubmitted_in_the_monitor_is_asked_for(root, client, deadline):
    """It has a new ID, which no bundle has on record, and the plugin info of the old one."""
    folder = write_one(root)
    old = deadline.job(submit_to(client, folder)["node"])
    new = deadline.submit({**old.job_info, "BatchName": ""}, old.plugin_info).job_id

    assert found(new, lambda: client) == folder
    with pytest.raises(SubmissionError):
        found("0a1b2c" * 4, lambda: client)


def test_the_path_of_another_system_is_mapped(root, client, deadline, monkeypatch):
    """By Deadline; where it has no such mapping, a bundle of that name below the root is meant."""
    folder = write_one(root)
    plugin_info = {"Bundle": f"S:\\farm\\{folder.name}", "Node": "node"}
    job_id = deadline.submit({"Plugin": "Flowpipe", "Name": "x", "Frames": "0"}, plugin_info).job_id

    assert found(job_id, lambda: client) == folder

    moved = folder.rename(root.parent / folder.name)
    monkeypatch.setattr(client, "map_path", lambda text: text.replace("S:\\farm\\", f"{root.parent}/"), raising=False)
    assert found(job_id, lambda: client) == moved


def test_a_job_of_another_plugin_is_refused(root, client, deadline):
    """It has no bundle."""
    job_id = deadline.submit({"Plugin": "Python", "Name": "x", "Frames": "0"}, {"ScriptFile": "a.py"}).job_id

    with pytest.raises(UsageError, match="is not one of a bundle"):
        found(job_id, lambda: client)


def test_names_are_completed(root):
    """The newest first; what is not a bundle, is hidden or a link is none."""
    assert find_names("") == ()
    for day in ("20260101", "20260303"):
        write_one(root, name=f"Shot-{day}-100000-0000000a")
    (root / ".Shot-20260101-100000-0000000b.partial").mkdir()
    (root / "notes").mkdir()
    os.symlink(root / "notes", root / "Shot-20260909-100000-0000000b")

    assert find_names("sh") == ("Shot-20260303-100000-0000000a", "Shot-20260101-100000-0000000a")
    assert find_names("T") == ()
