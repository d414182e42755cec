r"""A shot in Blender: a scene is built, rendered in chunks, checked, and published as a contact sheet and a report.

    flowpipe-deadline run examples/blender_shot.py
    flowpipe-deadline run examples/blender_shot.py --frames 16 --width 960 --height 540 --samples 128

A brass orrery at night: the planets go round a lamp while the camera moves in::

    Build scene --> Render --> Check --+--> Contact sheet --> Report
                       |               +-----------------------^
                       +---------------------------------------^

*Build scene* and *Render* run in Blender, the others in python. *Render* and *Check* have a task per chunk of frames,
and a chunk is checked as soon as it is rendered. A worker keeps one Blender for all of its chunks; the report tells
which Blender rendered each frame.

Blender is looked for where it is usually installed. Any other, and a Python that has Blender's module, is named::

    flowpipe-deadline run examples/blender_shot.py -i blender=/opt/blender-4.5/blender
    flowpipe-deadline run examples/blender_shot.py \
        -i 'blender=/venv/bin/python -u -m flowpipe_deadline.evaluator --task "<TASK>"'

Tried with Blender 3.4, 4.5 and 5.0. The pictures depend on nothing but frame, size, samples and Blender's version.
"""

# Blender's modules exist in Blender only: the nodes import them.
# ruff: noqa: PLC0415
# flowpipe and Blender ship no types.
# mypy: allow-subclassing-any, allow-untyped-decorators, disable-error-code="import-not-found"

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from flowpipe import Graph, Node
from turntable import BACKGROUND, FAINT_INK, INK, ContactSheet, check_frames, written_whole

from flowpipe_deadline import Folder, Frames, Parameter, progress

FRAMES_PER_SECOND = 12


def blender_shot(  # noqa: PLR0913, PLR0917  (its parameters are fields of a dialog)
    frames: Frames = range(1, 25),
    width: Annotated[int, Parameter(min_value=16)] = 480,
    height: Annotated[int, Parameter(min_value=16)] = 270,
    samples: Annotated[int, Parameter(label="Samples per pixel", min_value=1)] = 24,
    output: Folder = Path("blender-shot-output"),
    chunk_size: Annotated[int, Parameter(label="Frames per task", min_value=1)] = 4,
) -> Graph:
    """Builds a scene in Blender, renders it, and publishes the pictures.

    Args:
        frames: The frames to render.
        width: Of the pictures, in pixels.
        height: Of the pictures, in pixels.
        samples: More of them take longer, and give less grain.
        output: The folder for the scene, the pictures and the report; all workers must see it.
        chunk_size: How many frames a task renders.
    """
    # Workers start in folders of their own: a relative path would mean another place to each of them.
    folder = Path(os.path.abspath(output))
    numbers, size = list(frames), (width, height)
    graph = Graph(name="Blender shot")
    build = build_scene(
        name="Build scene",
        graph=graph,
        frames=numbers,
        size=size,
        samples=samples,
        path=folder / "orrery.blend",
    )
    render = render_frames(
        name="Render",
        graph=graph,
        metadata={"batch_size": chunk_size, "deadline": {"output_directories": [str(folder / "frames")]}},
        frames=numbers,
        folder=folder / "frames",
    )
    check = check_frames(
        name="Check",
        graph=graph,
        metadata={"batch": {"size": chunk_size, "over": ["frames", "images"]}},
        frames=numbers,
        size=size,
    )
    sheet = ContactSheet(name="Contact sheet", graph=graph)
    sheet.inputs["heading"].value = "Orrery"
    sheet.inputs["title"].value = f"{len(numbers)} frames, {width} x {height}, {samples} samples"
    sheet.inputs["path"].value = folder / "contact-sheet.png"
    report = write_report(name="Report", graph=graph, size=size, path=folder / "report.html")
    build.outputs["scene"].connect(render.inputs["scene"])
    render.outputs["images"].connect(check.inputs["images"])
    check.outputs["checked"].connect(sheet.inputs["images"])
    check.outputs["checked"].connect(report.inputs["images"])
    render.outputs["statistics"].connect(report.inputs["statistics"])
    sheet.outputs["sheet"].connect(report.inputs["sheet"])
    return graph


@Node(outputs=["scene"], metadata={"interpreter": "blender"})
def build_scene(frames: Sequence[int], size: tuple[int, int], samples: int, path: Path) -> dict[str, object]:
    """The scene as a .blend file, with all that is needed to render it."""
    import bpy
    import orrery

    orrery.build(size=size, samples=samples)
    shot = bpy.context.scene
    shot.frame_start, shot.frame_end, shot.render.fps = min(frames), max(frames), FRAMES_PER_SECOND
    shot.render.filepath = "//frames/orrery."
    with written_whole(path) as unfinished:
        bpy.ops.wm.save_as_mainfile(filepath=os.fspath(unfinished), copy=True, compress=True)
    return {"scene": path}


@Node(outputs=["images", "statistics"], metadata={"interpreter": "blender"})
def render_frames(frames: Sequence[int], scene: Path, folder: Path) -> dict[str, object]:
    """The picture of each frame, and by frame the seconds it took and the Blender that rendered it."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=os.fspath(scene), load_ui=False)
    shot = bpy.context.scene
    images = []
    statistics = {}
    for done, frame in enumerate(frames, start=1):
        started = time.perf_counter()
        shot.frame_set(frame)
        bpy.ops.render.render()
        image = folder / f"orrery.{frame:04d}.png"
        with written_whole(image) as unfinished:
            # Saved as it is named: where a scene's own path has # or {, Blender fills something in.
            bpy.data.images["Render Result"].save_render(os.fspath(unfinished), scene=shot)
        images.append(image)
        statistics[frame] = {
            "seconds": round(time.perf_counter() - started, 3),
            "blender": f"Blender {bpy.app.version_string} on {platform.node()}, process {os.getpid()}",
        }
        progress(done / len(frames), f"frame {frame}")
    return {"images": images, "statistics": statistics}


@Node(outputs=["report"])
def write_report(
    images: Sequence[Path], statistics: Mapping[int, Mapping[str, Any]], size: tuple[int, int], sheet: Path, path: Path
) -> dict[str, object]:
    """A page with the shot to play, the contact sheet, and each picture at its full size."""
    links = [_link(image, path) for image in images]
    seconds = [made["seconds"] for made in statistics.values()]
    blenders = len({made["blender"] for made in statistics.values()})
    text = PAGE.format(
        summary=f"{len(links)} frames, {sum(seconds) / len(links):.2f} seconds each, rendered by {blenders} "
        f"Blender{'s' if blenders > 1 else ''}",
        figures="\n".join(
            FIGURE.format(frame=frame, picture=link, **made) for (frame, made), link in zip(statistics.items(), links)
        ),
        first=links[0],
        last=len(links) - 1,
        width=size[0],
        sheet=_link(sheet, path),
        milliseconds=1000 // FRAMES_PER_SECOND,
        background=BACKGROUND,
        ink=INK,
        faint_ink=FAINT_INK,
    )
    with written_whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return {"report": path}


def _link(picture: Path, page: Path) -> str:
    """The way from a page to a picture below it, which survives a move of both."""
    return quote(picture.relative_to(page.parent).as_posix())


FIGURE = """\
<figure>
<img src="{picture}" alt="Frame {frame}">
<figcaption>Frame {frame}: {seconds:.2f} seconds, {blender}</figcaption>
</figure>"""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Orrery</title>
<style>
body {{ margin: 2.5rem auto; max-width: 76rem; padding: 0 1.5rem; background: {background}; color: {ink};
       font: 15px/1.5 system-ui, sans-serif; }}
h1 {{ font-weight: 500; margin: 0; }}
p, figcaption {{ color: {faint_ink}; margin: 0 0 1.5rem; }}
img {{ display: block; max-width: 100%; }}
figure {{ margin: 0; width: {width}px; max-width: 100%; }}
#frames {{ display: flex; flex-wrap: wrap; gap: 0 1rem; }}
#bar {{ display: block; width: {width}px; max-width: 100%; margin: 0.5rem 0 2rem; accent-color: #c98a3a; }}
</style>
</head>
<body>
<h1>Orrery</h1>
<p>{summary}</p>
<img id="player" src="{first}" alt="The shot: click to stop it, and to go on" width="{width}">
<input id="bar" type="range" min="0" max="{last}" value="0" aria-label="Frame">
<img src="{sheet}" alt="Contact sheet of all frames">
<div id="frames">
{figures}
</div>
<script>
const frames = [...document.querySelectorAll("#frames img")].map((image) => image.src);
const player = document.getElementById("player"), bar = document.getElementById("bar");
let playing = true;
const show = () => {{ player.src = frames[bar.value]; }};
player.onclick = () => {{ playing = !playing; }};
bar.oninput = () => {{ playing = false; show(); }};
setInterval(() => {{
  if (playing) {{ bar.value = (Number(bar.value) + 1) % frames.length; show(); }}
}}, {milliseconds});
</script>
</body>
</html>
"""
