"""The table of a studio file to values, and everything that is wrong with it."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.bundle import FILES
from ..core.warnings import WarningKind
from ..deadline.via import VIAS
from ..results.redis.url import RedisAddress
from ..results.store import StoreError
from ..settings.kinds import BOOLEAN, FULL_PATH, NAMES, TEXT, UnfitError, ValueKind, choice, shown, suggestion
from ..settings.parse import parse_job_settings
from .file import webservice_variable

WEBSERVICE_KEYS = ("url", "user", "ca", "certificate", "key", "timeout")
_SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
KEYS = (
    *("root", "store", "templates", "via", "strict", "allow_local_root"),
    *("webservice", "settings", "presets", "hooks", "workflows", "presets_folder", "buttons"),
)
_FILES = ("ca", "certificate", "key")


class StudioChecks:
    """Reads the table of a studio file, and keeps what is wrong with it."""

    def __init__(self, table: Mapping[str, Any], *, folder: Path) -> None:
        """Relative paths start from ``folder``, the file's own."""
        self.errors: list[tuple[tuple[str, ...], str]] = []
        """The keys that lead to each error, and what is wrong there."""
        self._table = table
        self._folder = folder

    def values(self) -> dict[str, Any]:
        """The fields of a ``StudioFile``."""
        self._refuse_unknown((), self._table, KEYS)
        templates = self._text(("templates",), TEXT, home=True)
        presets_folder = self._text(("presets_folder",), TEXT, home=True)
        return {
            "root": self._root(),
            "store": self._store(),
            "templates": None if templates is None else self._folder / templates,
            "via": self._text(("via",), choice(*VIAS)),
            "strict": self._strict(),
            "allow_local_root": self._text(("allow_local_root",), BOOLEAN) == "true",
            "webservice": self._webservice(),
            "settings": self._settings(("settings",)),
            "presets": {str(name): self._settings(("presets", name)) for name in self._subtable(("presets",))},
            "disabled_hooks": self._hooks(),
            "workflows": self._workflows(),
            "presets_folder": None if presets_folder is None else self._folder / presets_folder,
            "buttons": self._buttons(),
        }

    def _add(self, path: tuple[str, ...], reason: str | Exception) -> None:
        self.errors.append((path, f"{'.'.join(path)} {reason}"))

    def _value(self, path: tuple[str, ...]) -> Any:
        value: Any = self._table
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _subtable(self, path: tuple[str, ...]) -> Mapping[str, Any]:
        value = self._value(path)
        if value is not None and not isinstance(value, Mapping):
            self._add(path, f"must be a table, [{'.'.join(path)}], not {shown(value)}")
        return value if isinstance(value, Mapping) else {}

    def _text(self, path: tuple[str, ...], kind: ValueKind, *, home: bool = False) -> str | None:
        value = self._value(path)
        try:
            return None if value is None else kind.write(_from_home(value) if home else value)
        except UnfitError as error:
            self._add(path, error)
            return None

    def _refuse_unknown(self, path: tuple[str, ...], table: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                advice = suggestion(key, known, otherwise=f"There are {', '.join(known)}.")
                self.errors.append(((*path, key), f"unknown key '{'.'.join((*path, key))}'. {advice}"))

    def _root(self) -> Path | None:
        """A path, or one for each system that reads the same file."""
        systems = tuple(_SYSTEMS.values())
        own: tuple[str, ...] = ("root",)
        if isinstance(self._value(own), Mapping):
            self._refuse_unknown(own, self._value(own), systems)
            own = ("root", _SYSTEMS.get(sys.platform, "linux"))
            for other in systems:
                if other != own[1]:
                    self._text(("root", other), FULL_PATH, home=True)
        text = self._text(own, FULL_PATH, home=True)
        if text is not None and not Path(text).is_absolute():
            each = ", ".join(f"{system} = …" for system in systems)
            self._add(own, f"is a path of another system; write  root = {{ {each} }}")
        return None if text is None else Path(text)

    def _store(self) -> str | None:
        store = self._text(("store",), TEXT)
        try:
            if store not in (None, FILES):
                RedisAddress.parse(str(store))
        except StoreError as error:
            self.errors.append((("store",), str(error)))
        return store

    def _strict(self) -> bool | tuple[str, ...]:
        value = self._value(("strict",))
        if value is None or isinstance(value, bool):
            return bool(value)
        words = [kind.word for kind in WarningKind]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self._add(("strict",), f"must be true, false, or a list of kinds of warnings, not {shown(value)}")
            return False
        for word in value:
            if word not in words:
                advice = suggestion(word, words, otherwise=f"There are {', '.join(words)}; true is for all")
                self._add(("strict",), f"has '{word}'. {advice}")
        return tuple(value)

    def _webservice(self) -> dict[str, str]:
        table = dict(self._subtable(("webservice",)))
        where = f"set {webservice_variable('password')} where jobs are submitted"
        if table.pop("password", None) is not None:
            self._add(("webservice", "password"), f"does not belong in a file that everybody can read; {where}")
        self._refuse_unknown(("webservice",), table, WEBSERVICE_KEYS)
        found = {key: self._text(("webservice", key), TEXT, home=key in _FILES) for key in ("url", "user", *_FILES)}
        if found["url"] is not None and "@" in found["url"]:
            self._add(("webservice", "url"), f"holds a user or a password; use webservice.user, and {where}")
        found["timeout"] = self._timeout(table.get("timeout"))
        texts = {key: text for key, text in found.items() if text is not None}
        return {key: str(self._folder / text) if key in _FILES and text else text for key, text in texts.items()}

    def _timeout(self, value: Any) -> str | None:
        """Seconds that the service may be silent, or those to connect and these."""
        if value is None:
            return None
        numbers = value if isinstance(value, list) and len(value) == 2 else [value]
        if not all(type(number) in (int, float) and math.isfinite(number) and number > 0 for number in numbers):
            reason = f"must be seconds, or [seconds to connect, seconds of silence], not {shown(value)}"
            self._add(("webservice", "timeout"), reason)
            return None
        return ",".join(f"{number:g}" for number in numbers)

    def _settings(self, path: tuple[str, ...]) -> Mapping[str, Any]:
        settings = self._subtable(path)
        for error in parse_job_settings(settings, environ={}).errors:
            self.errors.append(((*path, *error.setting.split(".")), f"[{'.'.join(path)}] {error}"))
        return settings

    def _hooks(self) -> tuple[str, ...]:
        table = self._subtable(("hooks",))
        self._refuse_unknown(("hooks",), table, ("disabled",))
        names = table.get("disabled", [])
        try:
            NAMES.write(names)
        except UnfitError as error:
            self._add(("hooks", "disabled"), error)
            return ()
        return tuple(names)

    def _workflows(self) -> tuple[Path, ...]:
        """Folders, of which relative ones start from the file's own."""
        value = self._value(("workflows",))
        try:
            texts = [TEXT.write(_from_home(item)) for item in ([value] if isinstance(value, str) else value or ())]
        except (UnfitError, TypeError):
            self._add(("workflows",), f"must be a folder, or a list of folders, not {shown(value)}")
            return ()
        return tuple(self._folder / text for text in texts)

    def _buttons(self) -> dict[str, str]:
        """The workflow of each host's button."""
        texts = {str(host): self._text(("buttons", host), TEXT) for host in self._subtable(("buttons",))}
        return {host: text for host, text in texts.items() if text}


def _from_home(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("~"):
        return value
    try:
        return str(Path(value).expanduser())
    except RuntimeError as error:
        raise UnfitError(f"is {value!r}, but nobody has that home folder here; write a full path") from error
