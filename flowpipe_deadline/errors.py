"""What callers can catch: every error of this package is a FlowpipeDeadlineError with a message and an exit code."""

from __future__ import annotations

from .deadline import SubmissionError
from .farm.errors import (
    BundleError,
    CycleError,
    EvaluationError,
    FlowpipeDeadlineError,
    HookError,
    InterruptedRunError,
    PlanError,
    SettingError,
    StudioFileError,
    UsageError,
)
from .farm.files import RecordError
from .farm.frames import FrameListError
from .farm.guard import LoadingError
from .farm.locate import LoadError
from .farm.merge import MergeError, MissingResultsError
from .farm.redis_address import StoreUrlError
from .farm.store import StoreError
from .findings import FindingError
from .problems import PreflightError

__all__ = [
    "BundleError",
    "CycleError",
    "EvaluationError",
    "FindingError",
    "FlowpipeDeadlineError",
    "FrameListError",
    "HookError",
    "InterruptedRunError",
    "LoadError",
    "LoadingError",
    "MergeError",
    "MissingResultsError",
    "PlanError",
    "PreflightError",
    "RecordError",
    "SettingError",
    "StoreError",
    "StoreUrlError",
    "StudioFileError",
    "SubmissionError",
    "UsageError",
]
