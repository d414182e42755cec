"""What a host application needs before and after Python code runs in it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def host(interpreter: str) -> Iterator[None]:
    """Runs the block with the application ready; hython, Blender and Nuke need nothing for it.

    mayapy must be initialised, and Autodesk asks for ``uninitialize`` before it exits; both raise in a Maya that
    already runs, which does no harm (hosts and tooling, section 1.3).
    """
    if interpreter.partition("-")[0] != "maya":
        yield
        return
    try:
        # Exists in mayapy only.
        from maya import standalone  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        print("This interpreter has no maya.standalone; going on as plain Python.", file=sys.stderr)
        yield
        return
    try:
        standalone.initialize(name="python")
    except RuntimeError as error:
        print(f"Maya is initialised already: {error}", file=sys.stderr)
    try:
        yield
    finally:
        try:
            standalone.uninitialize()
        except RuntimeError as error:
            print(f"Maya did not shut down cleanly: {error}", file=sys.stderr)
