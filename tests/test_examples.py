"""Our examples, and flowpipe's own published ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness import run_cli
from openjd_runs import run_openjd

from flowpipe_deadline import read_results

EXAMPLES = Path(__file__).parent.parent / "examples"
PUBLISHED = os.environ.get("FLOWPIPE_EXAMPLES", "")


def test_the_first_graph_gives_the_same_here_and_on_workers(tmp_path):
    """In at most 50 lines, with flowpipe alone."""
    script = EXAMPLES / "first_graph.py"

    run = run_cli("run", script, "--root", tmp_path, "-o", "json")
    here = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout

    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert [len(job["tasks"]) for job in report["jobs"]] == [4, 4, 1]
    outputs = {"good": 24, "brightest": 13, "samples": 1536}
    assert report["outputs"]["First.Report"] == outputs
    assert here.splitlines()[-1] == str(outputs)
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 50


def test_the_turntable_renders_real_images(tmp_path):
    """Frames, sheet, animation and report: all there, and what they claim to be."""
    image = pytest.importorskip("PIL.Image", reason="the example needs Pillow and numpy")
    pytest.importorskip("numpy", reason="the example needs Pillow and numpy")
    output = tmp_path / "out"
    small = ["-p", "frames=5", "-p", "width=64", "-p", "height=36", "-p", "chunk_size=2", "-p", f"output={output}"]

    result = run_cli("run", EXAMPLES / "turntable.py", *small, "--root", tmp_path / "root", "-o", "json")

    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert {job["status"] for job in report["jobs"]} == {"Completed"}
    assert [len(job["tasks"]) for job in report["jobs"] if job["node"] in ("Render", "Check")] == [3, 3]
    frames = [Path(path) for path in report["outputs"]["Turntable.Check"]["checked"]]
    assert [path.name for path in frames] == [f"turntable.{frame:04d}.png" for frame in range(1, 6)]
    for path in frames:
        with image.open(path) as frame:
            assert frame.size == (64, 36)
    with image.open(report["outputs"]["Publish.Animation"]["animation"]) as animation:
        assert animation.n_frames == 5
    page = Path(report["outputs"]["Publish.Report"]["report"]).read_text(encoding="utf-8")
    assert [sorted(re.findall(r" (\w+)=", tag)) for tag in re.findall("<img[^>]*>", page)] == [["alt", "src"]] * 2
    assert "max-width: 100%" not in page  # So pictures have their own size.


def test_the_turntable_is_the_same_without_a_farm(tmp_path, monkeypatch):
    """``graph.evaluate()`` writes the same pixels as the farm does, and as ``openjd run``."""
    pytest.importorskip("PIL.Image", reason="the example needs Pillow and numpy")
    pytest.importorskip("numpy", reason="the example needs Pillow and numpy")
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    import turntable

    small = {"frames": 3, "width": 64, "height": 36}
    turntable.turntable(**small, output=tmp_path / "one").evaluate()
    words = [word for key, value in small.items() for word in ("-p", f"{key}={value}")]
    other = tmp_path / "other"

    run_cli("run", EXAMPLES / "turntable.py", *words, "-p", f"output={other}", "--root", tmp_path / "root")
    exported = ("export", EXAMPLES / "turntable.py", "--to", "openjd", *words, "-p", f"output={tmp_path / 'third'}")
    bundle = json.loads(run_cli(*exported, "--root", tmp_path / "root", "-o", "json").stdout)["bundle"]
    done = run_openjd(bundle)

    assert done.returncode == 0, done.stdout
    pictures = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.png"))
    assert len(pictures) == 7
    for picture in pictures:
        for folder in (other, tmp_path / "third"):
            assert (tmp_path / "one" / picture).read_bytes() == (folder / picture).read_bytes()


WORKING = pytest.mark.parametrize(
    ("spec", "outputs"),
    [
        ("nested_graphs.py", {"update_db_from_file.Update DB": {"file": None}}),
        ("house_and_birthday.py", {"Celebrate a Birthday Party.Birthday Party": {}}),
        ("world_clock.py", {"World Clock.ShowTimes": {}}),
        ("dynamic_plug_names.py:get_facematch_graph -p threshold=1", {"Graph.MatchNode": {"facematch": True}}),
        (
            "workflow_design_pattern.py:PublishWorkflow -p source_file=model.ma",
            {"Graph.UpdateDatabase": {"asset": "model"}},
        ),
    ],
)


@pytest.mark.skipif(not PUBLISHED, reason="FLOWPIPE_EXAMPLES names no folder with flowpipe's examples")
@pytest.mark.parametrize("seconds", [0, 1], ids=["fixed chunks", "adaptive chunks"])
@WORKING
def test_flowpipes_published_examples_run_on_other_farms(tmp_path, spec, outputs, seconds):
    """By the official ``openjd run``."""
    file, *words = spec.split()
    exported = run_cli("export", f"{PUBLISHED}/{file}", *words, "--to", "openjd", "--root", tmp_path, "-o", "json")
    bundle = json.loads(exported.stdout)["bundle"]

    done = run_openjd(bundle, seconds=seconds)

    assert done.returncode == 0, done.stdout
    found = read_results(bundle)
    assert {label: found[label].plain_outputs() for label in outputs} == outputs


@pytest.mark.skipif(not PUBLISHED, reason="FLOWPIPE_EXAMPLES names no folder with flowpipe's examples")
@WORKING
def test_flowpipes_published_examples_run_unchanged(tmp_path, spec, outputs):
    """Module-level graphs, nested graphs, dynamic plugs, the workflow pattern."""
    file, *words = spec.split()

    result = run_cli("run", f"{PUBLISHED}/{file}", *words, "--root", tmp_path, "-o", "json")

    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)["outputs"]
    assert {label: found[label] for label in outputs} == outputs


@pytest.mark.skipif(not PUBLISHED, reason="FLOWPIPE_EXAMPLES names no folder with flowpipe's examples")
def test_flowpipes_rendering_example_is_planned(tmp_path):
    """It leaves one node in the default graph, and asks for interpreters nobody has configured."""
    words = ["-p", "frames=30", "-p", "batch_size=10", "-o", "json"]

    plan = json.loads(run_cli("plan", f"{PUBLISHED}/vfx_rendering.py:complex_cg_render", *words).stdout)

    assert len(plan["jobs"]) == 14
    assert any("'3dequalizer' is not configured" in warning["text"] for warning in plan["warnings"])
