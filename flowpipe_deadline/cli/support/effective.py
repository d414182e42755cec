"""The options that apply to a command: command line over environment variable over studio file, with their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import click
from click.core import ParameterSource

from ...core.bundle import FILES
from ...deadline.via import VIA_VARIABLE
from ...settings.layers import Layers
from ...studio.file import StudioFile, load_studio_file
from ...studio.plan import studio_layers
from ...studio.variables import (
    ROOT_VARIABLE,
    STORE_VARIABLE,
    STRICT_VARIABLE,
    TEMPLATES_VARIABLE,
    TOLERATE_VARIABLE,
)

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
    """The value of an option, and where it comes from."""

    value: Any
    source: str


@dataclass(frozen=True)
class Effective:
    """What applies to one command."""

    studio: StudioFile
    settings: Mapping[str, Any]
    """Those of ``--set``."""
    layers: Layers
    """All settings of the graph, with their sources."""
    options: Mapping[str, Option]
    """``root``, ``store`` and ``templates``."""

    @property
    def root(self) -> Optional[Path]:
        """Where bundles go that all workers must see."""
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
    *,
    sets: Sequence[str],
    presets: Sequence[str],
    root: Optional[Path] = None,
    store: str = "",
    templates: Optional[Path] = None,
) -> Effective:
    """What applies to the current command, whose options these are.

    Raises:
        UsageError: A preset does not exist, or a setting on the command line does not fit.
        StudioFileError: The studio file cannot be read, or a value in it does not fit.
        PreflightError: There are several of these errors.
    """
    studio = load_studio_file()
    settings: Mapping[str, Any] = {}
    if sets:
        from .assignments import parse_assignments  # noqa: PLC0415 (it needs a parser of TOML)

        settings = parse_assignments(sets)
    options = {
        "root": found_option("root", root, studio, default=None),
        "store": found_option("store", store, studio, default=FILES),
        "templates": found_option("templates", templates, studio, default=None),
    }
    layers = studio_layers(studio, presets=presets, given=settings, source="option --set")
    return Effective(studio=studio, settings=settings, layers=layers, options=options)


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
