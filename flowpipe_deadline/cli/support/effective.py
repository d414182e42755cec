"""The options that apply to a command: command line over environment variable over studio file, with their sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ...core.bundle import FILES
from ...planning.plan import Plan
from ...studio.file import StudioFile, load_studio_file
from ...studio.plan import plan_graph
from .options import graph_from

_DEFAULTS = {"store": FILES, "via": "auto", "strict": False, "tolerate": [], "allow_local_root": False}
DEFAULT = "default"


@dataclass(frozen=True)
class Option:
    """The value of an option, and where it comes from."""

    value: Any
    source: str


@dataclass(frozen=True)
class Effective:
    """What applies to one command."""

    studio: StudioFile
    settings: Mapping[str, Any]
    """Those of ``--set``."""
    presets: tuple[str, ...]
    root: Path | None
    store: str
    templates: Path | None

    def plan(
        self,
        spec: str,
        parameters: tuple[str, ...],
        *,
        interpreters: Collection[str] | None = None,
        snapshot_code: bool = False,
    ) -> Plan:
        """The plan of the graph that GRAPH and ``-p`` name; there is a warning for others than these interpreters."""
        return plan_graph(
            graph_from(spec, parameters, folders=self.studio.workflows),
            settings=self.settings,
            presets=self.presets,
            interpreters=interpreters,
            studio=self.studio,
            snapshot_code=snapshot_code,
        )


def effective_options(sets: Sequence[str] | None = None) -> Effective:
    """What applies to the current command; ``sets`` are the texts of its settings, by default those of ``--set``.

    Raises:
        UsageError: A preset does not exist, or a setting on the command line does not fit.
        StudioFileError: The studio file cannot be read, or a value in it does not fit.
        PreflightError: There are several of these errors.
    """
    given = click.get_current_context().params
    studio = load_studio_file()
    settings: Mapping[str, Any] = {}
    sets = given["sets"] if sets is None else sets
    if sets:
        from .assignments import parse_assignments  # noqa: PLC0415 (it needs a parser of TOML)

        settings = parse_assignments(sets)
    for name in given["presets"]:
        studio.preset(name)
    found = {name: found_option(name, studio).value for name in ("root", "store", "templates")}
    return Effective(studio=studio, settings=settings, presets=given["presets"], **found)


def found_option(name: str, studio: StudioFile) -> Option:
    """The value of the current command's option of that name, else the studio's, else the default."""
    context = click.get_current_context()
    value, source = context.params.get(name), context.get_parameter_source(name)
    if value and source is ParameterSource.COMMANDLINE:
        return Option(value, f"option --{name}")
    if value and source is ParameterSource.ENVIRONMENT:
        variable = next(param.envvar for param in context.command.params if param.name == name)
        return Option(value, f"environment variable {variable}")
    if getattr(studio, name, None):
        return Option(getattr(studio, name), f"studio file {studio.path}")
    return Option(_DEFAULTS.get(name), DEFAULT)
