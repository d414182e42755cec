"""``flowpipe-deadline config``"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import click

from ..core.bundle import FILES
from ..preflight.check import parse_kinds, parse_strict
from ..results.redis.url import RedisAddress
from ..settings.layers import places
from ..settings.parse import OWN_SETTINGS, OwnSetting
from ..settings.secrets import looks_secret
from ..settings.table import SECTIONS, JobSetting
from ..studio.checks import WEBSERVICE_KEYS
from ..studio.file import StudioFile, studio_file_places, webservice_variable
from ..studio.hooks import find_hooks, unknown_hooks
from ..studio.plan import studio_layers
from ..workflows.find import find_workflows
from .support.effective import DEFAULT, Effective, Option, effective_options, found_option
from .support.options import bundle_options, check_options, output_option, settings_options, via_option
from .support.output import answer_json, answer_line, print_table, reserve_stdout, say_warning, say_warnings

_OPTIONS = ("root", "store", "templates", "via", "strict", "tolerate", "allow_local_root")


@click.command()
@bundle_options(root_help="The folder that gets the bundles of the farm.")
@via_option
@check_options
@settings_options
@click.option(
    "--list-settings", is_flag=True, help="All settings of jobs: Deadline's keys, what they take, and defaults."
)
@output_option
def config(strict: tuple[str, ...], tolerate: tuple[str, ...], list_settings: bool, output: str, **_: Any) -> None:
    """Show which settings apply here, and where each value comes from.

    An option on the command line wins over an environment variable, and that over the studio file: the one that
    FLOWPIPE_DEADLINE_CONFIG names, else the machine's, else the user's own. The first that exists counts; files are
    not merged. Settings of jobs come from a node's own metadata, then from --set, from presets, and from the studio
    file.

    \b
    Examples:
      flowpipe-deadline config
      flowpipe-deadline config --preset comp --set priority=80
      flowpipe-deadline config --list-settings
    """
    reserve_stdout()
    if list_settings:
        rows = list(_setting_rows())
        answer_json(rows) if output == "json" else _print_settings(rows)
        return
    effective = effective_options()
    parse_strict(strict)
    parse_kinds(tolerate)
    if effective.store != FILES:
        RedisAddress.parse(effective.store)
    report = _report(effective)
    answer_json(report) if output == "json" else _print_report(report)
    say_warnings(unknown_hooks(effective.studio.disabled_hooks, find_hooks()))
    for line in _odd_workflows(effective.studio, known={source["name"] for source in report["workflows"]}):
        say_warning(line)


def _report(effective: Effective) -> dict[str, Any]:
    studio = effective.studio
    layers = studio_layers(studio, presets=effective.presets, given=effective.settings, source="option --set")
    sources = layers.sources()
    held = {name: found_option(name, studio) for name in _OPTIONS}
    held.update(_webservice_options(studio))
    return {
        "studio_file": {
            "path": None if studio.path is None else str(studio.path),
            "places": [
                {"path": str(place.path), "reason": place.reason, "exists": os.path.exists(place.path)}
                for place in studio_file_places()
            ],
        },
        "options": {name: {"value": _plain(option.value), "source": option.source} for name, option in held.items()},
        "settings": {
            name: {"value": _plain(value, name), "source": sources.get(name, DEFAULT)}
            for name, value in places(layers.merged())
        },
        "presets": {name: _plain(settings) for name, settings in studio.presets.items()},
        "hooks": [
            {
                "name": hook.name,
                "function": hook.value,
                "package": hook.package,
                "disabled": hook.name in studio.disabled_hooks,
            }
            for hook in find_hooks()
        ],
        "workflows": [vars(source) for source in find_workflows(studio.workflows)],
        "presets_folder": None if studio.presets_folder is None else str(studio.presets_folder),
        "buttons": dict(studio.buttons),
    }


def _odd_workflows(studio: StudioFile, *, known: Collection[str]) -> Iterator[str]:
    """Folders that cannot be read, and buttons that open nothing."""
    for folder in studio.workflows:
        if not os.access(folder, os.R_OK):
            yield f"the folder of workflows {folder} cannot be read"
    for host, name in studio.buttons.items():
        if name.isidentifier() and name not in known:
            yield f"the button of {host} opens '{name}', which is not a workflow"


def _webservice_options(studio: StudioFile) -> dict[str, Option]:
    """How the Web Service is reached, without the password."""
    options = {}
    for key in WEBSERVICE_KEYS:
        variable = webservice_variable(key)
        if os.environ.get(variable):
            options[f"webservice.{key}"] = Option(os.environ[variable], f"environment variable {variable}")
        elif key in studio.webservice:
            options[f"webservice.{key}"] = Option(studio.webservice[key], f"studio file {studio.path}")
    return options


def _plain(value: Any, name: str = "") -> Any:
    """The value of that name for JSON: paths and times as text, and ``***`` for a URL with a password, or a secret."""
    if isinstance(value, Mapping):
        return {str(member): _plain(item, f"{name}.{member}") for member, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if looks_secret(name.partition("environment.")[2], str(value)):
        return "***"
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _print_report(report: Mapping[str, Any]) -> None:
    for place in report["studio_file"]["places"]:
        state = "not read" if place["exists"] else "none"
        if place["path"] == report["studio_file"]["path"]:
            state = "read"
        answer_line(f"studio file, {place['reason']}: {place['path']} ({state})")
    rows = {**report["options"], **report["settings"]}
    cells = [(name, _shown(row["value"]), row["source"]) for name, row in rows.items()]
    print_table(("Name", "Value", "From"), cells, is_first_whole=True, below=("From",))
    for name in report["presets"]:
        answer_line(f"preset: {name}")
    for hook in report["hooks"]:
        state = " (disabled)" if hook["disabled"] else ""
        answer_line(f"plan hook: {hook['name']}{state}: {hook['function']}, of {hook['package']}")
    for source in report["workflows"]:
        answer_line(f"workflow: {source['name']}: {source['spec']}, of {source['origin']}")
    for host, workflow in report["buttons"].items():
        answer_line(f"button: {host} opens {workflow}")
    if report["presets_folder"] is not None:
        answer_line(f"presets of the dialog: {report['presets_folder']}")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def _setting_rows() -> Iterable[dict[str, str]]:
    sections: dict[str, Iterable[JobSetting | OwnSetting]] = {**SECTIONS, "Besides": OWN_SETTINGS.values()}
    for section, settings in sections.items():
        for setting in settings:
            yield {
                "section": section,
                "name": setting.name,
                "key": setting.key,
                "takes": setting.words,
                "default": setting.default,
                "about": setting.about,
                "evidence": getattr(setting, "evidence", ""),
            }


def _print_settings(rows: Iterable[Mapping[str, str]]) -> None:
    columns = ("name", "key", "takes", "default", "about")
    headings = ("Setting", "Deadline's key", "Takes", "Default", "Meaning")
    cells = [tuple(row[column] or "-" for column in columns) for row in rows]
    print_table(headings, cells, is_first_whole=True, below=("Takes", "Default", "Meaning"))
