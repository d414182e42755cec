"""The hosts of the plugin's configuration, tried out on this machine."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import psutil
import pytest
from doctors import changes_of, doctor, examine, only

from flowpipe_deadline.doctor.hosts import check_hosts
from flowpipe_deadline.doctor.redact import Redaction
from flowpipe_deadline.doctor.report import DoctorOptions, Report
from flowpipe_deadline.installation.install import install
from flowpipe_deadline.offline.hosts import find_host


def install_without_hosts(root):
    """The plugin, in whose configuration maya is the only host, which is not on this machine."""
    install(root)
    param = root / "custom" / "plugins" / "Flowpipe" / "Flowpipe.param"
    sections = re.split(r"(?m)^(?=\[)", param.read_text())
    for number, section in enumerate(sections):
        if section.startswith("[Executable_"):
            path = "/not/here/mayapy" if section.startswith("[Executable_maya]") else ""
            sections[number] = re.sub("(?m)^Default=.*", f"Default={path}", section)
    param.write_text("".join(sections))
    return root


@pytest.fixture
def repository(tmp_path):
    """A repository with the plugin."""
    (tmp_path / "repository").mkdir()
    return install_without_hosts(tmp_path / "repository")


@pytest.fixture
def script(tmp_path):
    """Makes a program of a shell script."""

    def make(text):
        program = tmp_path / "my host"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        return str(program)

    return make


def tried(repository, interpreters, *, is_stopping=lambda: False, timeout=60.0):
    """The checks by name."""
    options = DoctorOptions(interpreters=interpreters, timeout=timeout)
    return {check.name: check for check in check_hosts(repository, options, say=print, is_stopping=is_stopping)}


def test_a_host_evaluates_a_task_and_two_more(repository, bare_python):
    """With its version and its times; those of the configuration that are not here are named."""
    checks = tried(repository, {"python": bare_python})

    assert list(checks) == ["host python", "other hosts"]
    host = checks["host python"]
    assert (host.verdict, host.details["works"], len(host.details["seconds"])) == ("ok", True, 3), host.found
    assert re.fullmatch(
        rf"{re.escape(bare_python)}, Python [\d.]+ on \w+: a task with its start takes [\d.e-]+ s,"
        r" and two more [\d.e-]+ s each, in (the same process|a process of its own each)",
        host.found,
    )
    assert checks["other hosts"].found == "not on this machine: maya"


@pytest.mark.parametrize("name", ["scribus", "krita"])
def test_real_hosts_are_kept_as_the_documentation_writes_them(repository, name):
    """With a line of its own, and nothing installed into the host."""
    lines = (Path(__file__).parents[2] / "docs" / "hosts.md").read_text().splitlines()
    text = next(line.strip().partition("=")[2] for line in lines if line.strip().startswith(f"{name}="))
    if find_host([text]) is None:
        pytest.skip(f"this machine has no {name}")

    host = tried(repository, {name: text})[f"host {name}"]

    assert (host.verdict, host.details["is_kept"]) == ("ok", True), host.found


def test_a_host_that_fails_says_why(repository, script):
    """By its last lines. They are no part of a report for others, as nobody knows what stands there."""
    host = script("echo no licence for me\necho at server 7 >&2\nexit 3")

    check = tried(repository, {"katana": f'"{host}" --task "<TASK>"'})["host katana"]

    first, *last = check.found.splitlines()
    assert (check.verdict, sorted(last)) == ("problem", ["at server 7", "no licence for me"])
    assert first.startswith(f"{host}: task 1 of 3: katana ended before it reached the evaluator (exit code 3)")
    report = Report(checks=[check], probe=[], answers=[], exchanges=[], redaction=Redaction({}), is_interrupted=False)
    assert "server 7" not in json.dumps(report.to_json())


def test_a_host_that_hangs_is_ended(repository, script, tmp_path):
    """With everything that it started."""
    host = script(f'echo $$ > "{tmp_path}/pid"\nsleep 100')

    check = tried(repository, {"katana": host}, timeout=8.0)["host katana"]

    assert (check.verdict, check.found) == (
        "problem",
        f"{host}: did not evaluate 3 tasks in 8 s, and was ended",
    )
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_trial_can_be_interrupted(repository, script):
    """As everything that the doctor does."""
    started = time.monotonic()

    checks = tried(repository, {"katana": script("sleep 100")}, is_stopping=lambda: time.monotonic() - started > 1.0)

    assert (checks["host katana"].verdict, "was interrupted" in checks["host katana"].found) == ("unknown", True)
    assert time.monotonic() - started < 30.0


def test_nothing_is_started_without_being_asked_for(script, tmp_path, monkeypatch):
    """A start may take a licence."""
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    host = script(f'echo started > "{tmp_path}/started"')

    report = examine(interpreters={"python": host})

    assert only(report.checks, "interpreters").verdict == "unknown"
    assert not (tmp_path / "started").exists()


def test_hosts_alone_can_be_tried(deadline, bare_python, monkeypatch):
    """By the plugin of the repository that this machine sees; the farm is left alone."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    install_without_hosts(deadline.root)

    result = doctor("--only", "hosts", "-i", f"other={bare_python}")

    assert re.search(r"ok +host other", result.stdout), result.stdout + result.stderr
    assert "not on this machine: maya" in result.stdout
    assert "On the farm" not in result.stdout
    assert changes_of(deadline) == []
