"""What a verb goes by: command line over environment variable over studio file, and where each came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import click
from click.core import ParameterSource

from ...core.bundle import FILES, ROOT_VARIABLE
from ...deadline.via import VIA_VARIABLE
from ...settings.layers import Layers
from ...studio.file import StudioFile, load_studio_file
from ...studio.plan import studio_layers
from .options import STORE_VARIABLE, STRICT_VARIABLE, TEMPLATES_VARIABLE, TOLERATE_VARIABLE

_VARIABLES = {
    "root": ROOT_VARIABLE,
    "store": STORE_VARIABLE,
    "templates": TEMPLATES_VARIABLE,
    "via": VIA_VARIABLE,
    "strict": STRICT_VARIABLE,
    "tolerate": TOLERATE_VARIABLE,
}
DEFAULT = "default"


@dataclass(frozen=True)
class Option:
    """The value of an option, and where it came from."""

    value: Any
    source: str


@dataclass(frozen=True)
class Effective:
    """What holds for one call."""

    studio: StudioFile
    layers: Layers
    """The settings of the graph."""
    options: dict[str, Option]
    """``root``, ``store`` and ``templates``."""

    @property
    def root(self) -> Optional[Path]:
        """Where bundles go that all workers are to see."""
        found: Optional[Path] = self.options["root"].value
        return found

    @property
    def store(self) -> str:
        """Where results are kept."""
        return str(self.options["store"].value)

    @property
    def templates(self) -> Optional[Path]:
        """The studio's own templates."""
        found: Optional[Path] = self.options["templates"].value
        return found


def effective_options(
    *, root: Optional[Path], store: str, templates: Optional[Path], sets: Sequence[str], presets: Sequence[str]
) -> Effective:
    """What holds for the current command, of which these are the options.

    Raises:
        UsageError: A preset does not exist, or a setting on the command line does not fit.
        StudioFileError: The studio file does not.
        PreflightError: Several things do not.
    """
    studio = load_studio_file()
    given = {
        "root": root,
        "store": store or None,
        "templates": templates,
    }
    layers = graph_layers(studio, sets=sets, presets=presets)
    defaults = {"root": None, "store": FILES, "templates": None}
    options = {name: found_option(name, value, studio, default=defaults[name]) for name, value in given.items()}
    return Effective(studio=studio, layers=layers, options=options)


def graph_layers(studio: StudioFile, *, sets: Sequence[str], presets: Sequence[str]) -> Layers:
    """The settings that hold for a graph.

    Raises:
        UsageError: A preset does not exist, or a setting on the command line does not fit.
        PreflightError: Several do not.
    """
    given = {}
    if sets:
        from .assignments import parse_assignments  # noqa: PLC0415 (it needs a parser of TOML)

        given = parse_assignments(sets)
    return studio_layers(studio, presets=presets, given=given, source="option --set")


def found_option(name: str, value: Any, studio: StudioFile, *, default: Any) -> Option:
    """The value of the current command's option of that name, else the studio's, else the default."""
    source = click.get_current_context().get_parameter_source(name)
    if value and source is ParameterSource.COMMANDLINE:
        return Option(value, f"option --{name}")
    if value and source is ParameterSource.ENVIRONMENT:
        return Option(value, f"environment variable {_VARIABLES[name]}")
    if getattr(studio, name, None):
        return Option(getattr(studio, name), f"studio file {studio.path}")
    return Option(default, DEFAULT)
