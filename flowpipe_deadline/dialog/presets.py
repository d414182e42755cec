"""Presets and sticky settings: what the fields of a workflow held, as JSON files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from ..core.errors import FlowpipeDeadlineError, words_of
from ..core.files import NewerFormatError, RecordError, json_bytes, read_record, write_whole
from ..core.names import safe_name
from ..core.rights import make_folder

_FORMAT = 1
_APPLICATION = "flowpipe-deadline"


class PresetError(FlowpipeDeadlineError):
    """A preset cannot be saved."""


@dataclass(frozen=True)
class Texts:
    """Texts of fields, by name."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the job."""


@dataclass(frozen=True)
class Preset:
    """Texts that somebody saved under a name."""

    name: str
    texts: Texts
    is_shared: bool = False


def user_folder() -> Path:
    """The folder of this user's presets and sticky settings."""
    return platformdirs.user_config_path(_APPLICATION, appauthor=False)


def read_presets(workflow: str, *, shared: Path | None) -> tuple[tuple[Preset, ...], tuple[str, ...]]:
    """The user's presets of the workflow, then the studio's, by name; and a sentence for each file that is skipped."""
    presets, notes = [], []
    for folder, is_shared in ((user_folder() / "presets", False), (shared, True)):
        if folder is None:
            continue
        try:
            paths = sorted((folder / file_stem(workflow)).glob("*.json"))
        except OSError as error:
            notes.append(f"The presets in {folder} cannot be listed: {words_of(error)}.")
            continue
        found = []
        for path in paths:
            try:
                name, texts = _read(path)
                found.append(Preset(name, texts, is_shared))
            except NewerFormatError:
                notes.append(f"The preset {path} is skipped: a newer version of flowpipe-deadline saved it.")
            except RecordError:
                notes.append(f"The preset {path} is skipped: it cannot be read, or is damaged. Save it again.")
        presets += sorted(found, key=lambda preset: preset.name.casefold())
    return tuple(presets), tuple(notes)


def save_preset(name: str, texts: Texts, *, workflow: str, shared: Path | None = None) -> Path:
    """The file of the preset, which replaces one of the same name: the user's own, or below the ``shared`` folder.

    Raises:
        PresetError: It cannot be written; what was there before still is.
    """
    folder = shared if shared is not None else user_folder() / "presets"
    path = folder / file_stem(workflow) / f"{file_stem(name)}.json"
    _write(path, name, texts)
    return path


def read_sticky(workflow: str) -> Texts:
    """What this user's fields held last time; nothing if that is unknown."""
    try:
        return _read(_sticky_path(workflow))[1]
    except RecordError:
        return Texts()


def save_sticky(workflow: str, texts: Texts) -> None:
    """Keeps what the fields hold, and that the workflow was the last one.

    Raises:
        PresetError: It cannot be written.
    """
    _write(_sticky_path(workflow), workflow, texts)
    _write(_last_path(), workflow, Texts())


def read_last_workflow() -> str:
    """The workflow that this user submitted last; empty if that is unknown."""
    try:
        return _read(_last_path())[0]
    except RecordError:
        return ""


def file_stem(name: str) -> str:
    """A name for a file, the same for the same name; another for another one, also without regard to case.

    >>> file_stem("turntable"), file_stem("Größe 1/2")
    ('turntable', 'Groe_1_2-b828c3b0')
    """
    safe = safe_name(name)
    if safe == name and name == name.lower():
        return safe
    return f"{safe}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _sticky_path(workflow: str) -> Path:
    return user_folder() / "last" / f"{file_stem(workflow)}.json"


def _last_path() -> Path:
    return user_folder() / "last-workflow.json"


def _read(path: Path) -> tuple[str, Texts]:
    """The name and the texts in the file.

    Raises:
        RecordError: It is missing, damaged, or of a newer version.
    """
    data = read_record(path, version=_FORMAT, keys=("name", "parameters", "options"))
    parts = [data["parameters"], data["options"]]
    if not all(isinstance(part, dict) for part in parts) or not all(
        isinstance(text, str) for text in (data["name"], *(text for part in parts for text in part.values()))
    ):
        raise RecordError(f"{path} does not hold texts")
    return data["name"], Texts(*parts)


def _write(path: Path, name: str, texts: Texts) -> None:
    record = {"format": _FORMAT, "name": name, "parameters": dict(texts.parameters), "options": dict(texts.options)}
    try:
        make_folder(path.parent)
        write_whole(path, json_bytes(record))
    except OSError as error:
        raise PresetError(f"{path} cannot be written: {words_of(error)}; choose another place, or make room") from error
