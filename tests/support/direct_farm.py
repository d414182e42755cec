"""A way to the fake Deadline without processes or requests: what a transaction does is seen at once."""

from __future__ import annotations

import os

from flowpipe_deadline.bundle.info_format import decode_info, parse_entries
from flowpipe_deadline.deadline.client import (
    Created,
    DeadlineClient,
    FarmDetails,
    JobDetails,
    LimitDetails,
    RefusedError,
    RepositoryInfo,
    SubmissionError,
    TaskDetails,
    WorkerDetails,
    bundles_of,
)
from flowpipe_deadline.deadline.reports import Report
from tests.fake_deadline.commands_farm import limits_of, workers_of
from tests.fake_deadline.operations import DeadlineError, FakeDeadline
from tests.fake_deadline.reports import reports_of


def _nothing(number):
    """Goes wrong nowhere."""


class DirectClient(DeadlineClient):
    """The fake Deadline, asked in this process; what it refuses is refused in its words."""

    undo_pauses = (0.0, 0.0, 0.0)  # Nobody else is at work here, so nothing has to be waited for.

    def __init__(self, deadline: FakeDeadline) -> None:
        self.deadline = deadline
        self.calls = 0
        self.on_call = _nothing
        """Called before each call with its number, from 1; may raise, as a broken line or Ctrl+C does."""
        self.after_call = _nothing
        """The same once the call is done, and its answer is lost if that raises."""

    def fail_once(self, number, when, error):
        """The call of that number, counted from now, goes wrong ``before`` or ``after`` it is done, and no other."""

        def fail(at):
            if at == number:
                raise error

        self.calls = 0
        self.on_call, self.after_call = (fail, _nothing) if when == "before" else (_nothing, fail)

    def _call(self, question, *arguments):
        self.calls += 1
        number = self.calls
        self.on_call(number)
        try:
            answer = question(*arguments)
        except DeadlineError as error:
            raise RefusedError(str(error)) from error
        self.after_call(number)
        return answer

    def submit(self, job_file, plugin_file):
        """One job."""
        infos = []
        for path in (job_file, plugin_file):
            with open(path, "rb") as file:
                infos.append(dict(parse_entries(decode_info(file.read()))))
        return self._call(self._submitted, *infos)

    def _submitted(self, *infos):
        created = self.deadline.submit(*infos)
        job_ids = [created.job_id, *created.others]
        if self.deadline.settings.unknowns.event_ids == "before":
            job_ids.reverse()
        return Created(job_ids[0], created.warnings, others=tuple(job_ids[1:]))

    def read_jobs(self, job_ids):
        """The jobs that there are."""
        return {job.job_id: facts(job) for job in self._call(self.deadline.jobs, list(job_ids))}

    def read_tasks(self, job_id):
        """The tasks of a job."""
        tasks = self._call(self.deadline.tasks, job_id)
        return tuple(
            TaskDetails(
                task_id=task.task_id,
                frames=task.frames,
                status=task.status.value,
                progress=task.progress,
                worker=task.worker or "",
                errors=task.errors,
            )
            for task in tasks
        )

    def read_reports(self, job_id, task_id=None):
        """The reports of a job, or of one task."""
        return tuple(
            Report(
                report_id=report.report_id,
                is_error=report.error is not None,
                task_id=report.task_id,
                frames=report.frames,
                worker=report.worker,
                written=report.written,
                title=report.error or "",
            )
            for report in self._call(reports_of, self.deadline, job_id, task_id)
        )

    def read_report_log(self, job_id, report):
        """The text of a report."""
        found = self._call(reports_of, self.deadline, job_id)
        return iter(
            [each.text.encode("utf-8", "surrogateescape") for each in found if each.report_id == report.report_id]
        )

    def read_farm(self, *, pools=(), groups=()):  # noqa: ARG002  (all are told)
        """All workers and limits."""
        workers = self._call(workers_of, self.deadline)
        return FarmDetails(
            workers=tuple(
                WorkerDetails(
                    name=worker["name"],
                    state=worker["state"].replace(" ", ""),
                    is_enabled=worker["enabled"],
                    pools=tuple(worker["pools"]),
                    groups=tuple(worker["groups"]),
                )
                for worker in workers
            ),
            limits=tuple(LimitDetails(*limit) for limit in self._call(limits_of, self.deadline)),
        )

    def find_jobs(self, batch_name, *, known=()):  # noqa: ARG002  (nothing has to be proven)
        """The jobs of the batch."""
        return [job.job_id for job in self._call(self.deadline.jobs) if job.batch_name == batch_name]

    def read_repository(self):
        """Nothing is known of it."""
        return RepositoryInfo()

    def change(self, command, job_ids):
        """Gives the command."""
        problems = self._call(self.deadline.change_all, command, job_ids)
        if problems:
            raise SubmissionError(problems[0])

    def change_tasks(self, command, job_id, task_ids):
        """Gives the command, task by task as Deadline does."""
        self._call(self._change_tasks, command, job_id, task_ids)

    def _change_tasks(self, command, job_id, task_ids):
        for task_id in task_ids:
            self.deadline.change(command, job_id, task_ids=[task_id])

    def read_plugin_info(self, job_id):
        """All of it."""
        return dict(self._call(self.deadline.job, job_id).plugin_info)

    def find_bundle_jobs(self):
        """Those of our plugin."""
        jobs = [job for job in self._call(self.deadline.jobs) if job.job_info.get("Plugin") == "Flowpipe"]
        return bundles_of({job.job_id: job.plugin_info for job in jobs})

    def set_dependencies(self, job_id, upstream_ids):
        """Changes the job info."""
        self._call(self.deadline.set_job_info, job_id, {"JobDependencies": ",".join(upstream_ids)})

    def read_entries(self, job_id, keys):
        """What the job info holds."""
        info = self._call(self.deadline.job, job_id).job_info
        return {key: info.get(key, "") for key in keys}

    def set_entries(self, job_id, entries):
        """Changes the job info."""
        self._call(self.deadline.set_job_info, job_id, entries)


def facts(job) -> JobDetails:
    """What the fake Deadline knows of a job."""
    return JobDetails(
        job_id=job.job_id,
        status=job.shown_status,
        name=job.name,
        batch_name=job.batch_name,
        plugin=job.job_info.get("Plugin", ""),
        frames=job.frames,
        chunk_size=job.chunk_size,
        task_count=job.task_count,
        dependencies=job.dependencies,
        frame_dependent=job.is_frame_dependent,
        tasks={state: count for state, count in job.tasks.items() if count},
        errors=job.errors,
        pool=job.job_info.get("Pool", "none"),
        group=job.job_info.get("Group", "none"),
        limits=tuple(filter(None, job.job_info.get("LimitGroups", "").split(","))),
    )


class AnyonesClient(DirectClient):
    """A Deadline that does not ask who asks; it reads the files of jobs as who submits them."""

    def _call(self, question, *arguments):
        user = os.geteuid()
        os.seteuid(0)
        try:
            return super()._call(question, *arguments)
        finally:
            os.seteuid(user)
