"""``flowpipe-deadline install``"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

import click
from rich import box
from rich.table import Table
from rich.text import Text

from ..core.errors import UsageError
from ..core.interrupts import terminable
from ..deadline.client import SubmissionError
from ..deadline.command_output import parse_lines
from ..deadline.process import DeadlineCommand, ProcessClient
from ..installation import Changes, Report, check, check_repository, install, uninstall
from .support.options import Folder, output_option
from .support.output import answer, answer_console, answer_json, reserve_stdout

_DIFFERENT = 1
_ACTS = {
    "add": "new",
    "replace": "changed",
    "remove": "removed",
    "keep": "kept",
    "refuse": "in the way",
}


@click.command("install")
@click.argument("repository", required=False, type=Folder())
@click.option("--check", "is_check", is_flag=True, help="Only compare: exits with 0 if all is as this version has it.")
@click.option("--uninstall", "is_uninstall", is_flag=True, help="Remove what was installed, and nothing else.")
@click.option("--dry-run", is_flag=True, help="Only show what would be changed.")
@click.option(
    "--overwrite-edited",
    is_flag=True,
    help="Replace files that were edited in the repository; a copy of each stays beside it, as NAME.edited.",
)
@click.option("--remove-edited", is_flag=True, help="With --uninstall: remove files that were edited as well.")
@output_option
def install_command(
    repository: Optional[Path],
    is_check: bool,
    is_uninstall: bool,
    dry_run: bool,
    overwrite_edited: bool,
    remove_edited: bool,
    output: str,
) -> int:
    """Install plugin, submitter and scripts into a Deadline repository.

    REPOSITORY is its root; by default the one that deadlinecommand names. Everything goes into its custom folder, with
    the packages that interpreters on the farm need. Either all of it is installed, or nothing is changed. Run it again
    to upgrade: edited configuration (Flowpipe.param, .options, .ico) stays, and this version's is laid beside it as
    NAME.new.

    \b
    Examples:
      flowpipe-deadline install /mnt/DeadlineRepository10 --dry-run
      flowpipe-deadline install /mnt/DeadlineRepository10
      flowpipe-deadline install --check
      flowpipe-deadline install /mnt/DeadlineRepository10 --uninstall
    """
    reserve_stdout()
    _check_options(is_check, is_uninstall, overwrite_edited=overwrite_edited, remove_edited=remove_edited)
    root = check_repository(repository or _asked_repository())
    if is_check:
        return _answer_check(check(root), output)
    shown = _Shown(root, output=output, is_dry_run=dry_run)
    with terminable():
        if is_uninstall:
            changes = uninstall(root, remove_edited=remove_edited, dry_run=dry_run, on_changes=shown.show)
        else:
            changes = install(root, overwrite_edited=overwrite_edited, dry_run=dry_run, on_changes=shown.show)
    shown.sum_up(changes)
    return 0


def _check_options(is_check: bool, is_uninstall: bool, *, overwrite_edited: bool, remove_edited: bool) -> None:
    if is_check and is_uninstall:
        raise UsageError("--check and --uninstall are two things; choose one")
    if remove_edited and not is_uninstall:
        raise UsageError("--remove-edited goes with --uninstall; did you mean --overwrite-edited?")
    if overwrite_edited and (is_check or is_uninstall):
        raise UsageError("--overwrite-edited is for installing; did you mean --remove-edited?")


def _asked_repository() -> Path:
    """The root that this machine's ``deadlinecommand`` names."""
    try:
        lines = parse_lines(ProcessClient(DeadlineCommand()).run(["-GetRepositoryRoot"]))
    except SubmissionError as error:
        raise UsageError(f"which repository? Name its root, as deadlinecommand could not be asked: {error}") from error
    root = lines[-1] if lines else ""
    if not os.path.isdir(root):
        raise UsageError(f"deadlinecommand says that the repository is '{root}', no folder here; name its root")
    return Path(root)


class _Shown:
    """What is said about an installation, before and after."""

    def __init__(self, root: Path, *, output: str, is_dry_run: bool) -> None:
        self._root = root
        self._is_json = output == "json"
        self._is_dry_run = is_dry_run

    def show(self, changes: Changes) -> None:
        """What is going to be changed."""
        if self._is_json or not changes.files:
            return
        table = Table(
            title=Text(_title(changes, self._root)), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False
        )
        for heading in ("File", "Change", "Why"):
            table.add_column(heading, overflow="fold")
        for change in changes.files:
            table.add_row(Text(change.path), Text(_ACTS[change.action]), Text(change.note))
        answer_console().print(table)

    def sum_up(self, changes: Changes) -> None:
        """What was changed."""
        if self._is_json:
            answer_json(_changes_json(changes, self._root, is_dry_run=self._is_dry_run))
            return
        version = changes.after.version
        counted = _counted(len(changes.acting))
        if changes.is_nothing:
            answer(f"Nothing to do: {version} is installed in {self._root}")
        elif self._is_dry_run:
            answer(f"{counted} would be changed; nothing was")
        elif version is None:
            answer(f"Uninstalled from {self._root}: {counted} removed")
        else:
            answer(f"Installed {version} into {self._root}: {counted} changed")


def _counted(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _title(changes: Changes, root: Path) -> str:
    before, after = changes.before.version, changes.after.version
    if before == after or before is None:
        return f"{after} into {root / 'custom'}"
    return f"{before} to {after} in {root / 'custom'}" if after else f"{before} out of {root / 'custom'}"


def _changes_json(changes: Changes, root: Path, *, is_dry_run: bool) -> dict[str, Any]:
    return {
        "repository": str(root),
        "version_before": changes.before.version,
        "version": changes.after.version,
        "dry_run": is_dry_run,
        "changes": [
            {"path": change.path, "action": change.action, "note": change.note, "copy": change.copy}
            for change in changes.files
        ],
    }


def _answer_check(report: Report, output: str) -> int:
    if output == "json":
        answer_json(
            {
                "repository": str(report.root),
                "version": report.version,
                "installed": report.installed.version,
                "packages": dict(report.installed.packages),
                "differences": [{"path": one.path, "difference": one.difference} for one in report.differences],
            }
        )
    elif report.is_same:
        answer(f"{report.version} is installed in {report.root}, and nothing was changed since")
    else:
        out = answer_console()
        for one in report.differences:
            out.print(Text(f"{one.difference:10} {one.path}"))
        installed = report.installed.version or "nothing"
        answer(
            f"{report.root} differs from {report.version} in {_counted(len(report.differences))}; installed is {installed}"
        )
    return 0 if report.is_same else _DIFFERENT
