"""What holds variables of jobs is for the owner and the root's group; all else is for whoever may read the root."""

from __future__ import annotations

import os
import stat

import farm_nodes as nodes
import pytest
from direct_farm import AnyonesClient
from other_users import acting_as, folder_of, interrupt, needs_superuser, run_as
from redo_farm import chosen

from flowpipe_deadline import list_bundles, plan_graph, read_bundle, read_results, write_bundle
from flowpipe_deadline.bundle.write import copy_bundle
from flowpipe_deadline.errors import InterruptedRunError, RecordError
from flowpipe_deadline.offline.farm import last_states, run_bundle
from flowpipe_deadline.redo.farm import redo_on_farm
from flowpipe_deadline.redo.options import RedoOptions
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.status.status import read_submission_status
from flowpipe_deadline.status.why import why
from flowpipe_deadline.submit.transaction import submit_to

OWNER, ARTIST, FARM, WRANGLER, STRANGER = 1100, 1101, 1102, 1104, 1105
GROUP = 1200
VALUE = "hunter2"
UMASKS = pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)

pytestmark = needs_superuser


def written(graph, root, *, umask, groups=(ARTIST, GROUP)):
    """The artist's bundle of one job with a variable; the plan is the superuser's, whose the tests' files are."""
    settings = {"environment": {"SHOW_TOKEN": VALUE}}
    nodes.Render(name="render", graph=graph, frames=[1, 2], metadata={"batch_size": 1, "deadline": settings})
    plan = plan_graph(graph)
    with acting_as(ARTIST, *groups, umask=umask):
        return write_bundle(plan, root=root)


def files_with_variables(folder):
    """The files that hold the value of the variable."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found if VALUE.encode() in path.read_bytes())


def readable_for(user, *groups, below):
    """The files with the variable that the user can read."""
    paths = files_with_variables(below)
    with acting_as(user, *groups):
        return [path for path in paths if os.access(below / path, os.R_OK, effective_ids=True)]


def open_for_others(folder):
    """The files with the variable whose own mode lets others do something, wherever they are."""
    return [path for path in files_with_variables(folder) if (folder / path).stat().st_mode & 0o007]


@UMASKS
@pytest.mark.parametrize("mode", [0o2775, 0o775, 0o2770, 0o755], ids=oct)
def test_the_group_reads_variables_and_nobody_else(graph, mode, umask, deadline, monkeypatch):
    """Wherever they are: in the planned jobs, a redo's, the offline farm's, and those of a copy."""
    monkeypatch.setattr("flowpipe_deadline.offline.workers.WorkerPool.start", lambda *_: None)
    client = AnyonesClient(deadline)
    with folder_of(ARTIST if mode == 0o755 else OWNER, GROUP, mode) as root:
        bundle = written(graph, root, umask=umask)
        with acting_as(ARTIST, ARTIST, GROUP, umask=umask):
            with pytest.raises(InterruptedRunError):
                run_bundle(bundle, on_progress=interrupt)
            submit_to(client, bundle)
            redo_on_farm(client, bundle, chosen(bundle, render=["1"]), how=RedoOptions(new_jobs=True))
            copy = copy_bundle(bundle)

        found = files_with_variables(bundle.folder)
        assert found == ["jobs/001-render.job", "jobs/001-render.redo", "offline/repository.sqlite"]
        assert files_with_variables(copy.folder) == ["jobs/001-render.job"]
        for folder in (bundle.folder, copy.folder):
            assert readable_for(ARTIST, ARTIST, GROUP, below=folder) == files_with_variables(folder)
            assert readable_for(STRANGER, STRANGER, below=folder) == []
            assert open_for_others(folder) == []
            assert (folder / "jobs").stat().st_mode & 0o007 == 0
        assert readable_for(WRANGLER, WRANGLER, GROUP, below=bundle.folder) == found


@UMASKS
def test_a_group_of_the_artists_own_reads_no_variables(graph, umask):
    """Where each has what is his own, as in the temporary folder: his first group may be that of all users."""
    with folder_of(OWNER, GROUP, 0o1777) as root:
        bundle = written(graph, root, umask=umask, groups=(ARTIST,))

        assert readable_for(ARTIST, ARTIST, below=bundle.folder) == ["jobs/001-render.job"]
        assert readable_for(STRANGER, ARTIST, below=bundle.folder) == []
        assert stat.S_IMODE((bundle.folder / "jobs").stat().st_mode) & 0o077 == 0


def test_where_all_may_write_all_work_on_a_bundle(graph, deadline):
    """Without a group; ``doctor`` says that it is so."""
    client = AnyonesClient(deadline)
    with folder_of(OWNER, OWNER, 0o777) as root:
        bundle = written(graph, root, umask=0o022, groups=(ARTIST,))
        with acting_as(ARTIST, ARTIST):
            submit_to(client, bundle)

        assert readable_for(STRANGER, STRANGER, below=bundle.folder) == ["jobs/001-render.job"]
        with acting_as(WRANGLER, WRANGLER):
            cancel_submission(bundle, lambda: client)
            assert len(submit_to(client, bundle)) == 1


@UMASKS
def test_a_wrangler_redoes_cancels_and_submits_again(graph, deadline, umask):
    """As one of the group; what is written then is for the group too."""
    client = AnyonesClient(deadline)
    with folder_of(OWNER, GROUP, 0o2775) as root:
        bundle = written(graph, root, umask=umask)
        with acting_as(ARTIST, ARTIST, GROUP, umask=umask):
            submit_to(client, bundle)

        with acting_as(WRANGLER, WRANGLER, GROUP, umask=umask):
            redo_on_farm(client, bundle, chosen(bundle, render=["1"]), how=RedoOptions(new_jobs=True))
            cancel_submission(bundle, lambda: client)
            copy = copy_bundle(bundle)
            submit_to(client, bundle)

        for folder in (bundle.folder, copy.folder):
            assert readable_for(ARTIST, ARTIST, GROUP, below=folder) == files_with_variables(folder)
            assert readable_for(STRANGER, STRANGER, below=folder) == []


def test_who_may_only_look_sees_all_but_the_variables(graph, deadline):
    """State, reasons, results and the list; and a worker evaluates without the files of jobs."""
    client = AnyonesClient(deadline)
    with folder_of(OWNER, GROUP, 0o2775) as root:
        bundle = written(graph, root, umask=0o077)
        with acting_as(ARTIST, ARTIST, GROUP):
            submit_to(client, bundle)
        arguments = ["--bundle", bundle.folder, "--node", "render", "--frames", "1"]
        task = run_as(FARM, FARM, GROUP, arguments=arguments, umask=0o022)
        assert task.returncode == 0, task.stderr

        with acting_as(STRANGER, STRANGER):
            opened = read_bundle(bundle.folder)
            status = read_submission_status(opened, lambda: client)
            reasons = why(opened, client)
            results = read_results(bundle.folder)
            listed = list_bundles(root, everyone=True, open_client=lambda: client)
            states = last_states(opened)

        assert [job.status for job in status.jobs] == ["Queued"]
        assert [reason.key for reason in reasons] == ["render"]
        assert str(results["Test.render"].missing) == "2"
        assert [entry.error for entry in listed] == [""]
        assert states == {}


def test_who_may_not_submit_hears_why(graph):
    """The user, the folder and its rights."""
    with folder_of(OWNER, GROUP, 0o2775) as root:
        bundle = written(graph, root, umask=0o022)

        refused = pytest.raises(RecordError, match="for its owner and group only")
        with folder_of(STRANGER, STRANGER, 0o755) as own, acting_as(STRANGER, STRANGER), refused as caught:
            copy_bundle(bundle, root=own)

        words = f"this is the user {STRANGER}, and {bundle.folder / 'jobs'} is of {ARTIST}, group {GROUP}, drwxrws---"
        assert words in str(caught.value)


def test_a_bundle_of_an_earlier_version_goes_on(graph, deadline):
    """Its files stay as they are; those that are written now are kept from others."""
    client = AnyonesClient(deadline)
    with folder_of(OWNER, GROUP, 0o2775) as root:
        bundle = written(graph, root, umask=0o022)
        (bundle.folder / "jobs").chmod(0o2775)
        for path in (bundle.folder / "jobs").iterdir():
            path.chmod(0o664)

        with acting_as(WRANGLER, WRANGLER, GROUP, umask=0o022):
            submit_to(client, bundle)

        assert readable_for(WRANGLER, WRANGLER, GROUP, below=bundle.folder) == ["jobs/001-render.job"]
        assert readable_for(STRANGER, STRANGER, below=bundle.folder) == []
