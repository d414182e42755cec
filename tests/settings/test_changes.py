"""Settings for jobs that are planned, or there already."""

from __future__ import annotations

import farm_nodes as nodes
import pytest

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.bundle.job_files import job_entries, plugin_entries
from flowpipe_deadline.bundle.write import copy_bundle
from flowpipe_deadline.deadline.properties import PROPERTIES
from flowpipe_deadline.errors import PreflightError, SettingError, UsageError
from flowpipe_deadline.redo.redo import CHANGEABLE, entries_for_jobs
from flowpipe_deadline.settings.table import SETTINGS


def test_what_can_be_changed_is_what_deadline_has_a_property_for():
    """The name of a job is the plan's."""
    assert {SETTINGS[name].key for name in CHANGEABLE} == set(PROPERTIES) - {"Name"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prioritty": 80}, r"unknown setting 'prioritty'\. Did you mean 'priority'\?"),
        ({"priority": "high"}, "priority must be a whole number from 0, not 'high'"),
        ({"batch_name": "x"}, "'batch_name' is not a setting, but set by the plan"),
        (
            {"allow_list": ["a"]},
            r"'allow_list' cannot be changed of a job .* What can be: comment, .*NODE\.INPUT=VALUE",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_what_cannot_be_changed_is_an_error_that_lists_what_can(settings, message):
    """One for each."""
    with pytest.raises(UsageError, match=message):
        entries_for_jobs(settings)
    with pytest.raises(PreflightError):
        entries_for_jobs({**settings, "deny_list": ["b"]})


@pytest.fixture
def bundle(graph, tmp_path):
    """A node with settings of its own."""
    own = {
        "priority": 10,
        "deny_list": ["w1"],
        "output_directories": ["/a", "/b"],
        "environment": {"SHOW": "x", "OCIO": "/c", "LUT_PATH": "/d"},
        "extra_info": {"Version": "1"},
    }
    nodes.Pass(name="node", graph=graph, metadata={"deadline": own})
    return write_bundle(plan_graph(graph), root=tmp_path)


def files_of(bundle):
    """The entries of its only job's files."""
    return job_entries(bundle, bundle.jobs[0], job_ids={}), plugin_entries(bundle, bundle.jobs[0])


def test_a_copied_plan_takes_new_settings(bundle):
    """A list replaces the whole list, what a setting excludes is removed, and variables and names are added."""
    settings = {
        "priority": 80,
        "allow_list": ["w2"],
        "output_directories": ["/c"],
        "environment": {"SHOW": "y", "OCIO": None, "ASSET_ROOT": "/e"},
        "environment_kinds": {"LUT_PATH": "text"},
        "extra_info": {"Version": "2", "Cut": "9"},
    }

    new = copy_bundle(bundle, settings=settings)

    job_info, plugin_info = files_of(new)
    old_job_info, old_plugin_info = files_of(bundle)
    assert job_info == {
        **{key: old_job_info[key] for key in ("Plugin", "Name", "Frames", "ChunkSize")},
        "BatchName": new.name,
        "Priority": "80",
        "Whitelist": "w2",
        "OutputDirectory0": "/c",
        "EnvironmentKeyValue0": "SHOW=y",
        "EnvironmentKeyValue1": "LUT_PATH=/d",
        "EnvironmentKeyValue2": "ASSET_ROOT=/e",
        "ExtraInfoKeyValue0": f"FlowpipeSubmission={new.name}",
        "ExtraInfoKeyValue1": "FlowpipeNode=node",
        "ExtraInfoKeyValue2": "Version=2",
        "ExtraInfoKeyValue3": "Cut=9",
    }
    assert (old_plugin_info["PathVariables"], old_plugin_info["PathListVariables"]) == ("OCIO", "LUT_PATH")
    assert "PathVariables" not in plugin_info
    assert plugin_info["PathListVariables"] == "ASSET_ROOT"


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"priority": "high"}, SettingError), ({"import_roots": ["/x"]}, UsageError), ({"chunk_size": 2}, SettingError)],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_comes_too_late_is_refused_before_anything_is_written(bundle, settings, error):
    """Nothing is left behind."""
    with pytest.raises(error):
        copy_bundle(bundle, settings=settings)

    assert list(bundle.folder.parent.iterdir()) == [bundle.folder]
