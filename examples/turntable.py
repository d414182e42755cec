"""A turntable, rendered frame by frame, checked, and published as a contact sheet, an animation and a report.

    flowpipe-deadline run examples/turntable.py      on workers, one task per chunk of frames
    python examples/turntable.py                     in this process

Both write the same pictures. The graph holds each way of spreading work over a farm::

    Render --> Check --+--> Animation ------+
                       |                    +--> Report
    View front --+     +--> Contact sheet --+
    View side ---+---------------^
    View top ----+

*Render* and *Check* are implicit batches: one job each, with one task per chunk of frames; a chunk is checked
as soon as it is rendered. The views are an explicit batch: a node, and so a job, for each. What publishes the
pictures is a sub-graph of its own.

Building the graph needs flowpipe only. numpy and Pillow are imported inside the nodes, on the worker.
"""

# numpy and Pillow are for workers: see above.
# ruff: noqa: PLC0415
# flowpipe ships no types.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

import html
import json
import math
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowpipe import Graph, INode, InputPlug, Node, OutputPlug

if TYPE_CHECKING:
    from PIL import Image

VIEWS = {"front": (0, 6), "side": (90, 6), "top": (0, 90)}
"""The clay passes: turn of the table and elevation of the camera, in degrees."""
THUMBNAIL_WIDTH, ANIMATION_WIDTH = 160, 640
DARKEST_MEAN, FLATTEST_SPREAD = 0.02, 0.01
"""What a frame must exceed to count as neither black nor flat; luminance from 0 to 1."""
MILLISECONDS_PER_FRAME = 80
MARGIN, GUTTER, CAPTION, HEADING = 28, 14, 22, 84
BACKGROUND, INK, FAINT_INK = "#101317", "#e9e6df", "#8b919a"


class BadFrameError(RuntimeError):
    """A rendered frame is not fit to be published."""

    def __init__(self, *, frame: int, image: Path, fault: str) -> None:
        """The frame, its file, and what is wrong with it."""
        super().__init__(f"Frame {frame}: {image} {fault}. Render this frame again.")
        self.frame, self.image, self.fault = frame, image, fault


def turntable(
    frames: int = 24,
    width: int = 240,
    height: int = 135,
    output: Path = Path("turntable-output"),
    chunk_size: int = 4,
) -> Graph:
    """The graph that renders one turn in ``frames`` frames into the folder ``output``.

    Raises:
        ValueError: If a number is too small to make a picture or a chunk.
    """
    if min(frames, chunk_size) < 1 or min(width, height) < 16:
        raise ValueError(
            f"Cannot render {frames} frames of {width} x {height} pixels in chunks of {chunk_size}. "
            "Ask for at least one frame, one frame per chunk, and 16 x 16 pixels."
        )
    # Workers start in folders of their own: a relative path would mean another place to each of them.
    folder = Path(os.path.abspath(output))
    numbers = list(range(1, frames + 1))
    graph = Graph(name="Turntable")
    render = render_frames(
        name="Render",
        graph=graph,
        metadata={"batch_size": chunk_size},
        frames=numbers,
        frames_per_turn=frames,
        size=(width, height),
        folder=folder / "frames",
    )
    check = check_frames(
        name="Check",
        graph=graph,
        metadata={"batch": {"size": chunk_size, "over": ["frames", "images"]}},
        frames=numbers,
        size=(width, height),
    )
    render.outputs["images"].connect(check.inputs["images"])

    sheet, animation, report = _publishing_nodes(folder, title=f"{frames} frames, {width} x {height}")
    check.outputs["checked"].connect(sheet.inputs["images"])
    check.outputs["checked"].connect(animation.inputs["images"])
    render.outputs["statistics"].connect(report.inputs["statistics"])
    check.outputs["contrast"].connect(report.inputs["contrast"])
    for view, (turn, elevation) in VIEWS.items():
        clay = render_view(
            name=f"View {view}",
            graph=graph,
            turn=turn,
            elevation=elevation,
            size=_fitted((width, height), width=THUMBNAIL_WIDTH),
            path=folder / "views" / f"{view}.png",
        )
        clay.outputs["image"].connect(sheet.inputs["views"][view])
    return graph


def _publishing_nodes(folder: Path, *, title: str) -> tuple[INode, INode, INode]:
    """The contact sheet, the animation and the report, joined in a graph of their own."""
    graph = Graph(name="Publish")
    sheet = ContactSheet(name="Contact sheet", graph=graph)
    sheet.inputs["heading"].value = "Turntable"
    sheet.inputs["title"].value = title
    sheet.inputs["path"].value = folder / "contact-sheet.png"
    animation = write_animation(name="Animation", graph=graph, path=folder / "turntable.gif")
    report = Report(name="Report", graph=graph)
    report.inputs["folder"].value = folder
    sheet.outputs["sheet"].connect(report.inputs["sheet"])
    animation.outputs["animation"].connect(report.inputs["animation"])
    return sheet, animation, report


@Node(outputs=["images", "statistics"])
def render_frames(
    frames: Sequence[int], frames_per_turn: int, size: tuple[int, int], folder: Path
) -> dict[str, object]:
    """The picture of each frame, and by frame its mean luminance and the seconds it took."""
    import raymarch
    from PIL import Image

    images = []
    statistics = {}
    for done, frame in enumerate(frames, start=1):
        started = time.perf_counter()
        turn = (frame - 1) * 360 / frames_per_turn
        pixels = raymarch.render(width=size[0], height=size[1], turn=turn)
        image = folder / f"turntable.{frame:04d}.png"
        with written_whole(image) as unfinished:
            Image.fromarray(pixels).save(unfinished)
        images.append(image)
        statistics[frame] = {
            "luminance": round(float(pixels.mean()) / 255, 4),
            "seconds": round(time.perf_counter() - started, 3),
        }
        print(f"Progress: {100 * done // len(frames)}%", flush=True)
    return {"images": images, "statistics": statistics}


@Node(outputs=["image"])
def render_view(turn: float, elevation: float, size: tuple[int, int], path: Path) -> dict[str, object]:
    """A small picture of the form alone, in clay."""
    import raymarch
    from PIL import Image

    pixels = raymarch.render(width=size[0], height=size[1], turn=turn, elevation=elevation, look="clay")
    with written_whole(path) as unfinished:
        Image.fromarray(pixels).save(unfinished)
    return {"image": path}


@Node(outputs=["checked", "contrast"])
def check_frames(frames: Sequence[int], images: Sequence[Path], size: tuple[int, int]) -> dict[str, object]:
    """The images, once each has been opened and found good, and by frame the spread of its luminance.

    Raises:
        BadFrameError: If an image is missing, broken, of another size, black or flat.
    """
    if len(frames) != len(images):
        raise ValueError(f"{len(frames)} frames cannot be checked in {len(images)} images.")
    contrast = {frame: _measured_contrast(frame, image, size) for frame, image in zip(frames, images)}
    return {"checked": list(images), "contrast": contrast}


@Node(outputs=["animation"])
def write_animation(images: Sequence[Path], path: Path) -> dict[str, object]:
    """An animated GIF of the images that repeats without end."""
    from PIL import Image

    pictures = [_opened(image, width=ANIMATION_WIDTH) for image in images]
    # One palette for all: with a palette of its own each frame would shimmer against the next. The means
    # bring back rare colours, such as the gold, that cutting by count alone loses.
    palette = _side_by_side(pictures).quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=3)
    first, *others = [picture.quantize(palette=palette) for picture in pictures]
    with written_whole(path) as unfinished:
        first.save(unfinished, save_all=True, append_images=others, duration=MILLISECONDS_PER_FRAME, loop=0)
    return {"animation": path}


class ContactSheet(INode):
    """All frames on one page, the views beside the title."""

    def __init__(self, **settings: Any) -> None:
        """``settings`` are those of any node: name, identifier, metadata, graph."""
        super().__init__(**settings)
        for name in ("heading", "title", "images", "views", "path"):
            InputPlug(name, self)
        OutputPlug("sheet", self)

    def compute(
        self,
        heading: str,
        title: str,
        images: Sequence[Path],
        views: Mapping[str, Path] | None,
        path: Path,
    ) -> dict[str, object]:
        """The page, written to ``path``: heading, title and views in the first row, the frames below."""
        views = views or {}
        columns = _columns(len(images), views=len(views))
        cells = [
            Cell(row=0, column=columns - len(views) + index, caption=view, image=image)
            for index, (view, image) in enumerate(views.items())
        ]
        cells += [
            Cell(row=1 + index // columns, column=index % columns, caption=_frame_text(image), image=image)
            for index, image in enumerate(images)
        ]
        page = _drawn_sheet(heading, title, cells)
        with written_whole(path) as unfinished:
            page.save(unfinished)
        return {"sheet": path}


class Report(INode):
    """What came out: a page for people, the same numbers as JSON for programs."""

    def __init__(self, **settings: Any) -> None:
        """``settings`` are those of any node: name, identifier, metadata, graph."""
        super().__init__(**settings)
        for name in ("statistics", "contrast", "sheet", "animation", "folder"):
            InputPlug(name, self)
        OutputPlug("report", self)
        OutputPlug("data", self)

    def compute(
        self,
        statistics: Mapping[int, Mapping[str, float]],
        contrast: Mapping[int, float],
        sheet: Path,
        animation: Path,
        folder: Path,
    ) -> dict[str, object]:
        """``report.html`` and ``report.json`` in the folder."""
        frames = sorted(statistics)
        rows = [{"frame": frame, **statistics[frame], "contrast": contrast[frame]} for frame in frames]
        pictures = {"sheet": _relative(sheet, folder), "animation": _relative(animation, folder)}
        report, data = folder / "report.html", folder / "report.json"
        with written_whole(data) as unfinished:
            text = json.dumps({**pictures, "frames": rows}, indent=2)
            unfinished.write_text(text + "\n", encoding="utf-8")
        with written_whole(report) as unfinished:
            unfinished.write_text(_report_page(pictures, rows), encoding="utf-8")
        return {"report": report, "data": data}


@dataclass(frozen=True)
class Cell:
    """One picture of the contact sheet."""

    row: int
    column: int
    caption: str
    image: Path


def _frame_text(image: Path) -> str:
    """The frame as the name of its image spells it.

    >>> _frame_text(Path("turntable.0007.png"))
    '0007'
    """
    return image.stem.rpartition(".")[2]


def _columns(frames: int, *, views: int) -> int:
    """Columns that give the sheet a pleasant shape and leave room for a title before the views."""
    return min(8, max(views + 1, round(math.sqrt(1.5 * frames))))


def _drawn_sheet(heading: str, title: str, cells: Sequence[Cell]) -> Image.Image:
    """The page with a heading and each picture in its place, its caption below."""
    from PIL import Image, ImageDraw, ImageFont

    pictures = [_opened(cell.image, width=THUMBNAIL_WIDTH) for cell in cells]
    across = max(picture.width for picture in pictures) + GUTTER
    down = max(picture.height for picture in pictures) + CAPTION + GUTTER
    columns, rows = max(cell.column for cell in cells) + 1, max(cell.row for cell in cells) + 1
    top = down + GUTTER if any(cell.row == 0 for cell in cells) else HEADING
    height = 2 * MARGIN + top + (rows - 1) * down - GUTTER
    page = Image.new("RGB", (2 * MARGIN + columns * across - GUTTER, height), BACKGROUND)
    draw = ImageDraw.Draw(page)
    draw.text((MARGIN, MARGIN - 8), heading, fill=INK, font=ImageFont.load_default(size=36))
    draw.text((MARGIN, MARGIN + 40), title, fill=FAINT_INK, font=ImageFont.load_default(size=15))
    small = ImageFont.load_default(size=12)
    for cell, picture in zip(cells, pictures):
        x, y = MARGIN + cell.column * across, MARGIN + (top + (cell.row - 1) * down if cell.row else 0)
        page.paste(picture, (x, y))
        draw.text((x, y + picture.height + 4), cell.caption, fill=FAINT_INK, font=small)
    return page


def _side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    """At most eight of the pictures, evenly chosen, in one."""
    from PIL import Image

    chosen = pictures[:: 1 + (len(pictures) - 1) // 8]
    width, height = chosen[0].size
    joined = Image.new("RGB", (width * len(chosen), height))
    for index, picture in enumerate(chosen):
        joined.paste(picture, (index * width, 0))
    return joined


def _measured_contrast(frame: int, image: Path, size: tuple[int, int]) -> float:
    """The spread (standard deviation) of the image's luminance, from 0 to 1.

    Raises:
        BadFrameError: If the image is missing, broken, of another size, black or flat.
    """
    from PIL import ImageStat

    try:
        picture = _opened(image)
    except OSError as error:
        fault = f"cannot be read ({error.strerror or error})"
        raise BadFrameError(frame=frame, image=image, fault=fault) from error
    measured = ImageStat.Stat(picture.convert("L"))
    mean, spread = measured.mean[0] / 255, measured.stddev[0] / 255
    if picture.size != tuple(size):
        fault = f"has {picture.width} x {picture.height} pixels instead of {size[0]} x {size[1]}"
        raise BadFrameError(frame=frame, image=image, fault=fault)
    if mean < DARKEST_MEAN:
        raise BadFrameError(frame=frame, image=image, fault=f"is black (mean luminance {mean:.3f})")
    if spread < FLATTEST_SPREAD:
        raise BadFrameError(frame=frame, image=image, fault=f"is flat (luminance spread {spread:.3f})")
    return round(spread, 4)


def _opened(image: Path, *, width: int | None = None) -> Image.Image:
    """The image in RGB, scaled down to ``width`` where it is wider.

    Raises:
        OSError: If the file is missing, broken or cut short.
    """
    from PIL import Image

    with Image.open(image) as file:
        picture: Image.Image = file.convert("RGB")
    size = _fitted(picture.size, width=width or picture.width)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return picture


def _fitted(size: tuple[int, int], *, width: int) -> tuple[int, int]:
    """The size scaled down to ``width`` where it is wider.

    >>> _fitted((1920, 1080), width=240)
    (240, 135)
    """
    scale = min(1.0, width / size[0])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _relative(path: Path, folder: Path) -> str:
    """The way from the folder to the file, for links that survive a move of the folder."""
    return path.relative_to(folder).as_posix()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, moved there when the block ends well.

    A task that is killed or fails half-way leaves no half file under the final name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _report_page(pictures: Mapping[str, str], rows: Sequence[Mapping[str, float]]) -> str:
    """The report as one HTML page that needs nothing but the two pictures beside it."""
    total = sum(row["seconds"] for row in rows)
    lines = "\n".join(
        f"<tr><td>{row['frame']}</td><td>{row['luminance']:.4f}</td>"
        f"<td>{row['contrast']:.4f}</td><td>{row['seconds']:.3f}</td></tr>"
        for row in rows
    )
    return PAGE.format(
        summary=f"{len(rows)} frames, {total / len(rows):.2f} seconds each, {total:.1f} in total",
        lines=lines,
        background=BACKGROUND,
        ink=INK,
        faint_ink=FAINT_INK,
        **{name: html.escape(link) for name, link in pictures.items()},
    )


PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Turntable</title>
<style>
body {{ margin: 2.5rem auto; max-width: 72rem; padding: 0 1.5rem; background: {background}; color: {ink};
       font: 15px/1.5 system-ui, sans-serif; }}
h1 {{ font-weight: 500; margin: 0; }}
p {{ color: {faint_ink}; margin: 0 0 1.5rem; }}
img {{ display: block; margin: 0 0 1.5rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 0.2rem 1.5rem 0.2rem 0; text-align: right; border-bottom: 1px solid #262b32; }}
th {{ color: {faint_ink}; font-weight: 400; }}
</style>
</head>
<body>
<h1>Turntable</h1>
<p>{summary}</p>
<img src="{animation}" alt="The turn, animated">
<img src="{sheet}" alt="Contact sheet of all frames and views">
<table>
<tr><th>frame</th><th>luminance</th><th>contrast</th><th>seconds</th></tr>
{lines}
</table>
</body>
</html>
"""


def main() -> None:
    """Render in this process and say where the result is."""
    graph = turntable()
    graph.evaluate()
    print(f"Open {graph['Publish.Report'].outputs['report'].value}")


if __name__ == "__main__":
    main()
