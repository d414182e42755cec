"""What a node's metadata says about its job: interpreter, batch, and settings for Deadline."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import SettingError
from ..core.warnings import ErrorCollector
from ..results.merge import MergeError, check_rule
from .context import PlanContext
from .kinds import InvalidSetting, UnfitError, shown, suggestion, whole_number
from .layers import merge_settings
from .parse import JobEntries, parse_job_settings

DEFAULT_INTERPRETER = "python"
_METADATA_KEYS = ("interpreter", "batch_size", "batch", "reload", "deadline")
_BATCH_KEYS = ("size", "over", "merge")
_INTERPRETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CHUNK_SIZE = whole_number(1)
_GRAPH_WIDE = "the graph-wide settings"


@dataclass(frozen=True)
class BatchSettings:
    """How the node's metadata asks for it to be cut."""

    chunk_size: int
    over: tuple[str, ...]
    merge: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class NodeSettings:
    """Everything that a node's metadata says."""

    interpreter: str = DEFAULT_INTERPRETER
    batch: BatchSettings | None = None
    reload: bool = False
    """Whether each task gets the graph's own modules anew, though its interpreter is kept."""
    job: JobEntries = field(default_factory=JobEntries)
    misspelt_keys: tuple[tuple[str, str], ...] = ()
    """Keys of the metadata that look like one of ours, each with that one."""
    import_roots: tuple[str, ...] = ()
    """Folders that the worker imports the graph's own modules from."""
    python_path: tuple[str, ...] = ()
    """Those of the import roots that child processes import from as well."""


@dataclass(frozen=True)
class GraphWide:
    """Settings for all nodes, checked as far as they can be without one."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    idle: frozenset[InvalidSetting] = frozenset()
    """Those that have no effect unless a node sets another one."""


class _NodeErrors(ErrorCollector):
    """The setting errors of one node."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def say(self, reason: str) -> None:
        """Adds a SettingError."""
        self.add(SettingError(self._node, reason))

    def mapping(self, name: str, value: Any) -> Mapping[str, Any]:
        """The value if it is a dict; otherwise an empty one, and an error unless the value is None."""
        if value is None or isinstance(value, Mapping):
            return value or {}
        self.say(f"{name} must be a dict, not {shown(value)}")
        return {}


def check_graph_wide(settings: Mapping[str, Any], *, name: str) -> GraphWide:
    """The settings for all nodes of the graph called ``name``, in the form of ``metadata["deadline"]``.

    Raises:
        SettingError: One does not exist (the right one is suggested) or has a bad value.
        PreflightError: Several settings do.
    """
    errors = _NodeErrors(name)
    given = errors.mapping(_GRAPH_WIDE, settings)
    parsed = parse_job_settings(given, environ={})
    for error in parsed.errors:
        errors.say(f"{_GRAPH_WIDE}: {error}")
    errors.raise_all()
    return GraphWide(settings=given, idle=frozenset(parsed.idle))


def parse_settings(node: str, *, metadata: Any, graph_wide: GraphWide, context: PlanContext) -> NodeSettings:
    """The settings of one node; its own take precedence over the graph's.

    Raises:
        SettingError: A setting does not exist (the right one is suggested) or has a bad value.
        PreflightError: Several settings do.
    """
    errors = _NodeErrors(node)
    metadata = errors.mapping("metadata", metadata)
    own = errors.mapping("metadata['deadline']", metadata.get("deadline"))
    interpreter = _parse_interpreter(metadata.get("interpreter"), errors)
    batch = _parse_batch(metadata, errors)
    reload = metadata.get("reload") or False
    if not isinstance(reload, bool):
        errors.say(f"metadata['reload'] must be True or False, not {shown(reload)}")
    settings = merge_settings(graph_wide.settings, own)
    parsed = parse_job_settings(settings, environ=context.environ or {})
    for error in (*parsed.errors, *parsed.idle):
        errors.say(f"{_GRAPH_WIDE}: {error}" if error in graph_wide.idle else str(error))
    if settings.get("capture_environment") and context.environ is None:
        errors.say("capture_environment needs to know the environment: make_plan(…, context=read_plan_context())")
    errors.raise_all()
    import_roots = _import_roots(settings.get("import_roots"), context)
    return NodeSettings(
        interpreter=interpreter,
        batch=batch,
        reload=reload is True,
        job=parsed,
        misspelt_keys=_misspelt_keys(metadata),
        import_roots=import_roots,
        python_path=tuple(folder for folder in context.python_path if folder in import_roots),
    )


def _misspelt_keys(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Metadata may hold anything, so these are warnings, not errors."""
    unknown = [key for key in metadata if isinstance(key, str) and key not in _METADATA_KEYS]
    guesses = [(key, difflib.get_close_matches(key.lower(), _METADATA_KEYS, n=1, cutoff=0.85)) for key in unknown]
    return tuple((key, guess[0]) for key, guess in guesses if guess)


def _import_roots(value: Any, context: PlanContext) -> tuple[str, ...]:
    if value is None or value is True:
        return context.import_roots
    return tuple(dict.fromkeys(map(str, value))) if value else ()


def _parse_interpreter(value: Any, errors: _NodeErrors) -> str:
    if value is None:
        return DEFAULT_INTERPRETER
    if not isinstance(value, str) or not _INTERPRETER.fullmatch(value):
        errors.say(f"{shown(value)} is not an interpreter; use a name such as 'maya' or 'maya-2025'")
    return str(value)


def _parse_batch(metadata: Mapping[str, Any], errors: _NodeErrors) -> BatchSettings | None:
    size, batch = metadata.get("batch_size"), metadata.get("batch")
    if batch is None:
        if size is None:
            return None
        return BatchSettings(chunk_size=_chunk_size("batch_size", size, errors), over=("frames",), merge=())
    if size is not None:
        errors.say("has both metadata['batch_size'] and metadata['batch']; keep the second")
    batch = errors.mapping("metadata['batch']", batch)
    for name in batch:
        if name not in _BATCH_KEYS:
            advice = suggestion(str(name), _BATCH_KEYS, otherwise=f"There are {', '.join(_BATCH_KEYS)}.")
            errors.say(f"unknown batch setting '{name}'. {advice}")
    if "size" not in batch and isinstance(metadata["batch"], Mapping):
        errors.say("metadata['batch'] needs 'size', the number of frames per task")
    return BatchSettings(
        chunk_size=_chunk_size("batch size", batch.get("size", 1), errors),
        over=_parse_over(batch.get("over", ("frames",)), errors),
        merge=_parse_merge(batch.get("merge"), errors),
    )


def _chunk_size(name: str, value: Any, errors: _NodeErrors) -> int:
    try:
        return int(_CHUNK_SIZE.write(value))
    except UnfitError as error:
        errors.say(f"{name} {error}")
        return 1


def _parse_over(value: Any, errors: _NodeErrors) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        errors.say(f"metadata['batch']['over'] must be a list of input names, not {shown(value)}")
        return ()
    return tuple(dict.fromkeys(names))


def _parse_merge(value: Any, errors: _NodeErrors) -> tuple[tuple[str, str], ...]:
    rules = errors.mapping("metadata['batch']['merge']", value)
    for output, rule in rules.items():
        if not isinstance(output, str) or not isinstance(rule, str):
            errors.say(f"the merge rule of an output must be a name, not {shown(rule)} for {shown(output)}")
            continue
        try:
            check_rule(rule)
        except MergeError as error:
            errors.say(f"output '{output}': {error}")
    return tuple(rules.items())
