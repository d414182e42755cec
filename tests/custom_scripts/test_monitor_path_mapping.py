"""Bundles that the Monitor's machine sees by another path than the one they were written by."""

from __future__ import annotations

import pytest
from direct_farm import DirectClient
from submissions import Worker, write_three

from flowpipe_deadline import read_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.status.notices import check_place, home_of
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def bundle(graph, tmp_path):
    """A bundle of three jobs that was written below ``there`` and is seen ``here``."""
    written = write_three(graph, tmp_path / "there")
    (tmp_path / "there").rename(tmp_path / "here")
    return read_bundle(tmp_path / "here" / written.name)


@pytest.fixture
def mapped(monitor, tmp_path):
    """The Monitor, on a machine with a rule for that."""
    monitor.deadline.change_settings(path_mappings=[[f"{tmp_path}/there/", f"{tmp_path}/here/"]])
    return monitor


@pytest.mark.parametrize("place", ["there", "here"])
def test_it_is_submitted_as_it_was_written(mapped, bundle, tmp_path, place):
    """Whichever of its paths is typed; workers have rules for the one that it was written by."""
    typed = tmp_path / place / bundle.name

    seen = mapped.use(
        ("enter", "BundleBox", typed), ("press", "SubmitButton"), ("press", "SubmitButton"), answers=["Yes"]
    )

    (copy,) = [path for path in (tmp_path / "here").iterdir() if path != bundle.folder]
    titles = ["Submission Results", "Warning", "Submission Results"]
    assert ([title for title, _ in seen.boxes], seen.uncaught) == (titles, [])
    assert [job.plugin_info["Bundle"] for job in mapped.deadline.jobs()] == [
        *[f"{tmp_path}/there/{bundle.name}"] * 3,
        *[f"{tmp_path}/there/{copy.name}"] * 3,
    ]
    assert len(read_submission(bundle.folder).jobs) == len(read_submission(copy).jobs) == 3


def test_its_jobs_are_looked_at_and_done_again(mapped, bundle, tmp_path):
    """From the folder that the rule leads to; new jobs know the bundle as the old ones do."""
    client = DirectClient(mapped.deadline)
    there = tmp_path / "there"
    there.symlink_to(tmp_path / "here")  # As the machine sees it that submits and renders.
    job_ids = submit_to(client, there / bundle.name)
    worker = Worker(mapped.deadline, read_bundle(there / bundle.name), job_ids)
    worker.render("render", "1-4", "5-8", "9-10")
    worker.render("beside")
    there.unlink()
    deeds = [
        ("enter", "NewJobsBox", True),
        ("press", "RedoButton"),
        *[("choose", f"Jobs/Flowpipe{name}.py") for name in ("Why", "Results", "CleanUp")],
    ]

    seen = mapped.choose("Redo", job_ids["render"], deeds=deeds)

    ((title, _),) = seen.boxes
    new = read_submission(bundle.folder).jobs
    why, results, cleaning = (look["TextBox"] for look in seen.looks[-3:])
    assert (title, seen.uncaught, new["render"] in job_ids.values()) == ("Redo", [], False)
    assert mapped.deadline.job(new["render"]).plugin_info["Bundle"] == f"{tmp_path}/there/{bundle.name}"
    assert [name for name in ("elsewhere", "copy", "moved") if name in why] == []
    assert results.splitlines()[0] == "Test.render"
    assert f"{bundle.name} stays: jobs of it are not complete" in cleaning


def test_without_a_rule_it_counts_as_moved(monitor, bundle):
    """Its jobs would look elsewhere."""
    seen = monitor.use(("enter", "BundleBox", bundle), ("press", "SubmitButton"))

    assert "was moved or copied, and its jobs look for " in seen.boxes[0][1]
    assert monitor.deadline.jobs() == []


def test_a_rule_tells_a_bundle_from_a_copy(bundle, tmp_path):
    """The one is known to its jobs by another path; of the other, the jobs use the original."""
    there, here = str(tmp_path / "there"), str(tmp_path / "here")

    assert str(home_of(bundle)) == f"{there}/{bundle.name}"
    assert home_of(bundle, lambda path: path.replace(there, here)) is None
    (tmp_path / "elsewhere" / bundle.name).mkdir(parents=True)
    with pytest.raises(SubmissionError, match=r"is a copy of .*elsewhere"):
        check_place(bundle, lambda path: path.replace(there, str(tmp_path / "elsewhere")))


def test_a_link_to_a_bundle_is_the_bundle(monitor, graph, tmp_path):
    """Mounts are often linked to."""
    bundle = write_three(graph, tmp_path / "root")
    (tmp_path / "link").symlink_to(tmp_path / "root")

    seen = monitor.use(("enter", "BundleBox", tmp_path / "link" / bundle.name), ("press", "SubmitButton"))

    assert [title for title, _ in seen.boxes] == ["Submission Results"]
    assert home_of(read_bundle(tmp_path / "link" / bundle.name)) is None
