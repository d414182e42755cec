"""The command line: a module per verb; an error is one line and an exit code."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module

import click

from ..core.errors import FlowpipeDeadlineError, words_of
from ..core.text import counted, one_line
from ..core.warnings import PreflightError
from .support.output import say

DEBUG = "FLOWPIPE_DEADLINE_DEBUG"
_INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h: a bug of this package, not of the graph.
_INTERRUPTED = 130
_LONGEST_MESSAGE = 2000

VERBS = {
    "cancel": "Delete the jobs of a submission from Deadline, all of them, whatever their state.",
    "clean": "Delete bundles that are not needed any more, with their results.",
    "config": "Show which settings apply here, and where each value comes from.",
    "dialog": "Choose a workflow and its parameters in a window, see the jobs, and submit them.",
    "doctor": "Find what stands between this machine and a working farm.",
    "export": "Write a graph, or a bundle, as a job of Open Job Description: for AWS Deadline Cloud, and other farms.",
    "graph": "Draw a graph: its nodes with their states, progress and times, and what waits for what.",
    "install": "Install plugin, submitter and scripts into a Deadline repository.",
    "list": "Show my bundles and submissions, the newest first, with their state and progress.",
    "logs": "Show what a task printed, here or on the farm, while it renders or afterwards.",
    "plan": "Show the jobs that a graph becomes, and why.",
    "redo": "Make a part of a bundle again, with all that is made from it, and nothing else.",
    "results": "Show what the nodes of a bundle gave, and what is missing.",
    "run": "Run a graph on this machine, through the same plugin as on the farm.",
    "status": "Show how far the jobs of a submission are, as Deadline tells it.",
    "submit": "Submit a graph to Deadline, one job per node: all of them, or none.",
    "wait": "Wait for the jobs of a submission, and print the outputs of the last nodes.",
    "why": "Say why a submission, or a node of it, waits, failed or lacks results, and what to do.",
}
"""The first paragraph of each verb's help, so that ``--help`` imports none of their modules."""
_COMMANDS = {"install": "install_command", "list": "list_command"}
"""The commands that are not called as their verbs are, by verb."""


class LazyGroup(click.Group):
    """The verbs; a verb's module is imported when it is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Their names."""
        return sorted(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb; None if there is none of that name."""
        if cmd_name not in VERBS:
            return None
        gc.disable()  # What is imported stays: to look for garbage in it takes a fifth of a short command's time.
        try:
            module = import_module(f".{cmd_name}", __package__)
        finally:
            gc.freeze()
            gc.enable()
        command: click.Command = getattr(module, _COMMANDS.get(cmd_name, cmd_name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes a line for each."""
        commands = [click.Command(name, help=text) for name, text in VERBS.items()]
        click.Group(commands=commands).format_commands(ctx, formatter)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="flowpipe-deadline")
@click.option("--debug", is_flag=True, help=f"Show where an error comes from, as {DEBUG}=1 in the environment does.")
def cli(debug: bool) -> None:
    """Carry flowpipe graphs onto a Deadline render farm, or run them on this machine.

    GRAPH is file.py, file.py:name or package.module:name, where name is a Graph or a callable that returns one.
    WORKFLOW is the name of such a callable in the studio's folders ('config' lists them). Its parameters are options
    behind it, which --help shows: submit turntable --frames 1-100. BUNDLE is what an earlier run or submission wrote:
    its folder, the name of the submission or its beginning ('list' shows them), or the ID of one of its jobs.
    """
    if debug:
        os.environ[DEBUG] = "1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits."""
    code = _run(arguments)
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        os._exit(code)  # A thread of the script would keep this process alive; the answer is out.
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    if sys.stderr is None:  # It is closed.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (open to the end)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")  # For names that the terminal cannot show.
    try:
        code = cli.main(args=arguments, prog_name="flowpipe-deadline", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _report("interrupted", _INTERRUPTED)
    except PreflightError as error:
        return _report(f"{counted(len(error.errors), 'error')}:", error.exit_code, details=error.lines)
    except FlowpipeDeadlineError as error:
        return _report(str(error), error.exit_code)
    except OSError as error:
        return _report((f"{error.filename}: " if error.filename else "") + words_of(error), 1)
    except Exception as error:
        return _report(f"internal error: {words_of(error)} (please report it, with --debug)", _INTERNAL_ERROR)


def _report(message: str, code: int, *, details: Sequence[str] = ()) -> int:
    """Says the error that is handled, in a line and one for each detail; returns the exit code."""
    if os.environ.get(DEBUG):
        import traceback  # noqa: PLC0415 (it is hardly ever needed)

        say(traceback.format_exc().rstrip())
    for text in (f"Error: {message}", *(f"- {detail}" for detail in details)):
        say(one_line(" ".join(text.split()), longest=_LONGEST_MESSAGE))
    return code


if __name__ == "__main__":
    main()
