"""Reports of a job as a script sees them (plugin API, section 5.10)."""

from __future__ import annotations

from typing import Any, Dict, List

from _dotnet.arrays import Array
from _dotnet.kinds import OBJECT, STRING, method
from _more.records import Record

__all__ = ["JobReport", "JobReportCollection"]


class JobReport(Record):
    """What Deadline keeps of one attempt at a task."""

    _section = "5.10"

    def __init__(self, facts: Dict[str, Any]) -> None:
        object.__setattr__(self, "_facts", facts)

    ReportID = property(lambda self: self._facts["id"])
    ReportTaskID = property(lambda self: str(self._facts["task_id"]))
    ReportSlaveName = property(lambda self: self._facts["worker"])
    ReportMessage = property(lambda self: self._facts["message"])
    ReportDateTimeOf = property(lambda self: self._facts["written"])


class JobReportCollection(Record):
    """The reports of a job."""

    _section = "5.10"

    def __init__(self, reports: List[JobReport]) -> None:
        object.__setattr__(self, "_reports", reports)

    @method()
    def GetAllReports(self) -> Array:
        return Array(OBJECT, self._reports)

    @method(STRING)
    def GetTaskErrorReports(self, task_id: str) -> Array:
        return self._of_task(task_id, True)

    @method(STRING)
    def GetTaskLogReports(self, task_id: str) -> Array:
        return self._of_task(task_id, False)

    def _of_task(self, task_id: str, is_error: bool) -> Array:
        found = [report for report in self._reports if report.ReportTaskID == task_id]
        return Array(OBJECT, [report for report in found if report._facts["is_error"] is is_error])
