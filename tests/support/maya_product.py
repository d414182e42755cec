"""What there is for Maya, as tests load it."""

from __future__ import annotations

import importlib.util
import sys
import types

from flowpipe_deadline.core.shipped import shipped_folder

MAIN = shipped_folder("submission/Flowpipe/Main")
MODULE = shipped_folder("submission/Flowpipe/Client") / "Maya"
LOADED = ("flowpipe_shelf", "flowpipe_proxy", "flowpipe_client", "flowpipe_maya", "install_in_maya")


def load(path):
    """The module of a file, as a new one."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def load_recording_client():
    """``flowpipe_client``, which keeps what would be shown in the dialog, in ``opened``, and opens nothing."""
    client = load(MAIN / "flowpipe_client.py")
    client.opened = []

    def open_dialog(host, host_version, facts, files, warnings, *, on_failure):
        client.opened.append(
            types.SimpleNamespace(
                host=host, version=host_version, facts=facts, files=files, warnings=warnings, on_failure=on_failure
            )
        )

    client.open_dialog = open_dialog
    return client
