"""``flowpipe-deadline clean``"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..core.bundle import Bundle
from ..core.errors import InterruptedRunError, UsageError
from ..core.interrupts import terminable
from ..core.rights import user_name
from ..core.text import counted, one_line, size_text
from ..status.clean import Cleaning, CleaningChoice, OpenClient, Removal, plan_cleaning
from ..status.clean import clean as clean_bundles
from ..status.root import read_folder
from ..studio.connect import studio_client
from ..studio.file import known_root
from .support.options import BundleName, opened_bundle, output_option, root_option, via_option
from .support.output import answer, answer_json, can_ask, print_columns, reserve_stdout, say, say_warning

_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST_REASON = 300
_MOST_NAMES = 20


class Age(click.ParamType):
    """A time such as ``30d``, in seconds."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds; fails for what is not a number with a unit."""
        number, unit = str(value)[:-1], str(value)[-1:].lower()
        if unit not in _SECONDS or not re.fullmatch(r"[0-9]{1,6}", number):
            self.fail(f"'{value}' is not a time; write 12h, 30d or 8w", param, ctx)
        return float(number) * _SECONDS[unit]


@click.command()
@click.argument("bundles", metavar="[BUNDLE]...", nargs=-1, type=BundleName())
@click.option(
    "--older-than",
    type=Age(),
    metavar="AGE",
    help="Those that have not been written to for so long, such as 12h, 30d or 8w.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    help="All but the N newest of each graph; of each user with --all.",
)
@root_option(help_text="The folder that has the bundles; else the studio file's, else that of 'run'.")
@click.option("-a", "--all", "everyone", is_flag=True, help="Those of all users; else only mine.")
@click.option("--dry-run", is_flag=True, help="Only show what would go, and how much disk it takes.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, also on a terminal.")
@via_option
@output_option
def clean(
    bundles: tuple[str, ...],
    older_than: float | None,
    keep: int | None,
    root: Path | None,
    everyone: bool,
    dry_run: bool,
    yes: bool,
    via: str | None,
    output: str,
) -> int:
    """Delete bundles that are not needed any more, with their results.

    Either those that are named, or those below the root that meet each condition that is given, --older-than and
    --keep; only mine, unless --all is given. A bundle stays while Deadline has jobs of it that are not complete, or
    cannot be asked about them, and while it is being submitted or run. On a terminal, it asks first. Exits with 1 if
    something that was named stays, or something could not be deleted to the end: the next cleaning then deletes the
    rest.

    \b
    Examples:
      flowpipe-deadline clean --older-than 30d --dry-run
      flowpipe-deadline clean --keep 3 --older-than 8w --yes
      flowpipe-deadline clean //server/show/farm/Shot-20261123-101500-1a2b3c4d
    """
    reserve_stdout()
    if bundles and (older_than is not None or keep is not None):
        raise UsageError("name bundles, or choose them by --older-than and --keep, not both")
    open_client = partial(studio_client, via=via)
    opened = [_named(text, via, everyone=everyone) for text in bundles] if bundles else None
    choice = CleaningChoice(everyone=everyone, older_than=older_than, keep=keep)
    done = plan_cleaning(known_root(root), open_client, choice=choice, bundles=opened)
    if not dry_run:
        if not yes:
            _confirm(done)
        done = _clean(done, open_client)
        for notice in done.notices:
            say_warning(notice)
    if output == "json":
        answer_json(_json(done, dry_run=dry_run))
    else:
        _print(done, dry_run=dry_run)
    is_left = not dry_run and bool(done.rest)
    return 1 if is_left or (bundles and done.refused) else 0


def _named(text: str, via: str | None, *, everyone: bool) -> Bundle:
    """The bundle that is meant; a beginning may be that of another user's."""
    bundle = opened_bundle(text, via)
    found = read_folder(bundle.folder)
    if found is not None and not everyone and not found.is_of(user_name()):
        raise UsageError(f"{bundle.folder} is of {found.user or 'an unknown user'}; with --all, it goes too")
    return bundle


def _confirm(plan: Cleaning) -> None:
    """Asks on a terminal, if there is something to delete."""
    going = (*plan.removed, *plan.rest)
    if not going or not can_ask():
        return
    for removal in going[:_MOST_NAMES]:
        say(f"  {removal.name}  {size_text(removal.size)}")
    if len(going) > _MOST_NAMES:
        say(f"  and {len(going) - _MOST_NAMES} more")
    click.confirm(f"Delete {_total(plan)}, with all results?", abort=True, err=True)


def _clean(plan: Cleaning, open_client: OpenClient) -> Cleaning:
    gone: list[Removal] = []
    try:
        with terminable():
            return clean_bundles(plan, open_client, on_removed=gone.append)
    except KeyboardInterrupt:
        raise InterruptedRunError(
            f"interrupted; {counted(len(gone), 'bundle')} deleted. What is left of the last one is deleted by the next"
            " flowpipe-deadline clean  with --older-than or --keep"
        ) from None


def _print(done: Cleaning, *, dry_run: bool) -> None:
    going = (*done.removed, *(done.rest if dry_run else ()))
    if going:
        print_columns(
            ("Files", "Disk", "Submission"), [(str(one.files), size_text(one.size), one.name) for one in going]
        )
    for refusal in done.refused:
        answer(f"Kept: {refusal.folder.name}: {one_line(refusal.reason, longest=_LONGEST_REASON)}")
    answer(f"{_total(done if dry_run else replace(done, rest=()))} {'would be deleted' if dry_run else 'deleted'}")


def _total(done: Cleaning) -> str:
    rest = f", what is left of {len(done.rest)} more" if done.rest else ""
    return f"{counted(len(done.removed), 'bundle')}{rest} ({size_text(done.size)})"


def _json(done: Cleaning, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "deleted": [_removal(one) for one in done.removed],
        "left": [_removal(one) for one in done.rest],
        "refused": [{"bundle": str(one.folder), "reason": one.reason} for one in done.refused],
        "notices": list(done.notices),
        "bytes": sum(one.size for one in done.removed),
    }


def _removal(one: Removal) -> dict[str, Any]:
    return {"bundle": str(one.folder), "bytes": one.size, "files": one.files}
