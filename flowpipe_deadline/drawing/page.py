"""A picture as a page that stands alone: one file, without a network. It is written anew while the work goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ..core.bundle import AnyPath
from ..core.errors import FlowpipeDeadlineError
from ..core.files import write_whole
from ..deadline.client import DeadlineClient
from ..planning.plan import Plan
from ..studio.connect import studio_client
from .picture import Picture, State, duration
from .read import PictureReader, picture_of
from .svg import BOX, SIGNS, draw_svg, render, svg_values

Format = Literal["html", "svg"]
_TROUBLES = (State.FAILED, State.DELETED, State.MISSING)


def draw_page(picture: Picture, *, made: datetime, seconds: float = 0.0) -> str:
    """The picture as HTML. It looks at its own file every so many ``seconds``, if somebody keeps that current."""
    values = svg_values(picture)
    troubles = [node for node in picture.nodes if node.state in _TROUBLES or node.failed]
    data = {
        "name": picture.name,
        "made": made.isoformat(timespec="milliseconds"),
        "seconds": seconds,
        "width": values["width"],
        "height": values["height"],
        "box": BOX,
        "nodes": [_node_json(box, is_trouble=box["node"] in troubles) for box in values["boxes"]],
        "up": _neighbours([(edge.downstream, edge.upstream) for edge in picture.edges]),
        "down": _neighbours([(edge.upstream, edge.downstream) for edge in picture.edges]),
    }
    return render(
        "page.html.jinja",
        {
            **values,
            "data": data,
            "troubles": troubles,
            "failed": sum(node.state is State.FAILED for node in picture.nodes),
            "counts": picture.counts(),
            "signs": SIGNS,
            "made": f"{made:%Y-%m-%d %H:%M:%S}",
            "seconds": round(seconds),
            "freshness": _freshness(picture, seconds),
        },
    )


def write_page(
    drawn: Plan | AnyPath,
    file: AnyPath,
    open_client: Callable[[], DeadlineClient] | None = studio_client,
    *,
    form: Format = "html",
) -> Picture:
    """Writes the picture of a plan, or of a bundle as it is now, into the file, whole or not at all, and returns it.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        StoreError: The results cannot be read.
        OSError: The file cannot be written.
    """
    picture = picture_of(drawn, open_client)
    _write(Path(file).expanduser(), picture, _now(), form=form)
    return picture


def follow_page(  # noqa: PLR0913  (what, where, and how)
    bundle: AnyPath,
    file: AnyPath,
    open_client: Callable[[], DeadlineClient] | None = studio_client,
    *,
    form: Format = "html",
    say: Callable[[str], None] = lambda _: None,
    pause: float = 5.0,
) -> Picture:
    """As ``write_page``, again after every ``pause``, in seconds, until the work is over.

    Looking takes a tenth of the time at most. What goes wrong meanwhile is said, and tried again. However it ends, the
    file says that it is not kept current any more.
    """
    path, reader = Path(file).expanduser(), PictureReader(bundle, open_client)
    picture, made, seconds, problem = reader.read(), _now(), pause, ""
    try:
        _write(path, picture, made, form=form, seconds=seconds)
        while not picture.is_over:
            time.sleep(seconds)
            started = time.monotonic()
            try:
                picture, made = reader.read(), _now()
                _write(path, picture, made, form=form, seconds=seconds)
                seconds = max(pause, 9 * (time.monotonic() - started))
                problem = ""
            except (FlowpipeDeadlineError, OSError) as error:
                if not problem:
                    say(f"{error}; trying again")
                problem = str(error)
    finally:
        _write(path, picture, made, form=form)
    return picture


def _now() -> datetime:
    return datetime.now().astimezone()


def _write(path: Path, picture: Picture, made: datetime, *, form: Format, seconds: float = 0.0) -> None:
    text = draw_svg(picture) if form == "svg" else draw_page(picture, made=made, seconds=seconds)
    write_whole(path, text.encode("utf-8"))


def _freshness(picture: Picture, seconds: float) -> str:
    """What becomes of the page, in a few words."""
    if seconds:
        return "kept current"
    states = set(picture.counts())
    if states <= {State.PLANNED}:
        return "nothing has begun"
    if not picture.is_over:
        return "not kept current"
    return "the work is over" if states <= {State.COMPLETE, State.STALE} else "nothing goes on"


def _node_json(box: dict[str, Any], *, is_trouble: bool) -> dict[str, Any]:
    node = box["node"]
    facts = [
        ("State", node.state.value, ""),
        *((name, text, "failed" if name.startswith("Failed") else "") for name, text in node.facts),
    ]
    facts += [("Time", duration(node.seconds), "")] if node.seconds is not None else []
    return {
        "key": node.key,
        "label": node.label,
        "state": node.state.name.lower(),
        "word": node.state.value,
        "x": box["x"],
        "y": box["y"],
        "isTrouble": is_trouble,
        "facts": facts,
    }


def _neighbours(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, other in pairs:
        found.setdefault(key, []).append(other)
    return found
