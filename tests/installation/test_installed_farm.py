"""From a wheel to a repository to the offline farm, with nothing but what was installed there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
from pathlib import Path

import farm_nodes as nodes
import pytest
import typing_extensions
from harness import write_script
from installed import run_installed

from flowpipe_deadline import WorkerSetup, read_results, run_bundle, write_bundle
from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.installation.check import check
from flowpipe_deadline.planning.planner import make_plan
from tests.fake_deadline import standins
from tests.fake_deadline.workers import running_workers

TESTS = Path(__file__).parents[1] / "support"
KIT = Path(standins.__file__).parent
SCRIPT = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from flowpipe import Graph
from farm_nodes import Origins

def build():
    graph = Graph(name="Shot")
    Origins(graph=graph, name="node", frames=[1, 2], metadata={{"batch_size": 1}})
    return graph
"""


def is_unpacked(path):
    """Whether the file or folder lies where the plugin unpacks its packages, in the job's data folder."""
    return "jobsData" in Path(path).parts and "/packages-" in Path(path).as_posix()


def test_a_wheel_installs_what_a_checkout_installs(farm_repository):
    """Byte for byte: this checkout finds no difference in what the wheel has installed."""
    report = check(farm_repository)

    assert [(one.path, one.difference) for one in report.differences] == []
    assert set(report.installed.packages) == {"flowpipe-deadline", "flowpipe", "ascii-canvas", "typing_extensions"}


def test_all_that_hosts_need_is_installed(farm_repository):
    """Below custom, where Deadline finds it by name: files of any kind, in folders of any depth."""
    submission = shipped_folder("submission")
    shipped = {path.relative_to(submission) for path in submission.rglob("*") if path.is_file()}
    installed = farm_repository / "custom" / "submission"

    files = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}

    made = {Path("Flowpipe/Client/Blender/flowpipe_deadline_addon.zip")}
    assert files == {path for path in shipped if "__pycache__" not in path.parts} | made
    assert {Path("Flowpipe/Client/flowpipe_proxy.py"), Path("Flowpipe/Main/flowpipe_client.py")} <= files


def test_the_wheel_finds_its_own_files(installed_package, farm_repository):
    """Nothing of this checkout is used where the wheel is installed."""
    result = run_installed(installed_package, "install", farm_repository, "--check", "-o", "json")

    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["differences"] == []
    assert sorted(path.name for path in installed_package.glob("flowpipe_deadline/plugins/*")) == ["Flowpipe"]


def test_the_wheel_has_the_stand_ins_of_a_run_and_no_more(installed_package, tmp_path):
    """No test, and no part of the fake Deadline: not its commands, nor its stand-ins for scripts and dialogs."""
    packages = {path.parent.name for path in installed_package.glob("*/__init__.py")}
    kit = {path.relative_to(KIT).as_posix() for path in KIT.rglob("*.py") if path.name != "__init__.py"}
    standins = installed_package / "flowpipe_deadline" / "offline" / "standins"
    installed = {path.relative_to(standins).as_posix() for path in standins.rglob("*.py")}

    assert packages == {"flowpipe_deadline"}
    larger = {"packages/Deadline/Plugins.py", "packages/Deadline/Scripting.py", "packages/FranticX/Processes.py"}
    assert installed & kit == larger  # Of which the kit has larger ones.
    assert {path.partition("/")[2].partition("/")[0] for path in installed if path.count("/") > 1} == {
        "Deadline",
        "FranticX",
        "_dotnet",
        "_worker",
    }


def test_the_source_distribution_has_the_tests_and_all_that_they_read(installed_package):
    """So whoever packages this version for a system can test it."""
    (sdist,) = installed_package.parent.glob("*.tar.gz")
    source = installed_package.parent / "source"
    read = [path for path in source.glob("*/**/*") if path.is_file()]
    read += [source / name for name in ("CONTRIBUTING.md", "README.md", "ruff.toml", "setup.cfg")]

    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}

    assert {path.relative_to(source).as_posix() for path in read} - packed == set()
    assert {"tests/conftest.py", "docs/architecture.md", "examples/turntable.py"} <= packed


def test_the_description_has_no_link_into_the_checkout(installed_package):
    """A package index shows the README without the files beside it."""
    (metadata,) = installed_package.glob("flowpipe_deadline-*.dist-info/METADATA")

    description = metadata.read_text(encoding="utf-8").partition("\n\n")[2]
    readme = (installed_package.parent / "source" / "README.md").read_text(encoding="utf-8")

    whole = re.compile("^#.*|```[^`]+```", flags=re.MULTILINE)  # Headings and code.
    assert whole.findall(description) == whole.findall(readme)
    assert {link.partition(":")[0] for link in re.findall(r"\]\(([^)]*)", description)} == {"https"}


def test_the_command_runs_a_graph_on_what_was_installed(installed_package, farm_repository, bare_python, tmp_path):
    """As a TD tries an installation: another Python, with the standard library only."""
    script = write_script(tmp_path, SCRIPT)
    options = ("--repository", farm_repository, "-i", f"python={bare_python}", "--root", tmp_path, "-o", "json")

    result = run_installed(installed_package, "run", f"{script}:build", *options)

    assert result.returncode == 0, result.stdout + result.stderr
    outputs = json.loads(result.stdout)["outputs"]["Shot.node"]
    assert len(outputs["origins"]) == 8  # Four packages, in each of two chunks.
    assert all(map(is_unpacked, outputs["origins"]))
    assert outputs["python"] == str(Path(bare_python).parent.parent)


@pytest.fixture(params=[True, False], ids=["sub-folders reach the workers", "sub-folders do not"])
def setup(request, farm_repository, bare_python):
    """Workers of a farm that has only what was installed in its repository, under both answers to what is unknown."""
    return WorkerSetup({"python": bare_python}, repository=farm_repository, with_subfolders=request.param)


def test_nothing_of_this_environment_reaches_interpreters(graph, tmp_path, setup, monkeypatch):
    """They get the packages of the repository and the standard library, whatever the environment here says."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    for name in ("PYTHONSTARTUP", "PYTHONUSERBASE", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, str(TESTS))
    nodes.Origins(name="node", graph=graph)
    bundle = write_bundle(make_plan(graph), root=tmp_path)

    state = run_bundle(bundle, failure_limit=1, setup=setup)

    assert state.is_complete, state.tasks[0].message
    outputs = read_results(bundle)["Test.node"].outputs()
    assert all(map(is_unpacked, outputs["origins"]))
    assert outputs["variables"] == ["PYTHONHOME", "PYTHONIOENCODING", "PYTHONPATH", "PYTHONUNBUFFERED"]
    standard = (sysconfig.get_path("stdlib"), sys.base_prefix, outputs["python"])
    others = [path for path in outputs["path"] if not is_unpacked(path) and not path.startswith(standard)]
    assert set(others) <= {str(bundle.folder), str(TESTS)}  # Where it runs, and where the node's file lies.


# Takes a script, as Blender does, and looks at no variable of Python's, as its official builds do.
HOST = """#!PYTHON -E
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[sys.argv.index("-P") + 1], run_name="__main__")
"""


def test_a_host_that_takes_no_python_path_finds_the_packages(graph, tmp_path, farm_repository, bare_python):
    """The boot script adds their folder."""
    host = tmp_path / "blender"
    host.write_text(HOST.replace("PYTHON", bare_python))
    host.chmod(0o755)
    nodes.Origins(name="node", graph=graph, metadata={"interpreter": "blender"})
    bundle = write_bundle(make_plan(graph), root=tmp_path)

    setup = WorkerSetup(interpreters={"blender": str(host)}, repository=farm_repository)
    state = run_bundle(bundle, failure_limit=1, setup=setup)

    assert state.is_complete, state.tasks[0].message
    assert all(map(is_unpacked, read_results(bundle)["Test.node"].outputs()["origins"]))


def test_the_folders_of_a_td_come_before_the_packages(graph, tmp_path, farm_repository, bare_python):
    """What *Python Path* names in the plugin's configuration wins over what was installed."""
    repository = shutil.copytree(farm_repository, tmp_path / "repository")
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(typing_extensions.__file__, own)
    param = repository / "custom" / "plugins" / "Flowpipe" / "Flowpipe.param"
    text = param.read_text()
    param.write_text(text.replace("Index=0\nDefault=\n", f"Index=0\nDefault={own}\n"))
    nodes.Origins(name="node", graph=graph)
    bundle = write_bundle(make_plan(graph), root=tmp_path)

    setup = WorkerSetup(interpreters={"python": bare_python}, repository=repository)
    run_bundle(bundle, failure_limit=1, setup=setup)

    origins = read_results(bundle)["Test.node"].outputs()["origins"]
    assert [path for path in origins if not is_unpacked(path)] == [str(own / "typing_extensions.py")]


@pytest.fixture
def installed_deadline(deadline, farm_repository):
    """A fake Deadline whose repository has what was installed."""
    shutil.copytree(farm_repository / "custom", deadline.root / "custom", dirs_exist_ok=True)
    return deadline


def submit_inside(deadline, bundle):
    """What ``deadlinecommand`` prints when the installed script submits the bundle."""
    script = deadline.root / "custom" / "submission" / "Flowpipe" / "Main" / "FlowpipeSubmission.py"
    command = [str(deadline.bin / "deadlinecommand"), "-ExecuteScriptNoGui", str(script), str(bundle.folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_installed_script_submits_in_deadlines_own_python(installed_deadline, graph, tmp_path, deadline_python):
    """As the Monitor does: with the packages beside the plugin, out of the archive."""
    nodes.Pass(name="first", graph=graph).outputs["value"].connect(
        nodes.Pass(name="second", graph=graph).inputs["value"]
    )
    bundle = write_bundle(make_plan(graph), root=tmp_path)
    installed_deadline.change_settings(interpreter=deadline_python)

    said = submit_inside(installed_deadline, bundle)

    assert "2 jobs submitted: " in said
    assert [job.status for job in installed_deadline.jobs()] == ["Active", "Pending"]


def test_an_installed_deadline_submits_and_renders(installed_deadline, graph, tmp_path, bare_python):
    """From end to end with nothing of this package but what lies in the repository."""
    nodes.Origins(name="node", graph=graph)
    bundle = write_bundle(make_plan(graph), root=tmp_path)

    with running_workers(installed_deadline, count=1, scan_seconds=0.05, interpreters={"python": bare_python}):
        submit_inside(installed_deadline, bundle)
        while installed_deadline.jobs()[0].status == "Active":
            time.sleep(0.05)

    assert all(map(is_unpacked, read_results(bundle)["Test.node"].outputs()["origins"]))


def test_a_repository_without_the_plugin_is_said(graph, tmp_path):
    """With the command that puts it there."""
    nodes.Pass(name="node", graph=graph)
    bundle = write_bundle(make_plan(graph), root=tmp_path)

    with pytest.raises(
        UsageError, match=rf"has no Flowpipe plugin; put it there:  flowpipe-deadline install {tmp_path}"
    ):
        run_bundle(bundle, setup=WorkerSetup(repository=tmp_path))
