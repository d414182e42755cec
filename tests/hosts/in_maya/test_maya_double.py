"""The Maya of these tests refuses what the published stubs do not know; else they would prove nothing."""

from __future__ import annotations

import sys
import threading

import pytest
from fake_maya import FakeMaya, RefusedError


@pytest.mark.parametrize(
    ("command", "flags", "fault"),
    [
        pytest.param("shelfButon", {}, "has no shelfButon", id="a command"),
        pytest.param("shelfButton", {"lable": "x"}, "does not take", id="a flag"),
        pytest.param("shelfButton", {"label": 1}, "does not take", id="a value of another type"),
        pytest.param("shelfButton", {"edit": True, "exists": True}, "does not take", id="a flag that cannot be edited"),
        pytest.param("file", {"query": True, "rename": True}, "cannot be asked for rename", id="nor asked for"),
        pytest.param(
            "about", {"query": True, "batch": True}, "cannot be asked for batch", id="a mode that the command lacks"
        ),
        pytest.param("optionVar", {"intValue": ("name", "1")}, "does not take", id="a pair of other types"),
        pytest.param("confirmDialog", {"button": [1]}, "does not take", id="a list of another type"),
    ],
)
def test_what_the_stubs_do_not_know_is_refused(stubs, command, flags, fault):
    """Whatever the double itself could answer."""
    assert fault in stubs.fault(command, flags)


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("shelfButton", {"e": True, "label": "x", "sourceType": "python"}),
        ("confirmDialog", {"message": "x", "button": ["a", "b"]}),
        ("filePathEditor", {"query": True, "listFiles": "/p", "withAttribute": True}),
        ("setAttr", {}),
    ],
)
def test_what_the_stubs_know_is_not(stubs, command, flags):
    """In each mode."""
    assert stubs.fault(command, flags) is None


def test_another_thread_is_refused(stubs, tmp_path):
    """Maya's commands are for its own thread."""
    maya = FakeMaya(stubs, tmp_path)

    def ask():
        with pytest.raises(RefusedError):
            maya.call("about", (), {"batch": True})

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert maya.refused == ["about is called in another thread"]


def test_a_refusal_that_the_product_swallows_is_remembered(maya):
    """Or a dialog with an error would pass for one that is meant."""
    with pytest.raises(RefusedError):
        sys.modules["maya"].cmds.about(bacth=True)

    assert len(maya.refused) == 1
    maya.refused.clear()
