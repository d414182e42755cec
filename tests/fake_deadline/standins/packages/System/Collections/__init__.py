"""Stand-in of ``System.Collections``."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["Generic", "Specialized"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module("System.Collections." + name)
    raise AttributeError("module 'System.Collections' has no attribute '{}'".format(name))
