"""What becomes of settings, edges and the rest of a plan: a counterpart, or a warning; of plans and bundles alike."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import run_cli, write_script
from hypothesis import HealthCheck, given, settings

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.errors import FlowpipeDeadlineError
from flowpipe_deadline.openjd.export import export_bundle, export_graph, plan_for_openjd
from flowpipe_deadline.openjd.steps import lost_warnings, steps_of_bundle, steps_of_plan
from flowpipe_deadline.settings.table import SETTINGS
from flowpipe_deadline.studio.options import SubmitOptions
from flowpipe_deadline.studio.toml import parse_toml
from tests.test_random_graphs import graphs

GOLDEN = [
    line.split(" -> ")
    for line in (Path(__file__).parents[1] / "golden" / "settings.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
NEEDED = {
    "interruptible_percentage": {"interruptible": True},
    "rem_time_threshold": {"interruptible": True},
    "machine_limit_progress": {"machine_limit": 4},
    "failure_detection_job_errors": {"override_job_failure_detection": True},
    "failure_detection_task_errors": {"override_task_failure_detection": True},
    "override_job_cleanup": {"override_auto_job_cleanup": True},
    "job_cleanup_days": {"override_auto_job_cleanup": True, "override_job_cleanup": True},
    "override_job_cleanup_type": {"override_auto_job_cleanup": True, "override_job_cleanup": True},
    "scheduled_type": {"scheduled_monday_start_time": "20:00"},
    "scheduled_start": {"scheduled_type": "Once"},
    "scheduled_days": {"scheduled_type": "Daily", "scheduled_start": "2026-01-31 20:00"},
    **{name: {"scheduled_type": "Custom"} for name in SETTINGS if name.startswith("scheduled_") and "day_" in name},
    **{name: {"override_task_extra_info_names": True} for name in SETTINGS if name.startswith("task_extra_info")},
    "email_notification": {"override_notification_method": True},
    "popup_notification": {"override_notification_method": True},
}
"""Other settings, without which one has no effect."""
COUNTERPARTS = {
    "comment": ("description", "late fix = better"),
    "priority": ("priority", 80),
    "task_timeout_seconds": ("timeout", 90),
    "task_timeout_minutes": ("timeout", 3600),
    "output_directories": ("outputs", ["/show/a", "P:\\show\\b"]),
    "output_filenames": ("outputs", ["/show/a", "P:\\b"]),
    "aws_asset_files": ("inputs", ["/show/a.abc", "/show/b.abc"]),
}
SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["value"])
def One():
    return {"value": 1}

def build():
    graph = Graph(name="one")
    One(name="one", graph=graph)
    return graph
"""
JOB_INFO = (
    "Plugin=Flowpipe\nName={{ name }}\nBatchName={{ batch_name }}\nFrames={{ frames }}\nChunkSize={{ chunk_size }}\n"
)


def graph_of(*all_settings):
    """A graph with a node for each of these settings."""
    graph = Graph(name="graph")
    for number, deadline in enumerate(all_settings):
        nodes.Pass(name=f"n{number}", graph=graph, metadata={"deadline": deadline})
    return graph


def told(graph):
    """The warnings of a plan as it would be exported."""
    return [str(warning) for warning in lost_warnings(steps_of_plan(plan_graph(graph)))]


def step_of(**deadline):
    """What becomes of a node with these settings."""
    return steps_of_plan(plan_graph(graph_of(deadline)))[0]


def contents(steps):
    """All that steps have, but for the record that they come from."""
    return [{**vars(step), "job": step.job.key} for step in steps]


@pytest.fixture(scope="module")
def of_all_settings(tmp_path_factory):
    """Steps of a plan and of a bundle with a node for each setting that there is, by its name."""
    values = {name: parse_toml(line)[name] for line, _ in GOLDEN for name in parse_toml(line)}
    values["popup_notification"] = True
    plan = plan_graph(graph_of(*({**NEEDED.get(name, {}), name: values[name]} for name in SETTINGS)))
    bundle = write_bundle(plan, root=tmp_path_factory.mktemp("root"))
    return dict(zip(SETTINGS, steps_of_plan(plan))), dict(zip(SETTINGS, steps_of_bundle(bundle)))


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_has_a_counterpart_or_a_warning(of_all_settings, name):
    """None is dropped without a word."""
    step = of_all_settings[0][name]

    found = [warning.text for warning in lost_warnings([step])]

    if name in COUNTERPARTS:
        attribute, value = COUNTERPARTS[name]
        assert getattr(step, attribute) == value
        assert name == "priority" or found == []
    else:
        assert f"{name} has no counterpart in Open Job Description" in found


def test_a_bundle_has_the_settings_of_its_plan(of_all_settings):
    """Whether a graph or a bundle is exported does not matter."""
    of_plan, of_bundle = of_all_settings

    assert contents(of_bundle.values()) == contents(of_plan.values())


@given(graph=graphs())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_bundle_has_the_steps_of_its_plan(graph):
    """With implied dependencies, omitted nodes, and edges that are only about the order."""
    plan = plan_graph(graph)

    with tempfile.TemporaryDirectory() as root:
        steps = steps_of_bundle(write_bundle(plan, root=root))

    assert contents(steps) == contents(steps_of_plan(plan))


def test_a_step_waits_for_all_whose_results_it_takes(tmp_path):
    """Of a plan and of a bundle; also for those that Deadline need not be told, as another job waits for them."""
    graph = Graph(name="graph")
    scene = nodes.Pass(name="scene", graph=graph)
    first = nodes.Each(name="first", graph=graph, frames=range(8), metadata={"batch_size": 2})
    over = {"size": 2, "over": ["frames", "items"]}
    second = nodes.Follow(name="second", graph=graph, frames=range(8), metadata={"batch": over})
    scene.outputs["value"].connect(first.inputs["value"])
    scene.outputs["value"].connect(second.inputs["value"])
    first.outputs["items"].connect(second.inputs["items"])
    plan = plan_graph(graph)

    of_plan, of_bundle = steps_of_plan(plan), steps_of_bundle(write_bundle(plan, root=tmp_path))

    assert plan.jobs[2].awaited_keys == ("first",)
    assert [sorted(steps[2].upstream) for steps in (of_plan, of_bundle)] == [["first", "scene"]] * 2


def test_item_numbers_are_told_with_their_frames_from_a_plan_and_a_bundle(tmp_path):
    """As the comment of the job in Deadline does; variables and their kinds are alike, too."""
    graph = graph_of({"environment": {"OCIO": "/c", "NUKE_PATH": "/a:/b", "SHOW": "x"}})
    nodes.Render(name="render", graph=graph, frames=[9, 7, 8, 5], metadata={"batch_size": 2})
    nodes.Render(name="own", graph=graph, frames=[-1, 0], metadata={"deadline": {"comment": "own"}})
    plan = plan_graph(graph)

    steps = steps_of_bundle(write_bundle(plan, root=tmp_path))

    descriptions = {step.name: step.description for step in steps}
    assert contents(steps) == contents(steps_of_plan(plan))
    assert dict(next(step for step in steps if step.name == "n0").path_variables) == {
        "OCIO": "path",
        "NUKE_PATH": "paths",
    }
    assert "frames" in "".join(descriptions.values())


def test_a_setting_that_repeats_a_default_needs_no_warning():
    """In any case of its letters, as Deadline takes it, and if there is nothing in it."""
    defaults = {
        setting.key: setting.default.upper()
        for setting in SETTINGS.values()
        if setting.default in ("true", "false", "0", "1", "none", "Nothing", "Error", "50", "100", "None")
    }
    step = step_of()

    step.take({**defaults, "Department": "", "ExtraInfoKeyValue9": ""})

    assert list(lost_warnings([step])) == []


OTHER_KEYS = {
    "a key that is not documented": ({"job_info": {"Region": "eu"}}, "Region"),
    "a key of a setting": ({"job_info": {"pool": "cpu"}}, "pool"),
    "another key of a setting": ({"job_info": {"Denylist": "w1"}}, "deny_list"),
    "extra info": ({"extra_info": {"Shot": "x", "FlowpipeShot": "y"}}, "extra_info"),
    "a text like a note of ours": ({"department": "FlowpipeNode=x"}, "department"),
    "assets of frames": ({"required_assets": ["/a.####.exr", "/b"]}, "required_assets"),
    "what else happens to late tasks": ({"task_timeout_seconds": 9, "on_task_timeout": "Fail"}, "on_task_timeout"),
    "late tasks that go on": ({"task_timeout_seconds": 9, "on_task_timeout": "Notify"}, "task_timeout_seconds"),
}


@pytest.mark.parametrize(("deadline", "name"), OTHER_KEYS.values(), ids=OTHER_KEYS)
def test_other_keys_are_warned_of_too(deadline, name):
    """By the name of their setting, where they have one, and once."""
    found = [line for line in told(graph_of(deadline)) if f" {name} has no counterpart" in line]

    assert len(found) == 1


TIMEOUTS = {
    "none": ({}, 0),
    "zero is any": ({"task_timeout_seconds": 0}, 0),
    "seconds": ({"task_timeout_seconds": 5}, 5),
    "an end that is an error": ({"task_timeout_minutes": 1, "on_task_timeout": "ErrorAndNotify"}, 60),
    "an end that is a failure": ({"task_timeout_minutes": 1, "on_task_timeout": "Fail"}, 60),
    "an end that is none": ({"task_timeout_minutes": 1, "on_task_timeout": "Complete"}, 0),
    "the longest": ({"task_timeout_minutes": 2**31 - 1}, 2**31 - 1),
}


@pytest.mark.parametrize(("deadline", "seconds"), TIMEOUTS.values(), ids=TIMEOUTS)
def test_a_task_may_take_as_long_as_its_time_out(deadline, seconds):
    """Where Deadline would end it as an error."""
    step = step_of(**deadline)

    assert step.timeout == seconds


def test_a_time_out_of_frames_is_that_of_the_planned_frames_of_a_chunk():
    """A warning says so, as chunks may become others."""
    graph = Graph(name="graph")
    deadline = {"task_timeout_seconds": 7, "enable_frame_timeouts": True}
    nodes.Render(name="render", graph=graph, frames=range(9), metadata={"batch_size": 4, "deadline": deadline})

    step = steps_of_plan(plan_graph(graph))[0]

    assert step.timeout == 28
    assert any("the planned frames of its chunk" in line for line in told(graph))


PRIORITIES = {
    "that of jobs that say nothing": ([50], ""),
    "another": ([80], "80 of graph.n0; submit it by  deadline bundle submit --priority 80"),
    "the lowest": ([0], "--priority 0"),
    "different ones": (
        [80, 20, 50],
        "20 of graph.n1, 50 of graph.n2, 80 of graph.n0; submit it by  deadline bundle submit",
    ),
    "above the highest": ([100000], "up to 100, and its nodes have 100000 of graph.n0; .* --priority 100$"),
}


@pytest.mark.parametrize(("priorities", "said"), PRIORITIES.values(), ids=PRIORITIES)
def test_a_job_has_the_highest_priority_of_its_nodes(priorities, said):
    """The command that submits it takes it from its option only, so a warning says which."""
    found = told(graph_of(*({"priority": priority} for priority in priorities)))

    assert len(found) == bool(said)
    assert not said or re.search(said, found[0])


FOLDERS = {
    "full paths": ({"output_filenames": ["/show/a/x.####.exr", "C:\\y.exr"]}, ["/show/a", "C:\\"]),
    "numbers in a folder": ({"output_filenames": ["/show/####/x.exr"]}, ["/show"]),
    "folders and names": ({"output_directories": ["/show/a"], "output_filenames": ["x.exr"]}, ["/show/a"]),
    "at the top": ({"output_filenames": ["/x.exr"]}, ["/"]),
}


@pytest.mark.parametrize(("deadline", "folders"), FOLDERS.values(), ids=FOLDERS)
def test_the_folders_of_what_is_made_are_brought_back(deadline, folders):
    """They have a name at the time of submission: what is above a number of a frame."""
    assert step_of(**deadline).outputs == folders


def test_paths_with_commas_stay_whole():
    """Where a setting takes one path, not a list."""
    assert step_of(aws_asset_files=["/a,b.abc"], required_assets=["/c", "/d"]).inputs == ["/c", "/d", "/a,b.abc"]


def test_what_a_studio_template_writes_counts(tmp_path):
    """Its keys are warned of, whatever is in them."""
    lines = [
        "Region=eu",
        "Priority=high",
        "TaskTimeoutSeconds=1e400",
        "Pool=None",
        "Sequential=False",
        "Comment=own {{ '{{' }}",
    ]
    (tmp_path / "job_info.jinja").write_text(JOB_INFO + "\n".join([*lines, ""]), encoding="utf-8")
    bundle = write_bundle(plan_graph(graph_of({})), root=tmp_path / "root", templates=tmp_path)

    warnings = export_bundle(bundle)

    (step,) = steps_of_bundle(bundle)
    assert [warning.text.partition(" has no")[0] for warning in warnings] == ["Region", "priority"]
    assert (step.description, step.timeout) == ("own {{", 2**31 - 1)


def test_a_studio_template_counts_for_plan_and_before_a_graph_is_exported(tmp_path, monkeypatch):
    """With the command line, and where it is an error."""
    (tmp_path / "job_info.jinja").write_text(JOB_INFO + "Region=eu\n", encoding="utf-8")
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TEMPLATES", str(tmp_path))
    script = write_script(tmp_path, SCRIPT)

    planned = run_cli("plan", f"{script}:build", "--for", "openjd", "-o", "json")
    with pytest.raises(FlowpipeDeadlineError, match=r"Region has no counterpart"):
        export_graph(graph_of({}), root=tmp_path / "root", options=SubmitOptions(strict=["no-counterpart"]))

    assert planned.returncode == 0
    assert "Region has no counterpart" in planned.stdout
    assert not (tmp_path / "root").exists()


def test_a_plan_for_another_farm_takes_interpreters_that_are_not_here(tmp_path):
    """As the export does; they are programs of its workers."""
    script = write_script(tmp_path, SCRIPT.replace("outputs=", "metadata={'interpreter': 'comp'}, outputs="))

    done = run_cli("plan", f"{script}:build", "--for", "openjd", "-i", "comp=/nowhere/comp")

    assert (done.returncode, done.stderr) == (0, "")


def test_edges_frame_by_frame_become_edges_of_whole_steps():
    """And the plan says so, with what they feed."""
    graph = Graph(name="graph")
    first = nodes.Render(name="first", graph=graph, frames=range(8), metadata={"batch_size": 3})
    second = nodes.Follow(
        name="second", graph=graph, frames=range(8), metadata={"batch": {"size": 2, "over": ["frames", "items"]}}
    )
    first.outputs["items"].connect(second.inputs["items"])

    planned = plan_for_openjd(plan_graph(graph))

    (edge,) = planned.jobs[1].dependencies
    assert plan_graph(graph).jobs[1].dependencies[0].kind == "frame"
    assert (edge.kind, edge.reason) == ("job", "feeds items, frame by frame on Deadline 10, the whole step there")
    assert planned.jobs[0].notes[-1] == "balanced there, 2 or 3 each"
    assert planned.jobs[1].notes == plan_graph(graph).jobs[1].notes


def test_strict_makes_an_error_of_what_has_no_counterpart(tmp_path):
    """Together with all else that is wrong, and before anything is written."""
    graph = graph_of({"pool": "cpu", "comment": "c" * 2049})
    options = SubmitOptions(strict=["no-counterpart"])

    with pytest.raises(FlowpipeDeadlineError) as error:
        export_graph(graph, root=tmp_path / "root", options=options)

    said = str(error.value)
    assert said.startswith("2 errors:")
    assert "pool has no counterpart" in said
    assert "its comment has 2049 characters" in said
    assert not (tmp_path / "root").exists()


def test_strict_counts_for_a_bundle_too(tmp_path):
    """On the command line; what is tolerated is only told."""
    bundle = write_bundle(plan_graph(graph_of({"pool": "cpu"})), root=tmp_path)

    strict = run_cli("export", bundle.folder, "--to", "openjd", "--strict", "no-counterpart")
    left = {path.name for path in bundle.folder.iterdir()}
    tolerant = run_cli("export", bundle.folder, "--to", "openjd", "--strict", "all", "--tolerate", "no-counterpart")

    assert strict.returncode == 2
    assert "graph.n0: pool has no counterpart" in strict.stderr
    assert not left & {"packages", "template.yaml"}
    assert tolerant.returncode == 0
    assert "graph.n0: pool has no counterpart" in tolerant.stderr
