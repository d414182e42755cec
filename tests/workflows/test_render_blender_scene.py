"""The graph that renders a Blender scene."""

from __future__ import annotations

import pytest

from flowpipe_deadline.errors import FlowpipeDeadlineError
from flowpipe_deadline.workflows.facts import Facts
from flowpipe_deadline.workflows.find import load_workflow

FACTS = Facts(
    host="blender",
    values={
        "scene": "/p/shot 1.blend",
        "frames": "1-12",
        "camera": "Camera",
        "layers": ["beauty", "shadow, soft"],
        "renderer": "CYCLES",
        "outputs": ["/p/render, new/shot_####.png"],
    },
)


@pytest.fixture
def workflow():
    """The workflow as people find it."""
    return load_workflow("render_blender_scene")


def node_inputs(workflow, node, **texts):
    """The values of a node's inputs, for the facts and these texts."""
    graph = workflow.build({**FACTS.texts_for(workflow.parameters), **texts})
    return {name: plug.value for name, plug in graph[node].inputs.items()}


def test_the_facts_fill_it_in(workflow):
    """Also names with commas and blanks."""
    inputs = node_inputs(workflow, "Render_shadow_soft")

    assert {name: str(value) for name, value in inputs.items() if name != "frames"} == {
        "scene": "/p/shot 1.blend",
        "layer": "shadow, soft",
        "camera": "Camera",
        "renderer": "CYCLES",
        "output": "/p/render, new/shot_####.png",
        "run_scripts": "True",
    }
    assert inputs["frames"] == list(range(1, 13))


def test_each_layer_is_a_job_in_chunks_and_then_checked(workflow):
    """In Blender, and in Python."""
    graph = workflow.build({**FACTS.texts_for(workflow.parameters), "layers": "['a/b', 'a b', 'a b']"})

    assert {node.name for node in graph.nodes} == {"Render_a_b", "Check_a_b", "Render_a_b-2", "Check_a_b-2"}
    assert graph["Check_a_b-2"].parents == {graph["Render_a_b-2"]}
    assert graph["Render_a_b"].metadata["interpreter"] == "blender"
    assert graph["Render_a_b"].metadata["batch_size"] == 5
    assert graph["Render_a_b"].metadata["deadline"] == {"output_directories": ["/p/render, new"]}
    assert "interpreter" not in graph["Check_a_b"].metadata


def test_without_layers_the_scene_is_rendered_as_it_is(workflow):
    """All that are switched on, together."""
    assert node_inputs(workflow, "Render", layers="")["layer"] == ""


def test_only_the_scene_and_its_frames_have_to_be_given(workflow):
    """The rest is as the scene says."""
    graph = workflow.build({"scene": "/p/a.blend", "frames": "5"})

    assert [node.name for node in graph.evaluation_sequence] == ["Render", "Check"]
    assert "deadline" not in graph["Render"].metadata


def test_several_outputs_are_refused(workflow):
    """A comma would else cut a path in two."""
    with pytest.raises(FlowpipeDeadlineError, match="the parameter 'outputs' is one path"):
        workflow.build({"scene": "/p/a.blend", "frames": "5", "outputs": "/p/a, b/c"})


def test_a_relative_output_is_refused(workflow):
    """Each worker would render into another folder; a path of another system may be mapped."""
    with pytest.raises(FlowpipeDeadlineError, match="the parameter 'outputs' must be a full path"):
        workflow.build({"scene": "/p/a.blend", "frames": "5", "outputs": "render/shot_####.png"})

    assert workflow.build({"scene": "/p/a.blend", "frames": "5", "outputs": "P:/render/shot_####.png"})
