"""The job's environment on a worker of another system than the submitter's."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import farm_nodes as nodes
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugin_runs import drive

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.bundle.job_files import job_entries, plugin_entries
from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.offline.standins import sandbox
from flowpipe_deadline.settings.environment import variables_of

RULES = [["P:\\", "/mnt/p/"], ["//server/share", "/mnt/share"]]
ENVIRONMENT = {
    "OCIO": "P:\\cfg\\config.ocio",
    "NUKE_PATH": "P:\\pipe\\nuke;\\\\other\\nuke;P:\\pipe\\gizmos;",
    "HOUDINI_PATH": "p:/houdini;&",
    "SHOW_TITLE": "P:\\is a letter",
    "SHOW_ROOT": "/shows/x",
    "SITE": "P:\\a;b",
}
SETTINGS = {"environment": ENVIRONMENT, "environment_kinds": {"SHOW_TITLE": "text", "SITE": "path"}}


def start(bundle, *, environment=None, plugin_info=None, **answers):
    """What the worker reports of the only job, with the environment and plugin info of its files unless given."""
    job = bundle.jobs[0]
    planned = variables_of(job_entries(bundle, job, job_ids={}).items())
    named = {key: text for key, text in plugin_entries(bundle, job).items() if "Variables" in key}
    answers["environment"] = planned if environment is None else environment
    answers["plugin_info"] = named if plugin_info is None else plugin_info
    said = drive(answers.pop("python", sys.executable), bundle, job.key, [], path_mappings=RULES, **answers)
    assert said["error"] is None
    return said


def variables_set(said):
    """What the plugin set beside what it sets for all jobs."""
    prefix = "INFO: Setting Process Environment Variable "
    pairs = [line[len(prefix) :].partition(" to ")[::2] for line in said["log"] if line.startswith(prefix)]
    return {name: value for name, value in pairs if value and not name.startswith(("PYTHON", "LC_"))}


@pytest.mark.parametrize("answers", [{"missing_value": ""}, {"missing_value": None}, {"environment_only": True}])
def test_variables_with_paths_are_mapped_on_a_worker(graph, tmp_path, answers):
    """Only those that change are set; text, and entries of a list that are not paths, stay."""
    nodes.Environment(name="a", graph=graph, variable="OCIO")
    bundle = write_bundle(plan_graph(graph, settings=SETTINGS), root=tmp_path)

    said = start(bundle, **answers)

    assert variables_set(said) == {
        "OCIO": "/mnt/p/cfg/config.ocio",
        "NUKE_PATH": "/mnt/p/pipe/nuke:\\\\other\\nuke:/mnt/p/pipe/gizmos:",
        "HOUDINI_PATH": "/mnt/p/houdini:&",
        "SITE": "/mnt/p/a;b",
    }
    assert read_results(bundle)["Test.a"].outputs() == {"value": "/mnt/p/cfg/config.ocio"}


def test_deadlines_own_pythons_map_variables(deadline_python, graph, tmp_path):
    """From 3.7 on."""
    nodes.Environment(name="a", graph=graph, variable="NUKE_PATH")
    bundle = write_bundle(plan_graph(graph, settings=SETTINGS), root=tmp_path)

    start(bundle, python=deadline_python)

    assert read_results(bundle)["Test.a"].outputs()["value"].startswith("/mnt/p/pipe/nuke:")


def test_pythonpath_of_windows_is_split_as_windows_does(graph, tmp_path, monkeypatch):
    """Also of a job of an earlier version, which names no variables."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    nodes.Environment(name="a", graph=graph, variable="PYTHONPATH")
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    start(bundle, environment={"PYTHONPATH": "P:\\pipe\\python;P:\\pipe\\vendor"}, plugin_info={})

    folders = read_results(bundle)["Test.a"].outputs()["value"].split(":")
    assert folders[-2:] == ["/mnt/p/pipe/python", "/mnt/p/pipe/vendor"]


def test_a_job_that_names_no_variables_keeps_them(graph, tmp_path):
    """As before."""
    nodes.Environment(name="a", graph=graph, variable="OCIO")
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    said = start(bundle, environment=ENVIRONMENT, plugin_info={})

    assert variables_set(said) == {}


def test_what_was_edited_in_the_monitor_counts(graph, tmp_path):
    """A value that was changed, and a variable that was removed."""
    nodes.Environment(name="a", graph=graph, variable="OCIO")
    bundle = write_bundle(plan_graph(graph, settings=SETTINGS), root=tmp_path)

    said = start(bundle, environment={"OCIO": "P:\\other.ocio"})

    assert variables_set(said) == {"OCIO": "/mnt/p/other.ocio"}


def load_plugin():
    """The plugin's module."""
    sandbox.install()
    spec = importlib.util.spec_from_file_location("Flowpipe", shipped_folder("plugins/Flowpipe") / "Flowpipe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLUGIN = load_plugin()
SYSTEMS = {"linux": SimpleNamespace(sep="/", pathsep=":"), "windows": SimpleNamespace(sep="\\", pathsep=";")}


def listed(system, paths, map_path=lambda path: f"[{path}]" if PLUGIN.FULL_PATH.match(path) else path):
    """The list on that system, each entry that begins like a path in brackets instead of mapped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PLUGIN, "os", SYSTEMS[system])
        return PLUGIN.FlowpipePlugin.mapped_list(SimpleNamespace(mapped_path=map_path), paths)


@pytest.mark.parametrize(
    ("paths", "linux", "windows"),
    [
        pytest.param("P:\\a;p:/b", "[P:\\a]:[p:/b]", "[P:\\a];[p:/b]", id="drives"),
        pytest.param("P:\\a", "[P:\\a]", "[P:\\a]", id="one drive"),
        pytest.param("\\\\s\\a;//s/b", "[\\\\s\\a]:[//s/b]", "[\\\\s\\a];[//s/b]", id="shares"),
        pytest.param("//s/a;//s/b", "[//s/a]:[//s/b]", "[//s/a];[//s/b]", id="shares with slashes"),
        pytest.param("lib;P:/a", "lib:[P:/a]", "lib;[P:/a]", id="a relative entry first"),
        pytest.param("P:\\a;&;", "[P:\\a]:&:", "[P:\\a];&;", id="the defaults, and an empty entry, of Windows"),
        pytest.param("/a:/b c", "[/a]:[/b c]", "[/a];[/b c]", id="folders of Linux"),
        pytest.param("/a::/b:", "[/a]::[/b]:", "[/a];;[/b];", id="empty entries of Linux"),
        pytest.param("/a;/b;&", "[/a];[/b];&", "[/a];[/b];&", id="as Houdini takes it on Linux"),
        pytest.param("&:/a:@/b", "&:[/a]:@/b", "&;[/a];@/b", id="as Houdini takes it, with colons"),
        pytest.param("/a;x:/b", "[/a;x]:[/b]", "[/a;x];[/b]", id="a semicolon in a name"),
        pytest.param("&:/a;x:/b", "&:[/a;x]:[/b]", "&;[/a;x];[/b]", id="a semicolon in a name, after the defaults"),
        pytest.param("/a\\ b:/c", "[/a\\ b]:[/c]", "[/a\\ b];[/c]", id="a backslash in a name"),
        pytest.param("/a:https://x/y", "[/a]:https://x/y", "[/a];https://x/y", id="a URL"),
        pytest.param("$SHOW/a:.", "$SHOW/a:.", "$SHOW/a;.", id="variables and relative entries"),
        pytest.param("", "", "", id="nothing"),
    ],
)
def test_a_list_gets_the_separator_of_the_worker(paths, linux, windows):
    """Which one it has is seen from the list; entries keep their order and places."""
    assert [listed("linux", paths), listed("windows", paths)] == [linux, windows]


@given(st.text(alphabet="aP.:;/\\&$@ ~"))
def test_without_rules_a_list_of_this_system_stays(paths):
    """Whatever a value is, a worker like the submitter's gets it as it was."""
    assert paths in (listed("linux", paths, str), listed("windows", paths, str))
