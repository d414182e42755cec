"""The shot of the examples, in each Blender of this machine. It is rendered once for all tests of a Blender."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from blenders import DOUBLE, Blender, find_blenders, install_client

from flowpipe_deadline import WorkerSetup, plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.core.bundle import Bundle
from flowpipe_deadline.workflows.find import load_workflow

WORKFLOW = Path(__file__).parent.parent / "examples" / "blender_shot.py"
BLENDERS = {name: path for name, path in find_blenders().items() if name != DOUBLE}
NONE = pytest.param("", marks=pytest.mark.skip(reason="this machine has no Blender"))
FRAMES = range(12, 15)
WIDTH, HEIGHT = 48, 27


class Shot(NamedTuple):
    """A shot that was rendered."""

    bundle: Bundle
    setup: WorkerSetup
    output: Path

    def run(self):
        """Runs the bundle, and gives the results that were made, by node and chunk."""
        before = self.results()
        state = run_bundle(self.bundle, setup=self.setup, failure_limit=1)
        assert state.is_complete, [task.message for task in state.tasks]
        return {path for path, made in self.results().items() if before.get(path) != made}

    def results(self):
        """When each result was made, by node and chunk."""
        folder = self.bundle.folder / "results"
        return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.glob("*/*.json")}

    def picture(self, frame):
        """The pixels of a frame."""
        with pytest.importorskip("PIL.Image").open(self.output / "frames" / f"orrery.{frame:04d}.png") as picture:
            return picture.copy()


@pytest.fixture(scope="module", params=BLENDERS or [NONE])
def shot(request, tmp_path_factory):
    """The shot, small and with a sample for each pixel, by what is installed in a repository."""
    pytest.importorskip("PIL", reason="the example needs Pillow")
    folder = tmp_path_factory.mktemp("shot")
    output = folder / "Bühne {1} #2"
    blender = Blender(BLENDERS[request.param], folder=folder, installed=install_client(folder))
    texts = {"frames": "12-14", "width": str(WIDTH), "height": str(HEIGHT), "samples": "1", "chunk_size": "2"}
    graph = load_workflow(str(WORKFLOW)).build({**texts, "output": str(output)})
    rendered = Shot(write_bundle(plan_graph(graph), root=folder), blender.worker_setup(), output)
    rendered.run()
    return rendered


def test_the_shot_is_rendered(shot):
    """The lamp shines in the middle of each picture, before a dark sky; something moves."""
    pictures = [shot.picture(frame) for frame in FRAMES]

    assert {picture.size for picture in pictures} == {(WIDTH, HEIGHT)}
    for picture in pictures:
        assert min(picture.getpixel((WIDTH // 2, 8))[:2]) > 200
        assert max(picture.getpixel((1, 9))) < 80
    assert len({picture.tobytes() for picture in pictures}) == len(FRAMES)


def test_all_that_was_made_is_there(shot):
    """In the folder that was asked for, and nothing else; the scene, too."""
    names = {path.relative_to(shot.output).as_posix() for path in shot.output.rglob("*.*")}

    pictures = {f"frames/orrery.{frame:04d}.png" for frame in FRAMES}
    assert names == {"orrery.blend", "contact-sheet.png", "report.html", *pictures}
    results = read_results(shot.bundle)
    assert results["Blender shot.Report"].outputs() == {"report": shot.output / "report.html"}
    assert len(results["Blender shot.Render"].outputs()["statistics"]) == len(FRAMES)


def test_the_report_shows_every_picture(shot):
    """At its own size, by links that are right wherever the folder is."""
    page = (shot.output / "report.html").read_text(encoding="utf-8")

    images = re.findall(r"<figure>\s*<img ([^>]*)>", page)
    assert images == [f'src="frames/orrery.{frame:04d}.png" alt="Frame {frame}"' for frame in FRAMES]
    assert 'src="contact-sheet.png"' in page


def test_a_second_run_does_nothing(shot):
    """No task is at work again."""
    before = shot.results()

    assert shot.run() == set()
    assert shot.results() == before


def test_a_damaged_chunk_is_made_again(shot):
    """It alone, and what was made from it; its pictures are the same, pixel by pixel."""
    before = shot.picture(14)
    for path in (shot.output / "frames" / "orrery.0014.png", shot.bundle.folder / "results" / "Render" / "14.json"):
        path.write_bytes(path.read_bytes()[:40])

    made = shot.run()

    assert made == {"Render/14.json", "Check/14.json", "Contact_sheet/whole.json", "Report/whole.json"}
    assert shot.picture(14).tobytes() == before.tobytes()
