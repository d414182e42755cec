"""What this version brings to a repository, file by file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from ..bundle.templates import PLUGIN
from ..core.shipped import shipped_folder
from ..offline.packages import ARCHIVE, own_version, read_light_packages, zip_file

PLUGIN_FOLDER = f"plugins/{PLUGIN}"
OWN_FOLDERS = (PLUGIN_FOLDER, f"submission/{PLUGIN}")
"""The folders below ``custom`` that hold nothing but ours; others belong to the studio's scripts as well."""
CONFIGURATION = frozenset(f"{PLUGIN_FOLDER}/{PLUGIN}.{suffix}" for suffix in ("param", "options", "ico"))
"""The files that a studio may edit as it likes."""
_SOURCES = {"plugins": "plugins", "submission": "submission", "custom_scripts": "scripts"}
"""By folder of ours, that below ``custom`` (plugin API, section 4.8)."""
TOP_FOLDERS = (*OWN_FOLDERS, "scripts")
"""The folders below ``custom`` that hold all of ours."""
_MENU = "custom_scripts/Jobs"
_COMMANDS = ("Clean Up", "Graph", "Logs", "Open Bundle Folder", "Redo", "Results", "Why")
"""What is in the Monitor's menu of jobs; the functions of ``FlowpipeJobs.py`` are called like it."""
_CLIENT = f"submission/{PLUGIN}/Client"
_ADDON = f"{_CLIENT}/Blender/flowpipe_deadline_addon"


@dataclass(frozen=True)
class Contents:
    """Everything that is installed."""

    version: str
    packages: Mapping[str, str]
    """The versions of what the archive of packages holds, by distribution."""
    files: Mapping[str, bytes]
    """By path below ``custom``, with slashes."""

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """What tells each file from others, by path."""
        return {path: digest_of(self.files[path]) for path in sorted(self.files)}


def digest_of(data: bytes) -> str:
    """What tells the content of a file from any other."""
    return hashlib.sha256(data).hexdigest()


def read_contents() -> Contents:
    """What this version brings, from a wheel as well as from a checkout.

    Raises:
        PackagingError: A package that the farm needs is missing here, or is not pure Python.
        OSError: A file cannot be read.
    """
    packages = read_light_packages()
    files = {f"{PLUGIN_FOLDER}/{ARCHIVE}": packages.archive()}
    root = shipped_folder(PLUGIN_FOLDER).parent.parent
    for source, target in _SOURCES.items():
        for path in (root / source).glob("*/**/*"):
            parts = path.relative_to(root / source).parts
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
                files["/".join([target, *parts])] = path.read_bytes()
    del files[f"scripts/Jobs/{PLUGIN}.py"]
    files.update({f"scripts/Jobs/{name}": data for name, data in menu_scripts().items()})
    files[f"{_ADDON}.zip"] = _blender_addon(files)
    return Contents(version=own_version(), packages=packages.versions, files=files)


def menu_scripts() -> dict[str, bytes]:
    """The scripts of the Monitor's menu of jobs, by name: one for each command, as the menu shows their names."""
    text = (shipped_folder(_MENU) / f"{PLUGIN}.py").read_text(encoding="utf-8")
    scripts = {}
    for command in _COMMANDS:
        action = command.lower().replace(" ", "_")
        scripts[f"{PLUGIN}{command.replace(' ', '')}.py"] = text.replace('ACTION = ""', f'ACTION = "{action}"').encode()
    return scripts


def _blender_addon(files: Mapping[str, bytes]) -> bytes:
    """The add-on with the proxy in it, as the one file that Blender installs an add-on from."""
    folder = PurePosixPath(_ADDON)
    own = {path: data for path, data in files.items() if folder in PurePosixPath(path).parents}
    named = {str(PurePosixPath(path).relative_to(folder.parent)): data for path, data in own.items()}
    proxy = "flowpipe_proxy.py"
    return zip_file({**named, f"{folder.name}/{proxy}": files[f"{_CLIENT}/{proxy}"]})
