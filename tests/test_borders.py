"""The borders between the three Pythons, and between the package and what it ships."""

from __future__ import annotations

import ast
import configparser
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import flowpipe_deadline
from flowpipe_deadline.bundle.templates import PLUGIN, PLUGIN_INFO_KEYS
from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.deadline import connect
from flowpipe_deadline.evaluator import channel, protocol, session
from flowpipe_deadline.offline.packages import deadline_modules, light_modules, read_light_packages

FOLDER = shipped_folder(f"plugins/{PLUGIN}")
PLUGIN_SOURCE = (FOLDER / "Flowpipe.py").read_text(encoding="utf-8")
DEADLINES_OWN = {"Deadline", "DeadlineUI", "FranticX", "System"}
# What is started in another Python.
STARTED = {"flowpipe_deadline.cli.main"}
SCRIPTS = [
    path
    for folder in (
        *("submission/Flowpipe/Client", "submission/Flowpipe/Main"),
        *("custom_scripts/Jobs", "custom_scripts/Submission"),
    )
    for path in sorted(shipped_folder(folder).rglob("*.py"))
]
HOST_SCRIPTS = [path for path in SCRIPTS if "Client" in path.parts or path.name.startswith("flowpipe_")]
# What a host has, and what is ours beside the script; relative imports have no name.
HOSTS_OWN = {"", "bpy", "maya", *(path.stem for path in HOST_SCRIPTS)}


def names_in_deadline():
    """The modules of this package that Deadline's Python loads."""
    return {
        ".".join(("flowpipe_deadline", *Path(name).with_suffix("").parts)).replace(".__init__", "")
        for name in deadline_modules()
    }


def imported_by(source):
    """The names of the packages that a source imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += ["" if node.level else str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def modules_after(code):
    """The names of all modules that a fresh interpreter holds after the code."""
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_the_evaluator_imports_flowpipe_and_the_standard_library_only():
    """mayapy, hython and Blender have nothing else of ours."""
    allowed = {"flowpipe", "flowpipe_deadline", "ascii_canvas", "typing_extensions"}
    bare = {name.partition(".")[0] for name in modules_after("")}

    loaded = {name.partition(".")[0] for name in modules_after("import flowpipe_deadline.evaluator.__main__")}

    strangers = loaded - bare - allowed - sys.stdlib_module_names
    assert {name for name in strangers if not name.startswith("_")} == set()
    assert not loaded & {"jinja2", "click", "rich", "psutil", "platformdirs", "redis"}


# Imported inside functions, for what only exists where they do.
OPTIONAL = {
    "core/locate.py": "annotationlib",  # Of Python 3.14.
    "evaluator/__main__.py": "maya",
    "results/codec.py": "numpy",
    "results/merge.py": "numpy",
    "results/redis/store.py": "redis",
    "workflows/blender_nodes.py": "bpy",
    "workflows/maya_nodes.py": "maya",
}


def test_what_the_farm_loads_needs_no_more_than_it_has():
    """The standard library alone in Deadline's own Python, and flowpipe beside it in a node's interpreter."""
    strangers = {}
    for name in light_modules():
        source = (Path(flowpipe_deadline.__file__).parent / name).read_text(encoding="utf-8")
        allowed = {"", "flowpipe_deadline", OPTIONAL.get(name), "flowpipe" if name not in deadline_modules() else ""}
        strangers[name] = imported_by(source) - allowed - sys.stdlib_module_names

    assert len(strangers) > 50
    assert {name: found for name, found in strangers.items() if found} == {}


def test_importing_the_package_imports_nothing():
    """Its names are there all the same, and load what they need when they are used."""
    assert not modules_after("import flowpipe_deadline") & {"flowpipe", "jinja2", "click", "rich"}
    assert all(callable(getattr(flowpipe_deadline, name)) for name in flowpipe_deadline.__all__)
    with pytest.raises(AttributeError, match="nope"):
        _ = flowpipe_deadline.nope


def test_the_plugin_imports_deadline_and_the_standard_library_only():
    """Deadline's Python has nothing else."""
    standard = {"collections", "contextlib", "hashlib", "json", "os", "re", "shutil", "sys", "time", "uuid", "zipfile"}
    assert imported_by(PLUGIN_SOURCE) == standard | {"Deadline", "FranticX"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_scripts_import_deadline_and_the_standard_library_only(path):
    """What they need of this package, they ask for by name, of what is made for Deadline's Python."""
    source = path.read_text(encoding="utf-8")
    imported = imported_by(source) - (HOSTS_OWN if path in HOST_SCRIPTS else DEADLINES_OWN)

    assert imported <= sys.stdlib_module_names
    assert "flowpipe_deadline" not in imported
    assert set(re.findall(r'"(flowpipe_deadline\.[a-z_.]+)"', source)) <= names_in_deadline() | STARTED


def test_there_are_scripts_to_look_at():
    """At least one for each of the four places."""
    assert {path.parent.name for path in SCRIPTS} >= {"Client", "Main", "Jobs", "Submission"}


def test_deadlines_python_can_read_the_scripts(deadline_python):
    """No word of a newer Python's is in them."""
    code = "import sys, pathlib\nfor path in sys.argv[1:]: compile(pathlib.Path(path).read_bytes(), path, 'exec')"
    command = [deadline_python, "-IS", "-W", "error", "-c", code, *map(os.fspath, SCRIPTS), str(FOLDER / "Flowpipe.py")]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.stderr == ""


def test_deadlines_python_can_import_the_light_modules(deadline_python, tmp_path):
    """Out of the archive that is installed, with nothing but the standard library beside it."""
    archive = tmp_path / "packages.zip"
    archive.write_bytes(read_light_packages().archive())
    names = names_in_deadline() - {"flowpipe_deadline.results.redis.store"}  # Imported where redis is.
    code = (
        "import sys\nsys.path.append(sys.argv[1])\n"
        "for name in sys.argv[2:]: __import__(name)\n"
        "print(*(name for name, module in sys.modules.items() if sys.argv[1] in str(getattr(module, '__file__', ''))))"
    )
    command = [deadline_python, "-IS", "-W", "error", "-c", code, str(archive), *sorted(names)]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.stderr == ""
    assert set(result.stdout.split()) >= names
    assert {name.partition(".")[0] for name in result.stdout.split()} == {"flowpipe_deadline"}


def test_a_script_with_a_workflow_can_be_loaded_for_its_nodes(tmp_path):
    """The annotations of its parameters are in the archive as well."""
    archive = tmp_path / "packages.zip"
    archive.write_bytes(read_light_packages().archive())
    code = f"import sys\nsys.path.insert(0, {str(archive)!r})\nfrom flowpipe_deadline import Frames, Parameter"

    result = subprocess.run([sys.executable, "-IS", "-c", code], capture_output=True, text=True, check=False)

    assert result.stderr == ""


def test_hosts_find_deadlinecommand_where_the_package_does():
    """The proxy repeats the places, as hosts have nothing of the package."""
    proxy = runpy.run_path(str(shipped_folder("submission/Flowpipe/Client") / "flowpipe_proxy.py"))

    assert proxy["DEFAULT_FOLDERS"] == connect._DEFAULT_FOLDERS
    assert proxy["MACOS_PATH_FILE"] == connect._MACOS_PATH_FILE


def test_bundle_plugin_and_options_agree_on_the_plugin_info_keys():
    """The keys are defined once; the plugin and its options page repeat them."""
    options = configparser.ConfigParser(interpolation=None)
    options.read(FOLDER / "Flowpipe.options", encoding="utf-8")
    asked = {
        node.args[0].value
        for node in ast.walk(ast.parse(PLUGIN_SOURCE))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "").startswith(("plugin_info", "GetPluginInfoEntry"))
        and isinstance(node.args[0], ast.Constant)
    }

    assert tuple(options.sections()) == PLUGIN_INFO_KEYS
    assert asked == set(PLUGIN_INFO_KEYS)
    assert options["FrameMode"]["Values"].split(";") == ["frames", "items", "none"]


def test_plugin_and_evaluator_agree_on_the_task():
    """The task file's version, its keys, and the marked lines are the same on both sides.

    On Deadline, nothing is mapped back: its rules lead to shares that stay.
    """
    tree = ast.parse(PLUGIN_SOURCE)
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    request = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "task_request")
    keys = {key.value for node in ast.walk(request) if isinstance(node, ast.Dict) for key in node.keys}
    fields = set(protocol.TaskRequest.__dataclass_fields__)

    assert constants["TASK_FORMAT"] == protocol.FORMAT
    assert keys == fields - {"maps_back"} | {"format"}
    assert constants["MARK"] == f"{channel.MARK}{{}}] "
    assert constants["END"] == f"{session.END}\n"


def test_the_param_file_is_what_configure_plugins_reads():
    """Every section has a type, a label, and a default; interpreters come as pairs of executable and arguments.

    Plugin and client repeat the list of variables: neither can read the other's.
    """
    param = configparser.ConfigParser(interpolation=None)
    param.read(FOLDER / "Flowpipe.param", encoding="utf-8")

    names = [name.partition("_")[2] for name in param.sections() if name.startswith("Executable_")]

    assert names == ["python", "maya", "houdini", "blender", "nuke"]
    for name in names:
        assert "<TASK>" in param[f"Arguments_{name}"]["Default"]
    for section in param.values():
        if section.name != "DEFAULT":
            assert {"Type", "Label", "Default", "Description"} <= {key.title() for key in section} | {"Description"}
    defaults = "".join(re.findall(r'"(\S+)"', PLUGIN_SOURCE.partition("REMOVED_VARIABLES = (")[2].partition("\n)")[0]))
    assert param["RemovedVariables"]["Default"] == defaults
    client = (shipped_folder("submission/Flowpipe/Main") / "flowpipe_client.py").read_text(encoding="utf-8")
    removed = "".join(re.findall(r'"(\S+)"', client.partition("REMOVED_VARIABLES = (")[2].partition("\n)")[0]))
    assert removed == f"PYTHONHOME;PYTHONPATH;{defaults}"
    assert param["About"]["Type"] == param["ConcurrentTasks"]["Type"] == "label"


def test_the_icon_is_one_small_windows_icon():
    """16 by 16, as those that Deadline ships (plugin API, section 4.6)."""
    data = (FOLDER / "Flowpipe.ico").read_bytes()

    assert data[:6] == b"\x00\x00\x01\x00\x01\x00"
    assert (data[6], data[7]) == (16, 16)
    assert data[22:26] == b"\x28\x00\x00\x00"  # A bitmap header, and no PNG.
