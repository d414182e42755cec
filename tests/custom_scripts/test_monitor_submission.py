"""Submit > Flowpipe in the Monitor: the dialog in use, over a fake Deadline with an installation."""

from __future__ import annotations

import shutil
import zipfile

import farm_nodes as nodes
import pytest

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.bundle.copy import copy_plan
from flowpipe_deadline.bundle.job_files import job_entries, plugin_entries
from flowpipe_deadline.core.bundle import read_bundle
from flowpipe_deadline.submit.record import SubmissionWriter, read_submission

MAIN = "submission/Flowpipe/Main"
RELEASED = {"left": "Queued", "render": "Queued", "last": "Pending"}


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs: one that is not batched, one that is, and one that waits for both."""
    left = nodes.Pass(name="left", graph=graph)
    render = nodes.Render(name="render", graph=graph, frames=list(range(1, 11)), metadata={"batch_size": 4})
    last = nodes.Collect(name="last", graph=graph)
    left.outputs["value"].connect(last.inputs["images"]["one"])
    render.outputs["items"].connect(last.inputs["images"]["two"])
    return write_bundle(plan_graph(graph), root=tmp_path / "bundles")


def statuses(deadline):
    """The states of all jobs, by node key."""
    return {job.series("ExtraInfoKeyValue")["FlowpipeNode"]: job.shown_status for job in deadline.jobs()}


def submit(folder):
    """The steps of a user who submits the bundle in the folder."""
    return ("enter", "BundleBox", folder), ("press", "SubmitButton")


@pytest.mark.parametrize("tells", [True, False], ids=["what is set is modified", "what is set is not"])
def test_what_a_bundle_holds_is_shown(monitor, bundle, tells):
    """Before anything is submitted; whether a value that a script sets counts as modified makes no difference."""
    seen = monitor.use(("enter", "BundleBox", bundle), tells=tells)

    before, after = seen.looks
    assert (before["title"], before["modal"], before["topmost"]) == (
        "Submit Flowpipe Bundle To Deadline",
        False,
        False,
    )
    assert before["SubmissionBox"].startswith("Choose the folder of a bundle")
    assert {name: after[f"{name}Box"] for name in ("Graph", "Contents", "Planned", "Submission")} == {
        "Graph": "Test",
        "Contents": "3 jobs, 5 tasks",
        "Planned": bundle.created.replace("T", " "),
        "Submission": "not yet",
    }
    assert after["JobsBox"].splitlines() == [
        "Test.left: 1 task",
        "Test.render: frames 1-10, 3 tasks",
        "Test.last: 1 task",
    ]
    assert (seen.boxes, seen.uncaught, statuses(monitor.deadline)) == ([], [], {})


def test_submit_makes_the_jobs(monitor, bundle, deadline_python):
    """In every Python of Deadline's: as planned, released, on record, and shown."""
    monitor.deadline.change_settings(interpreter=deadline_python)

    seen = monitor.use(*submit(bundle))

    assert seen.boxes == [["Submission Results", f"Jobs submitted: 3\nBatch: {bundle.name}"]]
    assert (seen.uncaught, seen.is_open) == ([], True)
    assert statuses(monitor.deadline) == RELEASED
    job_ids = read_submission(bundle.folder).jobs
    for job, planned in zip(monitor.deadline.jobs(), bundle.jobs):
        assert job.job_id == job_ids[planned.key]
        assert dict(job.job_info) == {**job_entries(bundle, planned, job_ids=job_ids), "InitialStatus": "Suspended"}
        assert dict(job.plugin_info) == plugin_entries(bundle, planned)
    assert seen.python in deadline_python


@pytest.mark.parametrize("tells", [True, False], ids=["what is set is modified", "what is set is not"])
def test_each_job_is_shown_as_it_comes(monitor, bundle, tells):
    """And afterwards the dialog shows which jobs the bundle has become."""
    seen = monitor.use(*submit(bundle), tells=tells)

    job_ids = read_submission(bundle.folder).jobs
    after = seen.looks[-1]
    assert [line for line in after["told"] if ": " in line] == [f"{key}: {job_ids[key]}" for key in job_ids]
    assert after["progress"] == [0, 0, 33, 66, 100]
    assert after["SubmissionBox"] == "done"
    assert after["JobsBox"].splitlines()[1] == f"Test.render: frames 1-10, 3 tasks, job {job_ids['render']}"
    assert after["disabled"] == []


def test_jobs_can_stay_suspended(monitor, bundle):
    """A person can look at them and resume them."""
    seen = monitor.use(("enter", "SuspendedBox", True), *submit(bundle))

    assert seen.boxes[0][1].endswith("They stay suspended until you resume them.")
    assert set(statuses(monitor.deadline).values()) == {"Suspended"}


def test_warnings_of_deadline_are_in_the_result(monitor, bundle):
    """Messages that pass quickly cannot be read."""
    monitor.deadline.set_faults({"on": "submit", "do": "warn", "nth": 2, "value": "Pool 'x' does not exist"})

    seen = monitor.use(*submit(bundle))

    key = bundle.jobs[1].key
    assert seen.boxes[0][1].endswith(f"Batch: {bundle.name}\n\nWarning: {key}: Pool 'x' does not exist")


def test_a_submitted_bundle_is_not_submitted_twice(monitor, bundle):
    """Answering no changes nothing."""
    seen = monitor.use(*submit(bundle), ("press", "SubmitButton"), answers=["No"])

    assert seen.boxes[1] == [
        "Warning",
        f"{bundle.name} is submitted already.\n\nSubmit its plan once more, as a new bundle without results?",
    ]
    assert len(seen.boxes) == 2
    assert statuses(monitor.deadline) == RELEASED
    assert len(monitor.deadline.jobs()) == 3


def test_a_submitted_bundle_can_be_submitted_once_more(monitor, bundle, deadline_python):
    """As a bundle of its own, which is then the chosen one."""
    monitor.deadline.change_settings(interpreter=deadline_python)

    seen = monitor.use(*submit(bundle), ("press", "SubmitButton"), answers=["Yes"])

    (folder,) = [path for path in bundle.folder.parent.iterdir() if path != bundle.folder]
    assert seen.looks[-1]["BundleBox"] == str(folder)
    assert seen.boxes[2] == ["Submission Results", f"Jobs submitted: 3\nBatch: {folder.name}"]
    assert len(monitor.deadline.jobs()) == 6
    assert {job.batch_name for job in monitor.deadline.jobs()} == {bundle.name, folder.name}


def test_a_failure_undoes_everything_and_says_so(monitor, bundle):
    """In one message, without a traceback; and the bundle can be submitted afterwards."""
    monitor.deadline.set_faults({"on": "submit", "do": "refuse", "nth": 3, "value": "no such pool"})

    seen = monitor.use(*submit(bundle), ("press", "SubmitButton"))

    title, text = seen.boxes[0]
    assert title == "Error"
    assert "Test.last: Deadline refused the job: Error: no such pool" in text
    assert "what was submitted was deleted: " in text
    assert "Traceback" not in text
    assert seen.looks[-2]["SubmissionBox"] == "not yet"
    assert seen.boxes[1] == ["Submission Results", f"Jobs submitted: 3\nBatch: {bundle.name}"]
    assert statuses(monitor.deadline) == RELEASED


def test_what_was_left_half_done_is_undone_first(monitor, bundle):
    """A Monitor that crashed half-way leaves a record, which the next one follows."""
    lost = monitor.deadline.submit({"Plugin": "Flowpipe", "BatchName": bundle.name}, {}).job_id
    writer = SubmissionWriter(bundle.folder)
    writer.leave([lost])

    seen = monitor.use(*submit(bundle))

    assert seen.looks[1]["SubmissionBox"].startswith("ended half-way")
    assert f"what was submitted was deleted: {lost}" in seen.boxes[0][1]
    assert statuses(monitor.deadline) == RELEASED


def test_a_dialog_that_is_closed_submits_nothing_and_remembers_the_folder(monitor, bundle):
    """The next dialog shows it."""
    closed = monitor.use(("enter", "BundleBox", bundle), ("press", "CloseButton"))

    again = monitor.use()

    assert (closed.is_open, closed.uncaught, closed.boxes) == (False, [], [])
    assert statuses(monitor.deadline) == {}
    assert again.looks[0]["BundleBox"] == str(bundle.folder)
    assert again.looks[0]["ContentsBox"] == "3 jobs, 5 tasks"


def test_a_bundle_that_is_handed_over_is_filled_in(monitor, bundle):
    """For a program that calls the script: the dialog stays in front, and the script ends when it is closed."""
    seen = monitor.use(("press", "SubmitButton"), ("press", "CloseButton"), arguments=[bundle])

    assert seen.looks[0]["BundleBox"] == str(bundle.folder)
    assert (seen.looks[0]["modal"], seen.looks[0]["topmost"]) == (True, True)
    assert (seen.is_open, seen.uncaught) == (False, [])
    assert statuses(monitor.deadline) == RELEASED


def test_the_quotes_of_a_copied_path_do_no_harm(monitor, bundle):
    """As Windows' "Copy as path" puts them."""
    monitor.use(*submit(f' "{bundle.folder}" '))

    assert statuses(monitor.deadline) == RELEASED


def test_a_path_is_looked_for_when_it_can_be_a_bundle(monitor, bundle):
    """Not at every letter that is typed: each could take seconds on a network."""
    seen = monitor.use(*submit(bundle.folder.parent))

    assert seen.boxes[0][0] == "Error"
    assert seen.boxes[0][1].startswith("Choose the folder of a bundle")
    assert seen.ours == []


def damage(bundle):
    """Cuts the manifest off."""
    (bundle.folder / "manifest.json").write_bytes(b'{"format": 1,')


def damage_values(bundle):
    """Puts something else where a number is."""
    path = bundle.folder / "manifest.json"
    path.write_text(path.read_text().replace('"chunk_size": 4', '"chunk_size": null'))


def remove_plugin_info(bundle):
    """Removes a file that Deadline is to be given."""
    bundle.job_files(bundle.jobs[2])[1].unlink()


def remove(bundle):
    """Removes the whole bundle."""
    shutil.rmtree(bundle.folder)


def move(bundle):
    """Makes it look like a copy of a bundle from elsewhere."""
    elsewhere = copy_plan(bundle, root=bundle.folder.parent.parent)
    remove(bundle)
    elsewhere.folder.rename(bundle.folder)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(damage, "manifest.json is damaged", id="a manifest that was cut off"),
        pytest.param(damage_values, "manifest.json is damaged", id="a manifest with something else in it"),
        pytest.param(remove_plugin_info, "003-last.plugin cannot be read", id="a missing file"),
        pytest.param(remove, "is not a bundle", id="no bundle at all"),
        pytest.param(move, "was moved or copied", id="moved"),
    ],
)
def test_a_bundle_that_is_not_whole_is_refused(monitor, bundle, harm, said):
    """With a message, and before anything is submitted."""
    harm(bundle)

    seen = monitor.use(*submit(bundle))

    assert seen.boxes[0][0] == "Error"
    assert said in seen.boxes[0][1]
    assert "Traceback" not in seen.boxes[0][1]
    assert (seen.uncaught, seen.printed.count("Traceback")) == ([], 0)
    assert statuses(monitor.deadline) == {}


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        pytest.param(f"{MAIN}/FlowpipeSubmission.py", None, "is not in the repository", id="no script"),
        pytest.param("plugins/Flowpipe/packages.zip", None, "is not in the repository", id="no packages"),
        pytest.param("plugins/Flowpipe/packages.zip", b"cut off", "is damaged", id="damaged packages"),
    ],
)
def test_what_is_not_installed_is_said(monitor, bundle, file, content, said):
    """In the dialog, which still opens."""
    path = monitor.custom / file
    path.unlink() if content is None else path.write_bytes(content)

    seen = monitor.use(*submit(bundle))

    assert said in seen.looks[1]["SubmissionBox"]
    assert seen.boxes == [["Error", seen.looks[1]["SubmissionBox"]]]
    assert "flowpipe-deadline install" in seen.boxes[0][1]


def test_a_mistake_of_ours_is_one_line_and_its_traceback_on_the_console(monitor, bundle):
    """Only the traceback says what happened."""
    script = monitor.custom / MAIN / "FlowpipeSubmission.py"
    script.write_text(script.read_text() + "\n\ndef submit(*_, **__):\n    return {}['a job']\n")

    seen = monitor.use(*submit(bundle))

    assert seen.boxes == [["Error", "KeyError: 'a job'"]]
    assert (seen.uncaught, seen.looks[-1]["disabled"]) == ([], [])


def newer_archive(archive, folder):
    """The packages of a version whose summaries say so."""
    path = folder / "newer.zip"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        new.writestr("a/first.py", "# Every other file begins elsewhere.\n" * 9)
        for entry in old.infolist():
            new.writestr(entry, old.read(entry).replace(b'return "not yet"', b'return "not in this version"'))
    return path


def test_a_monitor_that_stays_open_uses_what_was_installed_meanwhile(monitor, bundle, archive, deadline_python):
    """Python remembers modules, and where in an archive they are; neither is of the version before."""
    monitor.deadline.change_settings(interpreter=deadline_python)
    newer = newer_archive(archive, monitor.folder)
    installed = monitor.custom / "plugins" / "Flowpipe" / "packages.zip"

    seen = monitor.use(("enter", "BundleBox", bundle), ("replace", newer, installed), ("open",), *submit(bundle))

    shown = [look["SubmissionBox"] for look in seen.looks if look["GraphBox"]]
    assert shown == ["not yet", "not yet", "not in this version", "done"]
    assert statuses(monitor.deadline) == RELEASED


def test_a_copied_plan_is_the_plan_without_its_results(bundle, tmp_path):
    """Lines that name the submission or its folder name the new one; all others are the same."""
    (bundle.folder / "results" / "render").mkdir()

    copy = copy_plan(bundle, root=tmp_path / "elsewhere")

    assert copy.folder.parent == tmp_path / "elsewhere"
    assert {path.name for path in copy.folder.iterdir()} == {
        *("errors", "jobs", "manifest.json", "nodes", "results"),
    }
    assert not any((copy.folder / "results").iterdir())
    for path in bundle.folder.glob("*/*.*"):
        text = path.read_text().replace(str(bundle.folder), str(copy.folder)).replace(bundle.name, copy.name)
        assert set((copy.folder / path.relative_to(bundle.folder)).read_text().splitlines()) == set(text.splitlines())
    anew = {name: read_bundle(copy).manifest[name] for name in ("submission", "created")}
    assert anew["submission"] == copy.name
    assert read_bundle(copy).manifest == {**bundle.manifest, **anew}
