"""The examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import flowpipe_deadline

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(flowpipe_deadline.__path__, "flowpipe_deadline.")
    if not module.name.endswith("__main__") and ".standins" not in module.name
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name):
    """They run, and nothing in them is out of date."""
    if name.startswith("flowpipe_deadline.dialog."):
        reason = "the dialog needs PySide6 and libraries of the system"
        pytest.importorskip("PySide6.QtWidgets", reason=reason, exc_type=ImportError)

    found, runner = doctest.DocTestFinder().find(importlib.import_module(name)), doctest.DocTestRunner()
    for each in found:
        if each.examples:  # The others cost as much.
            runner.run(each)

    assert runner.failures == 0
