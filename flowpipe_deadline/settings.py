"""What a node's metadata says about its job: interpreter, batch, and settings for Deadline."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .errors import MergeError, SettingError
from .farm.merge import check_rule
from .text import is_one_line

DEFAULT_INTERPRETER = "python"
METADATA_KEYS = ("interpreter", "batch_size", "batch", "deadline")
_BATCH_KEYS = ("size", "over", "merge")
_INTERPRETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_JOB_INFO_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")
# These say what was planned; a raw key that changed one would break the promise of the plan.
_PLANNED_KEYS = (
    *("Plugin", "Name", "BatchName", "Frames", "ChunkSize", "JobDependencies", "IsFrameDependent", "InitialStatus"),
    *("JobDependencyPercentage", "ResumeOnFailedDependencies", "ResumeOnDeletedDependencies"),
)
_NUMBERED_KEYS = {
    "EnvironmentKeyValue": "the setting 'environment'",
    "ExtraInfoKeyValue": "the setting 'extra_info'",
    "JobDependency": "a connection in the graph",
}
_LARGEST = 2**31 - 1  # .NET's Int32.

Entries = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BatchSettings:
    """An implicit batch as the node's metadata asks for it."""

    chunk_size: int
    over: tuple[str, ...]
    merge: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class NodeSettings:
    """Everything the metadata says."""

    interpreter: str
    batch: Optional[BatchSettings]
    job_info: Entries
    """Job info keys and their text, in the order in which they are written."""
    extra_info: Entries
    """Names and texts for scripts to find, as ``ExtraInfoKeyValue#``."""


def parse_settings(node: str, *, metadata: Any, graph_wide: Mapping[str, Any]) -> NodeSettings:
    """The settings of one node; its own win over ``graph_wide`` ones, which look like ``metadata["deadline"]``.

    Raises:
        SettingError: A setting does not exist (the right one is suggested) or has a bad value.
    """
    metadata = _mapping(node, "metadata", metadata)
    own = _mapping(node, "metadata['deadline']", metadata.get("deadline"))
    return NodeSettings(
        interpreter=_parse_interpreter(node, metadata.get("interpreter")),
        batch=_parse_batch(node, metadata),
        job_info=_parse_job_settings(node, {**graph_wide, **own}),
        extra_info=tuple(_named_texts(node, "extra_info", {**graph_wide, **own}.get("extra_info"))),
    )


def misspelt_metadata(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Metadata keys that look like one of ours and are not, with the one that may be meant.

    Metadata is the user's own, so these are worth a warning and no error.
    """
    strangers = [key for key in metadata if isinstance(key, str) and key not in METADATA_KEYS]
    guesses = [(key, difflib.get_close_matches(key.lower(), METADATA_KEYS, n=1, cutoff=0.85)) for key in strangers]
    return [(key, guess[0]) for key, guess in guesses if guess]


def _parse_interpreter(node: str, value: Any) -> str:
    if value is None:
        return DEFAULT_INTERPRETER
    if not isinstance(value, str) or not _INTERPRETER.fullmatch(value):
        raise SettingError(node, f"{value!r} is no interpreter; use a name such as 'maya' or 'maya-2025'")
    return value


def _parse_batch(node: str, metadata: Mapping[str, Any]) -> Optional[BatchSettings]:
    size, batch = metadata.get("batch_size"), metadata.get("batch")
    if batch is None:
        if size is None:
            return None
        return BatchSettings(chunk_size=_integer(node, "batch_size", size, low=1), over=("frames",), merge=())
    if size is not None:
        raise SettingError(node, "has both metadata['batch_size'] and metadata['batch']; keep the second")
    batch = _mapping(node, "metadata['batch']", batch)
    _refuse_unknown(node, "batch setting", batch, _BATCH_KEYS)
    if "size" not in batch:
        raise SettingError(node, "metadata['batch'] needs 'size', the number of frames per task")
    return BatchSettings(
        chunk_size=_integer(node, "batch size", batch["size"], low=1),
        over=_parse_over(node, batch.get("over", ("frames",))),
        merge=_parse_merge(node, batch.get("merge")),
    )


def _parse_over(node: str, value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise SettingError(node, f"metadata['batch']['over'] is a list of input names, not {value!r}")
    return tuple(dict.fromkeys(names))


def _parse_merge(node: str, value: Any) -> tuple[tuple[str, str], ...]:
    rules = _mapping(node, "metadata['batch']['merge']", value)
    for output, rule in rules.items():
        if not isinstance(output, str) or not isinstance(rule, str):
            raise SettingError(node, f"a merge rule is a name for an output, not {rule!r} for {output!r}")
        try:
            check_rule(rule)
        except MergeError as error:
            raise SettingError(node, f"output '{output}': {error}") from error
    return tuple(rules.items())


def _parse_job_settings(node: str, settings: Mapping[str, Any]) -> Entries:
    _refuse_unknown(node, "farm setting", settings, (*_SETTINGS, "extra_info", "job_info"))
    entries: list[tuple[str, str]] = []
    for name, writer in _SETTINGS.items():
        if settings.get(name) is not None:
            entries += writer(node, settings[name])
    raw = _mapping(node, "job_info", settings.get("job_info"))
    known = {key.lower() for key, _ in entries} | {key.lower() for key in _PLANNED_KEYS}
    for key, value in raw.items():
        if not isinstance(key, str) or not _JOB_INFO_KEY.fullmatch(key):
            raise SettingError(node, f"{key!r} is no job info key")
        if key.lower() in known:
            raise SettingError(node, f"the job info key '{key}' is set by the plan or by another setting")
        if key.rstrip("0123456789") in _NUMBERED_KEYS:
            raise SettingError(node, f"for the job info key '{key}', use {_NUMBERED_KEYS[key.rstrip('0123456789')]}")
        known.add(key.lower())
        entries.append((key, _text(node, key, _scalar(node, key, value))))
    return tuple(entries)


def _refuse_unknown(node: str, kind: str, settings: Mapping[str, Any], known: Collection[str]) -> None:
    for name in settings:
        if name not in known:
            guess = difflib.get_close_matches(str(name), known, n=1)
            advice = f" Did you mean '{guess[0]}'?" if guess else f" There are {', '.join(known)}."
            raise SettingError(node, f"unknown {kind} '{name}'.{advice}")


def _mapping(node: str, name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SettingError(node, f"{name} is a dict, not {value!r}")
    return value


def _integer(node: str, name: str, value: Any, *, low: int, high: int = _LARGEST) -> int:
    if type(value) is not int or not low <= value <= high:
        bounds = f"from {low}" + ("" if high == _LARGEST else f" to {high}")
        raise SettingError(node, f"{name} is a whole number {bounds}, not {value!r}")
    return value


def _scalar(node: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise SettingError(node, f"{name} is text, a number or a boolean, not {value!r}")
    return str(value)


def _text(node: str, name: str, value: Any) -> str:
    """Text as a job info value: one line, no character that a reader could take for the end of it."""
    if not isinstance(value, str):
        raise SettingError(node, f"{name} is text, not {value!r}")
    if not is_one_line(value):
        raise SettingError(
            node, f"{name} has a line break or control character: {value!r}; Deadline has no escape for it"
        )
    return value.strip()


def _writes_text(key: str) -> Callable[[str, Any], list[tuple[str, str]]]:
    return lambda node, value: [(key, _text(node, key, value))]


def _writes_integer(key: str, low: int, high: int = _LARGEST) -> Callable[[str, Any], list[tuple[str, str]]]:
    return lambda node, value: [(key, str(_integer(node, key, value, low=low, high=high)))]


def _texts(node: str, name: str, value: Any) -> Sequence[str]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise SettingError(node, f"{name} is a list of texts, not {value!r}")
    return [_text(node, name, os.fspath(item) if isinstance(item, os.PathLike) else item) for item in value]


def _write_limits(node: str, value: Any) -> list[tuple[str, str]]:
    limits = _texts(node, "limits", value)
    if any("," in limit for limit in limits):
        raise SettingError(node, "a limit's name cannot hold a comma: Deadline separates limits by commas")
    return [("LimitGroups", ",".join(limits))]


def _write_environment(node: str, value: Any) -> list[tuple[str, str]]:
    texts = [f"{name}={text}" for name, text in _named_texts(node, "environment", value)]
    return [(f"EnvironmentKeyValue{index}", text) for index, text in enumerate(texts)]


def _named_texts(node: str, setting: str, value: Any) -> list[tuple[str, str]]:
    """A dict of names, which cannot hold the ``=`` that ends them in the file, and texts."""
    pairs = _mapping(node, setting, value)
    for name in pairs:
        if not isinstance(name, str) or not name.strip() or "=" in name or not is_one_line(name):
            raise SettingError(node, f"{setting}: {name!r} is no name")
    return [(name, _text(node, name, _scalar(node, name, item))) for name, item in pairs.items()]


def _writes_numbered(key: str) -> Callable[[str, Any], list[tuple[str, str]]]:
    return lambda node, value: [(f"{key}{index}", text) for index, text in enumerate(_texts(node, key, value))]


# Names, keys and bounds: deadline-submission.md, section 1.2.
_SETTINGS: dict[str, Callable[[str, Any], list[tuple[str, str]]]] = {
    "comment": _writes_text("Comment"),
    "department": _writes_text("Department"),
    "pool": _writes_text("Pool"),
    "secondary_pool": _writes_text("SecondaryPool"),
    "group": _writes_text("Group"),
    "priority": _writes_integer("Priority", 0),
    "limits": _write_limits,
    "machine_limit": _writes_integer("MachineLimit", 0),
    "concurrent_tasks": _writes_integer("ConcurrentTasks", 1, 16),
    "task_timeout_minutes": _writes_integer("TaskTimeoutMinutes", 0),
    "environment": _write_environment,
    "output_directories": _writes_numbered("OutputDirectory"),
    "output_filenames": _writes_numbered("OutputFilename"),
}
