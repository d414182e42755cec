"""Carries flowpipe graphs onto AWS Thinkbox Deadline render farms.

    plan = plan_graph(graph)                    # which jobs, and why
    bundle = write_bundle(plan, root=folder)    # everything Deadline is given, as files
    submit_bundle(bundle)                       # to Deadline, or
    run_bundle(bundle)                          # on this machine, through the same plugin
    wait_for_submission(bundle)                 # until the farm is done; read_submitted() says how far it is
    read_results(bundle)                        # what the nodes gave

    graph.evaluate(mode=None, evaluator=OfflineEvaluator())    # all of it, through flowpipe's own hook

Nothing is imported before it is used, so that the evaluator on a worker stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bundle import Bundle, read_bundle, write_bundle
    from .cancel import cancel_submission, suspend_submission
    from .errors import FlowpipeDeadlineError
    from .evaluators import DeadlineEvaluator, OfflineEvaluator
    from .offline.farm import run_bundle
    from .offline.setup import WorkerSetup
    from .plan import Plan
    from .planner import plan_graph
    from .results import NodeResults, read_results
    from .submit import submit_bundle
    from .submitted import Submitted, SubmittedJob, read_submitted
    from .surroundings import Surroundings, read_surroundings
    from .waiting import wait_for_submission

__all__ = [
    "Bundle",
    "DeadlineEvaluator",
    "FlowpipeDeadlineError",
    "NodeResults",
    "OfflineEvaluator",
    "Plan",
    "Submitted",
    "SubmittedJob",
    "Surroundings",
    "WorkerSetup",
    "cancel_submission",
    "plan_graph",
    "read_bundle",
    "read_results",
    "read_submitted",
    "read_surroundings",
    "run_bundle",
    "submit_bundle",
    "suspend_submission",
    "wait_for_submission",
    "write_bundle",
]

_HOMES = {
    "Bundle": "bundle",
    "DeadlineEvaluator": "evaluators",
    "FlowpipeDeadlineError": "errors",
    "NodeResults": "results",
    "OfflineEvaluator": "evaluators",
    "Plan": "plan",
    "Submitted": "submitted",
    "SubmittedJob": "submitted",
    "WorkerSetup": "offline.setup",
    "Surroundings": "surroundings",
    "cancel_submission": "cancel",
    "plan_graph": "planner",
    "read_bundle": "bundle",
    "read_results": "results",
    "read_submitted": "submitted",
    "read_surroundings": "surroundings",
    "run_bundle": "offline.farm",
    "submit_bundle": "submit",
    "suspend_submission": "cancel",
    "wait_for_submission": "waiting",
    "write_bundle": "bundle",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
