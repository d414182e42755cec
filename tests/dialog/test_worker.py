"""The worker, as a real process: it answers, whatever the workflow or Deadline does, and undoes what is cancelled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dialogs import OPTIONS, SHOT, WorkerRun, ask, nasty
from harness import run_cli
from patience import wait_until

from flowpipe_deadline.core.bundle import read_bundle
from flowpipe_deadline.dialog import WORKER
from flowpipe_deadline.submit.record import read_submission

DESCRIBE = {"do": "describe", "host": None, "last": ""}


def plan(root, workflow="shot", *, options=OPTIONS, repository=None, **texts):
    """The answer for a preview."""
    request = {"workflow": workflow, "texts": texts, "root": root, "options": options, "repository": repository}
    return ask(do="plan", **request)


def submission(root, workflow="shot", *, options=OPTIONS, **texts):
    """The request to submit."""
    return {"do": "submit", "workflow": workflow, "texts": texts, "root": str(root), "options": options}


def words(end):
    """What an answer found, with the fields."""
    return [(each["severity"], each["field"], each["text"]) for each in end.get("answer", end)["findings"]]


def test_a_workflow_is_described_beside_all_that_there_are(studio):
    """With its parameters, and what the studio has."""
    answer = ask(workflow="shot", **DESCRIBE)["answer"]

    assert answer["workflow"]["title"] == "Shot"
    assert answer["workflow"]["description"] == "Renders a shot, and publishes it."
    assert [(each["name"], each["control"]) for each in answer["workflow"]["parameters"]] == [
        ("frames", "FRAMES"),
        ("camera", "DROPDOWN_LIST"),
        ("chunk_size", "SPIN_BOX"),
    ]
    assert "shot" in answer["workflows"]
    assert answer["studio"]["presets"] == ["night"]
    assert Path(answer["studio"]["presets_folder"]) == studio.parent / "shared"


@pytest.mark.parametrize(
    ("workflow", "host", "last", "opened"),
    [("", "maya", "other", "shot"), ("", None, "shot", "shot"), ("shot", "maya", "other", "shot")],
    ids=["of the host's button", "the last one", "the one that is named"],
)
def test_which_workflow_opens(studio, workflow, host, last, opened):
    """What is asked for, else the studio's button, else what was used last."""
    studio.write_text(studio.read_text() + '[buttons]\nmaya = "shot"\n')

    answer = ask(do="describe", workflow=workflow, host=host, last=last)["answer"]

    assert answer["workflow"]["spec"] == opened


def test_the_jobs_of_a_plan_are_told_with_what_is_odd_about_them(studio, tmp_path):
    """Each warning with its field, if it has one; nothing is left below the root."""
    end = plan(str(tmp_path / "root"), frames="1-10")

    jobs = end["answer"]["jobs"]
    assert [(job["label"], job["tasks"], job["frames"]) for job in jobs] == [
        ("Render", 2, "1-10"),
        ("Publish", 1, None),
    ]
    assert [upstream["key"] for upstream in jobs[1]["depends_on"]] == ["Render"]
    ((severity, field, text),) = words(end)
    assert (severity, field) == ("error", "options.root")
    assert text.startswith(f"The root {tmp_path / 'root'} is on this machine")
    assert not (tmp_path / "root").exists()


def test_variables_that_are_held_back_are_told_once(studio, tmp_path, monkeypatch):
    """In the dialog too, by their names, though all warnings are errors here."""
    text = studio.read_text()
    studio.write_text(f'strict = true\n{text}\n[settings]\ncapture_environment = ["SITE_*"]\n')
    monkeypatch.setenv("SITE_TOKEN", "hunter2")
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TOLERATE", "local-root")

    found = words(plan(str(tmp_path / "root"), frames="1-10"))

    ((severity, _, text),) = [one for one in found if "SITE_TOKEN" in one[2]]
    assert severity == "warning"
    assert "hunter2" not in str(found)


def test_errors_belong_to_their_fields(studio, tmp_path, monkeypatch):
    """Parameters, options, and what the repository does not have, all at once."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TOLERATE", "local-root")
    options = {**OPTIONS, "settings": {"pool": "cmp", "priority": 500, "limits": ["nuke", "arnld"]}}
    repository = {"pools": ["comp"], "limits": ["nuke", "arnold"], "maximum_priority": 100}

    end = plan(str(tmp_path / "root"), options=options, repository=repository, frames="1-10")
    of_parameters = plan(str(tmp_path / "root"), frames="1-", chunk_size="0")
    without_root = plan(None, frames="1-10")
    relative = plan("farm", frames="1-10")

    assert [(field, text.partition("; ")[0]) for severity, field, text in words(end) if severity == "error"] == [
        ("options.priority", "Shot.Render, Shot.Publish: a priority of 500 is above the repository's maximum"),
        ("options.pool", "Shot.Render, Shot.Publish: the repository has no pool 'cmp'"),
        ("options.limits", "Shot.Render, Shot.Publish: the repository has no limit 'arnld'"),
    ]
    wrong = [field for severity, field, _ in words(of_parameters) if severity == "error"]
    assert wrong == ["parameters.frames", "parameters.chunk_size"]
    assert words(without_root)[0][1] == words(relative)[0][1] == "options.root"
    assert words(relative)[0][2] == "the shared folder 'farm' is not a full path of this system"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('no such shot')", "ValueError: no such shot"),
        ("sys.exit(0)", "SystemExit"),
        ("os._exit(3)", None),
        ("os.kill(os.getpid(), signal.SIGSEGV)", None),
        ("raise KeyboardInterrupt", "Cancelled: nothing was submitted."),
        ("return 5", "gives 5, and not a graph"),
    ],
    ids=["raises", "exits", "ends its process", "crashes", "interrupts", "returns no graph"],
)
def test_a_workflow_that_fails_harms_nothing(studio, tmp_path, body, said):
    """The worker says it, or ends without an answer."""
    (studio.parent / "workflows" / "nasty.py").write_text(nasty(body))

    end = plan(str(tmp_path / "root"), "nasty")

    if said is None:
        assert end is None
    else:
        assert said in words(end)[0][2]


def test_what_a_workflow_prints_closes_and_changes_is_no_answer(studio, tmp_path, monkeypatch):
    """Nor do its threads keep the process alive, nor a child that holds the descriptors."""
    body = """\
import subprocess, threading
print('{"answer": 1}', flush=True)
os.write(1, b'{"answer": 2}\\n')
subprocess.run([sys.executable, '-c', "print('x')"])
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
open(os.environ['CHILD'], 'w').write(str(child.pid))
threading.Thread(target=time.sleep, args=(30,)).start()
sys.stdout.close()
assert sys.stdin.read() == ''
sys.path.clear()
os.chdir('/')"""
    (studio.parent / "workflows" / "nasty.py").write_text(nasty(body))
    monkeypatch.setenv("CHILD", str(tmp_path / "child"))
    run = WorkerRun(is_warm=False, do="plan", workflow="nasty", texts={}, root=None, options=OPTIONS, repository=None)

    run.process.wait(20)

    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    run.finish()
    assert [job["label"] for job in run.end["answer"]["jobs"]] == ["Publish"]


def test_a_workflow_file_is_read_anew_each_time(studio, tmp_path):
    """An edit counts at once."""
    before = plan(str(tmp_path / "root"), frames="1-10")
    path = studio.parent / "workflows" / "shot.py"
    path.write_text(SHOT.replace("publish.inputs", "publish.inputs").replace('name="Shot"', 'name="Edited"'))

    after = plan(str(tmp_path / "root"), frames="1-10")

    assert [end["answer"]["jobs"][0]["graph"] for end in (before, after)] == ["Shot", "Edited"]


def test_the_current_folder_is_on_nobodys_path(studio, tmp_path, monkeypatch):
    """A file there neither hides a module nor comes along with the jobs."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "json.py").write_text("raise SystemExit('wrong json')")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TOLERATE", "local-root")

    end = ask(**submission(tmp_path / "root", options={**OPTIONS, "is_dry_run": True}, frames="1"))

    record = (Path(end["answer"]["bundle"]) / "nodes" / "Render.json").read_text()
    assert str(tmp_path / "here") not in record


def test_a_damaged_studio_file_is_said(studio):
    """With its line."""
    studio.write_text("root = \n")

    assert "studio.toml, line 1" in words(ask(workflow="", **DESCRIBE))[0][2]


def test_a_submission_is_told_step_by_step(farm, tmp_path):
    """The keys of its jobs first, then a line for each, then all IDs."""
    run = WorkerRun(**submission(tmp_path / "root", frames="1-10"))

    answer = run.finish()["answer"]

    assert sorted(answer["jobs"].values()) == sorted(job.job_id for job in farm.jobs())
    assert answer["labels"] == {"Render": "Render", "Publish": "Publish"}
    assert {"keys": ["Render", "Publish"]} in run.said
    assert {"line": f"Render: {answer['jobs']['Render']}"} in run.said


def test_the_command_line_makes_the_same_graph(farm, tmp_path):
    """Of the same workflow and the same texts."""
    options = {**OPTIONS, "settings": {"pool": "comp", "priority": 70}, "is_dry_run": True}
    by_dialog = ask(**submission(tmp_path / "one", options=options, frames="1-10x3", camera="top"))["answer"]["bundle"]
    texts = ("--frames", "1-10x3", "--camera", "top", "--set", "pool=comp", "--set", "priority=70")
    done = run_cli("submit", "shot", *texts, "--dry-run", "-o", "json", "--root", tmp_path / "two", cwd=tmp_path)
    done.check_returncode()

    bundles = [Path(by_dialog), Path(json.loads(done.stdout)["bundle"])]

    assert _files(bundles[0]) == _files(bundles[1])


def _files(bundle):
    """The files of a bundle, without what differs from one to the next, and the folder where the command was run."""
    replaced = {str(bundle): "BUNDLE", bundle.name: "NAME"}
    found = {}
    for path in sorted(bundle.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            text = path.read_text()
            for old, new in replaced.items():
                text = text.replace(old, new)
            data = json.loads(text) if path.suffix == ".json" else text
            if isinstance(data, dict):
                for key in ("imports", "identifier"):
                    data.pop(key, None)
            found[str(path.relative_to(bundle))] = data
    return found


@pytest.mark.parametrize("via", ["script", "command"])
def test_cancelled_on_the_way_it_leaves_no_job(farm, tmp_path, monkeypatch, via):
    """Whatever connection; the answer says what was undone."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_VIA", via)
    farm.set_faults({"on": "submit", "do": "late", "nth": 2, "value": 0.5})
    run = WorkerRun(**submission(tmp_path / "root", frames="1-10"))
    wait_until(farm.jobs)

    run.write(do="cancel")
    end = run.finish()

    assert farm.jobs() == []
    assert end["is_cancelled"]
    assert "deleted" in end["findings"][0]["text"]
    (bundle,) = (tmp_path / "root").iterdir()
    assert read_submission(bundle) is None


def test_cancelled_at_once_it_has_not_begun(farm, tmp_path):
    """The answer is that of any cancellation."""
    run = WorkerRun()
    lines = (submission(tmp_path / "root", frames="1-10"), {"do": "cancel"})

    run.process.stdin.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    run.process.stdin.flush()

    assert run.finish()["is_cancelled"]
    assert farm.jobs() == []


def test_cancelled_while_the_graph_is_built_nothing_is_written(farm, studio, tmp_path):
    """Also by a process that was told to ignore Ctrl+C, as those are that a shell starts in the background."""
    marker = tmp_path / "building"
    (studio.parent / "workflows" / "nasty.py").write_text(nasty(f"open({str(marker)!r}, 'w').close()\ntime.sleep(60)"))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run = WorkerRun(is_warm=False, **submission(tmp_path / "root", "nasty"))
    finally:
        signal.signal(signal.SIGINT, before)
    wait_until(marker.exists)

    run.write(do="cancel")
    end = run.finish()

    assert end == {
        "findings": [{"severity": "error", "text": "Cancelled: nothing was submitted.", "field": ""}],
        "is_cancelled": True,
    }
    assert not (tmp_path / "root").exists()


def test_cancelled_while_the_graph_is_planned_it_stops_before_the_first_job(farm, studio, tmp_path):
    """The request to stop is not lost where nothing listens to it yet."""
    marker, told = tmp_path / "planning", tmp_path / "told"
    body = f"""\
from flowpipe_deadline.studio import options
plan_graph = options.plan_graph
def plan_slowly(*arguments, **given):
    open({str(marker)!r}, 'w').close()
    while not os.path.exists({str(told)!r}):
        time.sleep(0.01)
    return plan_graph(*arguments, **given)
options.plan_graph = plan_slowly"""
    (studio.parent / "workflows" / "nasty.py").write_text(nasty(body))
    run = WorkerRun(**submission(tmp_path / "root", "nasty"))
    wait_until(marker.exists)

    run.write(do="cancel")
    told.touch()
    end = run.finish()

    assert (farm.jobs(), end["is_cancelled"]) == ([], True)
    assert not [line for said in run.said if (line := said.get("line", "")).startswith("Publish: ")]


def test_refused_in_the_middle_it_leaves_no_job(farm, tmp_path):
    """Deadline's own words are in the answer."""
    farm.set_faults({"on": "submit", "do": "refuse", "nth": 2, "value": "the pool is closed"})

    end = ask(**submission(tmp_path / "root", frames="1-10"))

    assert farm.jobs() == []
    assert "the pool is closed" in end["findings"][0]["text"]
    assert not end["is_cancelled"]


def test_without_its_dialog_a_submission_comes_to_its_end(farm, tmp_path):
    """And a preview ends at once."""
    farm.set_faults({"on": "submit", "do": "late", "nth": 2, "value": 0.5})
    with subprocess.Popen([sys.executable, *WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(json.dumps(submission(tmp_path / "root", frames="1-10")).encode() + b"\n")
        process.stdin.flush()
        wait_until(farm.jobs)

        process.stdin.close()
        process.stdout.close()

    (bundle,) = (tmp_path / "root").iterdir()
    assert read_submission(bundle).state == "submitted"
    assert len(farm.jobs()) == len(read_bundle(bundle).jobs)


def test_a_preview_ends_with_its_dialog(studio):
    """A workflow that hangs does not stay behind."""
    (studio.parent / "workflows" / "nasty.py").write_text(nasty("time.sleep(600)"))
    run = WorkerRun(do="plan", workflow="nasty", texts={}, root=None, options=OPTIONS, repository=None)

    run.process.stdin.close()

    assert run.process.wait(20) == 0
    run.finish()


def test_a_worker_that_is_never_asked_ends_with_its_dialog():
    """The one that was started ahead."""
    run = WorkerRun(is_warm=False)

    run.process.stdin.close()

    assert run.process.wait(20) == 0
    assert run.finish() is None


def test_a_worker_answers_several_questions_and_one_workflow(farm, tmp_path):
    """What has run a user's code ends."""
    run = WorkerRun(do="repository")
    wait_until(lambda: run.end is not None)
    first, run.end = run.end, None
    run.write(do="files", files=[])
    wait_until(lambda: run.end is not None)
    second, run.end = run.end, None

    run.write(workflow="shot", **DESCRIBE)

    assert run.finish()["answer"]["workflow"]["spec"] == "shot"
    assert (first["answer"]["limits"], second) == (["nuke"], {"answer": {"findings": []}})


def test_the_repository_tells_what_can_be_chosen(farm):
    """Pools, limits, and the highest priority."""
    answer = ask(do="repository")["answer"]

    assert (answer["pools"], answer["limits"], answer["maximum_priority"]) == (["none", "comp"], ["nuke"], 100)


def test_without_deadline_there_is_one_sentence(studio, monkeypatch, tmp_path):
    """It says what to install or set."""
    monkeypatch.setenv("DEADLINE_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    ((severity, _, text),) = words(ask(do="repository"))

    assert severity == "error"
    assert "DEADLINE_PATH" in text


def test_the_status_is_that_of_the_jobs(farm, tmp_path):
    """As Deadline tells it."""
    bundle = ask(**submission(tmp_path / "root", frames="1-10"))["answer"]["bundle"]

    answer = ask(do="status", bundle=bundle)["answer"]

    assert [(job["label"], job["status"], job["tasks"]) for job in answer["jobs"]] == [
        ("Render", "Queued", "0 of 2"),
        ("Publish", "Pending", "0 of 1"),
    ]
    assert (answer["notices"], answer["is_over"]) == ([], False)


def test_an_unknown_error_is_an_answer(studio):
    """A request that nobody foresaw."""
    end = ask(do="status", bundle=5)

    assert end["findings"][0]["text"].startswith("internal error: ")


def test_the_files_of_a_scene_are_judged_here(studio, tmp_path):
    """A disk that hangs does not stop the dialog."""
    end = ask(do="files", files=[{"path": str(tmp_path / "a.exr"), "role": "texture", "node": "file1"}])

    assert "missing on this machine" in words(end)[0][2]


def test_the_workers_command_is_one_that_python_takes():
    """It imports nothing from the current folder."""
    assert WORKER[0] == "-c"
    assert "sys.path.pop(0)" in WORKER[1]
    assert os.path.isabs(sys.executable)


def test_a_second_cancel_does_not_wait_for_a_call_that_hangs(farm, tmp_path, monkeypatch):
    """What was submitted is deleted; the answer says that it was cancelled, and that a job may still be coming."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_VIA", "script")
    farm.set_faults({"on": "submit", "do": "hang", "nth": 2})
    run = WorkerRun(**submission(tmp_path / "root", frames="1-10"))
    wait_until(lambda: [call.name for call in farm.log.calls("script")].count("submitjob") == 2)

    run.write(do="cancel")
    wait_until(lambda: any(said.get("line", "").startswith("Stopping: ") for said in run.said))
    run.write(do="cancel")
    end = run.finish()

    assert farm.jobs() == []
    assert end["is_cancelled"]
    assert run.said[-1] == {"is_left": True}
