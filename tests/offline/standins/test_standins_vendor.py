"""The vendor's own plugins run unchanged. They are not part of this repository."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flowpipe_deadline.offline.standins.sandbox import read_param
from tests.fake_deadline.full_sandbox import Sandbox, SandboxJob, Unknowns

_VENDOR = os.environ.get("FLOWPIPE_DEADLINE_VENDOR_PLUGINS", "")
pytestmark = pytest.mark.skipif(
    not os.path.isdir(_VENDOR), reason="FLOWPIPE_DEADLINE_VENDOR_PLUGINS names no folder with Python and CommandLine"
)


@pytest.fixture
def run_vendor(tmp_path, host, task):
    """Runs one task of a vendor plugin, as Deadline 10.0 would."""

    def run(name, *, config=None, unknowns=None, **job):
        folder = Path(_VENDOR) / name
        record = SandboxJob(
            job_id="5" * 24,
            plugin_directory=str(folder),
            jobs_data_directory=str(tmp_path),
            config={**read_param(str(folder / f"{name}.param")), **(config or {})},
        )
        options = {"unknowns": unknowns or Unknowns()}
        sandbox = Sandbox(name, replace(record, **job), host, (10, 0), **options)
        sandbox.load()
        sandbox.start_job()
        sandbox.render_task(task(3, 4, 5))
        sandbox.end_job()
        sandbox.unload()

    return run


def test_python(run_vendor, host, tmp_path):
    """The Python plugin expands its placeholders, whose patterns Python 3.11 would refuse, and reads progress."""
    script = tmp_path / "script.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nprint('Progress: 42%')\n", encoding="utf-8")

    run_vendor(
        "Python",
        config={"Python_Executable_3_7": f"/nowhere/python;{sys.executable}"},
        plugin_info={
            "Version": "3.7",
            "ScriptFile": str(script),
            "Arguments": "<StartFrame> <ENDFRAME%4> <AUXFILE0> <QUOTE>a b<QUOTE>",
        },
        auxiliary_files=["data.txt"],
    )

    assert host.of("STDOUT") == [str(["3", "0005", str(tmp_path / "data.txt"), "a b"]), "Progress: 42%"]
    assert host.percents == [42.0]
    assert [line for line in host.of("WARNING") if "hooked" in line] == []
    assert "'<(?i)STARTFRAME>' has inline flags after its start: an error from Python 3.11" in host.of("WARNING")


def test_command_line(run_vendor, host, tmp_path):
    """The CommandLine plugin runs a program."""
    run_vendor(
        "CommandLine",
        plugin_info={
            "Executable": sys.executable,
            "Arguments": "-c <QUOTE>open('out', 'w').write('<STARTFRAME%3>')<QUOTE>",
            "StartupDirectory": str(tmp_path),
        },
    )

    assert (tmp_path / "out").read_text(encoding="utf-8") == "003"
    assert host.of("INFO")[-1] == "Process returned: 0"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix shell")
def test_command_line_in_a_shell(run_vendor, host, tmp_path):
    """In a shell the CommandLine plugin quotes with single quotes, which only Mono takes for quotes."""
    run_vendor(
        "CommandLine",
        plugin_info={
            "ShellExecute": "True",
            "Shell": "sh",
            "Arguments": "echo 'Progress: 12%' $((<STARTFRAME> + 1))",
            "StartupDirectory": str(tmp_path),
        },
        unknowns=Unknowns(quotes="mono"),
    )

    assert host.of("STDOUT") == ["Progress: 12% 4"]
    assert [line for line in host.of("WARNING") if "hooked" in line] == []
