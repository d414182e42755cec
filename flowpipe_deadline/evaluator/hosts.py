"""What a host application wants before and after Python code runs in it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def host(interpreter: str) -> Iterator[None]:
    """The block runs with the application ready; hosts that are ready at once (hython, Blender, Nuke) need nothing.

    mayapy has to be initialised, and Autodesk asks for ``uninitialize`` before it exits; both raise inside a Maya that
    runs already, which is fine (hosts and tooling, section 1.3).
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
