"""The reference workflow: from the facts of a click to images on an offline farm."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fake_mayapy import write_mayapy
from maya_stubs import find_stubs

from flowpipe_deadline import WorkerSetup, plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.core.errors import FlowpipeDeadlineError
from flowpipe_deadline.studio.file import read_studio_file
from flowpipe_deadline.workflows.facts import read_facts
from flowpipe_deadline.workflows.find import load_workflow


def facts_file(folder, dialog):
    """What the client would have written."""
    path = folder / "facts.json"
    told = {"format": 1, "host": dialog.host, "host_version": dialog.version, "facts": dialog.facts}
    path.write_text(json.dumps({**told, "files": dialog.files, "warnings": dialog.warnings}))
    return path


def test_a_click_fills_in_all_that_the_workflow_wants_to_know(maya, client, flowpipe_maya, tmp_path):
    """So that an artist only presses Submit."""
    maya.open_scene(maya.folder / "sh 010.ma")
    maya.add_layer("beauty")
    flowpipe_maya.submit()
    workflow = load_workflow("render_scene")

    texts = read_facts(facts_file(tmp_path, client.opened[0])).texts_for(workflow.parameters)

    assert set(texts) == {item.name for item in workflow.parameters} - {"chunk_size"}
    assert all(item.description for item in workflow.parameters)
    assert workflow.build(texts).name == "sh 010"


def test_a_scene_is_rendered_on_a_farm(maya, client, flowpipe_maya, tmp_path):
    """Each layer in chunks, then its check; the images are where Maya says."""
    maya.open_scene(maya.folder / "sh 010.ma")
    for layer in ("beauty", "key light"):
        maya.add_layer(layer)
    maya.nodes["defaultRenderLayer"]["renderable"] = False
    flowpipe_maya.submit()
    workflow = load_workflow("render_scene")
    texts = read_facts(facts_file(tmp_path, client.opened[0])).texts_for(workflow.parameters)
    bundle = write_bundle(plan_graph(workflow.build({**texts, "chunk_size": "4"})), root=tmp_path / "root")
    mayapy = write_mayapy(tmp_path, stubs=find_stubs(), layers=["beauty", "key light"])

    run_bundle(bundle, workers=2, setup=WorkerSetup(interpreters={"maya": mayapy}))

    results = read_results(bundle)
    assert sorted(results) == [
        "sh 010.Check_beauty",
        "sh 010.Check_key_light",
        "sh 010.Render_beauty",
        "sh 010.Render_key_light",
    ]
    files = results["sh 010.Render_key_light"].outputs()["files"]
    assert [frames for frames, _ in results["sh 010.Render_key_light"].chunks] == ["1-4", "5-8", "9-10"]
    assert [Path(file).read_text() for file in files] == [f"rs_key_light persp arnold {n}\n" for n in range(1, 11)]


@pytest.mark.parametrize("layers", ["", "[]"])
def test_without_a_layer_there_is_nothing_to_render(tmp_path, layers):
    """Which is said at the parameter."""
    with pytest.raises(FlowpipeDeadlineError, match="layers"):
        load_workflow("render_scene").build({"scene": "/p/a.ma", "frames": "1-2", "layers": layers})


def test_40_layers_are_40_renders(tmp_path):
    """Also where their names only differ in what names of nodes cannot hold."""
    layers = ["a b", "a_b", "a-b", *(f"layer {number}" for number in range(37))]

    graph = load_workflow("render_scene").build({"scene": "/p/a.ma", "frames": "1-2", "layers": ", ".join(layers)})

    assert len(plan_graph(graph).jobs) == 80


def test_the_workflow_of_the_page_is_one(tmp_path):
    """As it stands there, with the studio file that names it."""
    page = (Path(__file__).parents[3] / "docs" / "in-maya.md").read_text(encoding="utf-8")
    for language, name in (("python", "render_shot.py"), ("toml", "studio.toml")):
        text = re.search(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)[1]
        (tmp_path / name).write_text(text.replace("/mnt/pipeline/workflows", str(tmp_path)), encoding="utf-8")
    studio = read_studio_file(tmp_path / "studio.toml")
    workflow = load_workflow(studio.buttons["maya"], folders=studio.workflows)

    graph = workflow.build({"scene": "/p/sh010.ma", "frames": "1-10", "layers": "beauty, key light", "camera": "cam"})

    plan = plan_graph(graph)
    assert [job.node for job in plan.jobs] == ["beauty", "Publish beauty", "key light", "Publish key light"]
    assert [job.interpreter for job in plan.jobs] == ["maya-2025", "python"] * 2
