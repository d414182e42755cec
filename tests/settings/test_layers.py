"""Settings of several sources as one."""

from __future__ import annotations

import farm_nodes as nodes
import pytest

from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.settings.layers import Layer, Layers, merge_settings
from flowpipe_deadline.studio.file import StudioFile
from flowpipe_deadline.studio.plan import studio_layers

STUDIO = StudioFile(
    settings={"pool": "studio", "group": "studio", "priority": 10, "environment": {"SITE": "a", "SHOW": "studio"}},
    presets={"comp": {"group": "comp", "limits": ["nuke"]}, "rush": {"group": "rush", "environment": {"SHOW": "rush"}}},
)


def test_each_layer_wins_over_those_below(graph):
    """The studio's file, presets in their order, the call, and the node on top."""
    own = {"environment": {"OWN": "1", "SITE": None}, "comment": "own"}
    node = nodes.Pass(graph=graph, metadata={"deadline": {"comment": "node", **own}})
    layers = studio_layers(STUDIO, presets=["comp", "rush"], given={"priority": 90, "comment": "call"}, source="call")

    job = make_plan(graph, settings=layers.merged()).jobs[0]

    assert dict(job.job_info) == {
        "Comment": "own",
        "Pool": "studio",
        "Group": "rush",
        "Priority": "90",
        "LimitGroups": "nuke",
        "EnvironmentKeyValue0": "SHOW=rush",
        "EnvironmentKeyValue1": "OWN=1",
    }
    assert node.metadata["deadline"]["comment"] == "own"


def test_layers_know_where_each_value_comes_from():
    """Also of single variables of the environment."""
    layers = studio_layers(STUDIO, presets=["rush"], given={"priority": 90}, source="option --set")

    assert layers.sources() == {
        "pool": "studio file None",
        "priority": "option --set",
        "group": "preset 'rush', studio file None",
        "environment.SITE": "studio file None",
        "environment.SHOW": "preset 'rush', studio file None",
    }


@pytest.mark.parametrize(
    ("weaker", "stronger", "merged"),
    [
        pytest.param({"limits": ["a"]}, {"limits": ["b"]}, {"limits": ["b"]}, id="lists give way"),
        pytest.param(
            {"extra_info": {"a": "1"}}, {"extra_info": {"b": "2"}}, {"extra_info": {"b": "2"}}, id="so do dicts"
        ),
        pytest.param(
            {"environment": {"A": "1", "B": "1"}},
            {"environment": {"B": "2"}},
            {"environment": {"A": "1", "B": "2"}},
            id="but for the environment",
        ),
        pytest.param({"pool": "a"}, {"pool": None}, {}, id="None takes away"),
        pytest.param(
            {"task_timeout_minutes": 60},
            {"task_timeout_seconds": 5},
            {"task_timeout_seconds": 5},
            id="seconds for minutes",
        ),
        pytest.param(
            {"task_timeout_minutes": 60},
            {"task_timeout_seconds": 0},
            {"task_timeout_seconds": 0},
            id="no time is a time",
        ),
        pytest.param({"deny_list": ["a"]}, {"allow_list": ["b"]}, {"allow_list": ["b"]}, id="one list for the other"),
        pytest.param(
            {"on_job_complete": "Archive"},
            {"delete_on_complete": False},
            {"on_job_complete": "Archive", "delete_on_complete": False},
            id="what is switched off ousts nobody",
        ),
        pytest.param(
            {"priority": 1}, {"job_info": {"Priority": 2}}, {"job_info": {"Priority": 2}}, id="a raw key on top"
        ),
        pytest.param(
            {"job_info": {"Priority": 2, "Region": "eu"}},
            {"priority": 1},
            {"job_info": {"Region": "eu"}, "priority": 1},
            id="a raw key below",
        ),
    ],
)
def test_what_gives_way_to_what(weaker, stronger, merged):
    """The stronger layer, and nothing of the weaker that it excludes."""
    assert Layers((Layer("weaker", weaker), Layer("stronger", stronger))).merged() == merged


def test_merging_leaves_its_sources_alone():
    """They are the studio's, and merged anew for the next graph."""
    weaker, stronger = {"environment": {"A": "1"}, "job_info": {"Pool": "x"}}, {"environment": {"B": "2"}, "pool": "y"}

    merge_settings(weaker, stronger)

    assert weaker == {"environment": {"A": "1"}, "job_info": {"Pool": "x"}}
    assert stronger == {"environment": {"B": "2"}, "pool": "y"}


def test_an_unknown_preset_is_refused():
    """The error suggests the one that may be meant."""
    with pytest.raises(UsageError, match=r"unknown preset 'com'\. Did you mean 'comp'\?"):
        studio_layers(STUDIO, presets=["com"])
    with pytest.raises(UsageError, match=r"unknown preset 'comp'\. There is no studio file\."):
        studio_layers(StudioFile(), presets=["comp"])
