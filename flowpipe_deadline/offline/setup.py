"""The setup of an offline farm's workers: the plugin, its configuration, and executables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..bundle.templates import PLUGIN
from ..core.bundle import AnyPath
from ..core.errors import UsageError
from ..core.files import is_file
from ..core.shipped import shipped_folder
from .hosts import default_config
from .standins.sandbox import read_param
from .workers import python_path


@dataclass(frozen=True)
class WorkerSetup:
    """How the workers are set up: by default with the plugin and packages of this environment."""

    interpreters: Mapping[str, str] = field(default_factory=dict)
    """Hosts by name (``{"maya": "/usr/autodesk/maya2025/bin/mayapy"}``), as ``parse_host`` reads them, added to the
    plugin's configuration; ``python`` is this interpreter unless it is named."""
    repository: AnyPath | None = None
    """A repository that ``flowpipe-deadline install`` has installed into. The plugin and packages there are used, and
    interpreters get nothing of this environment."""
    with_subfolders: bool = True
    """Whether workers get sub-folders of a plugin; unknown of Deadline (plugin API, section 1.1)."""

    def plugins_folder(self) -> Path:
        """The folder with the Deadline plugin.

        Raises:
            UsageError: The repository has none.
        """
        if self.repository is None:
            return plugins_folder()
        root = Path(self.repository).expanduser().absolute()
        folder = root / "custom" / "plugins"
        if not is_file(folder / PLUGIN / f"{PLUGIN}.py"):
            raise UsageError(f"{root} has no {PLUGIN} plugin; put it there:  flowpipe-deadline install {root}")
        return folder

    def read_config(self) -> dict[str, str]:
        """The plugin's configuration as it was installed: its defaults.

        Raises:
            UsageError: As ``plugins_folder``.
        """
        return read_param(str(self.plugins_folder() / PLUGIN / f"{PLUGIN}.param"))

    def plugin_config(self) -> dict[str, str]:
        """The plugin's configuration, as *Configure Plugins* would hold it: its defaults, and the hosts.

        Raises:
            UsageError: As ``plugins_folder``, or a host is wrongly written.
        """
        config = plugin_config(self.plugins_folder() / PLUGIN, interpreters=self.interpreters)
        if self.repository is None:
            config["PythonPath"] = python_path().replace(os.pathsep, ";")
        return config


def plugins_folder() -> Path:
    """The folder with this package's own plugin."""
    return shipped_folder("plugins")


def plugin_config(folder: Path, *, interpreters: Mapping[str, str]) -> dict[str, str]:
    """The plugin's configuration on this machine: its defaults, this Python, and the hosts that were given."""
    return {**default_config(folder, interpreters), "WaitForResults": "0"}  # Local files are seen at once.
