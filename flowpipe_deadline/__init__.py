"""Carries flowpipe graphs onto AWS Thinkbox Deadline render farms.

    plan = plan_graph(graph)                       # which jobs, and why
    check_plan(plan, root=folder)                  # what is wrong is raised
    bundle = write_bundle(plan, root=folder)       # everything Deadline is given, as files
    submit_bundle(bundle)                          # to Deadline, or
    run_bundle(bundle)                             # on this machine, through the same plugin
    wait_for_submission(bundle)                    # until the farm is done; read_submission_status() says how far it is
    read_results(bundle)                           # what the nodes gave

    list_bundles(folder)                           # whose bundles there are, and how far they are
    find_bundle("Shot-20261123")                   # by name, folder or job ID
    plan_cleaning(folder, studio_client, choice=CleaningChoice(keep=3))    # what may go; clean() deletes it

    submit_graph(graph, root=folder)               # from the plan to the farm in one call
    export_graph(graph, root=folder)               # a job of Open Job Description, for other farms
    graph.evaluate(mode=None, evaluator=OfflineEvaluator())    # all of it, through flowpipe's own hook

All of these go by the studio file and its hooks, as the command line does. Nothing is imported before it is used, so
that the evaluator on a worker stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.bundle import Bundle as Bundle
    from .core.bundle import read_bundle as read_bundle
    from .core.errors import FlowpipeDeadlineError as FlowpipeDeadlineError
    from .core.warnings import PlanWarning as PlanWarning
    from .core.warnings import WarningKind as WarningKind
    from .deadline.client import RepositoryInfo as RepositoryInfo
    from .drawing.page import follow_page as follow_page
    from .drawing.page import write_page as write_page
    from .evaluator.progress import progress as progress
    from .graph_evaluators.deadline import DeadlineEvaluator as DeadlineEvaluator
    from .graph_evaluators.offline import OfflineEvaluator as OfflineEvaluator
    from .offline.farm import run_bundle as run_bundle
    from .offline.setup import WorkerSetup as WorkerSetup
    from .openjd.export import export_bundle as export_bundle
    from .openjd.export import export_graph as export_graph
    from .planning.plan import Dependency as Dependency
    from .planning.plan import Job as Job
    from .planning.plan import Plan as Plan
    from .redo.options import RedoResult as RedoResult
    from .redo.redo import redo_bundle as redo_bundle
    from .results.outputs import NodeResults as NodeResults
    from .results.outputs import read_results as read_results
    from .status.cancel import cancel_submission as cancel_submission
    from .status.cancel import suspend_submission as suspend_submission
    from .status.clean import Cleaning as Cleaning
    from .status.clean import CleaningChoice as CleaningChoice
    from .status.clean import clean as clean
    from .status.clean import plan_cleaning as plan_cleaning
    from .status.find import find_bundle as find_bundle
    from .status.listing import BundleEntry as BundleEntry
    from .status.listing import list_bundles as list_bundles
    from .status.logs import read_log as read_log
    from .status.status import SubmissionStatus as SubmissionStatus
    from .status.status import SubmittedJob as SubmittedJob
    from .status.status import read_submission_status as read_submission_status
    from .status.wait import wait_for_submission as wait_for_submission
    from .status.why import Reason as Reason
    from .status.why import why as why
    from .status.why import why_lines as why_lines
    from .studio.connect import studio_client as studio_client
    from .studio.file import StudioFile as StudioFile
    from .studio.file import load_studio_file as load_studio_file
    from .studio.hooks import with_settings as with_settings
    from .studio.options import SubmitOptions as SubmitOptions
    from .studio.options import check_plan as check_plan
    from .studio.plan import plan_graph as plan_graph
    from .studio.submit import SubmitResult as SubmitResult
    from .studio.submit import resubmit_bundle as resubmit_bundle
    from .studio.submit import submit_bundle as submit_bundle
    from .studio.submit import submit_graph as submit_graph
    from .studio.write import write_bundle as write_bundle
    from .workflows.annotations import Camera as Camera
    from .workflows.annotations import Folder as Folder
    from .workflows.annotations import Frames as Frames
    from .workflows.annotations import InputFile as InputFile
    from .workflows.annotations import OutputFile as OutputFile
    from .workflows.annotations import Parameter as Parameter
    from .workflows.annotations import RenderLayers as RenderLayers
    from .workflows.parameters import ParameterError as ParameterError

_NAMES = {
    "core.bundle": ("Bundle", "read_bundle"),
    "core.errors": ("FlowpipeDeadlineError",),
    "core.warnings": ("PlanWarning", "WarningKind"),
    "deadline.client": ("RepositoryInfo",),
    "drawing.page": ("follow_page", "write_page"),
    "evaluator.progress": ("progress",),
    "graph_evaluators.deadline": ("DeadlineEvaluator",),
    "graph_evaluators.offline": ("OfflineEvaluator",),
    "offline.farm": ("run_bundle",),
    "offline.setup": ("WorkerSetup",),
    "openjd.export": ("export_bundle", "export_graph"),
    "planning.plan": ("Dependency", "Job", "Plan"),
    "redo.options": ("RedoResult",),
    "redo.redo": ("redo_bundle",),
    "results.outputs": ("NodeResults", "read_results"),
    "status.cancel": ("cancel_submission", "suspend_submission"),
    "status.clean": ("Cleaning", "CleaningChoice", "clean", "plan_cleaning"),
    "status.find": ("find_bundle",),
    "status.listing": ("BundleEntry", "list_bundles"),
    "status.logs": ("read_log",),
    "status.status": ("SubmissionStatus", "SubmittedJob", "read_submission_status"),
    "status.wait": ("wait_for_submission",),
    "status.why": ("Reason", "why", "why_lines"),
    "studio.connect": ("studio_client",),
    "studio.file": ("StudioFile", "load_studio_file"),
    "studio.hooks": ("with_settings",),
    "studio.options": ("SubmitOptions", "check_plan"),
    "studio.plan": ("plan_graph",),
    "studio.submit": ("SubmitResult", "resubmit_bundle", "submit_bundle", "submit_graph"),
    "studio.write": ("write_bundle",),
    "workflows.annotations": ("Camera", "Folder", "Frames", "InputFile", "OutputFile", "Parameter", "RenderLayers"),
    "workflows.parameters": ("ParameterError",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
