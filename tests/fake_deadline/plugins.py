"""The plugins of a fake Deadline: where each is, and how it is configured."""

from __future__ import annotations

from pathlib import Path

from flowpipe_deadline.offline.standins.sandbox import read_param

from .operations import FakeDeadline


def plugin_folders(deadline: FakeDeadline) -> list[Path]:
    """The folders of plugin folders; the first that has a plugin is used, as on a farm."""
    return [deadline.root / "custom" / "plugins", deadline.root / "plugins"]


def installed_plugin(deadline: FakeDeadline, name: str) -> Path | None:
    """The plugin's folder in the repository, if it has one there."""
    for folder in plugin_folders(deadline):
        if (folder / name / f"{name}.py").is_file():
            return folder / name
    return None


def plugin_config(deadline: FakeDeadline, name: str) -> dict[str, str]:
    """What *Configure Plugins* would show of an installed plugin: its own defaults, and what the settings say."""
    folder = installed_plugin(deadline, name)
    param = folder / f"{name}.param" if folder is not None else None
    defaults = read_param(str(param)) if param is not None and param.is_file() else {}
    return {**defaults, **deadline.settings.plugin_config}
