"""Flowpipe … in the Monitor's menu of jobs: what is selected, and what opens."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from direct_farm import DirectClient
from host_runs import write_python
from submissions import Worker, write_three

from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.installation.contents import menu_scripts
from flowpipe_deadline.status.logs import attempt_heading
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.reports import write_attempt

FOLDER, GRAPH = "OpenBundleFolder", "Graph"
NOTHING = "No job is selected. Select jobs of flowpipe-deadline in the list of jobs, and choose this again."
WHERE = "Tools > Configure Plugins > Flowpipe > Dialog Python, in the Monitor"


@pytest.fixture
def write(graph, tmp_path, monitor):
    """Writes a bundle of three jobs below a folder, and submits it; gives it with the IDs of its jobs."""

    def submitted(name):
        bundle = write_three(graph, tmp_path / name)
        graph.nodes.clear()
        return bundle, submit_to(DirectClient(monitor.deadline), bundle)

    return submitted


@pytest.fixture
def opened(monitor, tmp_path):
    """What the system's file manager was asked to show, in order."""
    programs, told = tmp_path / "programs", tmp_path / "opened"
    programs.mkdir()
    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1$LD_LIBRARY_PATH" >> "{told}"\n[ ! -e "$0.fails" ]\n')
    (programs / "xdg-open").chmod(0o755)
    monitor.environment.update(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", LD_LIBRARY_PATH="/deadline/lib")
    return lambda: told.read_text().splitlines() if told.exists() else []


def notes(look):
    """The notes of a dialog."""
    return [text for name, text in look.items() if re.fullmatch(r"NoteLabel\d+", name)]


def missing(names, bundle, told=""):
    """What is said of jobs whose bundle is gone."""
    return (
        f"The bundle of {names} is not here: {bundle.folder}{told}. It was deleted, or this machine does not see it:"
        " mount the share that holds it, or add a mapped path in Tools > Configure Repository Options."
    )


@pytest.mark.parametrize(("name", "data"), menu_scripts().items(), ids=menu_scripts())
def test_a_script_of_the_menu_calls_the_function_of_its_name(name, data):
    """Each is read anew whenever it is chosen, so all are copies of one file."""
    (action,) = re.findall(r'^ACTION = "(\w+)"', data.decode(), re.MULTILINE)

    assert f"\ndef {action}():\n" in (shipped_folder("submission/Flowpipe/Main") / "FlowpipeJobs.py").read_text()
    assert name == f"Flowpipe{action.title().replace('_', '')}.py"


def test_every_selection_has_its_answer(monitor, write, opened, deadline_python):
    """In every Python of Deadline's: nothing, jobs of others, many of a bundle, of several, and one that is gone."""
    monitor.deadline.change_settings(interpreter=deadline_python)
    (one, jobs), (two, others) = write("one"), write("two")
    gone, lost = write("gone")
    shutil.rmtree(gone.folder)
    foreign = [monitor.deadline.submit({"Plugin": "Python", "Name": f"comp {n}"}, {}).job_id for n in range(5)]
    bare = monitor.deadline.submit({"Plugin": "Flowpipe", "Name": "by hand"}, {}).job_id
    selections = [
        foreign,
        [bare],
        [lost["render"], lost["beside"]],
        [*jobs.values()],
        [jobs["render"], foreign[0], others["collect"], lost["beside"]],
    ]
    deeds = [deed for ids in selections for deed in (("select", ids, {}), ("choose", f"Jobs/Flowpipe{FOLDER}.py"))]

    seen = monitor.choose(FOLDER, deeds=deeds)

    left = "Not jobs of flowpipe-deadline, and left alone: "
    names = {key: monitor.deadline.job(lost[key]).name for key in lost}
    assert [notes(look) for look in seen.looks[::2]] == [
        [NOTHING],
        [f"{left}comp 0, comp 1, comp 2 and 2 more"],
        [f"{left}by hand"],
        [missing(f"{names['render']}, {names['beside']}", gone)],
        # Where all goes well, there is no dialog.
        [missing(names["beside"], gone), f"{left}comp 0"],
    ]
    assert (seen.uncaught, seen.boxes) == ([], [])
    assert opened() == [str(folder) for folder in (one.folder, one.folder, two.folder)]


def test_a_bundle_of_another_system_is_found_by_the_path_mapping(monitor, write, opened):
    """Submitted on Windows, looked at on Linux; whether a rule matches the other slashes is unknown."""
    bundle, job_ids = write("show")
    rules = [["P:/show/", f"{bundle.folder.parent}/"]]
    monitor.deadline.change_settings(path_mappings=rules)
    job = monitor.deadline.job(job_ids["render"])
    windows = {**job.plugin_info, "Bundle": f"p:\\show\\{bundle.name}"}
    copy = monitor.deadline.submit(job.job_info, windows).job_id
    gone = monitor.deadline.submit(job.job_info, {**windows, "Bundle": r"p:\show\gone"}).job_id

    for slashes in ("exact", "any"):
        monitor.deadline.change_settings(unknowns={"rule_slashes": slashes})
        seen = monitor.choose(FOLDER, copy, gone)

        told = missing(job.name, bundle, r", in the job p:\show\gone").replace(bundle.name, "gone", 1)
        assert (notes(seen.looks[0]), seen.uncaught) == ([told], [])
    assert opened() == [str(bundle.folder)] * 2


def test_a_file_manager_that_fails_is_told(monitor, write, opened):
    """It may be missing, or have no display."""
    bundle, job_ids = write("show")
    manager = Path(monitor.environment["PATH"].partition(os.pathsep)[0]) / "xdg-open"
    (manager.parent / "xdg-open.fails").touch()

    failed = monitor.choose(FOLDER, job_ids["render"])
    manager.unlink()
    monitor.environment["PATH"] = os.path.dirname(manager)
    gone = monitor.choose(FOLDER, job_ids["render"])

    assert notes(failed.looks[0]) == [f"{bundle.folder} cannot be opened: xdg-open ended with exit code 1"]
    assert notes(gone.looks[0]) == [f"{bundle.folder} cannot be opened: xdg-open: No such file or directory"]


def test_the_graph_opens_in_the_python_for_dialogs(monitor, write, tmp_path):
    """A command of its own, which goes on; the Monitor waits until it says something."""
    python = write_python(
        tmp_path / "Pythön 3", "open(here + '/seen', 'w').write('\\n'.join(sys.argv[1:]))", "print('x')"
    )
    bundle, job_ids = write("show")
    monitor.deadline.change_settings(plugin_config={"DialogPython": str(python)})

    seen = monitor.choose(GRAPH, job_ids["render"], job_ids["collect"])

    command = ["-m", "flowpipe_deadline.cli.main", "graph", str(bundle.folder), "--format", "html", "-f", "--open"]
    assert (python.parent / "seen").read_text().splitlines() == command
    assert (seen.looks, seen.boxes, seen.uncaught) == ([], [], [])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param(None, f"No Python is set for the submit dialog ({WHERE})", id="not configured"),
        pytest.param(
            ["sys.exit('Error: no browser')"],
            "The picture of the graph ended with an error: no browser ({python})",
            id="a command that fails",
        ),
        pytest.param(
            ["sys.exit(\"Error: No such command 'graph'.\")"],
            "flowpipe-deadline is not installed in the Python for the submit dialog, or is too old:"
            ' "{python}" -m pip install -U "flowpipe-deadline[dialog]"',
            id="an older version",
        ),
    ],
)
def test_a_graph_that_cannot_be_drawn_is_told(monitor, write, tmp_path, lines, said):
    """In a dialog, as a message box needs one."""
    _, job_ids = write("show")
    python = None if lines is None else write_python(tmp_path / "python", *lines)
    monitor.deadline.change_settings(plugin_config={"DialogPython": str(python or "")})

    seen = monitor.choose(GRAPH, job_ids["render"])

    assert (notes(seen.looks[0]), seen.uncaught) == ([said.format(python=python)], [])


@pytest.mark.parametrize("harm", [None, b"import nothing_of_that_name"], ids=["missing", "damaged"])
def test_an_installation_that_is_not_whole_says_so(monitor, write, harm):
    """Somebody has copied the Monitor's scripts alone."""
    _, job_ids = write("show")
    script = monitor.custom / "submission" / "Flowpipe" / "Main" / "FlowpipeJobs.py"
    script.unlink() if harm is None else script.write_bytes(harm)

    seen = monitor.choose("Why", job_ids["render"])

    (note,) = notes(seen.looks[0])
    assert note.startswith("submission/Flowpipe/Main/FlowpipeJobs.py cannot be loaded (")
    assert note.endswith("): run flowpipe-deadline install")
    assert seen.uncaught == []


def test_texts_are_shown_and_read_again(monitor, write, deadline_python):
    """Why, logs and results, of one job or of several; in every Python of Deadline's."""
    bundle, job_ids = write("show")
    monitor.deadline.change_settings(interpreter=deadline_python)
    worker = Worker(monitor.deadline, bundle, job_ids)
    worker.write_results("render", "1-4")
    worker.complete("render", "1-4")
    worker.fail("render", "5-8")
    heading = attempt_heading("5-8", worker="node-7", attempt=1)
    write_attempt(monitor.deadline, job_ids["render"], 1, heading=heading, lines=["loading", "ERROR: no licence"])
    render, collect, beside = (job_ids[key] for key in ("render", "collect", "beside"))
    deeds = [
        ("select", [collect, beside], {}),
        ("choose", "Jobs/FlowpipeWhy.py"),
        ("select", [render], {render: [1]}),
        ("choose", "Jobs/FlowpipeLogs.py"),
        ("enter", "FrameBox", "9"),
        ("press", "RefreshButton"),
        ("select", [beside, render], {}),
        ("choose", "Jobs/FlowpipeResults.py"),
    ]

    seen = monitor.choose("Why", collect, deeds=deeds)

    texts = [look["TextBox"] for look in seen.looks]
    one, several, log, other, shown = texts[0], texts[2], texts[4], texts[6], texts[8].splitlines()
    assert (seen.uncaught, seen.boxes) == ([], [])
    assert ("render" in one, "beside" in one, "render" in several, "beside" in several) == (True, False, True, True)
    assert seen.looks[4]["FrameBox"] == "5"
    assert ("loading" in log, "no licence" in log) == (True, True)
    assert other == "render 9-10 is queued, and has printed nothing"
    assert [line for line in shown if not line.startswith(" ")] == ["Test.render", "Test.beside"]
    assert "  missing frames 5-10" in shown


def test_results_in_redis_are_for_the_terminal(monitor, write):
    """Deadline's own Python has no package for it."""
    bundle, job_ids = write("show")
    manifest = bundle.folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "store": "redis://cache/1"}))

    seen = monitor.choose("Redo", job_ids["render"])

    (note,) = notes(seen.looks[0])
    assert note.startswith(f"The results of {bundle.name} are in Redis, ")
    assert seen.uncaught == []


def test_what_goes_wrong_in_between_is_told(monitor, write):
    """Deadline does not answer any more."""
    _, job_ids = write("show")
    monitor.deadline.set_faults({"on": "read", "do": "refuse", "nth": 3, "times": 0, "value": "no connection"})

    seen = monitor.choose("Redo", job_ids["render"])

    assert seen.uncaught == []
    assert "no connection" in seen.looks[0].get("TextBox", "") + "".join(notes(seen.looks[0]))
