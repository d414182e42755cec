"""What a click in Maya does: the scene is saved as the user wants, looked at, and handed over."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest


@pytest.fixture
def scene(maya):
    """The scene of a shot, saved."""
    return maya.open_scene(maya.folder / "shots" / "sh 010 (Tür)" / "sh'010.v003.ma")


def test_a_saved_scene_is_handed_over(maya, client, flowpipe_maya, scene):
    """Without a question, and without a change to it."""
    maya.add_layer("beauty")
    maya.add_layer("shadow")
    maya.add_camera("shotCam")
    maya.nodes["defaultRenderLayer"]["renderable"] = False
    maya.nodes["perspShape"]["renderable"] = False

    flowpipe_maya.submit()

    (dialog,) = client.opened
    images = f"{maya.project}images"
    assert (dialog.host, dialog.version, dialog.warnings) == ("maya", "2025", [])
    assert dialog.facts == {
        "scene": scene.as_posix(),
        "project": maya.project.rstrip("/"),
        "frames": "1-10",
        "camera": "shotCam",
        "cameras": ["shotCam"],
        "layers": ["beauty", "shadow"],
        "renderer": "arnold",
        "outputs": [f"{images}/{layer}/shotCam/sh'010.v003.####.exr" for layer in ("rs_beauty", "rs_shadow")],
    }
    assert maya.dialogs == []
    assert maya.changes == []


def test_what_is_handed_over_is_json(maya, client, flowpipe_maya, scene):
    """Whatever the names are."""
    maya.add_layer("Schatten \"grün\" \\ 'x'")

    flowpipe_maya.submit()

    facts = json.loads(json.dumps(client.opened[0].facts))
    assert facts["layers"] == ["masterLayer", "Schatten \"grün\" \\ 'x'"]


def test_an_untitled_scene_is_refused(maya, client, flowpipe_maya):
    """Workers cannot open it."""
    with pytest.raises(client.ClientError, match="has no name yet"):
        flowpipe_maya.submit()

    assert client.opened == []


def test_a_file_that_is_no_maya_scene_is_refused(maya, client, flowpipe_maya):
    """Maya opens others, too, and then their name is the scene's."""
    maya.open_scene(maya.folder / "model.fbx")

    with pytest.raises(client.ClientError, match=r"model\.fbx is not a Maya scene"):
        flowpipe_maya.submit()


def test_a_maya_without_windows_is_refused(maya, client, flowpipe_maya, scene):
    """There is nobody to ask."""
    maya.batch = True

    with pytest.raises(client.ClientError, match="needs its windows"):
        flowpipe_maya.submit()


def test_a_changed_scene_is_saved_if_the_user_agrees(maya, client, flowpipe_maya, scene):
    """Under its own name."""
    maya.modified, maya.answers = True, ["Save"]

    flowpipe_maya.submit()

    assert scene.read_text() == "//Maya ASCII scene, saved\n"
    assert client.opened[0].facts["scene"] == scene.as_posix()
    assert maya.dialogs == [
        (
            "sh'010.v003.ma has unsaved changes.\n\nWorkers render what is on the disk.",
            ["Save", "Save New Version", "Cancel"],
        )
    ]


def test_a_changed_scene_is_saved_as_a_new_version_if_the_user_wants(maya, client, flowpipe_maya, scene):
    """The earlier one stays as it was."""
    maya.modified, maya.answers = True, ["Save New Version"]

    flowpipe_maya.submit()

    assert client.opened[0].facts["scene"] == scene.with_name("sh'010.v004.ma").as_posix()
    assert scene.with_name("sh'010.v004.ma").read_text() == "//Maya ASCII scene, saved\n"
    assert scene.read_text() == "//Maya ASCII scene\n"


def test_nothing_happens_if_the_user_cancels(maya, client, flowpipe_maya, scene):
    """Not even the dialog opens."""
    maya.modified, maya.answers = True, ["Cancel"]

    flowpipe_maya.submit()

    assert client.opened == []
    assert scene.read_text() == "//Maya ASCII scene\n"


def test_a_scene_that_is_gone_from_the_disk_is_saved_first(maya, client, flowpipe_maya, scene):
    """Though Maya takes it for saved."""
    scene.unlink()
    maya.answers = ["Save"]

    flowpipe_maya.submit()

    assert "is not on the disk any more" in maya.dialogs[0][0]
    assert scene.is_file()


def test_a_changed_scene_that_is_read_only_is_offered_as_a_new_version(maya, client, flowpipe_maya, scene, monkeypatch):
    """Which is not read-only itself."""
    scene.chmod(stat.S_IREAD)
    # A superuser may write everything, and some of those who run this test are one.
    monkeypatch.setattr(os, "access", lambda path, _: bool(os.stat(path).st_mode & stat.S_IWRITE))
    maya.modified, maya.answers = True, ["Save New Version"]

    flowpipe_maya.submit()

    assert maya.dialogs[0][0].startswith("sh'010.v003.ma has unsaved changes, and may not be overwritten.")
    assert maya.dialogs[0][1] == ["Save New Version", "Cancel"]
    assert Path(client.opened[0].facts["scene"]).name == "sh'010.v004.ma"


def test_a_read_only_scene_without_changes_is_submitted(maya, client, flowpipe_maya, scene):
    """There is nothing to save."""
    scene.chmod(stat.S_IREAD)

    flowpipe_maya.submit()

    assert len(client.opened) == 1
    assert maya.dialogs == []


def test_a_save_that_fails_is_told_and_the_rest_is_offered(maya, client, flowpipe_maya, scene):
    """A full disk; the scene keeps its name, and no empty version is left."""
    maya.modified, maya.faults["save"] = True, "No space left on device"
    maya.answers = ["Save", "Save New Version", "Cancel"]

    flowpipe_maya.submit()

    assert [choices for _, choices in maya.dialogs] == [
        ["Save", "Save New Version", "Cancel"],
        ["Save New Version", "Cancel"],
        ["Cancel"],
    ]
    assert maya.dialogs[1][0].startswith("The scene is not saved: No space left on device")
    assert (client.opened, maya.scene, os.listdir(scene.parent)) == ([], scene.as_posix(), [scene.name])


def test_a_folder_that_cannot_be_written_is_told(maya, client, flowpipe_maya, scene):
    """A share that is not mounted any more, say."""
    scene.unlink()
    scene.parent.rmdir()
    maya.answers = ["Save New Version", "Cancel"]

    flowpipe_maya.submit()

    assert "The scene is not saved: " in maya.dialogs[1][0]
    assert scene.parent.name in maya.dialogs[1][0]


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        pytest.param("name.v003.ma", [], "name.v004.ma", id="with a dot"),
        pytest.param("name_v012.mb", [], "name_v013.mb", id="with an underscore"),
        pytest.param("name.ma", [], "name_v001.ma", id="without a version"),
        pytest.param("name_v003.ma", ["name_v004.ma", "name_v005.mb"], "name_v006.ma", id="the next one that is free"),
        pytest.param("name_V9.ma", [], "name_V10.ma", id="the padding may grow"),
        pytest.param("v2_name_v003_fix.ma", [], "v2_name_v004_fix.ma", id="the last of two"),
        pytest.param("name_v20261231.ma", [], "name_v20261232.ma", id="a date"),
        pytest.param("rev2.ma", [], "rev2_v001.ma", id="a v within a word"),
        pytest.param("name v001.ma", ["NAME V002.ma"], "name v003.ma", id="taken in another case"),
        pytest.param("tür 'x'.v099.ma", [], "tür 'x'.v100.ma", id="blanks, quotes and umlauts"),
    ],
)
def test_a_version_is_the_next_that_is_free(maya, flowpipe_maya, name, others, expected):
    """And keeps how many digits it has."""
    scene = maya.open_scene(maya.folder / "shots" / name)
    for other in others:
        maya.open_scene(scene.with_name(other))

    assert flowpipe_maya._reserve_version(scene.as_posix()) == scene.with_name(expected).as_posix()


def test_two_who_save_a_version_at_the_same_time_get_one_each(maya, flowpipe_maya, scene):
    """Nobody's work is overwritten."""
    barrier, found = threading.Barrier(8), []

    def save():
        barrier.wait()
        found.append(flowpipe_maya._reserve_version(scene.as_posix()))

    threads = [threading.Thread(target=save) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [scene.with_name(f"sh'010.v{number:03}.ma").as_posix() for number in range(4, 12)]


@pytest.mark.parametrize("count", [0, 40])
def test_any_number_of_layers_is_handed_over(maya, client, flowpipe_maya, scene, count):
    """Those that are switched on, in the scene's order."""
    maya.nodes["defaultRenderLayer"]["renderable"] = False
    names = [f"layer {number}" for number in range(count)]
    for name in names:
        maya.add_layer(name)
    maya.add_layer("off", renderable=False)
    maya.add_layer("left over by an import", is_left_over=True)
    maya.add("asset:rs_key", "renderLayer", renderable=True, shown="asset:key")

    flowpipe_maya.submit()

    assert client.opened[0].facts["layers"] == names
    assert len(client.opened[0].facts["outputs"]) == count
    assert client.opened[0].warnings == ([] if count else ["No render layer is renderable: switch one on."])


def test_a_layer_that_vanishes_is_a_warning(maya, client, flowpipe_maya, scene):
    """Another tool deletes it while the scene is looked at."""
    maya.nodes[maya.add_layer("beauty")]["is_gone"] = True

    flowpipe_maya.submit()

    assert client.opened[0].warnings == [
        "Maya does not say where persp of layer beauty goes: No object matches name: rs_beauty"
    ]


def test_several_renderable_cameras_are_warned_about(maya, client, flowpipe_maya, scene):
    """The first is filled in, and that is persp where nobody has switched it off."""
    maya.add_camera("shotCam")

    flowpipe_maya.submit()

    (dialog,) = client.opened
    assert (dialog.facts["camera"], dialog.facts["cameras"]) == ("persp", ["persp", "shotCam"])
    assert dialog.warnings == ["2 cameras are renderable; see that Camera names the one you want."]


def test_a_scene_without_a_renderable_camera_is_a_warning(maya, client, flowpipe_maya, scene):
    """And names none."""
    maya.nodes["perspShape"]["renderable"] = False

    flowpipe_maya.submit()

    assert client.opened[0].warnings == ["No camera is renderable: switch one on in the Render Settings."]
    assert "camera" not in client.opened[0].facts


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param((1.0, 100.0, 1.0), "1-100", id="a range"),
        pytest.param((1001.0, 1001.0, 1.0), "1001", id="one frame"),
        pytest.param((1.0, 100.0, 2.0), "1-100x2", id="a step"),
        pytest.param((0.9999999, 23.9999998, 1.0), "1-24", id="floats of another frame rate"),
        pytest.param((1.0, 10.0, 0.5), None, id="half frames"),
        pytest.param((1.5, 10.0, 1.0), None, id="from a half frame on"),
        pytest.param((-10.0, 10.0, 1.0), None, id="negative"),
        pytest.param((10.0, 1.0, 1.0), None, id="backwards"),
        pytest.param((1.0, 10.0, 0.0), None, id="no step"),
    ],
)
@pytest.mark.usefixtures("scene")
def test_frames_are_those_that_deadline_has(maya, client, flowpipe_maya, settings, expected):
    """Others are left to the user, with a warning."""
    maya.nodes["defaultRenderGlobals"].update(zip(("startFrame", "endFrame", "byFrameStep"), settings))

    flowpipe_maya.submit()

    assert client.opened[0].facts.get("frames") == expected
    assert len(client.opened[0].warnings) == (0 if expected else 1)


def test_without_an_animation_it_is_the_frame_that_is_seen(maya, client, flowpipe_maya, scene):
    """As Maya's own batch render does."""
    maya.nodes["defaultRenderGlobals"]["animation"] = False

    flowpipe_maya.submit()

    assert client.opened[0].facts["frames"] == "7"


def test_the_files_of_the_scene_are_handed_over(maya, client, flowpipe_maya, scene, monkeypatch):
    """Each once, with what it is and which node has it; the dialog judges them."""
    monkeypatch.setenv("SHOW", "/show")
    maya.add("rigRN", "reference", path="/show/rig/rig v2.ma")
    maya.add("sharedReferenceNode", "reference")
    maya.add("wood", "file", path="/show/tex/wood.<UDIM>.exr")
    textures = {
        "relative": "sourceimages/a.png",
        "variable": "$SHOW/tex/b.png",
        "windows": "C:\\tex\\c.png",
        "unc": "\\\\server\\tex\\d.png",
        "none": "",
        "odd": RuntimeError("The attribute has no single value"),
    }
    for node, path in textures.items():
        maya.add(node, "file", fileTextureName=path)
    maya.add("again", "file", fileTextureName="/show/tex/wood.<UDIM>.exr")
    maya.add("smoke", "cacheFile", cachePath="/show/cache/Smoke.VDB")

    flowpipe_maya.submit()

    assert client.opened[0].files == [
        {"path": scene.as_posix(), "role": "scene"},
        {"path": "/show/rig/rig v2.ma", "role": "reference", "node": "rigRN"},
        {"path": "/show/tex/wood.<UDIM>.exr", "role": "texture", "node": "wood"},
        {"path": f"{maya.project}sourceimages/a.png", "role": "texture", "node": "relative"},
        {"path": "/show/tex/b.png", "role": "texture", "node": "variable"},
        {"path": "C:\\tex\\c.png", "role": "texture", "node": "windows"},
        {"path": "\\\\server\\tex\\d.png", "role": "texture", "node": "unc"},
        {"path": "/show/cache/Smoke.VDB", "role": "cache", "node": "smoke"},
        {"path": f"{maya.project}images/defaultRenderLayer/persp", "role": "output"},
    ]


def test_a_dialog_that_does_not_open_is_told_once_maya_has_time(maya, client, flowpipe_maya, scene):
    """The client says so from a thread of its own, in which Maya must not be called."""
    flowpipe_maya.submit()
    thread = threading.Thread(target=client.opened[0].on_failure, args=["No Python is configured for the dialog."])
    thread.start()
    thread.join()

    assert maya.dialogs == []
    maya.idle()
    assert maya.dialogs == [("No Python is configured for the dialog.", ["OK"])]
