"""What a host application knows of its scene: handed over as a file, and offered to parameters of the same name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.bundle import AnyPath
from ..core.errors import UsageError, words_of
from .parameters import WorkflowParameter
from .texts import text_of

FORMAT = 1


@dataclass(frozen=True)
class SceneFile:
    """A file that the scene is made of, or writes."""

    path: str
    role: str
    """``scene``, ``reference``, ``texture``, ``cache`` or ``output``."""
    node: str = ""
    """What in the scene names it; empty for the scene itself."""


@dataclass(frozen=True)
class Facts:
    """The facts of one scene; nothing if there is no host application."""

    host: str | None = None
    """``maya``, ``blender`` or ``monitor``."""
    host_version: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """By name: ``scene``, ``project``, ``frames``, ``camera``, ``cameras``, ``layers``, ``renderer``, ``outputs``."""
    files: tuple[SceneFile, ...] = ()
    warnings: tuple[str, ...] = ()
    """Sentences of the host application."""

    def texts_for(self, parameters: Iterable[WorkflowParameter]) -> dict[str, str]:
        """The texts of those parameters that are called like a fact, whatever the workflow; they may not fit."""
        texts = {item.name: text_of(self.values[item.name]) for item in parameters if item.name in self.values}
        return {name: text for name, text in texts.items() if text}

    def choices_for(self, parameter: WorkflowParameter) -> tuple[str, ...]:
        """What may be chosen for it: the values that it allows, else what the scene has; empty if that is unknown."""
        choices = parameter.allowed_values or self.values.get(parameter.choices_from or "", ())
        return tuple(map(str, choices)) if isinstance(choices, (list, tuple)) else ()


def read_facts(path: AnyPath) -> Facts:
    """The facts that a host application has written.

    Raises:
        UsageError: The file cannot be read, is not one of facts, or is of a newer version.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the facts of the scene, {path}, cannot be read: {words_of(error)}") from error
    except ValueError as error:
        raise UsageError(f"the facts of the scene, {path}, are not JSON: {error}") from error
    found = data.get("format") if isinstance(data, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise UsageError(
            f"{path} has facts of format {found}, and this version reads up to {FORMAT}: update flowpipe-deadline in"
            " the Python of the dialog"
        )
    try:
        files = tuple(SceneFile(item["path"], item["role"], item.get("node", "")) for item in data.get("files", ()))
        facts = dict(data["facts"])
        return Facts(data["host"], str(data["host_version"]), facts, files, tuple(map(str, data.get("warnings", ()))))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{path} does not hold the facts of a scene: {type(error).__name__}: {error}") from error
