"""The errors of this package. Each is a ``FlowpipeDeadlineError`` with a message and an exit code."""

from __future__ import annotations

from .core.errors import (
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
from .core.files import RecordError
from .core.frames import FrameListError
from .core.loading import LoadingError
from .core.locate import LoadError
from .core.warnings import CheckError, PreflightError
from .deadline.client import SubmissionError
from .results.merge import MergeError, MissingResultsError
from .results.redis.url import StoreUrlError
from .results.store import DamagedResultError, StoreError
from .status.logs import NoLogError
from .workflows.parameters import ParameterError

__all__ = [
    "BundleError",
    "CheckError",
    "CycleError",
    "DamagedResultError",
    "EvaluationError",
    "FlowpipeDeadlineError",
    "FrameListError",
    "HookError",
    "InterruptedRunError",
    "LoadError",
    "LoadingError",
    "MergeError",
    "MissingResultsError",
    "NoLogError",
    "ParameterError",
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
