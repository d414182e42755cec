"""A ``mayapy`` for offline farms: this Python, in which ``import maya`` gives a Maya that renders."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = """\
import sys
sys.path.append({support!r})
from fake_maya import FakeMaya, install
maya = FakeMaya({stubs!r}, {folder!r})
for layer in {layers!r}:
    maya.add_layer(layer)
install(maya)
"""


def write_mayapy(folder, *, stubs, layers):
    """The executable; its Maya has these layers in every scene, and works in the folder."""
    package = folder / "mayapy" / "maya"
    package.mkdir(parents=True)
    support = str(Path(__file__).parent)
    values = {"support": support, "stubs": str(stubs), "folder": str(folder), "layers": list(layers)}
    (package / "__init__.py").write_text(PACKAGE.format(**values), encoding="utf-8")
    executable = folder / "mayapy" / "mayapy"
    executable.write_text(f"#!/bin/sh\nPYTHONPATH='{package.parent}':\"$PYTHONPATH\" exec '{sys.executable}' \"$@\"\n")
    executable.chmod(0o755)
    return str(executable)
