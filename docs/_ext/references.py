"""Directives that write a reference from the code: ``{commands}`` and ``{job-settings}``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from flowpipe_deadline.cli.main import VERBS, cli
from flowpipe_deadline.settings.parse import OWN_SETTINGS, OwnSetting, parse_job_settings
from flowpipe_deadline.settings.table import SECTIONS, JobSetting

EXAMPLES: dict[str, Any] = {
    "comment": "second take",
    "department": "comp",
    "user_name": "td",
    "machine_name": "ws042",
    "pool": "comp",
    "secondary_pool": "night",
    "group": "linux",
    "priority": 80,
    "concurrent_tasks": 2,
    "machine_limit": 5,
    "allow_list": ["render01", "render02"],
    "deny_list": ["render03"],
    "limits": ["maya", "arnold"],
    "required_assets": ["/mnt/projects/show/sh010/cache.####.abc"],
    "script_dependencies": ["/mnt/pipeline/scripts/is_ready.py"],
    "event_opt_ins": ["Archive"],
    "custom_plugin_directory": "/mnt/pipeline/plugins",
    "output_directories": ["/mnt/projects/show/sh010/images"],
    "output_filenames": ["/mnt/projects/show/sh010/images/sh010.####.exr"],
    "aws_asset_files": ["/mnt/projects/show/sh010/scene.ma"],
    "notification_targets": ["td"],
    "notification_emails": ["td@example.com"],
    "notification_note": "sh010 is done",
    "environment": {"SHOW": "show"},
    "capture_environment": ["OCIO", "REZ_*"],
    "environment_kinds": {"SHOW_LIBS": "paths"},
    "import_roots": ["/mnt/pipeline/python"],
    "extra_info": {"Shot": "sh010"},
    "job_info": {"ExtraInfo9": "sh010"},
}
"""Values that say something; the others follow from what a setting takes."""
_EXAMPLES_BY_WORDS = {
    "text": "sh010",
    "true or false": True,
    "a full path": "/mnt/pipeline/scripts/report.py",
    "a number from 0 to 100, or -1": 50,
    "a day and time such as 2026-01-31 20:00 or 31/01/2026 20:00": "2026-01-31 20:00",
    "a time of day such as 20:00:00": "20:00:00",
    "a span of time as dd:hh:mm:ss": "00:02:00:00",
}


def example_of(setting: JobSetting | OwnSetting) -> Any:
    """A value that the setting takes."""
    if setting.name in EXAMPLES:
        value = EXAMPLES[setting.name]
    elif setting.words.startswith("a whole number"):
        value = 50 if "percentage" in setting.name else 10
    elif " or " in setting.words and setting.words not in _EXAMPLES_BY_WORDS:
        value = next(word for word in setting.words.replace(" or ", ", ").split(", ") if word != setting.default)
    else:
        value = _EXAMPLES_BY_WORDS[setting.words]
    errors = parse_job_settings({setting.name: value}, environ={}).errors
    assert not errors, errors
    return value


class JobSettings(SphinxDirective):
    """A table of settings for each section."""

    def run(self) -> list[nodes.Node]:
        """The sections."""
        sections = {**SECTIONS, "Besides Deadline's keys": tuple(OWN_SETTINGS.values())}
        return [_section(title, _table(settings)) for title, settings in sections.items()]


def _table(settings: tuple[JobSetting | OwnSetting, ...]) -> nodes.table:
    rows = [_setting(each) for each in settings]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (40, 60)), cols=2)
    heading = _row([nodes.Text("Setting, and Deadline's key")], [nodes.Text("Meaning")])
    group += nodes.thead("", heading)
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=["settings"])


def _setting(setting: JobSetting | OwnSetting) -> nodes.row:
    names: list[nodes.Node] = [nodes.literal("", setting.name)]
    if setting.key:
        names += [nodes.Text(" "), nodes.inline("", setting.key, classes=["key"])]
    default = f"; {setting.default} if not set" if setting.default else ""
    example = f'"{setting.name}": {json.dumps(example_of(setting))}'.replace(": true", ": True")
    return _row(
        names,
        [nodes.Text(f"{setting.about}. Takes {setting.words}{default}."), nodes.literal("", example)],
    )


def _row(*cells: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


class Commands(SphinxDirective):
    """The help of the program, and of each verb."""

    def run(self) -> list[nodes.Node]:
        """A section for each, after what holds for all."""
        context = click.Context(cli, info_name="flowpipe-deadline", **cli.context_settings)
        found = list(_help(cli, context))
        for verb in sorted(VERBS):
            command = cli.get_command(context, verb)
            assert command is not None
            found.append(_section(verb, *_help(command, click.Context(command, context, info_name=verb))))
        return found


def _help(command: click.Command, context: click.Context) -> Iterator[nodes.Node]:
    """What ``--help`` shows, as paragraphs, an example and a list of options."""
    usage = f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    yield nodes.literal_block(usage, usage, language="text", classes=["usage"])
    for text in (command.help or "").split("\n\n"):
        paragraph = text.strip().removeprefix("\b").strip()
        if paragraph.startswith("Examples:"):
            lines = [line.strip() for line in paragraph.splitlines()[1:]]
            yield nodes.literal_block("\n".join(lines), "\n".join(lines), language="sh")
        elif text.strip().startswith("\b"):
            yield nodes.literal_block(paragraph, paragraph, language="text")
        else:
            yield nodes.paragraph("", " ".join(paragraph.split()))
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    records = filter(None, (option.get_help_record(context) for option in options))
    yield nodes.definition_list("", *(_option(*record) for record in records), classes=["options"])


def _option(names: str, text: str) -> nodes.definition_list_item:
    term = nodes.term("", "", nodes.literal("", names))
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph("", text)))


def _section(title: str, *content: nodes.Node) -> nodes.section:
    name = nodes.make_id(title)
    return nodes.section("", nodes.title(title, title), *content, ids=[name], names=[nodes.fully_normalize_name(title)])


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the directives."""
    app.add_directive("commands", Commands)
    app.add_directive("job-settings", JobSettings)
    return {"parallel_read_safe": True}
