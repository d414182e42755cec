"""The nodes of the reference workflow, in a Maya that renders."""

from __future__ import annotations

from pathlib import Path

import pytest
from flowpipe import Graph

from flowpipe_deadline.workflows.maya_nodes import RenderMayaLayer


@pytest.fixture
def scene(maya):
    """A scene with two layers and two cameras."""
    path = maya.open_scene(maya.folder / "shots" / "sh 010.ma")
    maya.add_layer("Schönheit")
    maya.add_layer("shadow", renderable=False)
    maya.add_camera("shotCam", renderable=False)
    maya.scene = ""
    return path


def render(scene, *, frames=(1,), layer="Schönheit", **more):
    """The images of the frames."""
    node = RenderMayaLayer(graph=Graph(), frames=list(frames), scene=scene, layer=layer, **more)
    return node.evaluate()["files"]


def test_each_frame_of_the_chunk_is_rendered(maya, scene, capsys):
    """Also frames with gaps; the Monitor shows how far it is."""
    files = render(scene, frames=[1, 2, 7], camera="shotCam", renderer="arnold", project=maya.folder / "show")

    folder = maya.folder / "show" / "images" / "rs_Schönheit" / "shotCam"
    assert files == [f"{folder.as_posix()}/sh 010.{frame:04}.exr" for frame in (1, 2, 7)]
    assert [Path(file).read_text() for file in files] == [
        f"rs_Schönheit shotCam arnold {frame}\n" for frame in (1, 2, 7)
    ]
    assert sorted(path.as_posix() for path in folder.parent.rglob("*.exr")) == files  # And nothing else.
    assert capsys.readouterr().out == "Progress: 33%\nProgress: 66%\nProgress: 100%\n"


def test_the_scene_says_what_is_not_given(maya, scene):
    """The cameras and the renderer; no workspace is opened."""
    maya.nodes["shotCamShape"]["renderable"] = True
    maya.nodes["defaultRenderGlobals"]["currentRenderer"] = "mayaSoftware"

    files = render(scene, layer="masterLayer")

    folder = f"{maya.project}images/defaultRenderLayer"
    assert files == [f"{folder}/{camera}/sh 010.0001.exr" for camera in ("persp", "shotCam")]
    assert Path(files[0]).read_text() == "defaultRenderLayer persp mayaSoftware 1\n"


def test_frames_keep_their_own_numbers(maya, scene):
    """Maya would renumber each frame alike, as each is rendered alone."""
    maya.nodes["defaultRenderGlobals"].update(modifyExtension=True, animation=False, byFrameStep=2.0)

    render(scene)

    settings = maya.nodes["defaultRenderGlobals"]
    assert (settings["modifyExtension"], settings["animation"], settings["byFrameStep"]) == (False, True, 1)


def test_the_layer_is_current_before_anything_is_set(maya, scene):
    """A layer may override what is set."""
    render(scene, camera="shotCam")

    assert maya.changes[0] == "current layer"
    assert maya.current_layer == "rs_Schönheit"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(
            {"layer": "beauty"}, "no render layer 'beauty'; it has masterLayer, Schönheit, shadow", id="layer"
        ),
        pytest.param({"camera": "top"}, "no camera 'top'; it has persp, shotCam", id="camera"),
        pytest.param({"renderer": "vray"}, "This worker's Maya has no renderer 'vray'", id="renderer"),
    ],
)
def test_what_the_scene_does_not_have_is_said(maya, scene, wrong, message):
    """With what it has."""
    with pytest.raises(ValueError, match=message):
        render(scene, **wrong)


def test_a_scene_without_a_camera_is_said(maya, scene):
    """Maya itself would render nothing."""
    maya.nodes["perspShape"]["renderable"] = False

    with pytest.raises(ValueError, match="no renderable camera"):
        render(scene)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param({"render": "Cannot find the license"}, "Cannot find the license", id="the renderer fails"),
        pytest.param({"file": "Error reading file"}, "Error reading file", id="the scene cannot be read"),
    ],
)
def test_an_error_of_maya_fails_the_task(maya, scene, fault, message):
    """As it is."""
    maya.faults.update(fault)

    with pytest.raises(RuntimeError, match=message):
        render(scene)


def test_an_earlier_image_does_not_pass_for_a_new_one(maya, scene):
    """Renderers may fail without an error."""
    (image,) = render(scene)
    maya.faults["silent"] = "yes"

    with pytest.raises(RuntimeError, match=r"has not rendered .*0001\.exr: it is an earlier image"):
        render(scene)

    assert Path(image).exists()


def test_an_image_that_the_scene_says_to_keep_is_kept(maya, scene):
    """By Skip Existing Frames."""
    first = render(scene)
    maya.nodes["defaultRenderGlobals"]["skipExistingFrames"] = True

    assert render(scene) == first
