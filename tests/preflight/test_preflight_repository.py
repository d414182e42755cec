"""What a plan asks of the repository and cannot have."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from flowpipe import Graph

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.deadline.client import RepositoryInfo
from flowpipe_deadline.preflight.repository import plugin_warnings, repository_warnings

FARM = RepositoryInfo(
    pools=("none", "cpu", "gpu", "lighting"),
    groups=("none", "linux", "windows"),
    limits=("arnold", "Maya"),
    plugins=("Flowpipe", "CommandLine"),
    maximum_priority=90,
    task_limit=100,
)


def planned(settings=None, **options):
    """A plan of one node with these job settings."""
    graph = Graph(name="shot")
    metadata = {"deadline": settings or {}, **options.pop("metadata", {})}
    nodes.Render(name="a", graph=graph, metadata=metadata, **options)
    return plan_graph(graph)


def messages(plan, facts=FARM):
    """Kind, severity and sentence of what does not fit."""
    return [(found.kind, found.severity, str(found)) for found in repository_warnings(plan, facts)]


def test_what_the_repository_has_fits():
    """Pools, groups and limits by their names, numbers up to the limits."""
    settings = {
        "pool": "cpu",
        "secondary_pool": "gpu",
        "group": "linux",
        "limits": ["arnold", "Maya"],
        "priority": 90,
    }

    assert messages(planned(settings, frames=range(100), metadata={"batch_size": 1})) == []


@pytest.mark.parametrize("name", ["none", "None", ""])
def test_none_is_a_pool_and_a_group_of_every_repository(name):
    """Listed or not."""
    facts = RepositoryInfo(pools=("cpu",), groups=())

    assert messages(planned({"pool": name, "secondary_pool": name, "group": name}), facts) == []


@pytest.mark.parametrize(
    ("settings", "kind", "text"),
    [
        (
            {"pool": "lightning"},
            WarningKind.UNKNOWN_POOL,
            "the repository has no pool 'lightning'; did you mean 'lighting'?",
        ),
        (
            {"secondary_pool": "render"},
            WarningKind.UNKNOWN_POOL,
            "the repository has no pool 'render'; it has none, cpu, gpu, lighting",
        ),
        (
            {"group": "window"},
            WarningKind.UNKNOWN_GROUP,
            "the repository has no group 'window'; did you mean 'windows'?",
        ),
        (
            {"limits": ["arnold", "nuke"]},
            WarningKind.UNKNOWN_LIMIT,
            "the repository has no limit 'nuke'; it has arnold, Maya",
        ),
        ({"priority": 91}, WarningKind.PRIORITY, "a priority of 91 is above the repository's maximum; use at most 90"),
    ],
)
def test_what_the_repository_does_not_have_is_an_error(settings, kind, text):
    """The nearest name is suggested, else all are told."""
    assert messages(planned(settings)) == [(kind, "error", f"shot.a: {text}")]


def test_a_repository_without_any_has_none():
    """An empty answer is an answer."""
    [(_, _, text)] = messages(planned({"limits": ["nuke"]}), RepositoryInfo(limits=()))

    assert text == "shot.a: the repository has no limit 'nuke'; it has none"


def test_other_capitals_are_a_warning():
    """Whether Deadline tells them apart is not documented: it may work as it is."""
    assert messages(planned({"limits": ["maya"], "pool": "CPU"})) == [
        (
            WarningKind.LETTER_CASE,
            "warning",
            "shot.a: the pool 'CPU' is spelt 'cpu' in the repository; write it so, as Deadline may tell them apart",
        ),
        (
            WarningKind.LETTER_CASE,
            "warning",
            "shot.a: the limit 'maya' is spelt 'Maya' in the repository; write it so, as Deadline may tell them apart",
        ),
    ]


@pytest.mark.parametrize("facts", [None, RepositoryInfo()], ids=["nobody was asked", "nothing was told"])
def test_what_is_not_known_is_not_judged(facts):
    """But for the number of tasks, which Deadline limits by itself."""
    settings = {"pool": "x", "group": "x", "limits": ["x"], "priority": 1000}

    found = messages(planned(settings, frames=list(range(5001)), metadata={"batch_size": 1}), facts)

    assert found == [
        (
            WarningKind.TASK_LIMIT,
            "error",
            "shot.a: it has 5001 tasks, and Deadline takes 5000 per job; set a batch size of at least 2",
        )
    ]
    assert plugin_warnings(facts) == ()


@pytest.mark.parametrize(
    ("frames", "size", "limit", "fitting"),
    [(101, 1, 100, 2), (200, 1, 100, 2), (201, 2, 100, 3), (10_000, 1, 3, 3334)],
)
def test_too_many_tasks_are_told_with_the_size_that_fits(frames, size, limit, fitting):
    """It is the smallest: one less would be too many again."""
    plan = planned(frames=list(range(frames)), metadata={"batch_size": size})

    [(kind, severity, text)] = messages(plan, RepositoryInfo(task_limit=limit))

    assert (kind, severity) == (WarningKind.TASK_LIMIT, "error")
    assert text.endswith(f"and the repository takes {limit} per job; set a batch size of at least {fitting}")
    assert -(-frames // fitting) <= limit < -(-frames // (fitting - 1))


def test_a_limit_of_no_tasks_is_none():
    """What it means is not documented; that there are no jobs it cannot mean."""
    assert messages(planned(frames=range(10), metadata={"batch_size": 1}), RepositoryInfo(task_limit=0)) == []


@pytest.mark.parametrize(
    ("plugins", "found"),
    [
        (("Flowpipe", "CommandLine"), []),
        (("CommandLine",), [(WarningKind.MISSING_PLUGIN, "error")]),
        ((), [(WarningKind.MISSING_PLUGIN, "error")]),
        (("flowpipe",), [(WarningKind.LETTER_CASE, "warning")]),
    ],
)
def test_the_plugin_has_to_be_installed(plugins, found):
    """The message says how, and where to."""
    warnings = plugin_warnings(RepositoryInfo(plugins=plugins, root="/mnt/DeadlineRepository10"))

    assert [(warning.kind, warning.severity) for warning in warnings] == found
    assert all("flowpipe-deadline install /mnt/DeadlineRepository10" in str(warning) for warning in warnings)
