"""Only a job that is told to be of a batch is believed to be: others would be deleted with it."""

from __future__ import annotations

import pytest

from flowpipe_deadline.deadline.command_client import CommandClient

OURS, THEIRS = f"{1:024x}", f"{2:024x}"


class Told(CommandClient):
    """A Deadline whose filter finds everything, and which tells of each job what it was given."""

    def __init__(self, lines):
        self._lines = lines

    def run(self, arguments):
        """Lists both jobs, or tells of them."""
        if arguments[0] != "-GetJob":
            return f"{OURS}\n{THEIRS}\n"
        return "".join(f"[{job_id}]\n{lines}\n" for job_id, lines in self._lines.items())


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param("BatchName=Other-1", id="another batch"),
        pytest.param("BatchName=Shot-10", id="a longer name"),
        pytest.param("BatchName=Other-1\nName=Shot-1\nComment=Shot-1", id="its name in other values"),
        pytest.param("BatchName=\nExtraInfoKeyValue0=FlowpipeSubmission=Shot-1", id="a copy without a batch"),
        pytest.param("Name=Shot-1", id="no batch is told"),
    ],
)
def test_a_job_of_somebody_else_is_not_of_the_batch(theirs):
    """Whatever its other values say."""
    client = Told({OURS: "BatchName=Shot-1", THEIRS: theirs})

    assert client.find_jobs("Shot-1") == [OURS]


def test_where_no_batch_is_told_the_submission_that_a_job_names_decides():
    """GetJob may not tell the batch; which keys it prints is recorded nowhere."""
    client = Told({OURS: "ExtraInfoKeyValue0=FlowpipeSubmission=Shot-1", THEIRS: "Status=Queued"})

    assert client.find_jobs("Shot-1") == [OURS]
