"""Presets and sticky settings as files: shared, damaged, newer, and where they cannot be written."""

from __future__ import annotations

import json
import os

import pytest

from flowpipe_deadline.core import files
from flowpipe_deadline.dialog.presets import (
    PresetError,
    Texts,
    read_last_workflow,
    read_presets,
    read_sticky,
    save_preset,
    save_sticky,
)

TEXTS = Texts({"frames": "1-10", "camera": "Größe"}, {"pool": "comp"})


def names(shared=None):
    """The presets that are found, and whether they are shared."""
    return [(preset.name, preset.is_shared) for preset in read_presets("shot", shared=shared)[0]]


@pytest.mark.parametrize("name", ["final", "Größe 1/2", "../up", "a:b*?", "x" * 300, "nul", "日本"])
def test_a_preset_of_any_name_comes_back(name):
    """The file's name is safe; the preset's own name is in it."""
    path = save_preset(name, TEXTS, workflow="shot")

    (preset,), notes = read_presets("shot", shared=None)

    assert (preset.name, preset.texts, notes) == (name, TEXTS, ())
    assert len(path.name) < 100
    assert path.name.isascii()


def test_names_that_differ_in_case_are_two_presets():
    """Also on a disk that does not tell capitals from small letters."""
    paths = [save_preset(name, TEXTS, workflow="shot") for name in ("final", "Final", "FINAL")]

    assert len({path.name.lower() for path in paths}) == 3


def test_a_preset_of_the_same_name_is_replaced():
    """The user's own and the studio's are two."""
    save_preset("final", TEXTS, workflow="shot")
    save_preset("final", Texts({"frames": "2"}), workflow="shot")

    (preset,), _ = read_presets("shot", shared=None)

    assert preset.texts == Texts({"frames": "2"})


def test_the_users_own_presets_come_before_the_studios(tmp_path):
    """Each by name; those of another workflow are not listed."""
    for name, shared in (("b", None), ("A", None), ("a", tmp_path / "shared")):
        save_preset(name, TEXTS, workflow="shot", shared=shared)
    save_preset("other", TEXTS, workflow="turntable")

    assert names(tmp_path / "shared") == [("A", False), ("b", False), ("a", True)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it cannot be read, or is damaged"),
        ("[]", "it cannot be read, or is damaged"),
        ('{"format": 1, "name": "x"}', "it cannot be read, or is damaged"),
        ('{"format": 1, "name": "x", "parameters": {"frames": 1}, "options": {}}', "it cannot be read, or is damaged"),
        ('{"format": 1, "name": "x", "parameters": [], "options": {}}', "it cannot be read, or is damaged"),
        (
            '{"format": 1, "name": "x", "parameters": {"pool": 1}, "options": {"pool": "x"}}',
            "it cannot be read, or is damaged",
        ),
        ('{"format": 2, "name": "x"}', "a newer version of flowpipe-deadline saved it"),
    ],
)
def test_a_file_that_is_no_preset_is_skipped_and_told(text, said):
    """The others are read."""
    path = save_preset("bad", TEXTS, workflow="shot")
    path.write_text(text)
    save_preset("good", TEXTS, workflow="shot")

    presets, notes = read_presets("shot", shared=None)

    assert [preset.name for preset in presets] == ["good"]
    (note,) = notes
    assert str(path) in note
    assert said in note


def test_a_full_disk_leaves_the_preset_as_it_was(monkeypatch):
    """The error says which file, and what to do; nothing is left beside it."""
    path = save_preset("final", TEXTS, workflow="shot")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(PresetError, match=r"final\.json cannot be written: No space left on device; .*make room"):
        save_preset("final", Texts(), workflow="shot")

    assert [item.name for item in path.parent.iterdir()] == [path.name]
    assert read_presets("shot", shared=None)[0][0].texts == TEXTS


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    """A file stands where the studio's folder should be."""
    (tmp_path / "shared").write_text("")

    with pytest.raises(PresetError, match="cannot be written"):
        save_preset("final", TEXTS, workflow="shot", shared=tmp_path / "shared")

    assert read_presets("shot", shared=tmp_path / "shared") == ((), ())


def test_what_was_used_last_is_offered_again(home):
    """By workflow, and the workflow itself; without a file, or with a damaged one, there is nothing."""
    before = read_last_workflow(), read_sticky("shot")
    save_sticky("shot", TEXTS)
    save_sticky("turntable", Texts({"frames": "5"}))
    after = read_last_workflow(), read_sticky("shot")
    for folder, _, found in os.walk(home):
        for name in found:
            with open(os.path.join(folder, name), "w") as file:
                file.write("{")

    assert before == ("", Texts())
    assert after == ("turntable", TEXTS)
    assert (read_last_workflow(), read_sticky("shot")) == ("", Texts())


def test_a_preset_is_a_file_that_one_can_read():
    """Another tool may write one."""
    path = save_preset("final", TEXTS, workflow="shot")

    assert json.loads(path.read_text()) == {
        "format": 1,
        "name": "final",
        "parameters": {"frames": "1-10", "camera": "Größe"},
        "options": {"pool": "comp"},
    }
