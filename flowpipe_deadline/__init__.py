"""Carries flowpipe graphs onto AWS Thinkbox Deadline render farms.

    plan = plan_graph(graph)                    # which jobs, and why
    bundle = write_bundle(plan, root=folder)    # everything Deadline is given, as files
    submit_bundle(bundle)                       # to Deadline, or
    run_bundle(bundle)                          # on this machine, through the same plugin
    wait_for_submission(bundle)                 # until the farm is done; read_submission_status() says how far it is
    read_results(bundle)                        # what the nodes gave

    graph.evaluate(mode=None, evaluator=OfflineEvaluator())    # all of it, through flowpipe's own hook

Nothing is imported before it is used, so that the evaluator on a worker stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bundle.write import write_bundle
    from .core.bundle import Bundle, read_bundle
    from .core.errors import FlowpipeDeadlineError
    from .graph_evaluators.evaluators import DeadlineEvaluator, OfflineEvaluator
    from .offline.farm import run_bundle
    from .offline.setup import WorkerSetup
    from .planning.plan import Plan
    from .planning.planner import plan_graph
    from .results.outputs import NodeResults, read_results
    from .settings.context import PlanContext, read_plan_context
    from .status.cancel import cancel_submission, suspend_submission
    from .status.status import SubmissionStatus, SubmittedJob, read_submission_status
    from .status.wait import wait_for_submission
    from .submit.submit import submit_bundle

__all__ = [
    "Bundle",
    "DeadlineEvaluator",
    "FlowpipeDeadlineError",
    "NodeResults",
    "OfflineEvaluator",
    "Plan",
    "PlanContext",
    "SubmissionStatus",
    "SubmittedJob",
    "WorkerSetup",
    "cancel_submission",
    "plan_graph",
    "read_bundle",
    "read_plan_context",
    "read_results",
    "read_submission_status",
    "run_bundle",
    "submit_bundle",
    "suspend_submission",
    "wait_for_submission",
    "write_bundle",
]

_HOMES = {
    "Bundle": "core.bundle",
    "DeadlineEvaluator": "graph_evaluators.evaluators",
    "FlowpipeDeadlineError": "core.errors",
    "NodeResults": "results.outputs",
    "OfflineEvaluator": "graph_evaluators.evaluators",
    "Plan": "planning.plan",
    "SubmissionStatus": "status.status",
    "SubmittedJob": "status.status",
    "PlanContext": "settings.context",
    "WorkerSetup": "offline.setup",
    "cancel_submission": "status.cancel",
    "plan_graph": "planning.planner",
    "read_bundle": "core.bundle",
    "read_results": "results.outputs",
    "read_submission_status": "status.status",
    "read_plan_context": "settings.context",
    "run_bundle": "offline.farm",
    "submit_bundle": "submit.submit",
    "suspend_submission": "status.cancel",
    "wait_for_submission": "status.wait",
    "write_bundle": "bundle.write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
