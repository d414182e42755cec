"""The files of an export: what is in them, who may read them, and what is there if an export fails."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import farm_nodes as nodes
import pytest
import yaml
from flowpipe import Graph
from harness import evaluate_plan
from openjd_runs import exported
from other_users import acting_as, folder_of, needs_superuser

from flowpipe_deadline import (
    CleaningChoice,
    check_plan,
    clean,
    plan_cleaning,
    plan_graph,
    read_submission_status,
    write_bundle,
)
from flowpipe_deadline.bundle.write import copy_bundle
from flowpipe_deadline.core.bundle import TEMPLATE
from flowpipe_deadline.core.errors import BundleError, PlanError
from flowpipe_deadline.core.files import RecordError
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.offline.packages import worker_modules
from flowpipe_deadline.openjd.export import export_bundle, export_graph
from flowpipe_deadline.results.edits import parse_inputs, write_edits

WITHOUT_EXTRA = """
import sys
sys.modules[sys.argv[1]] = None
from flowpipe_deadline.cli.main import main
sys.argv[:2] = ["flowpipe-deadline"]
main()
"""


def one_graph(**deadline):
    """A graph with two nodes, the first with these settings."""
    graph = Graph(name="graph")
    first = nodes.Pass(name="first", graph=graph, value=1, metadata={"deadline": deadline})
    first.outputs["value"].connect(nodes.Pass(name="second", graph=graph).inputs["value"])
    return graph


def files_of(folder):
    """All files below the folder, with what is in them and when they were written."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def assets_of(bundle):
    """What a farm without a shared disk carries, by kind."""
    references = yaml.safe_load((bundle.folder / "asset_references.yaml").read_text())["assetReferences"]
    inputs = references["inputs"]
    return inputs["filenames"], inputs["directories"], references["outputs"]["directories"]


@contextmanager
def files_no_larger_than(size):
    """In the block, the system refuses to write more into a file, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_farm_gets_what_tasks_read_and_nothing_else(tmp_path):
    """Not the files of jobs, which hold variables; and it brings back results and folders of output."""
    bundle = exported(
        one_graph(aws_asset_files=["/a.abc"], required_assets=["/b"], output_directories=["/out"]), tmp_path
    )

    filenames, directories, outputs = assets_of(bundle)

    assert filenames == ["/b", "/a.abc"]
    assert directories == [f"{bundle.folder}/{name}" for name in ("packages", "nodes")]
    assert outputs == [f"{bundle.folder}/results", f"{bundle.folder}/errors", "/out"]


def test_edits_code_and_a_store_travel_too(tmp_path):
    """Where a bundle has them."""
    plan = plan_graph(one_graph(), snapshot_code=True)
    bundle = write_bundle(plan, root=tmp_path)
    (bundle.folder / "code").mkdir(exist_ok=True)
    (bundle.folder / "store.json").write_text("{}")
    write_edits(bundle.folder, parse_inputs(bundle, ["first.value=2"]), user="anna")

    export_bundle(bundle)

    filenames, directories, _ = assets_of(bundle)
    assert filenames == [f"{bundle.folder}/store.json"]
    assert {Path(folder).name for folder in directories} == {"packages", "nodes", "code", "edits"}


def test_an_export_again_changes_only_what_is_different(tmp_path):
    """So a copy of it on a farm stays valid; and what an earlier version has written is made new."""
    bundle = exported(one_graph(), tmp_path)
    before = files_of(bundle.folder)
    export_bundle(bundle)
    after = files_of(bundle.folder)
    task = bundle.folder / "packages" / "flowpipe_deadline" / "openjd" / "task.py"
    task.write_text("of before")

    export_bundle(bundle, interpreters={"python": "/bin/python4"})

    changed = {path.name for path, (data, _) in files_of(bundle.folder).items() if data != before[path][0]}
    assert after == before
    assert changed == {TEMPLATE}


def test_others_may_read_what_tasks_import_and_not_the_template(tmp_path):
    """Whatever the umask is: the template has variables of jobs."""
    tmp_path.chmod(0o755)
    before = os.umask(0o077)
    try:
        bundle = exported(one_graph(environment={"TOKEN": "x"}), tmp_path)
    finally:
        os.umask(before)

    template, packages = bundle.folder / TEMPLATE, bundle.folder / "packages"
    assert template.stat().st_mode & 0o007 == 0
    assert all(path.stat().st_mode & 0o004 for path in [packages, *packages.rglob("*")])


def test_what_is_refused_leaves_an_earlier_export_as_it_was(tmp_path):
    """No file is touched before all of it is known to fit."""
    bundle = exported(one_graph(), tmp_path)
    before = files_of(bundle.folder)

    with pytest.raises(PlanError, match="1025 characters"):
        export_bundle(bundle, interpreters={"python": "p" * 1025})

    assert files_of(bundle.folder) == before


def test_a_bundle_that_could_not_be_exported_has_no_template(tmp_path):
    """It is written last, so what is there is whole; and the next export goes on."""
    bundle = write_bundle(plan_graph(one_graph()), root=tmp_path)

    with files_no_larger_than(4000), pytest.raises(BundleError, match=r"cannot be written: .*; export it again"):
        export_bundle(bundle)

    assert not (bundle.folder / TEMPLATE).exists()
    export_bundle(bundle)
    assert (bundle.folder / TEMPLATE).is_file()


def test_a_root_of_this_machine_is_no_warning(tmp_path):
    """The farm may carry files to its workers; for Deadline, it is one."""
    graph = one_graph()

    bundle, warnings = export_graph(graph, root=tmp_path)

    assert warnings == ()
    assert [warning.kind for warning in check_plan(plan_graph(graph), root=tmp_path)] == [WarningKind.LOCAL_ROOT]
    assert (bundle.folder / TEMPLATE).is_file()


def test_a_graph_that_could_not_be_exported_leaves_nothing(tmp_path):
    """Below the root."""
    with files_no_larger_than(4000), pytest.raises(BundleError):
        export_graph(one_graph(), root=tmp_path)

    assert list(tmp_path.iterdir()) == []


OBSTACLES = {
    "a file in place of a folder": lambda folder: (folder / "packages").write_text(""),
    "a folder in place of a file": lambda folder: (folder / TEMPLATE / "x").mkdir(parents=True),
}


@pytest.mark.parametrize("put", OBSTACLES.values(), ids=OBSTACLES)
def test_what_stands_in_the_way_is_named(put, tmp_path):
    """In one sentence, with the bundle."""
    bundle = write_bundle(plan_graph(one_graph()), root=tmp_path)
    put(bundle.folder)

    with pytest.raises(BundleError, match=r"graph-[0-9a-f-]+ cannot be written"):
        export_bundle(bundle)


@needs_superuser
def test_who_may_not_write_or_read_is_told_so():
    """Of the root's group, that the bundle cannot be written; all others, whom its variables are kept from."""
    with folder_of(0, 777, 0o755) as root:
        bundle = write_bundle(plan_graph(one_graph()), root=root)

        with acting_as(12345, 777), pytest.raises(BundleError, match=r"cannot be written: Permission denied"):
            export_bundle(bundle)
        with acting_as(12345, 12345), pytest.raises(RecordError, match=r"for its owner and group only"):
            export_bundle(bundle)


def test_several_exports_at_once_give_one(tmp_path):
    """Whoever is last."""
    bundle = write_bundle(plan_graph(one_graph()), root=tmp_path)
    worker_modules()  # Python 3.11 fails where several threads parse source at once.

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(export_bundle, [bundle] * 4))

    assert not [path for path in bundle.folder.rglob("*") if path.name.endswith("tmp")]
    assert yaml.safe_load((bundle.folder / TEMPLATE).read_text())["name"] == "graph"


def change_manifest(folder, change):
    """Damages the manifest."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


DAMAGES = {
    "a cycle": lambda folder: change_manifest(
        folder, lambda manifest: manifest["jobs"][0]["depends_on"].append("second")
    ),
    "a job that waits for itself": lambda folder: change_manifest(folder, lambda manifest: manifest["jobs"].reverse()),
    "an unknown job": lambda folder: change_manifest(
        folder, lambda manifest: manifest["jobs"][1]["depends_on"].append("x")
    ),
    "a newer format": lambda folder: change_manifest(folder, lambda manifest: manifest.update(format=99)),
    "a record of a node": lambda folder: (folder / "nodes" / "first.json").write_text("{"),
    "no record": lambda folder: (folder / "nodes" / "second.json").unlink(),
    "no file of a job": lambda folder: next((folder / "jobs").glob("*.job")).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_bundle_is_refused(damage, tmp_path):
    """Before anything is written, and before the official tools see any of it."""
    bundle = write_bundle(plan_graph(one_graph()), root=tmp_path)
    damage(bundle.folder)
    before = files_of(bundle.folder)

    with pytest.raises(RecordError, match=str(bundle.folder)):
        export_bundle(bundle.folder)

    assert files_of(bundle.folder) == before


def test_what_is_submitted_is_not_exported_but_a_copy_is(tmp_path):
    """Two farms would write the same results."""
    bundle = write_bundle(plan_graph(one_graph()), root=tmp_path)
    record = {"format": 1, "state": "submitted", "jobs": {"first": "a" * 24, "second": "b" * 24}}
    (bundle.folder / "submission.json").write_text(json.dumps(record))

    with pytest.raises(BundleError, match=r"is submitted, and two farms .* submit .* --again --dry-run"):
        export_bundle(bundle)

    copied = shutil.copytree(bundle.folder, tmp_path / "copied")
    assert [export_bundle(copy) for copy in (copy_bundle(bundle), copied)] == [(), ()]


def test_a_current_folder_that_is_gone_does_not_matter(tmp_path):
    """The bundle is given in full."""
    bundle = write_bundle(plan_graph(one_graph()), root=tmp_path)
    code = (
        "import os, sys, openjd.model\nfrom flowpipe_deadline import export_bundle, read_bundle\n"
        "os.rmdir(os.getcwd())\nprint(export_bundle(read_bundle(sys.argv[1])))"
    )
    (tmp_path / "gone").mkdir()

    # A process of its own: where Qt is loaded, Python 3.13 imports nothing in such a folder.
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle.folder)],
        cwd=tmp_path / "gone",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "()\n", done.stderr


@pytest.mark.parametrize("module", ["openjd", "yaml"])
def test_without_the_extra_it_is_said_what_to_install(module, tmp_path):
    """And nothing is written."""
    (tmp_path / "shot.py").write_text(
        "import farm_nodes\nfrom flowpipe import Graph\n\ndef build():\n    graph = Graph(name='shot')\n"
        "    farm_nodes.Pass(name='a', graph=graph)\n    return graph\n"
    )
    command = [sys.executable, "-c", WITHOUT_EXTRA, module, "export", f"{tmp_path}/shot.py:build", "--to", "openjd"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    done = subprocess.run(
        [*command, "--root", tmp_path / "root"], capture_output=True, text=True, check=False, env=environment
    )

    assert done.returncode == 2
    assert "pip install 'flowpipe-deadline[openjd]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "root").exists()


def unreachable():
    """This machine has no Deadline."""
    raise SubmissionError("no deadlinecommand on this machine")


def test_cleaning_keeps_what_another_farm_may_still_need(tmp_path):
    """Unless it is named; what is finished goes as any."""
    plan = plan_graph(one_graph())
    waiting, named, finished = (write_bundle(plan, root=tmp_path) for _ in range(3))
    for bundle in (waiting, named, finished):
        export_bundle(bundle)
    evaluate_plan(plan, finished)

    chosen = plan_cleaning(tmp_path, unreachable, choice=CleaningChoice(keep=0))
    of_name = plan_cleaning(tmp_path, unreachable, bundles=[named])
    done = [clean(cleaning, unreachable) for cleaning in (chosen, of_name)]

    assert [removal.folder for one in done for removal in one.removed] == [finished.folder, named.folder]
    assert {refusal.folder for refusal in chosen.refused} == {waiting.folder, named.folder}
    assert "it is exported, and a farm that cannot be asked may still need it" in chosen.refused[0].reason


def test_a_bundle_for_another_farm_is_told_as_such(tmp_path):
    """And not to be submitted to Deadline as well."""
    bundle = exported(one_graph(), tmp_path)

    told = read_submission_status(bundle, unreachable).notices

    what = "exported for another farm; what that has done is known by its results alone"
    assert told == (f"{bundle.name} is not submitted to Deadline, but {what}",)
