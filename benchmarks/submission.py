"""What submitting a graph costs, by each way, against one ``deadlinecommand`` start per job: both in one run.

    python benchmarks/submission.py                        10, 100 and 1,000 jobs; a start costs 0.1 s and 1 s
    python benchmarks/submission.py --jobs 10 --start 0.1  less

The Deadline is the offline one, with a settable start-up cost. *One start per job* is what peers pay, and is measured
for a few starts and multiplied. The way ``command`` is run for up to ``--most-commands`` jobs only, as it takes that
long. *Our own* is the time per job where Deadline costs nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from overhead import chain
from rich.console import Console
from rich.table import Table

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.bundle import Bundle
from flowpipe_deadline.deadline.client import Created, DeadlineClient, JobDetails
from flowpipe_deadline.deadline.connect import choose_connection
from flowpipe_deadline.submit.submit import submit_unchecked
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.web import serve

WAYS = ("script", "webservice", "command")


class FreeFarm(DeadlineClient):
    """A Deadline that costs nothing: what is left is ours."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def submit(self, job_file: str, plugin_file: str) -> Created:
        """One more job, whatever the files hold."""
        job_id = f"{len(self._states):024x}"
        self._states[job_id] = "Suspended"
        return Created(job_id)

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """Only the states."""
        return {job_id: JobDetails(job_id, self._states[job_id]) for job_id in job_ids}

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:
        """All."""
        return list(self._states)

    def pend(self, job_ids: Sequence[str]) -> None:
        """They wait."""
        self._states.update(dict.fromkeys(job_ids, "Pending"))

    def resume(self, job_ids: Sequence[str]) -> None:
        """Nobody renders them."""
        self._states.update(dict.fromkeys(job_ids, "Queued"))


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--start", type=float, nargs="*", default=[0.1, 1.0], help="seconds that a start costs")
    parser.add_argument("--most-commands", type=int, default=100, help="jobs for which each call gets its process")
    options = parser.parse_args()
    table = Table("jobs", "start", "way", "processes", "requests", "seconds", "of one start per job")
    for count in options.jobs:
        for start in options.start:
            for way in WAYS:
                if way != "command" or count <= options.most_commands:
                    table.add_row(f"{count}", f"{start} s", way, *measure(count, start=start, via=way))
    console = Console()
    console.print(table)
    for count in options.jobs:
        console.print(f"our own time, {count} jobs: {own_time(count) * 1000:.2f} ms per job")


def measure(count: int, *, start: float, via: str) -> tuple[str, str, str, str]:
    """Processes, requests, seconds, and the share of what a start per job takes."""
    with tempfile.TemporaryDirectory() as folder, FakeDeadline.create(Path(folder) / "deadline") as deadline:
        os.environ["DEADLINE_PATH"] = str(deadline.bin)
        deadline.change_settings(startup_seconds=start)
        floor = statistics.median(start_seconds(deadline) for _ in range(3)) * count
        deadline.log.clear()
        bundle = new_bundle(count, folder)
        with serve(deadline) as service:
            os.environ["FLOWPIPE_DEADLINE_WEBSERVICE"] = service.url
            began = time.perf_counter()
            submit_unchecked(bundle, connection=choose_connection(via))
            seconds = time.perf_counter() - began
        calls = [len(deadline.log.calls(kind)) for kind in ("process", "request")]
        assert len(deadline.jobs()) == count
    return f"{calls[0]}", f"{calls[1]}", f"{seconds:.2f}", f"{seconds / floor:.3f}"


def start_seconds(deadline: FakeDeadline) -> float:
    """What one call takes that does next to nothing."""
    began = time.perf_counter()
    subprocess.run([deadline.bin / "deadlinecommand", "-GetVersion"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def own_time(count: int) -> float:
    """Seconds per job where Deadline costs nothing."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = new_bundle(count, folder)
        began = time.perf_counter()
        submit_to(FreeFarm(), bundle)
        return (time.perf_counter() - began) / count


def new_bundle(count: int, folder: str) -> Bundle:
    """The bundle of a chain."""
    return write_bundle(plan_graph(chain(count)), root=folder)


if __name__ == "__main__":
    main()
