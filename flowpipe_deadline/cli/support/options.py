"""Arguments and options that several verbs take."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from ...core.bundle import FILES, MANIFEST, Bundle, read_bundle
from ...core.errors import UsageError
from ...deadline.via import VIA_VARIABLE, VIAS
from ...evaluator.path_mapping import is_windows_path
from ...studio.variables import ROOT_VARIABLE, STORE_VARIABLE, STRICT_VARIABLE, TEMPLATES_VARIABLE, TOLERATE_VARIABLE

if TYPE_CHECKING:
    from flowpipe import Graph


FARMS = ("openjd",)
"""The other farms that a bundle can be exported for."""
_Command = TypeVar("_Command", bound=Callable[..., Any])
_BUNDLE_NAME = re.compile(r"[0-9a-f]{24}|[^/\\\\:]+-[0-9]{8}(-[0-9]{0,6}(-[0-9a-f]{0,8})?)?", re.IGNORECASE)
"""A job ID, or the name of a submission; its beginning where that is no name of a workflow."""


class Folder(click.ParamType):
    """A folder as a full path without ``~`` and ``..``; None for an empty text, such as an unset variable of a shell.

    Deadline's path mapping compares the beginnings of paths, and workers have other homes.
    """

    name = "directory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | None:
        """The path; fails for one of Windows on another system."""
        text = str(value)
        if not text:
            return None
        if is_windows_path(text) and os.name != "nt":
            self.fail(f"'{text}' is a Windows path; name the folder as this machine sees it", param, ctx)
        return Path(os.path.abspath(os.path.expanduser(text)))


parameter_option = click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the callable that builds the graph, converted to the type it is declared with.",
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or JSON for other programs; everything else goes to stderr.",
)
_templates_option = click.option(
    "--templates",
    type=Folder(),
    envvar=TEMPLATES_VARIABLE,
    show_envvar=True,
    help="A folder with your own job_info.jinja or plugin_info.jinja; else the studio file's.",
)
store_option = click.option(
    "--store",
    default=FILES,
    metavar="files|URL",
    envvar=STORE_VARIABLE,
    show_default="the studio file's, else files",
    show_envvar=True,
    help="Where results are kept: in the bundle, or in Redis: redis://host:port/db[?prefix=NAME&expire=DAYS].",
)
via_option = click.option(
    "--via",
    type=click.Choice(VIAS),
    envvar=VIA_VARIABLE,
    show_envvar=True,
    help="The connection to Deadline. script: one deadlinecommand process for the whole graph; webservice: requests to"
    " Deadline's Web Service; command: a deadlinecommand process per job. By default (auto), script where"
    " deadlinecommand is installed, else webservice.",
)


class BundleName(click.ParamType):
    """The folder of a bundle, the name of its submission, or the ID of one of its jobs, as ``opened_bundle`` takes."""

    name = "bundle"

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names of submissions, else folders."""
        return bundle_names(incomplete) or [CompletionItem(incomplete, type="dir")]


bundle_argument = click.argument("bundle", metavar="BUNDLE", type=BundleName())
_strict_option = click.option(
    "--strict",
    multiple=True,
    metavar="KIND|all",
    envvar=STRICT_VARIABLE,
    show_envvar=True,
    help="Warnings of this kind are errors, such as large-value; all for all but held-back and secret-variable.",
)
tolerate_option = click.option(
    "--tolerate",
    multiple=True,
    metavar="KIND",
    envvar=TOLERATE_VARIABLE,
    show_envvar=True,
    help="Errors of this kind are warnings, such as local-root where this machine exports its disk to the farm.",
)
interpreter_option = click.option(
    "-i",
    "--interpreter",
    "interpreters",
    multiple=True,
    metavar="NAME=HOST",
    help="The executable of an interpreter on this machine, such as maya=/usr/autodesk/maya2025/bin/mayapy; with"
    " variables before it and arguments behind it, if they are not the usual ones:"
    ' \'scribus=QT_QPA_PLATFORM=offscreen /usr/bin/scribus -g -ns -py "<BOOT>" --task "<TASK>"\'.',
)
_set_option = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting for all jobs, such as priority=80 or environment.SHOW=x; 'config --list-settings' shows them.",
)
_preset_option = click.option(
    "--preset",
    "presets",
    multiple=True,
    metavar="NAME",
    help="A preset of the studio file; a later one wins over an earlier.",
)


snapshot_option = click.option(
    "--snapshot-code",
    is_flag=True,
    help="Take the graph's own Python files along, so that editing them while jobs wait changes nothing. Other files"
    " beside them, and compiled modules, stay where they are.",
)


set_option = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE|NODE.INPUT=VALUE",
    help="A setting of the jobs, such as priority=80, or an input that no node feeds, such as render.samples=64.",
)


def root_option(*, help_text: str) -> Callable[[_Command], _Command]:
    """``--root DIR``."""
    return click.option("--root", type=Folder(), envvar=ROOT_VARIABLE, show_envvar=True, help=help_text)


def bundle_options(*, root_help: str) -> Callable[[_Command], _Command]:
    """``--root``, ``--templates`` and ``--store``."""
    return lambda command: root_option(help_text=root_help)(_templates_option(store_option(command)))


def check_options(command: _Command) -> _Command:
    """``--strict`` and ``--tolerate``."""
    return _strict_option(tolerate_option(command))


def settings_options(command: _Command) -> _Command:
    """``--set`` and ``--preset``."""
    return _set_option(_preset_option(command))


def is_typed(name: str) -> bool:
    """Whether the option is on the command line, and not only in the environment or by default."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def graph_from(name: str, parameters: tuple[str, ...], *, folders: Sequence[Path]) -> Graph:
    """The graph that WORKFLOW or GRAPH and ``-p`` name; ``folders`` are those with the studio's workflows."""
    from ...workflows.find import load_workflow  # noqa: PLC0415 (most verbs need no graph)
    from ...workflows.loader import parse_parameters  # noqa: PLC0415 (as above)

    return load_workflow(name, folders=folders).build(parse_parameters(parameters))


def opened_bundle(text: str, via: str | None = None) -> Bundle:
    """The bundle that BUNDLE means: a folder, the name of a submission, or the ID of one of its jobs.

    Raises:
        UsageError: There is no such bundle, or there are several.
        RecordError: It is damaged.
        SubmissionError: Deadline has to be asked for a job, and cannot be, or does not know it.
    """
    if is_folder_of_bundle(text):
        return read_bundle(text)
    from ...status.find import find_bundle  # noqa: PLC0415 (most bundles are named by their folders)
    from ...studio.connect import studio_client  # noqa: PLC0415 (as above)

    return find_bundle(text, lambda: studio_client(via=via))


def bundle_names(incomplete: str) -> list[CompletionItem]:
    """The names of submissions that begin so, for a shell."""
    from ...status.find import find_names  # noqa: PLC0415 (only for completions)

    return [CompletionItem(name) for name in find_names(incomplete)]


def is_folder_of_bundle(text: str) -> bool:
    """Whether there is a bundle in that folder."""
    return (Path(os.path.expanduser(text)) / MANIFEST).exists()


def is_bundle(target: str) -> bool:
    """Whether that is a bundle and not a graph: a folder, a job ID, or a submission's name as far as its date."""
    return is_folder_of_bundle(target) or _BUNDLE_NAME.fullmatch(target) is not None


def planned_bundle(target: str, *, via: str | None = None, again: bool = False) -> Bundle:
    """The bundle that is meant, which keeps what it was planned with; ``again`` allows for another root and settings.

    Raises:
        UsageError: Options on the command line would change it; or as ``opened_bundle``.
        RecordError, SubmissionError: As ``opened_bundle``.
    """
    names = {"parameters": "-p", "sets": "--set", "presets": "--preset", "snapshot_code": "--snapshot-code"}
    names.update({name: f"--{name}" for name in ("templates", "store", "root")})
    if again:
        del names["sets"], names["root"]
    given = [option for name, option in names.items() if is_typed(name)]
    if given:
        raise UsageError(f"{target} is a bundle, planned already; {', '.join(given)} can only be given with a graph")
    return opened_bundle(target, via)


def parse_interpreters(texts: tuple[str, ...], *, are_here: bool = True) -> dict[str, str]:
    """``NAME=HOST`` texts as a dict; those of other machines, that are not here, as they are typed.

    Raises:
        UsageError: One has another form, or its file does not exist.
    """
    from ...offline.hosts import checked_host  # noqa: PLC0415 (most verbs need no interpreter)

    hosts = {}
    for text in texts:
        name, equals, host = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise UsageError(f"'{text}' is not an interpreter; write -i NAME=PATH")
        checked = checked_host(name, host, may_be_missing=not are_here)
        hosts[name] = checked if are_here else host
    return hosts
