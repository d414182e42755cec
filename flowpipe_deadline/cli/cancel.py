"""``flowpipe-deadline cancel``"""

from __future__ import annotations

from functools import partial

import click

from ..core.bundle import Bundle
from ..status.cancel import cancel_submission, suspend_submission
from ..studio.connect import studio_client
from ..submit.record import read_submission
from .support.options import bundle_argument, opened_bundle, output_option, via_option
from .support.output import answer, answer_json, can_ask, reserve_stdout, say


@click.command()
@bundle_argument
@click.option("--suspend", is_flag=True, help="Only suspend what could start; somebody can resume it in the Monitor.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, also on a terminal.")
@via_option
@output_option
def cancel(bundle: str, suspend: bool, yes: bool, via: str | None, output: str) -> None:
    """Delete the jobs of a submission from Deadline, all of them, whatever their state.

    Results stay in the bundle, which can be submitted again. Jobs of a submission that ended half-way are deleted too.
    Jobs that cannot be deleted are named and stay on record, so that another try finds them. On a terminal, it asks
    first. With --suspend nothing is deleted: jobs that could start are suspended, and those that wait for them stay
    pending.

    \b
    Examples:
      flowpipe-deadline cancel //server/show/farm/Shot-20261123-101500-1a2b3c4d
      flowpipe-deadline cancel ./Shot-20261123-101500-1a2b3c4d --suspend
      flowpipe-deadline cancel ./Shot-20261123-101500-1a2b3c4d --yes -o json
    """
    reserve_stdout()
    opened = opened_bundle(bundle, via)
    open_client = partial(studio_client, via=via)
    if suspend:
        outcome = suspend_submission(opened, open_client)
    else:
        if not yes:
            _confirm(opened)
        outcome = cancel_submission(opened, open_client, on_message=say)
    if output == "json":
        answer_json({"bundle": str(opened.folder), "action": "suspend" if suspend else "delete", "told": outcome})
    else:
        answer(outcome)


def _confirm(bundle: Bundle) -> None:
    """Asks on a terminal, if there is something to delete."""
    record = read_submission(bundle.folder)
    if record is None or not can_ask():
        return
    number = len(record.jobs)
    jobs = "the job" if number == 1 else f"the {number} jobs"
    click.confirm(f"Delete {jobs} of {bundle.name} from Deadline? Results stay.", abort=True, err=True)
