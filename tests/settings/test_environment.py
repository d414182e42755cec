"""Which variables of a job hold paths, and how that reaches the job."""

from __future__ import annotations

import farm_nodes as nodes
import pytest

from flowpipe_deadline import with_settings, write_bundle
from flowpipe_deadline.bundle.job_files import plugin_entries
from flowpipe_deadline.cli.support.assignments import parse_assignments
from flowpipe_deadline.errors import SettingError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.settings.context import PlanContext
from flowpipe_deadline.settings.environment import kind_of
from flowpipe_deadline.settings.layers import Layer, Layers, merge_settings


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        *((name, "path") for name in ("OCIO", "ocio", "TMPDIR")),
        *((name, "paths") for name in ("PATH", "PYTHONPATH", "NUKE_PATH", "HOUDINI_PATH", "MAYA_SCRIPT_PATH", "Path")),
        *((name, "paths") for name in ("MAYA_APP_DIR", "REZ_MAYA_ROOT", "REZ_CONFIG_FILE", "XDG_DATA_DIRS")),
        *((name, "paths") for name in ("XBMLANGPATH", "OFX_PLUGIN_PATH", "PXR_PLUGINPATH_NAME")),
        *((name, None) for name in ("SHOW", "PATHEXT", "FOUNDRY_LICENSE", "DIR")),
    ],
)
def test_kinds_that_are_known_by_name(variable, kind):
    """One path is a list too, so a suffix that leaves it open makes one."""
    assert kind_of(variable, {}) == kind


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        pytest.param({"NUKE_PATH": "text"}, "text", id="a name"),
        pytest.param({"nuke_path": "path"}, "path", id="in any case"),
        pytest.param({"NUKE_*": "path"}, "path", id="a pattern"),
        pytest.param({"NUKE_PATH": "text", "*": "path"}, "text", id="a name before a pattern"),
        pytest.param({"*": "path", "NUKE_*": "text"}, "text", id="the last pattern, as stronger layers come last"),
        pytest.param({"MAYA_*": "text"}, "paths", id="that of another variable"),
    ],
)
def test_what_is_declared_counts_first(declared, kind):
    """A studio knows its own variables."""
    assert kind_of("NUKE_PATH", declared) == kind


def plugin_lines(plan, root):
    """What the plugin info of the only job says of variables."""
    bundle = write_bundle(plan, root=root)
    entries = plugin_entries(bundle, bundle.jobs[0])
    return {key: value for key, value in entries.items() if "Variables" in key}


def test_the_job_names_its_variables_with_paths(graph, tmp_path):
    """Those that are set or captured, for the node or for all; a job without has none of these keys."""
    settings = {
        "environment": {"OCIO": "P:\\a", "SHOW": "/x", "A_PATH": "P:\\b"},
        "environment_kinds": {"SHOW*": "path", "A_PATH": "text"},
    }
    own = {"capture_environment": ["SHOW_*", "B_PATH"], "environment_kinds": {"SHOW_LIBS": "paths"}}
    nodes.Pass(graph=graph, metadata={"deadline": own})
    environ = {"SHOW_LIBS": "/a:/b", "SHOW_ROOT": "/a", "B_PATH": "/c"}

    plan = make_plan(graph, settings=settings, context=PlanContext(environ=environ))

    assert plan.warnings == ()
    assert plugin_lines(plan, tmp_path) == {
        "PathVariables": "SHOW_ROOT,OCIO,SHOW",
        "PathListVariables": "SHOW_LIBS,B_PATH",
    }


def test_a_job_without_paths_has_no_such_key(graph, tmp_path):
    """Its files are as before."""
    nodes.Pass(graph=graph, metadata={"deadline": {"environment": {"SHOW": "x"}}})

    assert plugin_lines(make_plan(graph), tmp_path) == {}


def test_kinds_of_layers_are_put_together():
    """As the variables are."""
    studio, node = {"environment_kinds": {"A": "path", "B": "path"}}, {"environment_kinds": {"B": "text"}}

    assert merge_settings(studio, node) == {"environment_kinds": {"A": "path", "B": "text"}}
    sources = Layers(
        (Layer("studio", studio), Layer("--set", parse_assignments(["environment_kinds.B=text"])))
    ).sources()
    assert sources == {"environment_kinds.A": "studio", "environment_kinds.B": "--set"}


def test_a_hook_adds_variables_and_what_they_hold(graph, tmp_path):
    """To those that were planned."""
    declared = {"environment": {"SHOW": "P:\\x"}, "environment_kinds": {"SHOW": "path"}}
    nodes.Pass(graph=graph, metadata={"deadline": declared})
    plan = make_plan(graph)
    hooked = {"environment": {"NUKE_PATH": "P:\\n", "SITE": "P:\\s"}, "environment_kinds": {"SITE": "path"}}

    (job,) = (with_settings(job, hooked) for job in plan.jobs)

    assert dict(job.environment_kinds) == {"SHOW": "path", "SITE": "path"}


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"SHOW": "file"}, "environment_kinds.SHOW must be path, paths or text, not 'file'"),
        (["SHOW"], "environment_kinds must be a dict, not"),
        ({"A=B": "path"}, "environment_kinds has 'A=B', which is not a name"),
    ],
)
def test_a_kind_that_does_not_exist_is_an_error(graph, kinds, message):
    """For all nodes and for one."""
    nodes.Pass(graph=graph, metadata={"deadline": {"environment_kinds": kinds}})

    with pytest.raises(SettingError, match=message):
        make_plan(graph)
