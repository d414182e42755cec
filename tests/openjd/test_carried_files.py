"""A farm without a shared disk: each session has a folder of its own, with what was carried there, and no other."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import run_cli, write_script
from openjd_runs import run_openjd

from flowpipe_deadline import read_results
from flowpipe_deadline.openjd.export import export_bundle
from flowpipe_deadline.results.edits import write_edits
from flowpipe_deadline.workflows.find import load_workflow

SHOT = """
import os
from pathlib import Path

from flowpipe import Graph, Node


@Node(outputs=["images", "pattern"])
def Render(frames, folder, scene, samples):
    folder.mkdir(exist_ok=True)
    images = [folder / f"{frame}.txt" for frame in frames]
    for image in images:
        image.write_text(scene.read_text() * samples)
    return {"images": images, "pattern": str(folder / "%d.txt")}


@Node(outputs=["images"])
def Check(images):
    return {"images": [image for image in images if image.suffix == ".txt"]}


@Node(outputs=["texts", "notes"])
def Publish(images):
    notes = Path(os.environ["SHOW_ROOT"], "assets", "scene.txt")
    return {"texts": [image.read_text() for image in images], "notes": notes.read_text()}


def build(show: Path, samples: int = 2) -> Graph:
    graph = Graph(name="Shot")
    images, scene = show / "images", show / "assets" / "scene.txt"
    carried = {"required_assets": [str(scene)], "output_directories": [str(images)]}
    render = Render(
        graph=graph, frames=list(range(1, 8)), folder=images, scene=scene, samples=samples,
        metadata={"batch_size": 3, "deadline": carried},
    )
    publish = Publish(graph=graph, metadata={"deadline": {"environment": {"SHOW_ROOT": str(show)}}})
    check = Check(graph=graph)
    render.outputs["images"].connect(check.inputs["images"])
    check.outputs["images"].connect(publish.inputs["images"])
    return graph
"""


class Farm:
    """Runs each step in a new folder: what was carried lies there as it lay below ``show``, which is away meanwhile.

    Of what other steps have made, a step gets what those have made that its dependencies name.
    """

    def __init__(self, show: Path, bundle: Path) -> None:
        references = yaml.safe_load((bundle / "asset_references.yaml").read_text(encoding="utf-8"))["assetReferences"]
        self._show, self._bundle = show, bundle
        self._outputs = [Path(path) for path in references["outputs"]["directories"]]
        inputs = [Path(path) for path in references["inputs"]["filenames"]]
        for folder in references["inputs"]["directories"]:
            inputs += [path for path in Path(folder).rglob("*") if path.is_file()]
        self.carried = {path.relative_to(show): path.read_bytes() for path in inputs}
        self._made: dict[str, dict[Path, bytes]] = {}

    @property
    def made(self) -> dict[Path, bytes]:
        """All that the steps have made below the folders for outputs."""
        return {name: data for made in self._made.values() for name, data in made.items()}

    def run(self, folder: Path) -> None:
        """Runs all steps, and brings what they have made to where the bundle was."""
        template = (self._bundle / "template.yaml").read_bytes()
        away = self._show.rename(folder / "away")
        for number, step in enumerate(yaml.safe_load(template)["steps"]):
            session = folder / f"session-{number}"
            self._run_step(step, template, session)
            shutil.rmtree(session)
        away.rename(self._show)
        _write(self._show, self.made)

    def _run_step(self, step: dict[str, Any], template: bytes, session: Path) -> None:
        for files in (self.carried, *(self._made[each["dependsOn"]] for each in step.get("dependencies", ()))):
            _write(session / "files", files)
        _write(session, {Path("template.yaml"): template})
        rule = {
            "source_path_format": "POSIX" if os.sep == "/" else "WINDOWS",
            "source_path": str(self._show),
            "destination_path": str(session / "files"),
        }
        rules = json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]})
        options = ("--step", step["name"], "--no-run-dependencies", "--path-mapping-rules", rules)
        done = run_openjd(session, "-p", f"Bundle={self._bundle}", *options)
        assert done.returncode == 0, done.stdout
        below = [session / "files" / folder.relative_to(self._show) for folder in self._outputs]
        paths = [path for folder in below for path in folder.rglob("*") if path.is_file()]
        made = {path.relative_to(session / "files"): path.read_bytes() for path in paths}
        self._made[step["name"]] = {name: data for name, data in made.items() if name not in self.made}


def _write(folder: Path, files: dict[Path, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """The folder of a show, with an asset, and a script that is not carried: its code is in the bundle."""
    folder = tmp_path_factory.mktemp("carried") / "show"
    _write(folder, {Path("assets/scene.txt"): b"scene", Path("assets/other.txt"): b"not of this shot"})
    write_script(folder, SHOT, name="shot.py")
    return folder


@pytest.fixture(scope="module")
def bundle(show):
    """The exported bundle, an input of which has been changed since it was planned."""
    options = ("--to", "openjd", "-p", f"show={show}", "--root", show / "farm", "--snapshot-code", "-o", "json")
    told = run_cli("export", show / "shot.py", *options, cwd=show)
    bundle = Path(json.loads(told.stdout)["bundle"])
    write_edits(bundle, {"Render": {"samples": 3}}, user="td")
    export_bundle(bundle)
    return bundle


@pytest.fixture(scope="module")
def farm(show, bundle, tmp_path_factory):
    """The farm, once it has run the job."""
    farm = Farm(show, bundle)
    farm.run(tmp_path_factory.mktemp("farm"))
    return farm


def test_the_results_that_come_back_are_those_of_one_process(farm, show, bundle, monkeypatch):
    """They are read in the bundle that the job was submitted from, and paths in them lead to what came back.

    The last node reads what the first has written, though it depends on the one between them only.
    """
    monkeypatch.setenv("SHOW_ROOT", str(show))
    graph = load_workflow(str(show / "shot.py")).build({"show": str(show), "samples": "3"})
    graph.evaluate()
    expected = {node.name: {name: plug.value for name, plug in node.outputs.items()} for node in graph.all_nodes}

    results = {node.node: node.outputs() for node in read_results(bundle).values()}

    assert farm.made
    assert results == expected


def test_what_is_carried_is_what_tasks_read(farm, bundle, show):
    """Neither the files of Deadline's jobs, nor results, nor what is else in the show."""
    own = bundle.relative_to(show)

    inside = {path.relative_to(own).parts[0] for path in farm.carried if own in path.parents}
    outside = [str(path) for path in farm.carried if own not in path.parents]

    assert inside == {"packages", "nodes", "code", "edits"}
    assert outside == [os.path.join("assets", "scene.txt")]


def test_what_comes_back_is_results_and_the_folders_for_outputs(farm, bundle, show):
    """A result for each chunk, the names of those that were not planned so, and an image for each frame."""
    own = bundle.relative_to(show)

    inside = sorted(path.relative_to(own).as_posix() for path in farm.made if own in path.parents)
    outside = sorted(path.as_posix() for path in farm.made if own not in path.parents)

    assert inside == [
        "results/Check/whole.json",
        "results/Publish/whole.json",
        *(f"results/Render/{name}" for name in (".other-chunks/4-5", ".other-chunks/6-7", "1-3.json", "4-5.json")),
        "results/Render/6-7.json",
    ]
    assert outside == [f"images/{frame}.txt" for frame in range(1, 8)]
