"""Everything that is wrong with a plan, its root and the repository, before anything is written."""

from __future__ import annotations

import itertools

import farm_nodes as nodes
import pytest
from flowpipe import Graph, InputPlug

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.warnings import ErrorCollector, WarningKind
from flowpipe_deadline.deadline.client import RepositoryInfo
from flowpipe_deadline.errors import CheckError, PreflightError
from flowpipe_deadline.preflight.check import examine_plan, raise_errors
from flowpipe_deadline.preflight.storage import Mount, Mounts

SHARED = Mounts((Mount("/", "nfs4"),), system="linux")
LOCAL = Mounts((Mount("/", "ext4"),), system="linux")
FARM = RepositoryInfo(pools=("none", "cpu"), plugins=("Flowpipe",), maximum_priority=100, task_limit=5000)


@pytest.fixture(autouse=True)
def _root_of_a_group(tmp_path):
    """Others may write there too, as on a share of a studio."""
    tmp_path.chmod(0o770)


def kinds(warnings):
    """The kinds of the findings, each with its severity."""
    return [(warning.kind, warning.severity) for warning in warnings]


def bad_graph():
    """A graph with which much is wrong, and that can be planned."""
    graph = Graph(name="shot")
    settings = {"pool": "cpuu", "priority": 101, "output_directories": ["/no/such/folder"]}
    batch = {"size": 10, "merge": {"items": "no_such_module:f"}}
    nodes.Render(name="a", graph=graph, frames="1-10", metadata={"deadline": settings, "batch": batch})
    return graph


def test_an_ordinary_plan_on_a_share_is_fine(tmp_path, graph):
    """No finding, nothing left in the root."""
    nodes.Render(graph=graph, frames=[1, 2], metadata={"batch_size": 1, "deadline": {"pool": "cpu"}})

    assert examine_plan(plan_graph(graph), root=tmp_path, repository=FARM, mounts=SHARED) == ()
    assert list(tmp_path.iterdir()) == []


def test_everything_is_told_at_once(tmp_path):
    """Of root, repository, files and nodes, in one go."""
    (tmp_path / "file").touch()
    repository = RepositoryInfo(pools=("cpu",), plugins=(), maximum_priority=100, task_limit=5000)

    found = examine_plan(plan_graph(bad_graph()), root=tmp_path / "file", repository=repository, mounts=LOCAL)

    assert kinds(found) == [
        (WarningKind.MISSING_PLUGIN, "error"),
        (WarningKind.UNUSABLE_ROOT, "error"),
        (WarningKind.LOCAL_ROOT, "error"),
        (WarningKind.PRIORITY, "error"),
        (WarningKind.UNKNOWN_POOL, "error"),
        (WarningKind.MERGE_FUNCTION, "error"),
        (WarningKind.OUTPUT_DIRECTORY, "warning"),
        (WarningKind.TEXT_FRAMES, "warning"),
        (WarningKind.SINGLE_TASK, "warning"),
    ]
    with pytest.raises(PreflightError) as caught:
        raise_errors(found)
    assert len(caught.value.errors) == 6


def test_root_and_repository_are_looked_at_though_there_is_no_plan(tmp_path, graph):
    """What keeps a graph from being planned is told with what keeps it from being submitted."""
    nodes.Pass(name="a", graph=graph, value=object(), metadata={"deadline": {"prioritty": 1}})
    errors = ErrorCollector()
    plan = None

    with errors.collected():
        plan = plan_graph(graph)
    found = examine_plan(plan, root=tmp_path, repository=RepositoryInfo(plugins=()), mounts=LOCAL)
    with pytest.raises(PreflightError) as caught:
        raise_errors(found, errors=errors)

    assert [line.partition(" ")[0] for line in caught.value.lines] == ["Test.a:", "Test.a:", "the", "the"]


def test_a_root_of_this_machine_may_be_allowed(tmp_path, graph):
    """For a machine that shares its own disk."""
    nodes.Pass(graph=graph)
    plan = plan_graph(graph)

    with pytest.raises(CheckError, match="is on this machine"):
        raise_errors(examine_plan(plan, root=tmp_path, mounts=LOCAL))
    warnings = raise_errors(examine_plan(plan, root=tmp_path, mounts=LOCAL), tolerated={WarningKind.LOCAL_ROOT})

    assert kinds(warnings) == [(WarningKind.LOCAL_ROOT, "warning")]


def test_the_mounts_of_this_machine_are_asked(tmp_path, graph):
    """The temporary folder of this machine is nobody else's."""
    nodes.Pass(graph=graph)

    assert kinds(examine_plan(plan_graph(graph), root=tmp_path)) == [(WarningKind.LOCAL_ROOT, "error")]


def test_modules_on_a_disk_are_told_where_the_root_is_on_a_share(tmp_path, graph):
    """Where the root is local as well, that is told already."""
    nodes.Pass(graph=graph)
    mounts = Mounts((*LOCAL.mounts, Mount(str(tmp_path), "nfs")), system="linux")

    assert kinds(examine_plan(plan_graph(graph), root=tmp_path, mounts=mounts)) == [
        (WarningKind.LOCAL_SOURCE, "warning")
    ]


def test_a_path_too_long_is_told(tmp_path, graph):
    """Windows workers could not write there."""
    nodes.Pass(graph=graph)

    found = examine_plan(plan_graph(graph), root=tmp_path / ("x" * 100) / ("y" * 100), mounts=SHARED)

    assert kinds(found) == [(WarningKind.LONG_PATH, "warning")]


def test_a_plan_alone_is_judged_by_itself():
    """Without root and repository, only they are left out."""
    found = examine_plan(plan_graph(bad_graph()))

    assert kinds(found) == [
        (WarningKind.MERGE_FUNCTION, "error"),
        (WarningKind.OUTPUT_DIRECTORY, "warning"),
        (WarningKind.TEXT_FRAMES, "warning"),
        (WarningKind.SINGLE_TASK, "warning"),
    ]


def test_thousands_of_jobs_are_checked(tmp_path, graph):
    """A hundred thousand tasks, and every one of the jobs with something wrong: each is told, in a line for all."""
    settings = {"pool": "cpuu", "limits": ["maya"], "output_directories": ["/no/such/folder"]}
    made = [
        nodes.Check(
            graph=None,
            name=f"n{index}",
            frames=list(range(1, 51)),
            metadata={"batch": {"size": 1, "over": ["frames", "images"]}, "deadline": settings},
        )
        for index in range(2000)
    ]
    graph.nodes.extend(made)
    made[0].metadata = {"batch_size": 1, "deadline": settings}
    for node in made:
        node.graph = graph
    for one, other in itertools.pairwise(made):
        one.outputs["images"].connections.append(other.inputs["images"])
        other.inputs["images"].connections.append(one.outputs["images"])
    InputPlug("scene", made[-1], "x" * 2_000_000)
    plan = plan_graph(graph)

    found = examine_plan(plan, root=tmp_path, repository=RepositoryInfo(pools=("cpu",), limits=()), mounts=SHARED)

    assert sum(job.task_count for job in plan.jobs) == 100_000
    assert len(found) == 3 * 2000 + 1
    with pytest.raises(PreflightError) as caught:
        raise_errors(found, strict=True)
    assert len(caught.value.lines) == 4
