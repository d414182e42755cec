"""The button in Blender, and the nodes that render: in a double of Blender, and in each Blender of this machine.

FLOWPIPE_DEADLINE_BLENDERS names them, with the separator of PATH: programs, or Pythons that have bpy.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
from pathlib import Path

import pytest
from blenders import DOUBLE, Blender, KeptBlender, find_blenders, install_client
from other_users import folder_of, needs_superuser

from flowpipe_deadline import plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.workflows.facts import read_facts
from flowpipe_deadline.workflows.find import load_workflow

BLENDERS = find_blenders()
NONE = pytest.param("", marks=pytest.mark.skip(reason="this machine has no Blender"))
REAL = [name for name in BLENDERS if name != DOUBLE] or [NONE]
SHOT = "shot = folder / 'shot.blend'\nscene.render.filepath = '//render/shot_####'\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A repository with everything installed, and a folder with the add-on."""
    return install_client(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def keep(tmp_path_factory, installed):
    """Gives the Blender of a name that stays, started when it is first needed."""
    kept = {}

    def keep(name):
        if name not in kept:
            folder = tmp_path_factory.mktemp("kept")
            kept[name] = KeptBlender(Blender(BLENDERS[name], folder=folder, installed=installed))
        return kept[name]

    yield keep
    for each in kept.values():
        each.close()


@pytest.fixture(params=BLENDERS)
def blender(request, tmp_path, installed, keep):
    """A Blender whose scenes are in a folder with blanks, umlauts, quotes and braces."""
    folder = tmp_path / """Bühne 'a' "b" {c}"""
    folder.mkdir()
    return Blender(BLENDERS[request.param], folder=folder, installed=installed, kept=keep(request.param))


def press(blender, lines=""):
    """Saves a scene after these lines, presses the button; the facts that the dialog was given."""
    assert blender.run(SHOT + lines + "\nsave(shot)\ntell(press(unsaved='AS_SAVED'))") == ["FINISHED"]
    return blender.facts()


def test_the_button_hands_over_the_scene(blender):
    """All that a workflow may ask for, with full paths."""
    told = press(blender, "scene.frame_start, scene.frame_end, scene.frame_step = 1, 10, 3")

    folder = str(blender.folder)
    assert told["host"] == "blender"
    assert told["facts"] == {
        "scene": f"{folder}/shot.blend",
        "project": folder,
        "frames": "1-10x3",
        "camera": "Camera",
        "cameras": ["Camera"],
        "layers": ["ViewLayer"],
        "renderer": "CYCLES",
        "outputs": [f"{folder}/render/shot_####.png"],
    }
    assert [(file["role"], file["path"]) for file in told["files"]] == [
        ("scene", f"{folder}/shot.blend"),
        ("output", f"{folder}/render"),
    ]
    assert told["warnings"] == []


def test_what_is_odd_is_said(blender):
    """No camera, no view layer, and no facts that nobody knows."""
    told = press(blender, "scene.camera = None\nfor layer in scene.view_layers: layer.use = False")

    assert "camera" not in told["facts"]
    assert told["facts"]["layers"] == []
    assert told["warnings"] == [
        "The scene has no camera to look through: set one.",
        "No view layer is used for rendering: switch one on.",
    ]


def test_a_scene_may_have_many_layers_and_cameras_by_markers(blender):
    """Those that are switched off are left out; where markers switch cameras, none of them is the one."""
    told = press(
        blender,
        "for number in range(40): scene.view_layers.new(f'layer {number:02}').use = number % 2 == 0\n"
        "scene.timeline_markers.new('cut', frame=3).camera = scene.camera",
    )

    assert told["facts"]["layers"] == ["ViewLayer", *(f"layer {number:02}" for number in range(0, 40, 2))]
    assert "camera" not in told["facts"]


def test_where_one_layer_is_rendered_alone_it_is_the_one(blender):
    """Blender's Render Single Layer: the one that is seen."""
    told = press(blender, "scene.view_layers.new('shadow')\nscene.render.use_single_layer = True")

    assert told["facts"]["layers"] == ["ViewLayer"]


@pytest.mark.parametrize("template", ["//render/", "//render/a_##_b.png", "//render/shot1"])
def test_outputs_are_told_with_the_digits_of_the_frame(blender, template):
    """Wherever Blender puts them in the name."""
    told = press(blender, f"scene.render.filepath = {template!r}")

    name = template[2:].rpartition("/")[2]
    expected = name if "##" in name else f"{name}####.png"
    assert told["facts"]["outputs"] == [f"{blender.folder}/render/{expected}"]


def test_a_scene_without_a_name_is_refused(blender):
    """In one sentence."""
    told = blender.run("tell(press())\ntell(press('INVOKE_DEFAULT'))")

    assert told == ["The scene has no name yet. Save it where all workers see it, and submit again."] * 2


def test_the_scene_is_saved_before_it_is_submitted(blender):
    """As it is, or as the next version that is free; the dialog is given that file."""
    told = blender.run(
        SHOT + "save(shot)\nscene.frame_end = 7\ntell(press())\nbpy.ops.wm.open_mainfile(filepath=str(shot))\n"
        "tell(bpy.context.scene.frame_end)\n(folder / 'SHOT_V001.blend').touch()\ntell(press(unsaved='NEW_VERSION'))"
    )

    assert told == ["FINISHED", 7, "FINISHED"]
    assert blender.facts()["facts"]["scene"] == f"{blender.folder}/shot_v002.blend"
    assert (blender.folder / "shot_v002.blend").stat().st_size > 0


@pytest.mark.parametrize(
    ("scene", "version"),
    [
        ("shot_v001.blend", "shot_v002.blend"),
        ("shot.V09.blend", "shot.V10.blend"),
        ("v001_shot_v0002_b.blend", "v001_shot_v0003_b.blend"),
        ("shot_v20261130.blend", "shot_v20261131.blend"),
        ("shot_vfx2.blend", "shot_vfx2_v001.blend"),
    ],
)
def test_the_last_version_in_the_name_is_counted(double, scene, version):
    """With as many digits."""
    double.run(f"save(folder / {scene!r})\npress(unsaved='NEW_VERSION')")

    assert double.facts()["facts"]["scene"] == f"{double.folder}/{version}"


def test_a_scene_that_has_gone_is_not_submitted_as_saved(blender):
    """Somebody has removed the file while it was open."""
    told = blender.run(SHOT + "save(shot)\nshot.unlink()\ntell(press(unsaved='AS_SAVED'))\ntell(press())")

    assert told[0].endswith("shot.blend is not on the disk any more. Save it, and submit again.")
    assert told[1] == "FINISHED"


@needs_superuser
def test_a_read_only_scene_says_so(blender):
    """For whom it is read-only: a superuser may write everything."""
    with folder_of(65534, 65534, 0o755) as blender.folder:
        told = blender.run(
            SHOT + "save(shot)\nshot.chmod(0o444)\naddon.flowpipe_proxy.load('flowpipe_blender')\n"
            "os.setresuid(65534, 65534, 0)\ntry: tell(press())\nfinally: os.setresuid(0, 0, 0)"
        )

    assert told[0].endswith("shot.blend is read-only. Save it as a new version, or submit it as it is on disk.")


def test_the_addon_is_there_once_however_often_it_is_enabled(blender):
    """And leaves nothing behind when it is disabled, even twice."""
    assert blender.run(
        "tell(menu_entries())\naddon.register()\ntell(menu_entries())\naddon.unregister()\naddon.unregister()\n"
        "tell(menu_entries())\ntell(hasattr(bpy.types, 'FLOWPIPE_OT_submit'))\naddon.register()\ntell(menu_entries())"
    ) == [1, 1, 0, False, 1]


def test_a_missing_client_is_one_sentence(blender, tmp_path):
    """As the proxy says it."""
    told = blender.run(SHOT + "save(shot)\ntell(press())", client=tmp_path)

    assert told == [f"{tmp_path} has no flowpipe_client.py; it is the folder that FLOWPIPE_DEADLINE_CLIENT names"]


def test_an_unforeseen_error_is_one_sentence_too(blender, tmp_path):
    """Its traceback goes to the console."""
    (tmp_path / "flowpipe_client.py").write_text("class ClientError(Exception): pass")
    (tmp_path / "flowpipe_blender.py").write_text("def submit(unsaved): raise KeyError('layer')")

    told = blender.run("tell(press())", client=tmp_path)

    assert told == ["The submission failed; the console has more: KeyError: 'layer'"]


WINDOWS = "bpy.app.background = False\n"


@pytest.fixture
def double(tmp_path, installed, keep):
    """The double of Blender, which has windows."""
    return Blender(BLENDERS[DOUBLE], folder=tmp_path, installed=installed, kept=keep(DOUBLE))


def test_unsaved_changes_are_asked_about(double):
    """What is saved already is submitted at once."""
    told = double.run(
        f"{SHOT}{WINDOWS}save(shot)\ntell(press('INVOKE_DEFAULT'))\nbpy.data.is_dirty = True\n"
        "tell(press('INVOKE_DEFAULT'))\ntell(bpy.context.window_manager.shown)"
    )

    question = "shot.blend has unsaved changes. Workers render what is on the disk."
    assert told == ["FINISHED", "RUNNING_MODAL", [question, "SAVE"]]


def test_changes_may_be_left_out(double):
    """The dialog warns that what it shows may not be what is rendered."""
    double.run(f"{SHOT}{WINDOWS}save(shot)\nbpy.data.is_dirty = True\npress(unsaved='AS_SAVED')\nwait_for_dialog()")

    assert double.facts()["warnings"] == ["The scene has unsaved changes. Workers render what is on the disk."]


def test_a_dialog_that_ends_with_an_error_says_so_in_blender(double):
    """Once it was open: in lines that fit a window, also if the add-on is gone by then."""
    reason = "the display cannot be opened, and so it ends at once with " + "no more " * 20
    double.dialog.write_text(f"#!/bin/sh\nrm \"$5\"\nsleep 0.3\necho '{reason}' >&2\nexit 1\n")

    told = double.run(
        f"{SHOT}{WINDOWS}save(shot)\ntell(press())\naddon.unregister()\nwait_for_dialog()\ntell(bpy.context.window_manager.shown)"
    )

    assert told[0] == "FINISHED"
    assert " ".join(told[1]).startswith(f"The submit dialog ended with an error: {reason.strip()}")
    assert max(map(len, told[1])) <= 90


def test_a_movie_is_refused(double):
    """It is one file for all frames, and workers render some of them each."""
    told = press(double, "scene.render.is_movie_format = True")

    assert "outputs" not in told["facts"]
    assert told["warnings"] == ["The scene writes a movie. Workers render single images: choose such a format."]
    assert double.run(f"{SHOT}tell(render(shot))") == [
        f"{double.folder}/shot.blend writes a movie: choose a format of single images in its Output Properties"
    ]


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="this machine has no xvfb-run")
@pytest.mark.parametrize("blender", [name for name in REAL if "python" not in str(name)] or [NONE], indirect=True)
def test_the_button_is_pressed_in_a_window(blender):
    """What is saved is submitted at once, and unsaved changes are asked about; Blender goes on meanwhile."""
    told = blender.run(
        f"{SHOT}save(shot)\ntell(menu_entries())\ntell(press('INVOKE_DEFAULT'))\n"
        "bpy.ops.object.select_all(action='TOGGLE')\nbpy.ops.ed.undo_push(message='a change')\n"
        "tell(bpy.data.is_dirty)\ntell(press('INVOKE_DEFAULT'))\nwait_for(folder / 'dialog' / 'facts')",
        window=True,
    )

    assert told == [1, "FINISHED", True, "RUNNING_MODAL"]
    assert blender.facts()["facts"]["scene"] == f"{blender.folder}/shot.blend"
    assert blender.facts()["warnings"] == []


def test_a_dialog_that_does_not_open_is_an_error(blender):
    """Blender waits until it is open."""
    blender.dialog.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 1\n")

    told = blender.run(f"{SHOT}save(shot)\ntell(press())")

    assert told[0].startswith("The submit dialog ended with an error: cannot open display")


def test_files_are_told_once_with_their_roles(blender):
    """Those that are packed, made by Blender or not used are left out."""
    blender.run(SHOT + "save(folder / 'library.blend')")
    told = press(blender, SET if blender.is_double else LINK)

    files = [(file["role"], Path(file["path"]).name, file.get("node")) for file in told["files"]]
    assert ("reference", "library.blend", "library.blend") in files
    assert ("texture", "wood.png", "wood.png") in files
    assert not {"packed.png", "drawn.png"} & {name for _, name, _ in files}


# What Blender makes of the same scene; a double has nothing to link from.
SET = """
bpy.data.libraries.new("library.blend", filepath="//library.blend")
bpy.data.images.new("wood.png", filepath="//wood.png")
bpy.data.images.new("packed.png", filepath="//packed.png", packed_file=True)
bpy.data.images.new("drawn.png", filepath="//drawn.png", source="GENERATED")
"""
LINK = """
with bpy.data.libraries.load(str(folder / "library.blend"), link=True) as (_, linked):
    linked.objects = ["Cube"]
scene.collection.objects.link(linked.objects[0])
for name in ("wood.png", "packed.png", "drawn.png"):
    image = bpy.data.images.new(name, 4, 4)
    image.use_fake_user = True
    if name != "drawn.png":
        image.filepath_raw = str(folder / name)
        image.file_format = "PNG"
        image.save()
        image.source = "FILE"
    if name == "packed.png":
        image.pack()
"""


def rendered(blender, lines, *calls):
    """What the node gives for a scene that was saved after these lines; of several calls, all that it gives."""
    told = blender.run("\n".join([SHOT + lines, "save(shot)", *(f"tell(render(shot, {call}))" for call in calls)]))
    return told if len(calls) > 1 else told[0]


def test_images_have_the_numbers_of_their_frames(blender):
    """In the order of the frames, also below zero; nothing else is left in their folder."""
    files = rendered(blender, "scene.frame_set(5)", "frames=[12, 3, -4]")

    folder = blender.folder / "render"
    assert files == [f"{folder}/shot_{number}.png" for number in ("0012", "0003", "-0004")]
    assert {path.name for path in folder.iterdir()} == {"shot_0012.png", "shot_0003.png", "shot_-0004.png"}


def test_layers_of_a_scene_do_not_overwrite_each_other(blender):
    """Each has a folder of its own; names that no folder can have are changed."""
    lines = "scene.view_layers.new('a/b')\nscene.view_layers.new('a:b')"

    files = [files[0] for files in rendered(blender, lines, "layer='a/b'", "layer='a:b'")]

    folder = blender.folder / "render"
    assert files == [f"{folder}/a_b/shot_0001.png", f"{folder}/a_b-2/shot_0001.png"]


def test_only_the_chosen_layer_is_rendered(blender):
    """Of a layer without anything in it, the image is smaller."""
    lines = (
        "layer = scene.view_layers.new('void')\n"
        "if hasattr(layer, 'layer_collection'):\n"
        "    scene.render.film_transparent = True\n"
        "    for collection in layer.layer_collection.children: collection.exclude = True\n"
    )

    images = rendered(blender, lines, "layer='ViewLayer'", "layer='void'")

    full, void = (Path(image).read_bytes() for (image,) in images)
    assert len(void) < len(full)


def test_what_is_asked_for_wins_over_the_scene(blender):
    """Camera, renderer and output."""
    lines = "scene.render.engine = 'CYCLES'\nscene.camera = None\nfor layer in scene.view_layers: layer.use = False"

    files = rendered(
        blender, lines, "layer='ViewLayer', camera='Camera', renderer='CYCLES', output=str(folder / 'o{u}t' / 'a_##')"
    )

    assert files == [f"{blender.folder}/o{{u}}t/a_01.png"]


NOT_RENDERED = (
    ("scene.camera = None", "", "Frame 1 was not rendered: Cannot render, no camera"),
    ("", "layer='fog'", "Scene has no view layer 'fog'; it has ViewLayer"),
    ("", "camera='Cube'", "Scene has no camera 'Cube'; it has Camera"),
    ("scene.view_layers[0].use = False", "", "Scene has no view layer that is used for rendering: switch one on"),
    (
        "(folder / 'file').touch()\nscene.render.filepath = '//file/shot_####'",
        "",
        "Frame 1 cannot be written: [Errno 17] File exists",
    ),
)


def test_what_cannot_be_rendered_is_one_sentence(blender):
    """It names what is missing, and what there is."""
    cases = [
        f"bpy.ops.wm.open_mainfile(filepath=str(shot))\nscene = bpy.context.scene\n{lines}\n"
        f"save(folder / 'case.blend')\ntell(render(folder / 'case.blend', {call}))"
        for lines, call, _ in NOT_RENDERED
    ]

    told = blender.run("\n".join([f"{SHOT}save(shot)", *cases]))

    errors = [error for _, _, error in NOT_RENDERED]
    assert [text[: len(error)] for text, error in zip(told, errors)] == errors


def test_a_library_that_a_worker_does_not_see_fails_the_task(blender):
    """Blender itself renders without it."""
    blender.run(SHOT + "save(folder / 'library.blend')")
    lines = SET if blender.is_double else LINK
    blender.run(f"{SHOT}{lines}\nsave(shot)")
    (blender.folder / "library.blend").unlink()

    told = blender.run(f"{SHOT}tell(render(shot))")

    assert told[0].startswith(f"This worker does not see what {blender.folder}/shot.blend links: {blender.folder}/lib")


@pytest.mark.parametrize("blender", REAL, indirect=True)
def test_scripts_in_the_scene_are_run_if_asked_for(blender):
    """Blender would skip them, and go on, as they may come from anywhere."""
    lines = """text = bpy.data.texts.new("mark.py")
text.use_module = True
text.write("open({!r}, 'w')".format(str(folder / "ran")))"""

    rendered(blender, lines, "run_scripts=False")
    assert not (blender.folder / "ran").exists()

    rendered(blender, lines, "")
    assert (blender.folder / "ran").exists()


@pytest.mark.parametrize("blender", REAL, indirect=True)
def test_a_frame_is_rendered_where_it_is(blender):
    """Not half a frame later, where a scene was saved between two frames (findings/bpy-half-frame.sh)."""
    lines = """cube = bpy.data.objects["Cube"]
for frame in (0, 10):
    cube.location.x = frame
    cube.keyframe_insert("location", index=0, frame=frame)
for image in ("whole", "half"):
    scene.frame_set(5, subframe=0.5 if image == "half" else 0.0)
    save(shot)
    tell(render(shot, frames=[3], output=str(folder / image)))
    scene = bpy.context.scene
    cube = bpy.data.objects["Cube"]
pixels = []
for image in ("whole", "half"):
    pixels.append(list(bpy.data.images.load(str(folder / (image + "0003.png"))).pixels))
tell(pixels[0] == pixels[1] and len(set(pixels[0])) > 2)"""

    assert blender.run(f"{SHOT}{lines}")[-1] is True


def test_of_a_failed_chunk_only_whole_images_are_left(blender):
    """Here a folder has the name of the second image."""
    lines = "(folder / 'render' / 'shot_0002.png' / 'x').mkdir(parents=True)"

    error = rendered(blender, lines, "frames=[1, 2, 3]")

    assert error.startswith("Frame 2 was not rendered: ")
    assert {path.name for path in (blender.folder / "render").iterdir()} == {"shot_0001.png", "shot_0002.png"}


# Blender calls such an image finished (findings/bpy-full-disk.sh).
EXR = "scene.render.image_settings.file_format = 'OPEN_EXR'\n"
FULL = "Frame 1 was not rendered: [Errno {}] {}. Make room in {}, and render this frame again."


@pytest.mark.parametrize("blender", REAL, indirect=True)
def test_an_image_that_is_cut_where_blender_writes_it_fails_the_task(blender):
    """No file may become larger than half an image: as on a full disk, and everybody can have it."""
    lines = (
        "import resource, signal, tempfile\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "before = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))\n"
        "try: tell(render(shot))\nfinally: resource.setrlimit(resource.RLIMIT_FSIZE, before)\n"
        "tell(tempfile.gettempdir())"
    )

    error, folder = blender.run(f"{SHOT}{EXR}save(shot)\n{lines}")

    assert error == FULL.format(errno.EFBIG, "File too large", folder)
    assert not list((blender.folder / "render").iterdir())


@pytest.mark.parametrize("blender", REAL, indirect=True)
def test_where_the_disk_of_the_images_is_full_none_is_left(blender, full_disk):
    """Nor a file beside it, and an earlier image, which fills the disk here, stays as it was."""
    lines = f"tell(render(shot, output={str(full_disk / 'shot_####')!r}))"

    (error,) = blender.run(f"{SHOT}{EXR}save(shot)\n{lines}")

    assert error == FULL.format(errno.ENOSPC, "No space left on device", full_disk)
    assert {path.name: path.stat().st_size for path in full_disk.iterdir()} == {"shot_0001.exr": 65536}


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 64 KB with an image that fills it; a superuser may mount one, if the system lets them."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nobody may mount a disk here")
    try:
        (folder / "shot_0001.exr").write_bytes(bytes(65536))
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def run_workflow(blender, tmp_path):
    """Runs the workflow with the facts of the last click, with what is installed alone; the bundle, and its state."""

    def run(**texts):
        workflow = load_workflow("render_blender_scene")
        facts = read_facts(blender.folder / "dialog" / "facts")
        graph = workflow.build({**facts.texts_for(workflow.parameters), "chunk_size": "2", **texts})
        bundle = write_bundle(plan_graph(graph), root=tmp_path)
        # One worker, as each would start a Blender for each job.
        return bundle, run_bundle(bundle, workers=1, setup=blender.worker_setup(), failure_limit=1)

    return run


def test_from_the_button_to_rendered_frames(blender, run_workflow):
    """Button, facts, workflow, bundle, offline farm, images."""
    press(blender, "scene.view_layers.new('shadow')\nscene.frame_start, scene.frame_end = 1, 3")

    bundle, state = run_workflow()

    assert state.is_complete, [task.message for task in state.tasks]
    results = read_results(bundle)
    for layer in ("ViewLayer", "shadow"):
        images = [blender.folder / "render" / layer / f"shot_{frame:04d}.png" for frame in (1, 2, 3)]
        assert results[f"shot.Check_{layer}"].outputs() == {"frames": images}
        assert all(image.stat().st_size for image in images)


def test_a_chunk_that_fails_half_way_fails_its_task(blender, run_workflow):
    """Whatever Blender's exit code is after an exception; the check waits."""
    (blender.folder / "render" / "shot_0002.png" / "x").mkdir(parents=True)
    press(blender)

    _, state = run_workflow(frames="1-2", layers="")

    render, check = state.tasks
    assert (render.status.value, check.status.value) == ("Failed", "Pending")
    assert "Frame 2 was not rendered: " in render.message
