"""Carries flowpipe graphs onto AWS Thinkbox Deadline render farms.

    plan = plan_graph(graph)                       # which jobs, and why
    check_plan(plan, root=folder)                  # what is wrong is raised
    bundle = write_bundle(plan, root=folder)       # everything Deadline is given, as files
    submit_bundle(bundle)                          # to Deadline, or
    run_bundle(bundle)                             # on this machine, through the same plugin
    wait_for_submission(bundle)                    # until the farm is done; read_submission_status() says how far it is
    read_results(bundle)                           # what the nodes gave

    submit_graph(graph, root=folder)               # from the plan to the farm in one call
    graph.evaluate(mode=None, evaluator=OfflineEvaluator())    # all of it, through flowpipe's own hook

All of these go by the studio file and its hooks, as the command line does. Nothing is imported before it is used, so
that the evaluator on a worker stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.bundle import Bundle, read_bundle
    from .core.errors import FlowpipeDeadlineError
    from .core.warnings import PlanWarning, WarningKind
    from .deadline.client import RepositoryInfo
    from .graph_evaluators.deadline import DeadlineEvaluator
    from .graph_evaluators.offline import OfflineEvaluator
    from .offline.farm import run_bundle
    from .offline.setup import WorkerSetup
    from .planning.plan import Dependency, Job, Plan
    from .results.outputs import NodeResults, read_results
    from .status.cancel import cancel_submission, suspend_submission
    from .status.status import SubmissionStatus, SubmittedJob, read_submission_status
    from .status.wait import wait_for_submission
    from .studio.connect import studio_client
    from .studio.file import StudioFile, load_studio_file
    from .studio.hooks import with_settings
    from .studio.options import SubmitOptions
    from .studio.plan import plan_graph
    from .studio.preflight import check_plan
    from .studio.submit import SubmitResult, resubmit_bundle, submit_bundle, submit_graph
    from .studio.write import write_bundle

__all__ = [
    "Bundle",
    "DeadlineEvaluator",
    "Dependency",
    "FlowpipeDeadlineError",
    "Job",
    "NodeResults",
    "OfflineEvaluator",
    "Plan",
    "PlanWarning",
    "RepositoryInfo",
    "StudioFile",
    "SubmissionStatus",
    "SubmitOptions",
    "SubmitResult",
    "SubmittedJob",
    "WarningKind",
    "WorkerSetup",
    "cancel_submission",
    "check_plan",
    "load_studio_file",
    "plan_graph",
    "read_bundle",
    "read_results",
    "read_submission_status",
    "resubmit_bundle",
    "run_bundle",
    "studio_client",
    "submit_bundle",
    "submit_graph",
    "suspend_submission",
    "wait_for_submission",
    "with_settings",
    "write_bundle",
]

_NAMES = {
    "core.bundle": ("Bundle", "read_bundle"),
    "core.errors": ("FlowpipeDeadlineError",),
    "core.warnings": ("PlanWarning", "WarningKind"),
    "deadline.client": ("RepositoryInfo",),
    "graph_evaluators.deadline": ("DeadlineEvaluator",),
    "graph_evaluators.offline": ("OfflineEvaluator",),
    "offline.farm": ("run_bundle",),
    "offline.setup": ("WorkerSetup",),
    "planning.plan": ("Dependency", "Job", "Plan"),
    "results.outputs": ("NodeResults", "read_results"),
    "status.cancel": ("cancel_submission", "suspend_submission"),
    "status.status": ("SubmissionStatus", "SubmittedJob", "read_submission_status"),
    "status.wait": ("wait_for_submission",),
    "studio.connect": ("studio_client",),
    "studio.file": ("StudioFile", "load_studio_file"),
    "studio.hooks": ("with_settings",),
    "studio.options": ("SubmitOptions",),
    "studio.plan": ("plan_graph",),
    "studio.preflight": ("check_plan",),
    "studio.submit": ("SubmitResult", "resubmit_bundle", "submit_bundle", "submit_graph"),
    "studio.write": ("write_bundle",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
