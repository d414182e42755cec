"""An artist submits, the farm writes results, wranglers change the submission: each of them another user."""

from __future__ import annotations

import json

import farm_nodes as nodes
import pytest
from direct_farm import AnyonesClient
from other_users import acting_as, folder_of, interrupt, needs_superuser, run_as

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.errors import InterruptedRunError
from flowpipe_deadline.offline.farm import run_bundle
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.submit.record import IDS, SubmissionWriter, read_submission
from flowpipe_deadline.submit.transaction import submit_to

ARTIST, FARM, SECOND_FARM, WRANGLER, STRANGER = 1101, 1102, 1103, 1104, 1105
GROUP = 1200

pytestmark = needs_superuser


@pytest.fixture(params=[0o2775, 0o775, 0o2770, 0o777], ids=oct)
def root(request):
    """A root of somebody else's, which the group may write."""
    with folder_of(1100, GROUP, request.param) as folder:
        yield folder


def written(graph, root, *, umask):
    """The artist's bundle of two jobs; imports and plans are the superuser's, for whom the tests' files are."""
    nodes.Render(name="render", graph=graph, frames=[1, 2], metadata={"batch_size": 1})
    plan = plan_graph(graph)
    with acting_as(ARTIST, ARTIST, GROUP, umask=umask):
        return write_bundle(plan, root=root)


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
def test_each_has_a_part_in_a_bundle(graph, root, deadline, umask):
    """Results are replaced by another worker's user, and a submission by another wrangler."""
    client = AnyonesClient(deadline)
    bundle = written(graph, root, umask=umask)
    with acting_as(ARTIST, ARTIST, GROUP, umask=umask):
        submit_to(client, bundle)

    for user in (FARM, SECOND_FARM):
        arguments = ["--bundle", bundle.folder, "--node", "render", "--frames", "1-2"]  # A chunk that was not planned.
        task = run_as(user, user, GROUP, arguments=arguments, umask=umask)
        assert task.returncode == 0, task.stderr
    failed = run_as(FARM, FARM, GROUP, arguments=["--bundle", bundle.folder, "--node", "render"], umask=umask)
    assert failed.returncode == 2

    with acting_as(WRANGLER, WRANGLER, GROUP, umask=umask):
        assert "was deleted" in cancel_submission(bundle, lambda: client)
        assert len(submit_to(client, bundle)) == 1
    with acting_as(ARTIST, ARTIST, GROUP, umask=umask):
        assert read_results(bundle)["Test.render"].missing is None
        assert read_submission(bundle.folder).state == "submitted"
        cancel_submission(bundle, lambda: client)
    assert (bundle.folder / "errors" / "render").is_dir()


def test_a_record_is_taken_over(graph, root):
    """A wrangler goes on where the artist's process died."""
    bundle = written(graph, root, umask=0o077)
    with acting_as(ARTIST, ARTIST, GROUP, umask=0o077):
        artist = SubmissionWriter(bundle.folder)
        artist.claim()
        artist.add("render", "a" * 24)
    path = bundle.folder / "submission.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "process": 0}))

    with acting_as(WRANGLER, WRANGLER, GROUP, umask=0o077):
        (bundle.folder / IDS).open("a").close()
        wrangler = SubmissionWriter(bundle.folder)

        assert wrangler.claim().jobs == {"render": "a" * 24}
        wrangler.go_on()
        wrangler.drop()


def test_a_run_is_gone_on_with_by_another(graph, root, monkeypatch):
    """The offline farm's own files are theirs too."""
    monkeypatch.setattr("flowpipe_deadline.offline.workers.WorkerPool.start", lambda *_: None)
    bundle = written(graph, root, umask=0o077)

    for user in (ARTIST, WRANGLER):
        with acting_as(user, user, GROUP, umask=0o077), pytest.raises(InterruptedRunError):
            run_bundle(bundle, on_progress=interrupt)


@pytest.mark.parametrize("prepared", [True, False], ids=["the node's folder is there", "it is not"])
def test_who_may_not_write_hears_of_it_before_the_node_is_called(graph, tmp_path, prepared):
    """Not after hours of rendering; the message names user, folder and remedy."""
    with folder_of(1100, GROUP, 0o2775) as root:
        calls = root.parent / "calls"
        calls.touch()
        calls.chmod(0o666)
        bundle = written_with_calls(graph, root, calls)
        if prepared:
            with acting_as(FARM, FARM, GROUP):
                (bundle.folder / "results" / "render").mkdir()
        arguments = ["--bundle", bundle.folder, "--node", "render"]

        refused = run_as(STRANGER, STRANGER, arguments=arguments)
        accepted = run_as(FARM, FARM, GROUP, arguments=arguments)

        folder = bundle.folder / "results" / ("render" if prepared else "")
        assert refused.returncode == 2
        assert f"this is the user {STRANGER}, and {folder} is of {FARM if prepared else ARTIST}" in refused.stderr
        assert f"chmod -R g+rwX '{folder}'" in refused.stderr
        assert accepted.returncode == 0, accepted.stderr
        assert len(calls.read_text().splitlines()) == 1


def written_with_calls(graph, root, calls):
    """The artist's bundle of one node that counts its calls in a file."""
    nodes.Wait(name="render", graph=graph, log=str(calls), value="called")
    plan = plan_graph(graph)
    with acting_as(ARTIST, ARTIST, GROUP):
        return write_bundle(plan, root=root)
