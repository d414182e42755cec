"""What interpreters get of the Worker's environment: nothing that is Deadline's own; the job's is kept."""

from __future__ import annotations

import os
import shutil
import sys

import farm_nodes as nodes
import pytest
from plugin_runs import PLUGIN, drive

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.offline.standins.sandbox import read_param

REMOVED = read_param(str(PLUGIN / "Flowpipe.param"))["RemovedVariables"].split(";")
LISTS = [name for name in REMOVED if name.endswith(("LIBRARY_PATH", "FRAMEWORK_PATH"))]
HARMLESS = {"PYTHONOPTIMIZE": "2", "PYTHONTRACEMALLOC": "1", "PYTHONMALLOC": "malloc", "PYTHONWARNINGS": "ignore"}
NO_LOCALE = {"LC_ALL": None, "LC_CTYPE": None, "LANG": None}


@pytest.fixture
def bundle(graph, tmp_path):
    """One node that tells what it was started with."""
    nodes.Surroundings(name="node", graph=graph)
    return write_bundle(plan_graph(graph), root=tmp_path)


@pytest.fixture
def seen(bundle):
    """Runs the task; gives the variables that the node saw, with ``optimize`` added, and what the plugin logged."""

    def run(python=sys.executable, *, plugin=PLUGIN, strict=True, **more):
        said = drive(python, bundle, "node", plugin=plugin, strict=strict, more=more)
        assert said["error"] is None
        outputs = read_results(bundle)["Test.node"].outputs()
        return {**outputs["variables"], "optimize": outputs["optimize"]}, said["log"]

    return run


@pytest.mark.usefixtures("fresh_processes")
def test_nothing_of_the_workers_python_and_qt_arrives(deadline_python, seen):
    """Empty counts as unset for all of these; other variables arrive."""
    worker = {name: HARMLESS.get(name, "/worker") for name in REMOVED if name not in LISTS}

    found, _ = seen(deadline_python, worker={**worker, "PYTHONHASHSEED": "0", "STUDIO": "sho"})

    assert {name: found[name] for name in worker if found.get(name)} == {}
    assert (found["optimize"], found["PYTHONHASHSEED"], found["STUDIO"]) == (0, "0", "sho")


def test_what_the_worker_does_not_have_is_not_set(seen):
    """Programs may ask whether a variable is there."""
    found, _ = seen(worker=dict.fromkeys(REMOVED))

    assert not set(REMOVED) & set(found)


def test_what_the_job_sets_is_kept(seen):
    """Also where the Worker has the same value."""
    job = {"PYTHONOPTIMIZE": "1", "QT_PLUGIN_PATH": "/job/qt", "LD_LIBRARY_PATH": "/opt/Thinkbox/Deadline10/lib"}

    found, _ = seen(worker={**job, "QT_PLUGIN_PATH": "/worker/qt"}, job=job)

    assert {name: found[name] for name in job} == job
    assert found["optimize"] == 1


def test_what_a_script_sets_before_the_job_is_kept(seen, tmp_path):
    """A studio's JobPreLoad.py sets variables for a host; the Worker's own give way to them."""
    plugin = shutil.copytree(PLUGIN, tmp_path / "plugin")
    lines = [
        "def __main__(plugin):",
        "    plugin.SetProcessEnvironmentVariable('QT_PLUGIN_PATH', '/script/qt')",
        "    plugin.SetProcessEnvironmentVariable('LD_LIBRARY_PATH', '/script:/opt/Thinkbox/Deadline10/lib')",
        "    plugin.SetProcessEnvironmentVariable('LANG', 'C.UTF-8')",
    ]
    (plugin / "JobPreLoad.py").write_text("\n".join(lines))

    found, log = seen(plugin=plugin, worker={"QT_PLUGIN_PATH": "/q", "LD_LIBRARY_PATH": "/l", **NO_LOCALE})

    assert found["QT_PLUGIN_PATH"] == "/script/qt"
    assert found["LD_LIBRARY_PATH"] == "/script:/opt/Thinkbox/Deadline10/lib"
    assert not [line for line in log if "LC_CTYPE" in line]


@pytest.mark.parametrize(
    ("value", "client", "expected"),
    [
        pytest.param("/opt/Thinkbox/Deadline10/lib", None, "", id="Deadline's only"),
        pytest.param("/opt/Thinkbox/Deadline10/lib:/studio/lib:", None, "/studio/lib", id="with an empty entry"),
        pytest.param("/studio/a:/d/deadline/lib/x:/b", "/d/deadline/bin", "/studio/a:/b", id="beside its bin folder"),
        pytest.param("/usr/local/bin/lib:/usr/local/lib", "/usr/local/bin", "/usr/local/lib", id="below it only"),
        pytest.param("/mnt/DeadlineRepository10/custom/lib", None, None, id="a studio's in the repository"),
        pytest.param("/studio/deadline10-tools:/deadline", "/d/deadline/bin", None, id="names that are alike"),
        pytest.param("/studio/lib:", None, None, id="nothing of Deadline's"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows separates folders by semicolons")
def test_library_paths_only_lose_deadlines_folders(seen, value, client, expected):
    """Those of the client, wherever it is installed; None: all of it stays."""
    found, _ = seen(worker={"LD_LIBRARY_PATH": value, "DYLD_LIBRARY_PATH": value, "DEADLINE_PATH": client})

    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        assert found[name] == (value if expected is None else expected)


def test_a_job_that_takes_nothing_of_the_worker_gets_nothing(seen):
    """Not what is left of its library paths either."""
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    worker = {"LD_LIBRARY_PATH": "/opt/Thinkbox/Deadline10/lib:/studio/lib", "LANG": "C.UTF-8", "QT_PLUGIN_PATH": "/q"}

    found, _ = seen(worker=worker, job=paths, job_only=True)

    assert not {"LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "LANG"} & set(found)
    assert found["LC_CTYPE"] == "C.UTF-8"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({"RemovedVariables": None}, ("", "/studio"), id="an earlier configuration has no such list"),
        pytest.param({"RemovedVariables": ""}, ("1", "/opt/Thinkbox/Deadline10:/studio"), id="nothing is removed"),
        pytest.param(
            {"RemovedVariables": "PYTHONPATH;PATH\r\nMINE"}, ("1", "/studio"), id="a list of the studio's own"
        ),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows separates folders by semicolons")
@pytest.mark.usefixtures("fresh_processes")
def test_the_list_is_the_studios(seen, config, expected):
    """PATH can be in it, and then loses Deadline's folders too."""
    folders = "/opt/Thinkbox/Deadline10:/studio"
    name = "PATH" if "PATH" in (config["RemovedVariables"] or "") else "LD_LIBRARY_PATH"

    found, _ = seen(worker={"PYTHONOPTIMIZE": "1", name: folders, "MINE": "1"}, config=config)

    assert (found["PYTHONOPTIMIZE"], found[name]) == expected
    assert found["MINE"] == ("" if name == "PATH" else "1")


@pytest.mark.parametrize(
    ("worker", "job", "expected"),
    [
        pytest.param({}, {}, True, id="none"),
        pytest.param({"LANG": "", "LC_ALL": ""}, {}, True, id="empty ones"),
        pytest.param({"LANG": "C"}, {}, False, id="the Worker's"),
        pytest.param({"LC_CTYPE": "C.UTF-8"}, {}, False, id="the Worker's characters"),
        pytest.param({}, {"LC_ALL": "C.UTF-8"}, False, id="the job's"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such variables")
def test_utf_8_where_no_locale_is_set(seen, worker, job, expected):
    """Deadline's Worker may have none, and hosts with an old start-up then take ASCII."""
    _, log = seen(worker={**NO_LOCALE, **worker}, job=job)

    value = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    line = f"INFO: Setting Process Environment Variable LC_CTYPE to {value}"
    assert (line in log) == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such variables")
def test_a_locale_that_is_removed_is_none(seen):
    """A service may have the locale C, and the administrator have it removed."""
    worker, config = {**NO_LOCALE, "LC_ALL": "C"}, {"RemovedVariables": "LC_ALL"}

    _, log = seen(worker=worker, config=config)

    assert any("Variable LC_CTYPE to " in line for line in log)


@pytest.mark.parametrize(
    ("name", "quotes"),
    [('a "b" c', "dotnet"), ("it's", "mono"), ('back\\"slash', "dotnet"), ('"', "mono"), ('end\\\\"', "mono")],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_temporary_folder_of_any_name_fails_no_task(bundle, tmp_path, monkeypatch, name, quotes):
    """Its path is among the arguments, and so is that of the plugin's script."""
    folder = tmp_path / name
    plugin = shutil.copytree(PLUGIN, folder / "plugin")
    monkeypatch.setenv("TMPDIR", str(folder))

    for config in ({}, {"Arguments_python": '"<BOOT>" --task "<TASK>"'}):
        said = drive(sys.executable, bundle, "node", plugin=plugin, more={"config": config}, quotes=quotes)

        assert said["error"] is None
