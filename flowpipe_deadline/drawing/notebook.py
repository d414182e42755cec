"""What a notebook shows: the picture of a plan or a bundle, a table of results. Deadline is never asked for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..core.bundle import Bundle
from ..core.errors import FlowpipeDeadlineError
from ..core.text import one_line
from ..planning.plan import Plan
from ..results.outputs import NodeResults
from ..results.plain import plain
from .read import picture_of
from .svg import render, svg_values

_MOST_NODES = 500  # More of them make a notebook too large.
_LONGEST_VALUE = 200


def html_of(shown: Plan | Bundle | NodeResults | Mapping[str, NodeResults]) -> str:
    """HTML for a notebook; what cannot be shown says why."""
    if isinstance(shown, (Plan, Bundle)):
        try:
            values = svg_values(picture_of(shown, None)) if len(shown.jobs) <= _MOST_NODES else None
            error = "" if values is not None else "This is too large for a notebook: write_page() makes a page of it."
        except FlowpipeDeadlineError as reason:
            values, error = None, str(reason)
        return render("notebook.html.jinja", {"title": repr(shown), "error": error, **(values or {"picture": None})})
    results = [shown] if isinstance(shown, NodeResults) else list(shown.values())
    return render("results.html.jinja", {"title": repr(shown), "results": results, "value_of": _value})


def _value(encoded: Any) -> str:
    return one_line(json.dumps(plain(encoded), ensure_ascii=False), longest=_LONGEST_VALUE)
