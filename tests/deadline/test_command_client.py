"""Few commands for many jobs, whatever Deadline's answers are like: each may cost the start of a process."""

from __future__ import annotations

import pytest

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.deadline.command_client import CommandClient


class Recorded(CommandClient):
    """Knows jobs that are all queued, and keeps what it was asked; answers for several or unknown ones differ."""

    def __init__(self, job_ids, *, several="works", unknown="error"):
        self.job_ids = job_ids
        self.several = several
        self.unknown = unknown
        self.asked = []

    def run(self, arguments):
        """What is printed."""
        name, *rest = arguments
        self.asked.append((name, len(rest[0].split(",")) if rest else 0))
        if name == "-GetJobIds":
            return "\n".join(self.job_ids)
        asked = rest[0].split(",")
        if len(asked) > 1 and self.several == "error":
            raise SubmissionError("Error: no such job")
        shown = asked[:1] if self.several == "first" else asked
        known = [job_id for job_id in shown if job_id in self.job_ids]
        if len(known) < len(shown) and self.unknown == "error":
            raise SubmissionError("Error: no such job")
        return "".join(f"[{job_id}]\nJobStatus=Queued\n" for job_id in known)


def ids(count):
    """As many IDs."""
    return [f"{number:024x}" for number in range(count)]


def test_many_jobs_are_asked_for_in_few_calls():
    """The length of a command line is limited."""
    client = Recorded(ids(600))

    jobs = client.read_jobs(ids(600))

    assert {job_id: job.status for job_id, job in jobs.items()} == dict.fromkeys(ids(600), "Queued")
    assert client.asked == [("-GetJob", 250), ("-GetJob", 250), ("-GetJob", 100)]


@pytest.mark.parametrize(
    ("unknown", "asked"),
    [
        ("error", [("-GetJob", 100), ("-GetJobIds", 0), ("-GetJob", 98)]),
        ("nothing", [("-GetJob", 100), ("-GetJobIds", 0)]),
    ],
)
def test_deleted_jobs_cost_one_or_two_calls(unknown, asked):
    """Whether or not they keep Deadline from answering for the others."""
    client = Recorded(ids(98), unknown=unknown)

    assert sorted(client.read_jobs(ids(100))) == ids(98)

    assert client.asked == asked


@pytest.mark.parametrize("several", ["error", "first"])
def test_jobs_that_are_not_read_together_are_asked_for_one_by_one(several):
    """As long as they are listed."""
    client = Recorded(ids(5), several=several, unknown="nothing")

    assert sorted(client.read_jobs([*ids(5), "f" * 24])) == ids(5)

    assert ("-GetJob", 1) in client.asked
    assert len(client.asked) <= 8


class Filtering(Recorded):
    """Tells no batch of a job, but the submission that it names; the filter finds two of them, or fails."""

    is_failing = False

    def run(self, arguments):
        """What is printed."""
        if arguments[0] == "-GetJobExtraInfoKeyValue":
            return "shot"
        if arguments[0] != "-GetJobIdsFilter":
            return super().run(arguments)
        if self.is_failing:
            raise SubmissionError("no line")
        return "\n".join(self.job_ids[:2])


@pytest.mark.parametrize("ask", [lambda client: client.read_batches(ids(3)), lambda client: client.find_jobs("shot")])
def test_a_filter_that_fails_later_takes_no_job_of_ours_for_a_copy(ask):
    """Once it has told ours from copies, its failure is none of a filter that finds nothing."""
    client = Filtering(ids(3))
    assert client.read_batches(ids(3)) == {**dict.fromkeys(ids(2), "shot"), ids(3)[2]: ""}
    client.is_failing = True

    with pytest.raises(SubmissionError, match="no line"):
        ask(client)
