"""One task as a session starts it: how it may end, its frames, paths, variables, folders and Pythons."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openjd import model
from openjd.sessions import ActionState, PathFormat, PathMappingRule, Session
from openjd_runs import OPENJD, run_openjd
from openjd_tasks import EVALUATOR, bundle_of, run_task, start_task
from pythons import find_python

from flowpipe_deadline import read_results
from flowpipe_deadline.core.errors import FlowpipeDeadlineError
from flowpipe_deadline.openjd.task import map_list, parse_range
from flowpipe_deadline.results.failures import read_failures
from tests.plugins.test_plugin_environment import PLUGIN, SYSTEMS, listed

FRAMES = {"batch_size": 2}
ENDED = "the interpreter python ended before it wrote a result"
FAILURES = {
    "it raises": ("raise ValueError('no')", "ValueError: no"),
    "sys.exit": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "os._exit(0)": ("import os; os._exit(0)", f"{ENDED} (exit code 0)"),
    "os._exit(3)": ("import os; os._exit(3)", f"{ENDED} (exit code 3)"),
    "it is killed": ("import os; os.kill(os.getpid(), 9)", f"{ENDED} (signal 9)"),
    "it closes all, and raises": ("import os; os.closerange(0, 1000); raise KeyError(1)", "KeyError: 1"),
    "what it started prints for ever": (
        "import os, subprocess; subprocess.Popen(['sh', '-c', 'while echo; do :; done']); os._exit(1)",
        f"{ENDED} (exit code 1)",
    ),
}
RESULTS = {
    "it closes its output": "import os, sys; sys.stdout.close(); os.close(1); os.close(2)",
    "it closes all descriptors": "import os; os.closerange(3, 1000)",
    "it replaces its output": "import io, sys; sys.stdout = io.StringIO(); sys.stderr = None",
    "it makes its output non-blocking": "import os; os.set_blocking(1, False); print('x' * 500_000)",
    "what it started goes on": "import subprocess; value = subprocess.Popen(['sleep', '60']).pid",
    "what it forked goes on": "import os, time; value = os.fork() or time.sleep(60)",
    "it prints much": "print('x' * 1_000_000); [print(n) for n in range(10_000)]",
}


def outputs_of(bundle):
    """The value of the node's only output."""
    return read_results(bundle)["tasks.do"].outputs()["value"]


def has_ended(process):
    """Whether the process with that number has ended, or does so soon."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":  # Its parent was killed, and nobody asks for it here.
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(("code", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_task_without_a_result_says_why(code, reason, tmp_path):
    """To the session, and in the bundle; nothing else is left."""
    bundle = bundle_of(code, tmp_path)
    shutil.rmtree(bundle.folder / "errors")  # As where files are carried around, and empty folders are not.

    task = run_task(bundle, folder=tmp_path)

    assert (task.code, task.said("fail")) == (1, [reason])
    assert [failure.reason for failure in read_failures(bundle.folder, "do")] == [reason]
    assert list(tmp_path.iterdir()) == [bundle.folder]


def test_the_last_lines_of_an_interpreter_that_ended_are_kept(tmp_path):
    """With the reason, for those who do not see the farm's log."""
    bundle = bundle_of("import os\nfor number in range(30):\n    print('line', number)\nos._exit(3)", tmp_path)

    run_task(bundle, folder=tmp_path)

    (failure,) = read_failures(bundle.folder, "do")
    lines = [f"line {number}" for number in range(10, 30)]
    assert [line.strip() for line in failure.report.splitlines()] == [f"{ENDED} (exit code 3)", *lines]


def test_an_error_without_a_word_is_a_failure(tmp_path):
    """It may be raised by a node that uses our errors."""
    bundle = bundle_of("from flowpipe_deadline import FlowpipeDeadlineError; raise FlowpipeDeadlineError('')", tmp_path)

    task = run_task(bundle, folder=tmp_path)

    assert (task.code, task.said("fail")) == (1, ["the task failed without a message"])


@pytest.mark.parametrize("code", RESULTS.values(), ids=RESULTS)
def test_whatever_a_node_does_to_its_surroundings_its_result_counts(code, tmp_path):
    """At once, and what it leaves behind ends with the task."""
    bundle = bundle_of(code, tmp_path)
    began = time.monotonic()

    task = run_task(bundle, folder=tmp_path)

    assert (task.code, task.said("fail")) == (0, []), task.output[-2000:]
    assert time.monotonic() - began < 45
    assert outputs_of(bundle) is None or has_ended(outputs_of(bundle))


def programs(folder):
    """Programs that are no interpreter, and what is said of them."""
    (folder / "plain").write_text("not a program")
    says = folder / "says"
    says.write_text("#!/bin/sh\necho openjd_env: x\necho wrong arguments\n")
    says.chmod(0o755)
    return {
        "/nowhere/mayapy": "cannot be started, No such file or directory: /nowhere/mayapy",
        str(folder / "plain"): f"cannot be started, Permission denied: {folder / 'plain'}",
        str(says): f"ended before it reached the evaluator (exit code 0): {says}",
    }


def test_an_interpreter_that_is_none_is_named(tmp_path):
    """With what to do; and what it printed is in the bundle."""
    bundle = bundle_of("", tmp_path)

    for program, reason in programs(tmp_path).items():
        task = run_task(bundle, command=[program, *EVALUATOR], folder=tmp_path)

        advice = "name its program on the workers by the job's parameter for it"
        assert task.said("fail") == [f"the interpreter python {reason}; {advice}"]
    assert "wrong arguments" in read_failures(bundle.folder, "do")[0].report


def test_the_file_of_the_task_may_be_a_part_of_an_argument(tmp_path):
    """As in ``--task=<TASK>``, which hosts are given as well."""
    bundle = bundle_of("value = 7", tmp_path)
    code = "import sys; from flowpipe_deadline.evaluator.__main__ import run; run(['--task', sys.argv[1][7:]])"

    task = run_task(bundle, command=[sys.executable, "-c", code, "--task=<TASK>"], folder=tmp_path)

    assert (task.code, outputs_of(bundle)) == (0, 7)


def test_answers_may_come_late_where_others_hand_them_on(tmp_path):
    """As in a studio's wrapper that keeps a log of its own."""
    bundle = bundle_of("value = 7", tmp_path)
    wrapper = ["bash", "-c", 'exec "$@" > >(log=$(cat); sleep 0.3; echo "$log")', "wrapper"]

    task = run_task(bundle, command=[*wrapper, sys.executable, *EVALUATOR], folder=tmp_path)

    assert (task.code, outputs_of(bundle)) == (0, 7), task.output


SLOW = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "60"]).pid
with open(os.environ["STARTED"] + ".new", "w") as file:
    file.write(f"{os.getpid()} {child}")
os.replace(os.environ["STARTED"] + ".new", os.environ["STARTED"])
value = 7
for _ in range(600 if os.environ.get("SLOW") else 0):
    print("x" * 10_000)
    time.sleep(0.1)
"""


def processes_in(path):
    """The numbers of the processes, once they are there."""
    end = time.monotonic() + 20
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return path.read_text().split()


def test_a_cancelled_task_leaves_nothing_and_runs_again(tmp_path):
    """Ctrl+C of ``openjd run``: no process, no result, no failure; then the same task gives its result."""
    bundle = bundle_of(SLOW, tmp_path)
    started = tmp_path / "started"
    command = [str(OPENJD), "run", str(bundle.folder / "template.yaml"), "-p", f"Python={sys.executable}"]
    process = subprocess.Popen(
        command, env={**os.environ, "STARTED": str(started), "SLOW": "1"}, stdout=subprocess.DEVNULL
    )
    processes = processes_in(started)

    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=20)
    ended = [has_ended(each) for each in processes]
    left = [path for name in ("results", "errors") for path in (bundle.folder / name).rglob("*") if path.is_file()]
    again = run_task(bundle, folder=tmp_path, STARTED=str(started))

    assert (code != 0, ended, left) == (True, [True, True], [])
    assert (again.code, outputs_of(bundle)) == (0, 7)


def test_a_task_that_is_asked_to_end_takes_all_with_it(tmp_path):
    """As by sessions that first notify, of the process that they started alone."""
    bundle = bundle_of(SLOW, tmp_path)
    task = start_task(bundle, folder=tmp_path, STARTED=str(tmp_path / "started"), SLOW="1")
    processes = processes_in(tmp_path / "started")

    task.terminate()
    task.communicate(timeout=20)

    assert [has_ended(each) for each in processes] == [True, True]


def test_a_task_with_too_little_time_is_ended_with_all_that_it_started(tmp_path):
    """By the timeout of its action, which is the node's."""
    bundle = bundle_of(SLOW, tmp_path, deadline={"task_timeout_seconds": 4, "on_task_timeout": "Error"})
    started = tmp_path / "started"

    done = run_openjd(bundle, STARTED=str(started), SLOW="1")

    assert done.returncode != 0
    assert [has_ended(each) for each in processes_in(started)] == [True, True]


def test_a_task_whose_session_was_killed_goes_on_to_its_result(tmp_path):
    """Nobody reads its output any more, which must not stop it for ever."""
    bundle = bundle_of("print('x' * 1_000_000); value = 7", tmp_path)
    process = start_task(bundle, folder=tmp_path)

    process.stdout.close()
    code = process.wait(timeout=30)

    assert (code, outputs_of(bundle)) == (0, 7)


NUMBERS = st.integers(-40, 40)
RANGES = st.one_of(
    NUMBERS.map(str),
    st.builds("{}-{}".format, NUMBERS, NUMBERS),
    st.builds("{}-{}:{}".format, NUMBERS, NUMBERS, st.integers(-12, 12)),
    st.builds(" {} - {} ".format, NUMBERS, NUMBERS),
    st.sampled_from(["", "-", "1-", "x", "+1", "1.5", "1-2-3", "1:2", "٣", "0x1", "1_0", "--1", "1--"]),
)


@given(st.lists(RANGES, min_size=1, max_size=4).map(",".join))
@example("1-3,2")
@settings(deadline=None, max_examples=300)
def test_ranges_are_those_of_the_official_model(text):
    """The same numbers, part by part, as ranges that overlap are refused elsewhere; and nonsense is refused here."""
    parts = [numbers_by_model(part) for part in text.split(",")]
    expected = None if None in parts else sorted(itertools.chain.from_iterable(parts))

    try:
        found = sorted(parse_range(text))
    except FlowpipeDeadlineError:
        found = None

    assert found == expected
    assert numbers_by_model(text) in (None, expected)


def numbers_by_model(text):
    """The numbers of a range expression; None if it is none."""
    try:
        return sorted(model.IntRangeExpr.from_str(text))
    except Exception:
        return None


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ("-3--1", "-3 is not a frame"),
        ("1-3,2", "a frame occurs twice"),
        ("10-1", "'10-1' is not a range of frames"),
        ("1-1000000000000", "'1-1000000000000' has more than 1000000 frames"),
        ("1-" + "9" * 5000, "'1-999"),
        ("", "'' is not a range of frames"),
    ],
    ids=["negative", "overlap", "descending", "too many", "too many digits", "nothing"],
)
def test_frames_that_no_task_has_are_refused_in_one_line(frames, said, tmp_path):
    """By the task itself, at once."""
    bundle = bundle_of("", tmp_path, **FRAMES)

    task = run_task(bundle, f"--frames={frames}", folder=tmp_path)

    assert task.code == 1
    assert len(task.lines) == 1
    assert task.lines[0].startswith(f"openjd_fail: {said}")


LISTS = [
    "P:\\a;p:/b",
    "\\\\s\\a;//s/b",
    "lib;P:/a",
    "P:\\a;&;",
    "/a:/b c",
    "/a::/b:",
    "/a;/b;&",
    "&:/a;x:/b",
    "$A/a:.",
    "",
]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("paths", LISTS)
def test_lists_of_paths_are_read_as_the_plugin_reads_them(paths, system):
    """Each entry is mapped by itself, and the separator becomes this system's."""
    mapped = map_list(
        paths,
        lambda path: f"[{path}]" if PLUGIN.FULL_PATH.match(path) else path,
        separator=SYSTEMS[system].pathsep,
    )

    assert mapped == listed(system, paths)


HOSTILE = "- a \"b\" $HOME `x` {{Param.x}} 'c' \\ ü;&"
TOLD = """
import json, os, sys
names = ("OCIO", "LIBS", "PYTHONPATH", "LC_CTYPE", "PWD", "QUEUE")
found = {**{name: os.environ.get(name) for name in names}, "folder": os.getcwd(), "frames": frames}
found["rights"] = oct(os.stat(os.path.dirname(sys.argv[-1])).st_mode)
value = [json.dumps(found), *frames]
"""
PLANNED = {
    "batch_size": 9,
    "deadline": {
        "environment": {"OCIO": "P:\\show\\c.ocio", "LIBS": "P:\\lib;lib;p:/show"},
        "environment_kinds": {"LIBS": "paths"},
    },
}
PATHS = ["P:\\show\\a.exr", "/old/b", "/old/b:/old/c", "/bucket/y", "s3://bucket/x"]
QUEUE = {"PYTHONPATH": "/queue/lib", "QUEUE": "1"}


def rule(system, source, destination):
    """A rule as a session has it."""
    return {"source_path_format": system, "source_path": source, "destination_path": str(destination)}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """What a task finds in a bundle that was moved to an odd folder, in a session with rules and a queue environment.

    Farms that carry files carry no empty folders, and may forbid to write among the packages.
    """
    folder = tmp_path_factory.mktemp("mapped")
    home = folder / HOSTILE
    bundle = bundle_of(TOLD, folder, paths=PATHS, **PLANNED).folder.rename(home)
    shutil.rmtree(home / "results")
    shutil.rmtree(home / "errors")
    (home / "packages").chmod(0o555)
    rules = [rule("WINDOWS", "P:\\", "/mnt/p"), rule("POSIX", "/old", "/new"), rule("URI", "s3://bucket", "/bucket")]
    (folder / "rules.json").write_text(json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": rules}))
    queue = {"specificationVersion": "environment-2023-09", "environment": {"name": "Queue", "variables": QUEUE}}
    (folder / "queue.json").write_text(json.dumps(queue))
    options = ("--path-mapping-rules", f"file://{folder / 'rules.json'}", "--environment", folder / "queue.json")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LC_ALL", "LC_CTYPE", "LANG"):
            patch.delenv(name, raising=False)
        done = run_openjd(bundle, *options, folder=folder)
    assert done.returncode == 0, done.stdout
    told, *returned = outputs_of(home)
    return home, {**json.loads(told), "returned": returned}


def test_values_and_variables_are_mapped_by_the_rules_of_the_session(mapped):
    """Paths, lists of paths, each of their entries; rules for URIs concern none of them."""
    _, told = mapped

    assert told["frames"] == ["/mnt/p/show/a.exr", "/new/b", "/new/b:/new/c", "/bucket/y", "s3://bucket/x"]
    assert (told["OCIO"], told["LIBS"]) == ("/mnt/p/show/c.ocio", "/mnt/p/lib:lib:/mnt/p/show")


def test_paths_that_a_node_returns_are_kept_as_they_were_before_the_rules(mapped):
    """Of either system; the folders of a session are gone afterwards."""
    _, told = mapped

    assert told["returned"] == ["P:\\show\\a.exr", "/old/b", "/old/b:/old/c", "/bucket/y", "s3://bucket/x"]


def test_a_task_finds_its_bundle_and_what_the_queue_has_set(mapped):
    """Our packages come before the queue's own; the bundle is the working folder; text is UTF-8."""
    home, told = mapped

    assert told["PYTHONPATH"] == f"{home / 'packages'}:/queue/lib"
    assert (told["folder"], told["PWD"]) == (str(home), str(home))
    assert (told["QUEUE"], told["LC_CTYPE"]) == ("1", "C.UTF-8")


def test_others_may_not_read_what_a_task_is_told(mapped):
    """Who knows its token could answer for it."""
    _, told = mapped

    assert told["rights"] == "0o40700"


def test_a_worker_of_another_system_finds_the_bundle_and_hears_the_task(tmp_path):
    """As the agent of a farm runs it, with a job from Windows: its session maps the bundle's path."""
    code = "from flowpipe_deadline import progress; progress(0.25, 'sampling'); value = 7"
    home = bundle_of(code, tmp_path).folder.rename(tmp_path / "moved")
    text = (home / "template.yaml").read_text(encoding="utf-8")
    values = {
        "Bundle": model.ParameterValue(type=model.ParameterValueType.PATH, value="P:\\Farm\\moved"),
        "Python": model.ParameterValue(type=model.ParameterValueType.STRING, value=sys.executable),
    }
    template = model.decode_job_template(
        template=model.document_string_to_object(document=text, document_type=model.DocumentType.YAML)
    )
    job = model.create_job(job_template=template, job_parameter_values=values)
    from_windows = PathMappingRule(
        source_path_format=PathFormat.WINDOWS, source_path=PureWindowsPath("p:\\farm"), destination_path=tmp_path
    )
    ended, said = threading.Event(), []

    def hear(_, status):
        said.append(status)
        if status.state is not ActionState.RUNNING:
            ended.set()

    with Session(
        session_id="a", job_parameter_values=values, path_mapping_rules=[from_windows], callback=hear
    ) as session:
        session.run_task(step_script=job.steps[0].script, task_parameter_values={})
        ended.wait(60)

    assert (said[-1].state, said[-1].progress, said[-1].status_message) == (ActionState.SUCCESS, 25.0, "sampling")
    assert outputs_of(home) == 7


def test_two_tasks_at_once_give_both_results(tmp_path):
    """Of one node, in one session's folder, into a bundle without folders for results."""
    bundle = bundle_of("", tmp_path, **FRAMES)
    shutil.rmtree(bundle.folder / "results")

    tasks = [start_task(bundle, f"--frames={frames}", folder=tmp_path) for frames in ("1-2", "3-4", "1-2")]
    codes = [task.communicate(timeout=60) and task.returncode for task in tasks]

    assert (codes, outputs_of(bundle)) == ([0, 0, 0], [1, 2, 3, 4])


@pytest.mark.parametrize("version", ["3.7", "3.9", "3.13"])
def test_the_launcher_runs_in_any_python_that_hosts_bring(version, tmp_path):
    """With nothing installed in it; what it keeps of a failure needs no flowpipe either, which 3.7 does not run."""
    python = find_python(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    bundle = bundle_of("value = 7", tmp_path)
    own = version != "3.7"

    done = run_task(bundle, python=python, command=[python if own else sys.executable, *EVALUATOR], folder=tmp_path)
    failed = run_task(bundle, python=python, command=["/bin/true", "<TASK>"], folder=tmp_path)

    assert (done.code, outputs_of(bundle)) == (0, 7), done.output
    assert failed.code == 1
    assert "before it reached the evaluator" in read_failures(bundle.folder, "do")[0].reason


BLENDER = shutil.which("blender")


@pytest.mark.skipif(BLENDER is None, reason="there is no Blender on PATH")
def test_a_task_runs_in_blender(tmp_path):
    """With what Blender's Python knows; what it prints is no order, and its result arrives."""
    code = "import bpy, os; print('openjd_env: x'); os.write(1, b'openjd_fail: x'); value = list(bpy.app.version)"
    bundle = bundle_of(code, tmp_path, program=BLENDER, interpreter="blender")

    done = run_openjd(bundle)

    assert done.returncode == 0, done.stdout
    assert len(outputs_of(bundle)) == 3
    assert "| openjd_env: x" in done.stdout
    assert "| openjd_fail: x" in done.stdout
