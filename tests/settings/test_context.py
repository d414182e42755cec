"""What jobs take along from the process that plans them: variables and import roots."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import farm_nodes as nodes
import pytest
from harness import run_cli, write_script

from flowpipe_deadline.errors import SettingError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.settings.context import PlanContext, capture, read_plan_context

ENVIRON = {
    "SHOW": "x",
    "REZ_B": "2",
    "REZ_A": "1",
    "OCIO": "/aces/config.ocio",
    "EMPTY": "",
    "PATH": "/usr/bin",
    "HOME": "/home/jane",
    "PYTHONPATH": "/studio",
    "PYTHONHOME": "/usr/autodesk/maya",
    "TMPDIR": "/scratch",
    "DEADLINE_PATH": "/opt/Thinkbox/Deadline10/bin",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "FLOWPIPE_DEADLINE_REDIS_PASSWORD": "secret",
    "LINES": "one\ntwo",
    "TAB": "some\ttabs",
    "COLOUR": "\x1b[31mred",
    "LATIN": "sp\udce4t",
}


@pytest.mark.parametrize(
    ("wanted", "captured"),
    [
        pytest.param(["SHOW", "OCIO"], {"SHOW": "x", "OCIO": "/aces/config.ocio"}, id="by name, in that order"),
        pytest.param(["REZ_*"], {"REZ_A": "1", "REZ_B": "2"}, id="by pattern, in the order of names"),
        pytest.param(["REZ_[B-Z]", "SH?W"], {"REZ_B": "2", "SHOW": "x"}, id="as a shell does"),
        pytest.param(["NOPE_*"], {}, id="a pattern may find nothing"),
        pytest.param(
            ["*"],
            {"EMPTY": "", "OCIO": "/aces/config.ocio", "REZ_A": "1", "REZ_B": "2", "SHOW": "x"},
            id="nothing that belongs to a machine, a person or one line too many",
        ),
        pytest.param(["P*", "H*", "T*"], {}, id="not by other patterns either"),
        pytest.param(["PYTHONPATH", "HOME"], {"PYTHONPATH": "/studio", "HOME": "/home/jane"}, id="all of it by name"),
        pytest.param(["rez_*"], {}, id="capitals matter"),
    ],
)
def test_variables_are_taken_along(graph, wanted, captured):
    """They become the environment of the job."""
    nodes.Pass(graph=graph, metadata={"deadline": {"capture_environment": wanted}})

    job_info = make_plan(graph, context=PlanContext(environ=ENVIRON)).jobs[0].job_info

    assert [text.partition("=")[::2] for key, text in job_info if key.startswith("EnvironmentKeyValue")] == list(
        captured.items()
    )


def test_what_is_said_wins_over_what_is_found(graph):
    """Values in ``environment`` take precedence; a None removes a captured variable."""
    settings = {"capture_environment": ["SHOW", "REZ_*"], "environment": {"SHOW": "y", "REZ_A": None, "MORE": 3}}
    nodes.Pass(graph=graph)

    plan = make_plan(graph, settings=settings, context=PlanContext(environ=ENVIRON))

    assert [text for _, text in plan.jobs[0].job_info] == ["SHOW=y", "REZ_B=2", "MORE=3"]


def test_a_name_that_is_not_set_is_worth_a_warning(graph):
    """A pattern that finds nothing is not; the job gets the variables that exist."""
    nodes.Pass(name="a", graph=graph)

    plan = make_plan(
        graph, settings={"capture_environment": ["NOPE", "NO_*", "SHOW"]}, context=PlanContext(environ=ENVIRON)
    )

    assert dict(plan.jobs[0].job_info) == {"EnvironmentKeyValue0": "SHOW=x"}
    assert [(warning.kind.word, warning.node) for warning in plan.warnings] == [("missing-variable", "Test.a")]
    assert "NOPE is not set here" in str(plan.warnings[0])


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (["LINES"], "the value of LINES has a line break (U+000A) at character 4; Deadline has no escape for it"),
        (["TAB"], "the value of TAB has a tab (U+0009) at character 5"),
        (["COLOUR"], "the value of COLOUR has an escape character (U+001B) at character 1"),
        (["LATIN"], "the value of LATIN has the byte 0xE4, which is not UTF-8, at character 3"),
        (["A=B"], "has 'A=B', which is not a name"),
        ("SHOW", "must be a list of texts, not 'SHOW'"),
        ([3], "has an item that must be text, not 3"),
    ],
)
def test_what_cannot_be_taken_along_is_refused(graph, wanted, reason):
    """A name says that the variable is wanted."""
    nodes.Pass(graph=graph, metadata={"deadline": {"capture_environment": wanted}})

    with pytest.raises(SettingError, match="capture_environment") as caught:
        make_plan(graph, context=PlanContext(environ=ENVIRON))

    assert reason in str(caught.value)


def test_planning_does_not_look_around_by_itself(graph):
    """Same graph and arguments, same plan: variables must be passed as an argument."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": {"capture_environment": ["SHOW"]}})

    with pytest.raises(SettingError, match=r"context=read_plan_context\(\)"):
        make_plan(graph)


def test_the_same_context_gives_the_same_plan(graph):
    """In the same order."""
    nodes.Pass(graph=graph, metadata={"deadline": {"capture_environment": ["*"]}})
    here = PlanContext(environ=ENVIRON, import_roots=("/a", "/b"), python_path=("/b",))
    shuffled = PlanContext(environ=dict(reversed(ENVIRON.items())), import_roots=("/a", "/b"), python_path=("/b",))

    assert make_plan(graph, context=here) == make_plan(graph, context=shuffled)


def test_names_that_are_asked_for_twice_are_taken_once():
    """By name and by a pattern that finds it too."""
    assert list(capture(["REZ_B", "REZ_*"], ENVIRON).values) == ["REZ_B", "REZ_A"]


SECRETS = (
    *("DB_PASS", "SSHPASS", "MYSQL_PWD", "GITHUB_PAT", "OPENAI_KEY", "KEY_FILE", "PGPASSFILE", "SIGNING_PASSPHRASE"),
    *("OAUTH_CLIENT", "HTTP_AUTHORIZATION", "SITE_COOKIE", "CLOUD_CREDENTIALS", "PRIVATE_DATA", "ssh_keys"),
)
OF_A_MACHINE = (
    *("KUBECONFIG", "KRB5CCNAME", "NETRC", "MAIL", "EDITOR", "GIT_EDITOR", "HISTFILE", "JAVA_HOME"),
    *("QT_QPA_PLATFORM_PLUGIN_PATH", "AWS_PROFILE", "DESKTOP_SESSION"),
)


@pytest.mark.parametrize("name", [*SECRETS, *OF_A_MACHINE])
def test_a_pattern_takes_neither_secrets_nor_what_is_a_machines(name):
    """Its name captures it all the same."""
    assert dict(capture(["*"], {name: "x"}).values) == {}
    assert dict(capture([name], {name: "x"}).values) == {name: "x"}


@pytest.mark.parametrize(
    "value",
    [
        "redis://:secret@cache/1",
        "postgres://jane:p/w@db/show",
        "https://ghp_01234567@github.com/studio",
        "Server=db;Password=x",
        "https://db/?api_key=x",
    ],
)
def test_a_pattern_takes_no_value_that_holds_a_password(value):
    """Whatever its name."""
    assert dict(capture(["*"], {"SHOW_DB": value}).values) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OCIO_PATH", "/show/luts"),
        ("PATTERN", "a"),
        ("PASSENGER", "a"),
        ("KEYFRAMES", "a"),
        ("AUTHOR", "a"),
        ("SITE_URL", "https://site/api"),
        ("REVIEW", "mailto:td@studio"),
    ],
)
def test_a_pattern_takes_what_only_looks_alike(name, value):
    """Whole words count, not letters."""
    assert dict(capture(["*"], {name: value}).values) == {name: value}


@pytest.mark.parametrize(
    ("setting", "roots"),
    [
        pytest.param({}, ["/a", "/b"], id="by default those of here"),
        pytest.param({"import_roots": True}, ["/a", "/b"], id="asked for"),
        pytest.param({"import_roots": ["/c", "/b"]}, ["/c", "/b"], id="others"),
    ],
)
def test_import_roots_go_into_the_node_records(graph, setting, roots):
    """With those that child processes see as well."""
    nodes.Pass(graph=graph)
    around = PlanContext(import_roots=("/a", "/b"), python_path=("/b", "/other"))

    record = make_plan(graph, settings=setting, context=around).jobs[0].record

    assert record["imports"] == {"roots": roots, "python_path": ["/b"]}


def test_without_import_roots_a_record_is_silent_about_them(graph):
    """Switched off for one node, or none there."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": {"import_roots": False}})

    assert "imports" not in make_plan(graph, context=PlanContext(import_roots=("/a",))).jobs[0].record
    assert "imports" not in make_plan(graph).jobs[0].record


def test_import_roots_are_where_the_graphs_own_modules_come_from(tmp_path, monkeypatch):
    """Also folders that modules may still come from, but none of this Python or of installed packages."""
    here, ahead, behind = str(Path(__file__).parents[1] / "support"), str(tmp_path / "ahead"), str(tmp_path / "behind")
    monkeypatch.setattr(sys, "path", ["", str(Path(sys.prefix) / "bin"), ahead, *sys.path, behind])

    roots = read_plan_context().import_roots

    assert {here, ahead} <= set(roots)
    assert not [root for root in roots if "site-packages" in root or root.startswith((sys.prefix, sys.base_prefix))]
    assert behind not in roots
    assert [folder for folder in dict.fromkeys(map(os.path.abspath, sys.path)) if folder in roots] == list(roots)


def test_the_root_of_a_package_is_the_folder_that_it_is_in(tmp_path, monkeypatch):
    """Also behind Python's own library, where hosts put their users' folders; what nothing came from is no root."""
    used, unused = tmp_path / "used", tmp_path / "unused"
    for folder in (used, unused):
        (folder / "show_tools").mkdir(parents=True)
        (folder / "show_tools" / "__init__.py").touch()
        (folder / "show_tools" / "nodes.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(used), str(unused)])
    importlib.import_module("show_tools.nodes")

    roots = read_plan_context().import_roots

    for name in ("show_tools", "show_tools.nodes"):
        del sys.modules[name]
    assert [root for root in roots if root.startswith(str(tmp_path))] == [str(used)]


@pytest.mark.parametrize(
    ("arguments", "is_root"),
    [
        pytest.param(["bin/flowpipe-deadline"], False, id="a console script"),
        pytest.param(["bin/shot.py"], True, id="a real script"),
        pytest.param(["-m", "tool"], True, id="a package"),
    ],
)
def test_the_folder_of_a_console_script_is_no_import_root(tmp_path, arguments, is_root):
    """Nothing of a graph's own comes from there."""
    code = (
        "from flowpipe_deadline.settings.context import read_plan_context\nprint(*read_plan_context().import_roots)\n"
    )
    for file in ("bin/flowpipe-deadline", "bin/shot.py", "tool/__main__.py", "tool/__init__.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("" if "init" in file else code)
    folder = tmp_path / "bin" if "bin" in arguments[0] else tmp_path

    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert (str(folder) in done.stdout.split()) is is_root


# A graph whose script changes sys.path, and whose nodes' module imports from there.
GRAPH = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent / "helpers"))
sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flowpipe import Graph
from studio_nodes import Greet

graph = Graph(name="Shot")
Greet(graph=graph)
"""
NODES = """
import subprocess, sys
from flowpipe import Node
import greetings

@Node(outputs=["text", "late", "child"])
def Greet():
    import late_greetings
    code = "try: import greetings; print(greetings.TEXT)\\nexcept ImportError: print('none')"
    child = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout.decode()
    return {"text": greetings.TEXT, "late": late_greetings.TEXT, "child": child.strip()}
"""


@pytest.fixture
def studio(tmp_path):
    """A script, its nodes' module, and the folder with what that imports."""
    for folder in ("lib", "helpers"):
        (tmp_path / folder).mkdir()
    write_script(tmp_path / "lib", NODES, name="studio_nodes.py")
    write_script(tmp_path / "helpers", "TEXT = 'hello'\n", name="greetings.py")
    write_script(tmp_path / "helpers", "TEXT = 'late'\n", name="late_greetings.py")
    write_script(tmp_path, GRAPH, name="shot.py")
    return tmp_path


def clean_environment(**variables):
    """The environment of a process that finds this package, but none of the graph's modules."""
    kept = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR", "FLOWPIPE_DEADLINE_CONFIG")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **variables}


def test_workers_import_what_the_nodes_modules_import(studio, tmp_path):
    """Without a PYTHONPATH anywhere; also what is imported only while the node is evaluated."""
    result = run_cli("run", studio / "shot.py", "--root", tmp_path / "r", "-o", "json", env=clean_environment())

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outputs"] == {"Shot.Greet": {"text": "hello", "late": "late", "child": "none"}}


def test_without_import_roots_they_do_not(studio, tmp_path):
    """The test above works because of them."""
    result = run_cli(
        *("run", studio / "shot.py", "--root", tmp_path / "r", "--set", "import_roots=false", "--failures", "1"),
        env=clean_environment(),
    )

    assert result.returncode == 1
    assert "No module named 'greetings'" in result.stderr


def written_bundle(studio, **variables):
    """The bundle of the graph, planned in a process with these variables."""
    result = run_cli(
        *("submit", studio / "shot.py", "--root", studio / "farm", "--dry-run", "-o", "json"),
        env=clean_environment(**variables),
    )
    assert result.returncode == 0, result.stderr
    return Path(json.loads(result.stdout)["bundle"])


def evaluate(bundle, *, mappings=(), **variables):
    """Evaluates the node in a process with these variables; gives its outputs, by name."""
    task = {
        "format": 1,
        "bundle": str(bundle),
        "node": "Greet",
        "frames": None,
        "token": "t",
        "interpreter": "python",
        "wait": 0,
        "path_mappings": list(mappings),
    }
    file = bundle.parent / "task.json"
    file.write_text(json.dumps(task))
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--task", str(file)]
    done = subprocess.run(command, env=clean_environment(**variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads((bundle / "results" / "Greet" / "whole.json").read_text())
    return {name: output["value"] for name, output in result["outputs"].items()}


def test_child_processes_see_what_they_would_see_at_home(studio):
    """The folders of PYTHONPATH; children never see what a script adds to its own ``sys.path``."""
    bundle = written_bundle(studio, PYTHONPATH=str(studio / "helpers"))

    assert evaluate(bundle) == {"text": "hello", "late": "late", "child": "hello"}
    assert evaluate(written_bundle(studio))["child"] == "none"


POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from flowpipe import Node

def word(_):
    import greetings
    return greetings.TEXT

@Node(outputs=["text"])
def Greet():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return {"text": list(pool.map(word, [0]))[0]}
"""


def test_processes_of_a_pool_see_all_of_them(studio):
    """They are given the ``sys.path`` of their parent."""
    write_script(studio / "lib", POOL, name="studio_nodes.py")

    assert evaluate(written_bundle(studio)) == {"text": "hello"}


def test_import_roots_are_mapped_for_the_worker(studio):
    """Planned where the share has another name."""
    bundle = written_bundle(studio)
    moved = studio / "moved"
    (studio / "helpers").rename(moved)

    outputs = evaluate(bundle, mappings=[(str(studio / "helpers"), str(moved))])

    assert outputs["text"] == "hello"


def test_import_roots_hide_nothing_that_the_interpreter_has_itself(studio):
    """They often hold packages for another Python as well."""
    for name in ("queue", "typing_extensions", "flowpipe", "codecs"):
        write_script(studio / "helpers", "raise RuntimeError('of another Python')\n", name=f"{name}.py")
    bundle = written_bundle(studio)

    assert evaluate(bundle)["text"] == "hello"


def test_a_nodes_own_module_is_found_by_its_file(studio):
    """Even if another module on the worker's PYTHONPATH has its name."""
    decoy = studio / "decoy"
    decoy.mkdir()
    write_script(decoy, "raise RuntimeError('not this one')\n", name="studio_nodes.py")
    bundle = written_bundle(studio)

    assert evaluate(bundle, PYTHONPATH=str(decoy))["text"] == "hello"


def test_the_order_of_import_roots_is_that_of_the_submitter(studio):
    """A folder with overrides before the folder of the node's own module."""
    write_script(studio / "lib", "TEXT = 'overridden, as it stands first'\n", name="greetings.py")
    bundle = written_bundle(studio)

    assert evaluate(bundle)["text"] == "overridden, as it stands first"


def test_a_job_environment_alone_holds_what_was_captured(studio, tmp_path):
    """Named variables and patterns come along; the rest of this environment does not."""
    write_script(
        studio,
        """
import os
from flowpipe import Graph, Node

@Node(outputs=["names"])
def Names():
    return {"names": sorted(name for name in os.environ if name.startswith(("SHOW", "REZ_", "OTHER", "SITE")))}

graph = Graph(name="Shot")
Names(graph=graph)
""",
        name="names.py",
    )
    config = tmp_path / "studio.toml"
    config.write_text(
        '[settings]\ncapture_environment = ["SHOW", "REZ_*"]\nuse_job_environment_only = true\n'
        'environment = { SITE = "berlin" }\n'
    )
    variables = clean_environment(SHOW="x", REZ_A="1", REZ_B="2", OTHER="y", FLOWPIPE_DEADLINE_CONFIG=str(config))

    result = run_cli("run", studio / "names.py", "--root", tmp_path / "r", "-o", "json", env=variables)

    assert json.loads(result.stdout)["outputs"]["Shot.Names"]["names"] == ["REZ_A", "REZ_B", "SHOW", "SITE"]
