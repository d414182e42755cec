"""``flowpipe-deadline doctor``"""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from ..core.errors import UsageError
from ..core.interrupts import stop_requests
from ..core.warnings import WarningKind
from ..doctor.examination import examine
from ..doctor.questions import QUESTIONS
from ..doctor.report import GRAPH, HOSTS, DoctorOptions, Report
from ..preflight.check import parse_kinds
from .support.effective import effective_options
from .support.options import (
    interpreter_option,
    output_option,
    parse_interpreters,
    root_option,
    settings_options,
    store_option,
    tolerate_option,
    via_option,
)
from .support.output import answer_json, answer_line, print_table, reserve_stdout, say

_NAMES = (GRAPH, HOSTS, *(question.name for question in QUESTIONS))
_INTERRUPTED = 130
_STYLES = {"ok": "green", "warning": "yellow", "problem": "red", "unknown": "dim"}


@click.command()
@root_option(help_text="The folder that gets bundles; all workers must see it. --probe needs it.")
@store_option
@via_option
@click.option(
    "--probe",
    is_flag=True,
    help="Send a tiny graph to the farm, try this machine's hosts, measure, and ask what is not documented.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(_NAMES),
    metavar="NAME",
    help="Of what --probe does, only this; several times.",
)
@interpreter_option
@click.option("--questions", is_flag=True, help="List the names that --only takes, and what they are about.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=DoctorOptions.timeout,
    show_default=True,
    metavar="SECONDS",
    help="How long the graph of --probe may take, and each host.",
)
@click.option("--keep", is_flag=True, help="Leave the graph of --probe on the farm if it goes wrong, to look at it.")
@tolerate_option
@settings_options
@output_option
def doctor(
    via: str | None,
    probe: bool,
    only: tuple[str, ...],
    interpreters: tuple[str, ...],
    questions: bool,
    timeout: float,
    keep: bool,
    tolerate: tuple[str, ...],
    output: str,
    **_: Any,
) -> int:
    """Find what stands between this machine and a working farm.

    Without --probe or --only, nothing is changed or started. With --probe, a graph of three nodes is evaluated on the
    farm and compared with what graph.evaluate() gives, and is submitted by each connection, to find the fastest. Open
    questions about Deadline are answered with suspended jobs; --questions says which code of flowpipe-deadline each
    answer makes simpler. All of that is deleted afterwards. Each host of -i or of the plugin's configuration that is on
    this machine evaluates three tasks here, which may take a licence. The report of --output json leaves out names,
    users and paths, so that it can be shown to anybody. Exits with 0 if there are no errors.

    \b
    Examples:
      flowpipe-deadline doctor
      flowpipe-deadline doctor --probe --root /mnt/projects/show/farm --set pool=tests
      flowpipe-deadline doctor --only hosts -i maya-2026=/opt/maya2026/bin/mayapy
      flowpipe-deadline doctor --only chunks --only keys -o json > report.json
    """
    if questions:
        _list_questions(output)
        return 0
    reserve_stdout()
    effective = effective_options()
    local_root = {WarningKind.LOCAL_ROOT} if effective.studio.allow_local_root else set()
    options = DoctorOptions(
        via=via,
        root=effective.root,
        store=effective.store,
        studio=effective.studio,
        settings=effective.settings,
        presets=effective.presets,
        tolerated=parse_kinds(tolerate) | local_root,
        is_probing=probe or bool(only),
        only=only,
        interpreters=parse_interpreters(interpreters),
        is_keeping=keep,
        timeout=timeout,
    )
    if options.wants(GRAPH) and options.root is None:
        raise UsageError(
            "--probe sends a graph to the farm: give it a --root that all workers see, or name what else to try by"
            " --only, as often as needed (doctor --questions lists the names)"
        )
    with stop_requests(say) as is_stopping:
        report = examine(options, say=say, is_stopping=is_stopping)
    if output == "json":
        answer_json(report.to_json())
    else:
        _print(report)
    return _INTERRUPTED if report.is_interrupted else int(bool(report.errors))


def _list_questions(output: str) -> None:
    rows = [
        (GRAPH, "Does a graph give what it should, and how long does that take?", ""),
        (HOSTS, "Does each host on this machine evaluate tasks, and how fast?", ""),
        *((question.name, question.question, question.simplifies) for question in QUESTIONS),
    ]
    if output == "json":
        answer_json([dict(zip(("name", "question", "simplifies"), row)) for row in rows])
    else:
        print_table(("Name", "Question", "The answer simplifies"), rows, below=("The answer simplifies",))


def _print(report: Report) -> None:
    for title, checks in (("This machine and the repository", report.checks), ("On the farm", report.probe)):
        if checks:
            verdicts = [Text(check.verdict, style=_STYLES[check.verdict]) for check in checks]
            rows = [(verdict, check.name, check.found, check.advice) for verdict, check in zip(verdicts, checks)]
            print_table(("", "Check", "Found", "What to do"), rows, title=title, below=("What to do",))
    if report.answers:
        answers = [(one.name, f"{one.question} ({one.reference})", str(one), one.simplifies) for one in report.answers]
        below = ("Answer", "It simplifies")
        use = "Open questions (the report of --output json, in an issue, lets us use the answers)"
        print_table(("Name", "Question", *below), answers, title=use, below=below)
    said = f"errors: {', '.join(report.errors)}" if report.errors else "no errors"
    text = f"Interrupted; {said} so far" if report.is_interrupted else said[0].upper() + said[1:]
    answer_line(text)
