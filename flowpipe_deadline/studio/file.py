"""The studio file: where it is, and what it sets for everybody."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.bundle import AnyPath
from ..core.errors import StudioFileError, UsageError, words_of
from ..core.files import is_there
from ..core.warnings import ErrorCollector
from ..settings.kinds import suggestion
from .variables import ROOT_VARIABLE

CONFIG_VARIABLE = "FLOWPIPE_DEADLINE_CONFIG"
_APPLICATION = "flowpipe-deadline"
_FILE = "studio.toml"
_WEBSERVICE = "FLOWPIPE_DEADLINE_WEBSERVICE"


@dataclass(frozen=True)
class StudioFile:
    """What the studio has set; nothing if there is no file."""

    path: Path | None = None
    root: Path | None = None
    store: str | None = None
    templates: Path | None = None
    via: str | None = None
    """``auto``, ``script``, ``webservice`` or ``command``."""
    strict: bool | tuple[str, ...] = False
    """Whether warnings are errors: all of them, or those of these kinds."""
    allow_local_root: bool = False
    webservice: Mapping[str, str] = field(default_factory=dict)
    """Those of ``url``, ``user``, ``ca``, ``certificate``, ``key`` and ``timeout`` that are set, as text."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disabled_hooks: tuple[str, ...] = ()
    workflows: tuple[Path, ...] = ()
    """Folders whose Python files are workflows; an earlier one wins."""
    presets_folder: Path | None = None
    """Where the dialog keeps presets for everybody."""
    buttons: Mapping[str, str] = field(default_factory=dict)
    """The workflow that the button of a host application opens, by host: ``maya``, ``blender``, ``monitor``."""

    @property
    def webservice_variables(self) -> dict[str, str]:
        """The Web Service's settings by the names of the environment variables that override them."""
        return {webservice_variable(key): text for key, text in self.webservice.items()}

    def preset(self, name: str) -> Mapping[str, Any]:
        """The settings of a preset.

        Raises:
            UsageError: There is no preset of that name.
        """
        if name not in self.presets:
            where = f"{self.path} has none" if self.path is not None else "there is no studio file"
            listed = f"There are {', '.join(self.presets)}." if self.presets else f"{where[:1].upper()}{where[1:]}."
            raise UsageError(f"unknown preset '{name}'. {suggestion(name, self.presets, otherwise=listed)}")
        return self.presets[name]


@dataclass(frozen=True)
class Place:
    """A place where the studio file may be."""

    path: Path
    reason: str


def known_root(root: AnyPath | None = None) -> Path:
    """The folder below which bundles are looked for: the one given, else that of the environment, else the studio's.

    Where none is named, it is the one that ``run`` writes to then.

    Raises:
        StudioFileError, PreflightError: As ``load_studio_file``.
    """
    found = root or os.environ.get(ROOT_VARIABLE) or load_studio_file().root or own_root()
    return Path(os.path.abspath(os.path.expanduser(os.fspath(found))))


def own_root() -> Path:
    """The folder of this user's for bundles that only run on this machine."""
    import platformdirs  # noqa: PLC0415 (as below)

    return platformdirs.user_data_path(_APPLICATION, appauthor=False) / "bundles"


def webservice_variable(key: str) -> str:
    """The environment variable for a key of the Web Service.

    >>> webservice_variable("url"), webservice_variable("ca")
    ('FLOWPIPE_DEADLINE_WEBSERVICE', 'FLOWPIPE_DEADLINE_WEBSERVICE_CA')
    """
    return _WEBSERVICE if key == "url" else f"{_WEBSERVICE}_{key.upper()}"


def studio_file_places() -> tuple[Place, ...]:
    """Where the studio file is looked for. The first that exists counts; files are not merged.

    If FLOWPIPE_DEADLINE_CONFIG is set, it is the only place. Otherwise the machine's file comes before the user's own,
    so that a file of their own does not hide the studio's settings from anybody.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return (Place(Path(os.path.expanduser(named)).absolute(), f"named by {CONFIG_VARIABLE}"),)
    import platformdirs  # noqa: PLC0415 (not needed where the variable names the file)

    site = platformdirs.site_config_path(_APPLICATION, appauthor=False)
    user = platformdirs.user_config_path(_APPLICATION, appauthor=False)
    return (Place(site / _FILE, "of this machine"), Place(user / _FILE, "of this user"))


def load_studio_file() -> StudioFile:
    """The studio file, or an empty one if there is none.

    Raises:
        StudioFileError: It cannot be read, is not TOML, or one of its values does not fit.
        PreflightError: Several of its values do not.
    """
    places = studio_file_places()
    found = next((place.path for place in places if _exists(place.path)), None)
    if found is not None:
        return read_studio_file(found)
    if os.environ.get(CONFIG_VARIABLE):
        raise StudioFileError(places[0].path, f"does not exist; correct or unset {CONFIG_VARIABLE}, which names it")
    return StudioFile()


def _exists(path: Path) -> bool:
    """Whether the file exists. If that is unknown, it is an error: the file may be the one that counts."""
    try:
        return is_there(path)
    except OSError as error:
        raise StudioFileError(path, f"cannot be read: {words_of(error)}") from error


def read_studio_file(path: Path) -> StudioFile:
    """The studio file at that place.

    Raises:
        StudioFileError: It cannot be read, is not TOML, or one of its values does not fit.
        PreflightError: Several of its values do not.
    """
    from .checks import StudioChecks  # noqa: PLC0415 (many machines have no studio file)
    from .toml import TomlError, find_lines, parse_toml  # noqa: PLC0415 (as above)

    try:
        text = path.read_bytes().decode("utf-8-sig")
        table = parse_toml(text)
    except OSError as error:
        raise StudioFileError(path, f"cannot be read: {words_of(error)}") from error
    except UnicodeDecodeError as error:
        raise StudioFileError(path, "is not UTF-8 text; save it in that encoding") from error
    except TomlError as error:
        raise StudioFileError(path, f"is not TOML: {error}", line=error.line) from error
    checks = StudioChecks(table, folder=path.parent)
    values = checks.values()
    lines = find_lines(text, [keys for keys, _ in checks.errors])
    errors = [StudioFileError(path, reason, line=line) for line, (_, reason) in zip(lines, checks.errors)]
    errors.sort(key=lambda error: error.line or 0)
    ErrorCollector(errors).raise_all()
    return StudioFile(path=path, **values)
