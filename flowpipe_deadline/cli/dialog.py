"""``flowpipe-deadline dialog``"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from ..core.errors import UsageError
from ..dialog.application import Given, check_qt, run_dialog
from ..workflows.facts import Facts, read_facts
from .support.options import root_option
from .support.workflow_command import Target


@click.command()
@click.argument("workflow", required=False, default="", metavar="[WORKFLOW]", type=Target())
@click.option(
    "--facts",
    "facts_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What a host application knows of its scene; the file is deleted once it is read.",
)
@root_option(help_text="The folder that gets the bundle; all workers must see it.")
@click.option("--preset", "presets", multiple=True, metavar="NAME", help="A preset of the studio file.")
def dialog(workflow: str, facts_file: Path | None, root: Path | None, presets: tuple[str, ...]) -> int:
    """Choose a workflow and its parameters in a window, see the jobs, and submit them.

    WORKFLOW is a name, or a GRAPH. Without it, what the button of the host application stands for is opened, else what
    you submitted last. Nothing is submitted before you say so.

    \b
    Examples:
      flowpipe-deadline dialog
      flowpipe-deadline dialog shot.py:build --root //server/show/farm
    """
    check_qt()  # First: a host application takes the end of the file for the dialog's beginning.
    facts, warnings = Facts(), []
    if facts_file is not None:
        try:
            facts = read_facts(facts_file)
        except UsageError as error:
            warnings = [f"What the host application knows is ignored: {error}"]
        with suppress(OSError):
            facts_file.unlink()
    return run_dialog(Given(workflow, facts, None if root is None else str(root), presets, warnings))
