"""``flowpipe-deadline graph``"""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..core.bundle import Bundle
from ..core.errors import UsageError
from ..core.interrupts import terminable
from ..core.names import safe_name
from ..deadline.client import DeadlineClient
from ..drawing.page import Format, draw_page, follow_page, write_page
from ..drawing.picture import Picture
from ..drawing.read import picture_of
from ..drawing.svg import draw_svg
from ..planning.plan import Plan
from ..studio.connect import studio_client
from .support.effective import effective_options
from .support.options import is_bundle, output_option, parameter_option, planned_bundle, settings_options, via_option
from .support.output import answer, answer_json, reserve_stdout, say
from .support.workflow_command import Target, WorkflowCommand

OpenClient = Callable[[], DeadlineClient]


@click.command(cls=WorkflowCommand)
@click.argument("target", metavar="BUNDLE|WORKFLOW|GRAPH", type=Target())
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@parameter_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "svg"]),
    show_default="by the name of FILE, else html",
    help="A page that stands alone, with all that is known of each node, or a picture.",
)
@click.option("-f", "--follow", is_flag=True, help="Keep FILE current until the work is over; an open page follows it.")
@click.option("--open", "is_opened", is_flag=True, help="Show it in the browser; without FILE, from your cache folder.")
@settings_options
@via_option
@output_option
def graph(
    target: str,
    file: Path | None,
    parameters: tuple[str, ...],
    form: Format | None,
    follow: bool,
    is_opened: bool,
    via: str | None,
    output: str,
    **_: Any,
) -> None:
    """Draw a graph: its nodes with their states, progress and times, and what waits for what.

    Of a BUNDLE, the states are those of Deadline where it was submitted, else what its results and a run on this
    machine tell. Without FILE, the page or picture is printed. It needs no network, and no server.

    \b
    Examples:
      flowpipe-deadline graph turntable.py turntable.html
      flowpipe-deadline graph ./bundles/Turntable-20261123-101500-1a2b3c4d --follow --open
      flowpipe-deadline graph //server/show/farm/Shot-20261123-101500-1a2b3c4d shot.svg
    """
    reserve_stdout()
    drawn: Plan | Bundle
    drawn = planned_bundle(target, via=via) if is_bundle(target) else effective_options().plan(target, parameters)
    form = form or ("svg" if file is not None and file.suffix.lower() == ".svg" else "html")
    file = _file_to_show(drawn, form) if file is None and is_opened else file
    if follow and (file is None or isinstance(drawn, Plan)):
        raise UsageError("--follow keeps a file of a bundle current: name a BUNDLE and a FILE, or --open it")
    open_client = partial(studio_client, via=via)
    if file is None:
        picture = picture_of(drawn, open_client)
        text = draw_svg(picture) if form == "svg" else draw_page(picture, made=datetime.now().astimezone())
        if output == "text":
            answer(text)
    else:
        picture = _write(drawn, file, form, open_client, follow=follow, is_opened=is_opened)
    for notice in picture.notices:
        say(notice)
    if output == "json":
        answer_json({"file": None if file is None else str(file.absolute()), **picture.to_json()})


def _write(
    drawn: Plan | Bundle, file: Path, form: Format, open_client: OpenClient, *, follow: bool, is_opened: bool
) -> Picture:
    picture = write_page(drawn, file, open_client, form=form)
    say(f"Written: {file}")
    if is_opened and not webbrowser.open(file.absolute().as_uri()):
        say(f"There is no browser here; open {file.absolute().as_uri()}")
    if follow and isinstance(drawn, Bundle):
        say("It is kept current until the work is over; Ctrl+C ends that, and nothing else.")
        try:
            with terminable():
                return follow_page(drawn, file, open_client, form=form, say=say)
        except KeyboardInterrupt:
            say(f"{file} is not kept current any more")
    return picture


def _file_to_show(drawn: Plan | Bundle, form: Format) -> Path:
    """A file in the user's cache folder, the same for the same bundle."""
    import platformdirs  # noqa: PLC0415 (seldom needed)

    folder = platformdirs.user_cache_path("flowpipe-deadline", appauthor=False) / "graphs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{safe_name(drawn.name, longest=80)}.{form}"
