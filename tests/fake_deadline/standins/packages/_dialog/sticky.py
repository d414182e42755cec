"""Sticky settings: what a dialog remembers until the next time (plugin API, section 5.7).

Where the files lie is known, and what they are called; how they are written inside is this stand-in's own matter.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict

__all__ = ["read_settings", "write_settings"]


def read_settings(path: str) -> Dict[str, Any]:
    """The values by name; none if there is no file yet."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        pairs = (line.partition("=") for line in file.read().splitlines())
        return {name: json.loads(value) for name, _, value in pairs}


def write_settings(path: str, values: Dict[str, Any]) -> None:
    """Write them."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines("{}={}\n".format(name, json.dumps(value)) for name, value in values.items())
