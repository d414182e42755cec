"""``flowpipe-deadline install``"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from ..core.errors import UsageError
from ..core.interrupts import terminable
from ..core.text import counted
from ..deadline.client import SubmissionError
from ..deadline.command_output import parse_lines
from ..deadline.process import DeadlineCommand, ProcessClient
from ..installation.changes import Changes
from ..installation.check import Report, check
from ..installation.disk import check_repository
from ..installation.install import install, uninstall
from .support.options import Folder, output_option
from .support.output import answer, answer_json, print_table, reserve_stdout

_ACTS = {"add": "new", "replace": "changed", "remove": "removed", "keep": "kept", "refuse": "in the way"}


@click.command("install")
@click.argument("repository", required=False, type=Folder())
@click.option(
    "--check", "is_check", is_flag=True, help="Only compare: exits with 0 if nothing differs from this version."
)
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
    repository: Path | None,
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
    if is_check and is_uninstall:
        raise UsageError("--check and --uninstall cannot be used together")
    if remove_edited and not is_uninstall:
        raise UsageError("--remove-edited goes with --uninstall; did you mean --overwrite-edited?")
    if overwrite_edited and (is_check or is_uninstall):
        raise UsageError("--overwrite-edited is for installing; did you mean --remove-edited?")
    root = check_repository(repository or _asked_repository())
    if is_check:
        return _answer_check(check(root), output)

    def show(changes: Changes) -> None:
        if output != "json" and changes.files:
            _print_changes(changes, root)

    with terminable():
        if is_uninstall:
            changes = uninstall(root, remove_edited=remove_edited, dry_run=dry_run, on_changes=show)
        else:
            changes = install(root, overwrite_edited=overwrite_edited, dry_run=dry_run, on_changes=show)
    if output == "json":
        answer_json(
            {
                "repository": str(root),
                "version_before": changes.before.version,
                "version": changes.after.version,
                "dry_run": dry_run,
                "changes": [asdict(change) for change in changes.files],
            }
        )
    else:
        answer(_result(changes, root, is_dry_run=dry_run))
    return 0


def _asked_repository() -> Path:
    """The root that this machine's ``deadlinecommand`` names."""
    try:
        lines = parse_lines(ProcessClient(DeadlineCommand()).run(["-GetRepositoryRoot"]))
    except SubmissionError as error:
        raise UsageError(f"which repository? Name its root, as deadlinecommand could not be asked: {error}") from error
    root = lines[-1] if lines else ""
    if not os.path.isdir(root):
        raise UsageError(f"deadlinecommand names the repository '{root}', which is not a folder here; name its root")
    return Path(root)


def _print_changes(changes: Changes, root: Path) -> None:
    before, after = changes.before.version, changes.after.version
    title = f"{before} to {after} in {root / 'custom'}"
    if before == after or before is None:
        title = f"{after} into {root / 'custom'}"
    elif after is None:
        title = f"{before} out of {root / 'custom'}"
    rows = [(change.path, _ACTS[change.action], change.note) for change in changes.files]
    print_table(("File", "Change", "Why"), rows, title=title, below=("Why",))


def _result(changes: Changes, root: Path, *, is_dry_run: bool) -> str:
    version, files = changes.after.version, counted(len(changes.acting), "file")
    if changes.is_nothing:
        return f"Nothing to do: {version} is installed in {root}"
    if is_dry_run:
        return f"{files} would be changed; nothing was"
    if version is None:
        return f"Uninstalled from {root}: {files} removed"
    return f"Installed {version} into {root}: {files} changed"


def _answer_check(report: Report, output: str) -> int:
    if output == "json":
        answer_json(
            {
                "repository": str(report.root),
                "version": report.version,
                "installed": report.installed.version,
                "packages": dict(report.installed.packages),
                "differences": [asdict(one) for one in report.differences],
            }
        )
    elif not report.differences:
        answer(f"{report.version} is installed in {report.root}, and nothing was changed since")
    else:
        for one in report.differences:
            answer(f"{one.difference:10} {one.path}")
        installed = report.installed.version or "nothing"
        files = counted(len(report.differences), "file")
        answer(f"{report.root} differs from {report.version} in {files}; installed is {installed}")
    return int(bool(report.differences))
