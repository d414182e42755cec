"""The doctor's checks: of this machine, the connections to Deadline, the repository, and where bundles go."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from doctors import changes_of, doctor, examine, only, pretend_version, verdicts

from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.deadline.client import RepositoryInfo
from flowpipe_deadline.deadline.webservice.settings import WebServiceSettings
from flowpipe_deadline.doctor.machine import check_dialog, check_results, check_root, check_service
from flowpipe_deadline.doctor.recorder import RecordedCommand
from flowpipe_deadline.doctor.repository import Installed, check_limits, check_plugin, check_version
from flowpipe_deadline.doctor.repository import check_root as check_repository_root
from flowpipe_deadline.installation.install import install
from flowpipe_deadline.offline.packages import own_version
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.web import Guard, serve

VERSION = own_version()
EMPTY = {"missing": ("flowpipe-deadline.json", "plugins/Flowpipe/Flowpipe.py")}
HEALTHY = {
    "versions": "ok",
    "deadlinecommand": "ok",
    "settings": "ok",
    "connection": "ok",
    "script connection": "ok",
    "Web Service": "ok",
    "Deadline": "ok",
    "repository": "ok",
    "plugin": "ok",
    "pools and groups": "ok",
    "limits of jobs": "ok",
    "root": "warning",  # On this machine.
    "store": "ok",
    "interpreters": "unknown",
    "dialog": "ok",
}


@pytest.fixture
def deadline(tmp_path, monkeypatch):
    """A fake Deadline with the plugin, and pools with private names."""
    monkeypatch.setenv("LOGNAME", "lisa")
    for variable in [name for name in os.environ if name.startswith("FLOWPIPE_DEADLINE_")]:
        if variable != "FLOWPIPE_DEADLINE_CONFIG":
            monkeypatch.delenv(variable)
    with FakeDeadline.create(tmp_path / "deadline", pools=("none", "bond"), groups=("none", "goldfinger")) as made:
        install(made.root)
        monkeypatch.setenv("DEADLINE_PATH", str(made.bin))
        yield made


@pytest.fixture
def root(tmp_path):
    """A folder for bundles."""
    folder = tmp_path / "moonraker"
    folder.mkdir()
    return folder


@pytest.fixture
def no_command(monkeypatch):
    """A machine without deadlinecommand."""
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")


def test_where_all_is_well_the_report_says_so(deadline, root):
    """And the checks have changed nothing."""
    report = examine(root=root)

    assert verdicts(report.checks) == HEALTHY
    assert report.errors == []
    assert (report.probe, report.answers) == ([], [])
    assert only(report.checks, "Deadline").found == "version 10.4.2.2"
    assert only(report.checks, "plugin").found == f"Flowpipe {VERSION} is installed"
    assert only(report.checks, "connection").details["via"] == "script"
    assert only(report.checks, "pools and groups").details == {"pools": 2, "groups": 2, "limits": 0}
    assert (changes_of(deadline), list(root.iterdir())) == ([], [])


def test_the_report_says_nothing_private(deadline, root):
    """No user, no path, no pool; but the calls of deadlinecommand, and what it printed."""
    data = examine(root=root, settings={"pool": "bond"}).to_json()

    text = json.dumps(data).lower()
    assert [word for word in ("lisa", "bond", "goldfinger", "moonraker", str(deadline.folder)) if word in text] == []
    outputs = {tuple(exchange["arguments"]): exchange["output"] for exchange in data["exchanges"]}
    assert outputs["-GetVersion",] == ["v10.4.2.2 Release (0a1b2c3d4)"]
    assert outputs["-GetRepositoryRoot",] == ["<repository>"]
    assert outputs["-GetPluginNames",] == ["<3 lines>"]
    assert next(check for check in data["checks"] if check["name"] == "root")["found"].startswith("the root <root> is")


def test_without_deadlinecommand_and_web_service_there_is_no_connection(deadline, root, no_command):
    """All other checks are made."""
    report = examine(root=root)

    assert report.errors
    found = verdicts(report.checks)
    assert {name for name in found if found[name] == "problem"} == {"deadlinecommand", "connection"}
    assert {name for name in HEALTHY if name not in found} == {
        *("Deadline", "repository", "plugin", "pools and groups", "limits of jobs")
    }
    assert "install the Deadline Client" in only(report.checks, "connection").found


def test_a_web_service_works_without_deadlinecommand(deadline, root, no_command, monkeypatch):
    """It answers all that the doctor asks."""
    with serve(deadline) as service:
        monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)

        report = examine(root=root)

    assert verdicts(report.checks) == {
        **HEALTHY,
        "deadlinecommand": "warning",
        "script connection": "unknown",
        "dialog": "unknown",
    }
    assert only(report.checks, "connection").details["via"] == "webservice"
    assert report.exchanges == ()


def test_a_web_service_that_refuses_the_login_is_a_warning(deadline):
    """If it is the connection in use, it is an error; so is a wrong address."""
    with serve(deadline, guard=Guard(user="lisa", password="secret")) as service:
        settings = WebServiceSettings(service.url)

        checks = [check_service(settings, "", is_used=is_used) for is_used in (False, True)]

    assert [check.verdict for check in checks] == ["warning", "problem"]
    assert "401" in checks[0].found
    assert check_service(None, "'x' is no Web Service", is_used=False).verdict == "problem"


def test_a_deadline_that_does_not_answer_is_an_error(deadline, root):
    """Its words are in the report."""
    deadline.set_faults({"on": "*", "do": "deny", "times": 0, "value": "The repository is out of reach"})

    report = examine(root=root)

    found = verdicts(report.checks)
    assert (found["deadlinecommand"], found["script connection"], found["repository"]) == (
        "problem",
        "warning",
        "problem",
    )
    assert "The repository is out of reach" in only(report.checks, "deadlinecommand").found


def test_where_scripts_do_not_run_there_is_a_warning(deadline, root):
    """Submission falls back to a process per job."""
    deadline.change_settings(interpreter="/nowhere/python")

    report = examine(root=root)

    assert verdicts(report.checks) == {**HEALTHY, "script connection": "warning", "dialog": "unknown"}
    assert "a process per job" in only(report.checks, "script connection").advice


def test_a_dialog_that_is_not_set_up_is_no_error(deadline):
    """Many studios submit by the command line alone."""
    check = check_dialog(RecordedCommand(timeout=60))

    assert (check.verdict, check.found.partition(" (")[0]) == ("ok", "No Python is set for the submit dialog")


@pytest.mark.parametrize(
    ("lines", "verdict", "said"),
    [
        pytest.param([], "ok", "can open it", id="all is there"),
        pytest.param(["sys.exit('x\\nNo module named PySide6')"], "warning", "No module named PySide6", id="no Qt"),
        pytest.param(
            ["sys.exit('No module named cli.dialog' if 'cli.dialog' in sys.argv[2] else 0)"],
            "warning",
            "No module named cli.dialog",
            id="an older version",
        ),
        pytest.param(None, "warning", "is not here", id="another machine's"),
    ],
)
def test_the_python_of_the_dialog_is_tried(deadline, tmp_path, lines, verdict, said):
    """Without opening anything."""
    python = tmp_path / "python"
    if lines is not None:
        python.write_text("\n".join([f"#!{sys.executable} -IS", "import sys", *lines]))
        python.chmod(0o755)
    deadline.change_settings(plugin_config={"DialogPython": str(python)})

    check = check_dialog(RecordedCommand(timeout=60))

    assert (check.verdict, said in check.found) == (verdict, True)
    assert ("pip install" in check.advice) == said.startswith("No module")


def test_settings_that_do_not_fit_the_farm_are_errors(deadline, root):
    """Settings of the studio, presets and command line: the graph that may be sent is planned with them."""
    unknown = only(examine(root=root, settings={"pool": "bnod"}).checks, "pools and groups")
    wrong = only(examine(root=root, settings={"prioritty": 7}).checks, "settings")

    assert (unknown.verdict, wrong.verdict) == ("problem", "problem")
    assert "bnod" in unknown.found
    assert "bond" in unknown.advice
    assert "priority" in wrong.found


def test_another_version_in_the_repository_is_an_error(deadline, root):
    """Workers would run other code than the one that planned their tasks."""
    pretend_version(deadline, "0.0.1")

    check = only(examine(root=root).checks, "plugin")

    assert check.verdict == "problem"
    assert check.found == f"Flowpipe 0.0.1 is installed, and this is {VERSION}"
    assert check.advice.endswith(f"flowpipe-deadline install {deadline.root}")


@pytest.mark.parametrize(
    ("listed", "installed", "verdict", "words"),
    [
        (["Flowpipe"], Installed(VERSION), "ok", "is installed"),
        (["Python"], Installed(VERSION), "problem", "has no plugin Flowpipe"),
        (["Flowpipe"], Installed(None), "warning", "without a record of its version"),
        (None, Installed(None), "problem", "is not installed"),
        (
            ["Flowpipe"],
            Installed(None, EMPTY),
            "problem",
            "Deadline lists Flowpipe, but its custom folder lacks plugins/",
        ),
        (None, Installed(None, EMPTY), "problem", "Flowpipe is not installed"),
        (["Flowpipe"], None, "unknown", "Deadline lists Flowpipe; its version cannot be found out from here"),
        (None, None, "unknown", "whether Flowpipe is installed is not known"),
        (["Flowpipe"], Installed(VERSION, {"edited": ("a", "b")}), "warning", "files differ: 2 edited"),
        (["Flowpipe"], Installed(VERSION, {"missing": ("a",)}), "problem", "files differ: 1 missing"),
    ],
)
def test_states_of_the_plugin(listed, installed, verdict, words):
    """Not installed, without a record, another version, edited files."""
    check = check_plugin(RepositoryInfo(plugins=listed and tuple(listed)), installed)

    assert check.verdict == verdict
    assert words in check.found


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("v10.4.2.2 Release (313c3e8f5)", "ok"),
        ("10.1.23.6", "ok"),
        ("v10.0.26.0 Release", "problem"),
        ("v11.0.0.1", "warning"),
        ("Error: no repository", "unknown"),
        (None, "unknown"),
    ],
)
def test_versions_of_deadline(text, verdict):
    """10.0 runs plugins by Python 2, and 11 does not exist yet."""
    assert check_version(text).verdict == verdict


def test_roots_that_workers_cannot_see_are_errors(tmp_path):
    """Unless they are tolerated."""
    assert check_root(tmp_path, tolerated=()).verdict == "problem"
    assert check_root(tmp_path, tolerated={WarningKind.LOCAL_ROOT}).verdict == "warning"
    assert check_root(None, tolerated=()).verdict == "unknown"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
@pytest.mark.parametrize(("mode", "is_open"), [(0o777, True), (0o1777, False), (0o2775, False)], ids=oct)
def test_a_root_that_all_may_write_keeps_no_variable_from_anybody(tmp_path, mode, is_open):
    """Nobody needs a group there, so nothing is kept from others; the doctor says what to do."""
    tmp_path.chmod(mode)

    check = check_root(tmp_path, tolerated={WarningKind.LOCAL_ROOT})

    assert check.details["open"] is is_open
    assert ("all read the variables of jobs" in check.found) is is_open
    assert (f"chmod u+rwx,g+rwxs,o-w {tmp_path}" in check.advice) is is_open


def test_stores_that_take_no_results_are_errors():
    """Files always work; other stores are tried."""
    assert check_results("files").verdict == "ok"
    assert check_results("postgres://db").verdict == "problem"


def test_a_folder_that_is_no_repository_is_told_as_such(tmp_path):
    """A share that is not mounted is an empty folder."""
    check = check_repository_root(RepositoryInfo(root=str(tmp_path)))

    assert check.verdict == "warning"
    assert check.found.startswith(f"{tmp_path} has none of the folders of a repository: custom, events, plugins")
    assert "mount the repository there" in check.advice


def test_an_empty_repository_has_no_plugin(deadline, root):
    """Whatever Deadline lists."""
    shutil.rmtree(Path(deadline.root) / "custom")
    (Path(deadline.root) / "custom").mkdir()

    check = only(examine(root=root).checks, "plugin")

    assert check.verdict == "problem"
    assert check.advice == f"install it:  flowpipe-deadline install {deadline.root}"


def test_limits_that_deadline_does_not_give_are_unknown():
    """The report says what is assumed instead."""
    check = check_limits(RepositoryInfo(maximum_priority=100))

    assert check.verdict == "unknown"
    assert check.advice == "5000 tasks per job are assumed as the limit"


def test_the_report_is_printed_as_json(deadline, root):
    """Only the answer on stdout; progress on stderr."""
    result = doctor("--root", root, "--tolerate", "local-root", "-o", "json")

    data = json.loads(result.stdout)
    assert result.returncode == 0
    assert (data["format"], data["interrupted"], data["flowpipe_deadline"]) == (1, False, VERSION)
    assert {check["name"]: check["verdict"] for check in data["checks"]} == HEALTHY
    assert "Asking the repository" in result.stderr


def test_the_report_is_printed_as_tables(deadline, root):
    """With errors, exit code 1 and the names of the failed checks."""
    result = doctor("--root", root)

    assert result.returncode == 1
    assert "This machine and the repository" in result.stdout
    assert result.stdout.rstrip().endswith("Errors: root")


def test_failed_checks_keep_the_letters_of_their_names(deadline, root, monkeypatch):
    """As in the table."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", "nowhere at all")

    result = doctor("--root", root, "--tolerate", "local-root")

    assert result.returncode == 1
    assert result.stdout.rstrip().endswith("Errors: connection, Web Service")


def test_questions_are_listed():
    """Without any call of Deadline."""
    result = doctor("--questions", "-o", "json")

    names = [entry["name"] for entry in json.loads(result.stdout)]
    assert names[:3] == ["graph", "hosts", "suspended"]
    assert len(names) == len(set(names))


def test_a_probe_needs_a_root(deadline):
    """A missing one is reported before any check."""
    result = doctor("--probe")

    assert result.returncode == 2
    assert result.stderr.startswith("Error: --probe sends a graph to the farm: give it a --root")
