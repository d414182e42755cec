"""Workflows by name, whoever brings them."""

from __future__ import annotations

import sys

import pytest
from harness import write_script

from flowpipe_deadline.errors import LoadError, ParameterError, UsageError
from flowpipe_deadline.workflows.find import find_workflows, load_workflow

WORKFLOW = '''
from flowpipe import Graph, Node

@Node(outputs=[])
def Keep(shot):
    return {}

def %s(shot="010"):
    """Publishes a shot.

    All of it.

    Args:
        shot (str): Its number,
            as the sequence has it.
    """
    graph = Graph(name="Publish")
    Keep(graph=graph, shot=shot)
    return graph
'''


@pytest.fixture
def folders(tmp_path):
    """Two folders with workflows, of which both have one called ``publish``."""
    for name, file in (("own", "publish"), ("shared", "publish"), ("shared", "render"), ("shared", "_helpers")):
        (tmp_path / name).mkdir(exist_ok=True)
        write_script(tmp_path / name, WORKFLOW % "build", name=f"{file}.py")
    return tmp_path / "own", tmp_path / "shared"


def test_each_file_in_a_folder_is_a_workflow(folders):
    """Called like the file; an earlier folder wins, and what begins with an underscore is none."""
    found = {source.name: source.spec for source in find_workflows(folders)}

    assert found["publish"] == str(folders[0] / "publish.py")
    assert found["render"] == str(folders[1] / "render.py")
    assert "_helpers" not in found


def test_finding_loads_nothing(tmp_path):
    """A broken one is in nobody's way."""
    write_script(tmp_path, "raise SystemExit('broken')", name="broken.py")

    assert "broken" in {source.name for source in find_workflows([tmp_path])}
    with pytest.raises(LoadError, match="calls exit"):
        load_workflow("broken", folders=[tmp_path])


def test_a_package_brings_a_workflow_by_an_entry_point(tmp_path, monkeypatch):
    """In the group ``flowpipe_deadline.workflows``."""
    package = tmp_path / "studio_flows-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: studio-flows\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[flowpipe_deadline.workflows]\npublish = studio_flows_x:publish_shot\n")
    write_script(tmp_path, WORKFLOW % "publish_shot", name="studio_flows_x.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])

    source = next(source for source in find_workflows() if source.name == "publish")

    assert source.origin == "the package studio-flows"
    assert load_workflow("publish").build({"shot": "020"}).name == "Publish"


def test_a_workflow_tells_what_its_docstring_says(folders):
    """Of itself, and of each parameter."""
    workflow = load_workflow("publish", folders=folders)

    assert (workflow.title, workflow.description) == ("Publish", "Publishes a shot.\n\nAll of it.")
    assert workflow.parameters[0].description == "Its number, as the sequence has it."
    assert workflow.build({"shot": "030"}).nodes[0].inputs["shot"].value == "030"


def test_a_docstring_that_cannot_be_parsed_says_nothing(tmp_path):
    """Its workflow can be used as any other."""
    text = (WORKFLOW % "build").replace("    All of it.\n", "    : : all of it\n")
    workflow = load_workflow(str(write_script(tmp_path, text)))

    assert (workflow.description, [item.name for item in workflow.parameters]) == ("", ["shot"])
    assert workflow.build({"shot": "010"}).name == "Publish"


def test_a_partial_says_what_its_function_says(tmp_path):
    """And not what ``functools.partial`` is."""
    text = WORKFLOW % "build_any" + "\nimport functools\nbuild = functools.partial(build_any, '010')\n"
    workflow = load_workflow(f"{write_script(tmp_path, text)}:build")

    assert workflow.description == "Publishes a shot.\n\nAll of it."


def test_a_graph_is_a_workflow_without_parameters(tmp_path):
    """So every GRAPH can be opened where a workflow can."""
    script = write_script(tmp_path, "from flowpipe import Graph\nshot = Graph(name='shot')\n")
    workflow = load_workflow(str(script))

    assert (workflow.title, workflow.description, workflow.parameters) == ("Script", "", ())
    assert workflow.build({}).name == "shot"


def test_an_unknown_name_suggests_one(folders, tmp_path):
    """And says which folder could not be read."""
    with pytest.raises(UsageError, match=r"no workflow 'publsh'\. Did you mean 'publish'\?"):
        load_workflow("publsh", folders=folders)
    with pytest.raises(UsageError, match=r"The folder .*away cannot be read"):
        load_workflow("not_to_be_had", folders=[tmp_path / "away"])


def test_a_build_needs_no_return_annotation(tmp_path):
    """It is what flowpipe's users call it."""
    script = write_script(tmp_path, WORKFLOW % "build" + "\ndef other():\n    return 1\n")

    assert load_workflow(str(script)).build({}).name == "Publish"


def test_an_error_names_what_was_passed_over(tmp_path):
    """And why."""
    text = "import os\n\ndef make_it():\n    pass\n\ndef count(x) -> int:\n    return 1\n\nclass Flow:\n    pass\n"

    with pytest.raises(UsageError) as caught:
        load_workflow(str(write_script(tmp_path, text)))

    assert str(caught.value).endswith(
        "Passed over: make_it() does not say what it returns, count() returns int, Flow is a class"
    )


def test_a_workflow_says_what_is_wrong_with_a_parameter(tmp_path):
    """As an error of that parameter, and not one of its code."""
    imported = "from flowpipe_deadline import ParameterError\n"
    text = f"{imported}def build(shots=()):\n    raise ParameterError('shots', 'are none')\n"
    workflow = load_workflow(str(write_script(tmp_path, text)))

    with pytest.raises(ParameterError, match="the parameter 'shots' are none") as caught:
        workflow.build({})
    assert caught.value.parameter == "shots"


def test_a_graph_for_type_checkers_only_is_one(tmp_path):
    """The annotation cannot be evaluated, and means what it says."""
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flowpipe import Graph\n"
    builder = "import flowpipe\ndef shot() -> 'Graph':\n    return flowpipe.Graph(name='shot')\ndef other(): pass\n"

    assert load_workflow(str(write_script(tmp_path, text + builder))).build({}).name == "shot"


def test_a_file_with_a_blank_or_a_dot_in_its_name_is_found(tmp_path):
    """Each one that is listed can be loaded."""
    for name in ("render all", "shot.v2"):
        write_script(tmp_path, WORKFLOW % "build", name=f"{name}.py")

        assert load_workflow(name, folders=[tmp_path]).build({}).name == "Publish"
