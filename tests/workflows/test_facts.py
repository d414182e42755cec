"""What a host application hands over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowpipe_deadline import Camera, Frames, InputFile, RenderLayers
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.workflows.facts import SceneFile, read_facts
from flowpipe_deadline.workflows.parameters import read_parameters

FACTS = {
    "format": 1,
    "host": "maya",
    "host_version": "2025",
    "facts": {
        "scene": "/p/shots/ä b.ma",
        "frames": "1-100x2",
        "camera": "cam1",
        "cameras": ["cam1", "cam2"],
        "layers": ["beauty", "shadow"],
    },
    "files": [{"path": "/p/tex/a.exr", "role": "texture", "node": "file1"}, {"path": "/p/s.ma", "role": "scene"}],
    "warnings": ["The scene has 2 cameras."],
}


def publish(scene: InputFile, frames: Frames, camera: Camera, layers: RenderLayers, note: str = ""):
    """Never built."""


def facts(folder, data=FACTS):
    """The facts as the dialog reads them."""
    path = folder / "facts.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return read_facts(path)


def test_facts_fill_parameters_of_the_same_name(tmp_path):
    """In any workflow, as texts that its parameters read."""
    parameters = read_parameters(publish)
    texts = facts(tmp_path).texts_for(parameters)

    values = {item.name: item.parse(texts[item.name]) for item in parameters if item.name in texts}

    assert values == {
        "scene": Path("/p/shots/ä b.ma"),
        "frames": list(range(1, 100, 2)),
        "camera": "cam1",
        "layers": ["beauty", "shadow"],
    }


def test_facts_offer_choices(tmp_path):
    """To parameters that are annotated so."""
    choices = {item.name: facts(tmp_path).choices_for(item) for item in read_parameters(publish)}

    assert choices == {
        "scene": (),
        "frames": (),
        "camera": ("cam1", "cam2"),
        "layers": ("beauty", "shadow"),
        "note": (),
    }


def test_facts_have_the_files_and_warnings_of_the_host(tmp_path):
    """As the host has told them."""
    found = facts(tmp_path)

    assert (found.host, found.host_version, found.warnings) == ("maya", "2025", ("The scene has 2 cameras.",))
    assert found.files == (SceneFile("/p/tex/a.exr", "texture", "file1"), SceneFile("/p/s.ma", "scene"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{", "are not JSON"),
        ("[]", "does not hold the facts"),
        ({**FACTS, "format": 2}, "facts of format 2, and this version reads up to 1: update flowpipe-deadline"),
        ({**FACTS, "facts": None}, "does not hold the facts"),
        ({**FACTS, "files": [{"path": "/x"}]}, "does not hold the facts"),
    ],
)
def test_damaged_facts_are_one_error(tmp_path, data, reason):
    """That names the file."""
    with pytest.raises(UsageError, match=reason):
        facts(tmp_path, data)


def test_missing_facts_are_one_error(tmp_path):
    """As of a file that another dialog has read already."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_facts(tmp_path / "facts.json")
