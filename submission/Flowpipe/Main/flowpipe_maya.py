"""What the button in Maya does: has the scene saved, looks at it without changing it, and opens the submit dialog.

The proxy that is installed in Maya gets this file from the repository and calls ``submit``. The standard library and
Maya's modules only, valid from Python 3.7 to 3.13.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple, cast

import flowpipe_client
from flowpipe_client import ClientError
from maya import cmds, mel, utils

TITLE = "Submit To Deadline"
SAVE, SAVE_VERSION, CANCEL = "Save", "Save New Version", "Cancel"
FILE_TYPES = {".ma": "mayaAscii", ".mb": "mayaBinary"}
CACHES = (".abc", ".ass", ".bif", ".fbx", ".mcc", ".mcx", ".rs", ".usd", ".usda", ".usdc", ".usdz", ".vdb", ".xml")
FULL_PATH = re.compile(r"[A-Za-z]:[/\\]|[/\\]")
CLOSE_TO_WHOLE = 0.001  # Maya keeps times as floats, also of frame rates that are no whole numbers.


def submit() -> None:
    """Opens the dialog for the scene, which is saved first if the user agrees; does nothing if the user cancels.

    Raises:
        ClientError: The scene has no name, or there is nobody to ask.
        RuntimeError: Maya refuses to tell about the scene.
    """
    if cmds.about(batch=True):
        raise ClientError("Submitting from Maya needs its windows; use flowpipe-deadline submit in a shell.")
    scene = saved_scene()
    if scene:
        facts, warnings = scene_facts(scene)
        files = scene_files(scene, facts["outputs"])
        version = str(cmds.about(version=True))
        flowpipe_client.open_dialog("maya", version, facts, files, warnings, on_failure=show_later)


def show_later(text: str) -> None:
    """Shows an error in a dialog; may be called from any thread."""
    utils.executeDeferred(_show, text)


def _show(text: str) -> None:
    cmds.confirmDialog(title=TITLE, message=text, button=["OK"], icon="critical")


def saved_scene() -> Optional[str]:
    """The path of the scene as it is on the disk; None if the user rather cancels than saves it.

    Raises:
        ClientError: The scene has no name, or is no Maya scene.
    """
    scene = _scene_name()
    if not scene:
        raise ClientError("The scene has no name yet. Save it where all workers see it, and submit again.")
    if os.path.splitext(scene)[1].lower() not in FILE_TYPES:
        raise ClientError("{} is not a Maya scene. Save it as .ma or .mb, and submit again.".format(scene))
    exists = os.path.isfile(scene)
    if exists and not cmds.file(query=True, modified=True):
        return scene
    text = "{} has unsaved changes." if exists else "{} is not on the disk any more."
    choices = [SAVE, SAVE_VERSION]
    if exists and not os.access(scene, os.W_OK):
        text, choices = "{} has unsaved changes, and may not be overwritten.", [SAVE_VERSION]
    text = text.format(os.path.basename(scene))
    while True:
        answer = _ask(text + "\n\nWorkers render what is on the disk.", [*choices, CANCEL])
        if answer not in choices:
            return None
        try:
            return _save() if answer == SAVE else _save_version(scene)
        except (OSError, RuntimeError) as error:  # Maya's errors are RuntimeErrors.
            text = "The scene is not saved: {}".format(str(error).strip() or repr(error))
            choices.remove(answer)


def _ask(text: str, choices: List[str]) -> str:
    return str(
        cmds.confirmDialog(
            title=TITLE,
            message=text,
            button=choices,
            defaultButton=choices[0],
            cancelButton=CANCEL,
            dismissString=CANCEL,
        )
    )


def _save() -> str:
    cmds.file(save=True)
    return _scene_name()


def _save_version(scene: str) -> str:
    """Saves the scene under the next free version; the scene keeps its name if that fails."""
    path = _reserve_version(scene)
    try:
        cmds.file(rename=path)
        cmds.file(save=True, force=True, type=FILE_TYPES[os.path.splitext(path)[1].lower()])
    except BaseException:
        cmds.file(rename=scene)
        if os.path.isfile(path) and os.path.getsize(path) == 0:
            os.remove(path)
        raise
    return _scene_name()


def _reserve_version(scene: str) -> str:
    """The path of the next version, as an empty file: nobody else who saves a version at the same time takes it.

    Raises:
        OSError: The folder cannot be written.
    """
    for path in flowpipe_client.free_versions(scene, FILE_TYPES):
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return path
    raise AssertionError("there is always a next number")


def scene_facts(scene: str) -> Tuple[Dict[str, Any], List[str]]:
    """What a workflow may want to know of the scene, and what is odd about it, in sentences.

    Raises:
        RuntimeError: Maya refuses to tell.
    """
    warnings: List[str] = []
    project = str(cmds.workspace(query=True, rootDirectory=True) or "")
    cameras = _renderable_cameras()
    layers = _renderable_layers()
    facts = {
        "scene": scene,
        "project": project if len(project) < 4 else project.rstrip("/\\"),  # "C:/" and "/" stay.
        "cameras": cameras,
        "layers": list(layers),  # By the names that people see.
        "renderer": str(cmds.getAttr("defaultRenderGlobals.currentRenderer")),
        "outputs": _outputs(layers, cameras, warnings),
    }
    if cameras:
        facts["camera"] = cameras[0]
    else:
        warnings.append("No camera is renderable: switch one on in the Render Settings.")
    if len(cameras) > 1:  # New scenes have persp as the first.
        warnings.append("{} cameras are renderable; see that Camera names the one you want.".format(len(cameras)))
    if not layers:
        warnings.append("No render layer is renderable: switch one on.")
    frames = _frames(warnings)
    if frames:
        facts["frames"] = frames
    return facts, warnings


def _frames(warnings: List[str]) -> str:
    """The frames of the render settings as Deadline writes them; empty, with a warning, if Deadline has none such."""
    if not cmds.getAttr("defaultRenderGlobals.animation"):
        first = last = float(cast(Any, cmds.currentTime)(query=True))  # The stubs do not know that it can be asked.
        step = 1.0
    else:
        first, last, step = (
            float(cmds.getAttr("defaultRenderGlobals." + name)) for name in ("startFrame", "endFrame", "byFrameStep")
        )
    whole = [round(value) for value in (first, last, step)]
    is_whole = all(abs(value - near) < CLOSE_TO_WHOLE for value, near in zip((first, last, step), whole))
    if not is_whole or whole[0] < 0 or whole[1] < whole[0] or whole[2] < 1:
        text = "The Render Settings say frames {:g}-{:g} by {:g}; Deadline has only ascending whole ones, from 0."
        warnings.append(text.format(first, last, step))
        return ""
    if whole[0] == whole[1]:
        return str(whole[0])
    return "{}-{}".format(*whole[:2]) + ("x{}".format(whole[2]) if whole[2] > 1 else "")


def _renderable_cameras() -> List[str]:
    """The cameras, by the shortest name that is unique."""
    shapes = [shape for shape in cmds.ls(cameras=True) or () if cmds.getAttr(shape + ".renderable")]
    return [cmds.listRelatives(shape, parent=True, path=True)[0] for shape in shapes]


def _renderable_layers() -> Dict[str, str]:
    """The nodes of the scene's own render layers, by the names that people see."""
    layers = {}
    for node in cmds.ls(type="renderLayer") or ():
        # Layers of referenced scenes, and those that no manager of layers has any more, are not rendered.
        is_own = not cmds.referenceQuery(node, isNodeReferenced=True)
        if is_own and cmds.listConnections(node + ".rlid") and cmds.getAttr(node + ".renderable"):
            layers[str(mel.eval('renderLayerDisplayName "{}"'.format(node)))] = node
    return layers


def _outputs(layers: Dict[str, str], cameras: List[str], warnings: List[str]) -> List[str]:
    """The images, with ``#`` for frame numbers; layers are only asked about, as switching to one changes the scene."""
    outputs: List[str] = []
    for name, node in layers.items():
        for camera in cameras:
            try:
                images = cmds.renderSettings(genericFrameImageName="####", fullPath=True, layer=node, camera=camera)
                outputs += images or ()
            except RuntimeError as error:
                warnings.append("Maya does not say where {} of layer {} goes: {}".format(camera, name, error))
    return list(dict.fromkeys(outputs))


def scene_files(scene: str, outputs: List[str]) -> List[Dict[str, str]]:
    """The files that belong to the scene; the dialog judges whether workers see them.

    Raises:
        RuntimeError: Maya refuses to tell.
    """
    files = {scene: {"path": scene, "role": "scene"}}
    for path, node in _references():
        files.setdefault(path, {"path": path, "role": "reference", "node": node})
    for path, node in itertools.chain(_registered_files(), _files_of_attributes()):
        full = _full_path(path)
        role = "cache" if full.lower().endswith(CACHES) else "texture"
        files.setdefault(full, {"path": full, "role": role, "node": node})
    for folder in map(os.path.dirname, outputs):
        files.setdefault(folder, {"path": folder, "role": "output"})
    return list(files.values())


def _references() -> Iterator[Tuple[str, str]]:
    """Referenced scenes, also those within others, with their nodes."""
    for node in cmds.ls(references=True) or ():
        try:
            yield str(cmds.referenceQuery(node, filename=True, withoutCopyNumber=True)), node
        except RuntimeError:  # Maya's own reference nodes have no file.
            continue


def _registered_files() -> Iterator[Tuple[str, str]]:
    """What the File Path Editor lists: the attributes that Maya and its plug-ins have registered."""
    # The stubs know each flag alone, and not what it takes.
    query = cast(Any, cmds.filePathEditor)
    for folder in query(query=True, listDirectories="") or ():
        listed = query(query=True, listFiles=folder, withAttribute=True) or ()
        for name, attribute in zip(listed[::2], listed[1::2]):
            yield folder.rstrip("/") + "/" + name, attribute.partition(".")[0]


def _files_of_attributes() -> Iterator[Tuple[str, str]]:
    """The values of attributes that are declared to be file names, which each plug-in does for its own nodes."""
    own = set(cmds.ls(defaultNodes=True) or ())
    listed = cmds.ls(showType=True) or ()
    has_files: Dict[str, bool] = {}  # By type: a scene has many nodes of few types.
    for node, kind in zip(listed[::2], listed[1::2]):
        if node in own or kind == "reference":
            continue
        if kind not in has_files:
            has_files[kind] = bool(cmds.listAttr(node, usedAsFilename=True))
        if has_files[kind]:
            for attribute in cmds.listAttr(node, usedAsFilename=True, multi=True) or ():
                value = _text(node + "." + attribute)
                if value:
                    yield value, node


def _text(attribute: str) -> str:
    try:
        value = cmds.getAttr(attribute)
    except (RuntimeError, ValueError):  # An attribute without a single value.
        return ""
    return value.strip() if isinstance(value, str) else ""


def _full_path(path: str) -> str:
    """The path as Maya finds it: variables and the project's folder filled in."""
    path = os.path.expanduser(os.path.expandvars(path))
    return path if FULL_PATH.match(path) else str(cmds.workspace(expandName=path))


def _scene_name() -> str:
    return str(cmds.file(query=True, sceneName=True) or "")  # The stubs say that it is a flag.
