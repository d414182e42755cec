"""A pytest plugin: graphs that tests evaluate, in whatever mode, are evaluated by the offline farm.

``pytest -p offline_everywhere``; the file that OFFLINE_REPORT names gets, for each test, its outcome, the last line of
its error, and how many graphs with nodes the farm evaluated for it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from flowpipe.evaluator import LegacyMultiprocessingEvaluator, LinearEvaluator, ThreadedEvaluator

from flowpipe_deadline import OfflineEvaluator

_report = {}
_current = {}


def _evaluate(self, graph, skip_clean=False, on_node_event=None):
    _current["evaluated"] += bool(graph.nodes)
    OfflineEvaluator(workers=4).evaluate(graph, skip_clean=skip_clean, on_node_event=on_node_event)


for _evaluator in (LinearEvaluator, ThreadedEvaluator, LegacyMultiprocessingEvaluator):
    _evaluator.evaluate = _evaluate


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Begins to count for the test."""
    _current.clear()
    _current.update(evaluated=0, outcome="skipped", error="")
    _report[item.nodeid] = _current.copy()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Notes how the test went."""
    report = yield
    if report.when == "call" or report.failed:
        error = str(call.excinfo.value).strip().splitlines() if call.excinfo else []
        _report[item.nodeid] = {**_current, "outcome": report.outcome, "error": error[-1] if error else ""}
    return report


def pytest_sessionfinish():
    """Writes it all down."""
    Path(os.environ["OFFLINE_REPORT"]).write_text(json.dumps(_report), encoding="utf-8")
