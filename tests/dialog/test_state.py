"""What the dialog holds, and what is wrong with it, without widgets."""

from __future__ import annotations

import pytest

from flowpipe_deadline.dialog.state import Fields, option_fields, submit_request
from flowpipe_deadline.workflows.parameters import WorkflowParameter

FRAMES = WorkflowParameter("frames", "FRAMES", "FRAMES", "Frames")
CAMERA = WorkflowParameter("camera", "STRING", "LINE_EDIT", "Camera", default="persp", is_required=False, kinds=(str,))
SIZE = WorkflowParameter(
    "size", "INT", "SPIN_BOX", "Frames per task", default="5", is_required=False, min_value=1, kinds=(int,)
)
FOLDER = WorkflowParameter("folder", "PATH", "CHOOSE_DIRECTORY", "Folder", default="", is_required=False, kinds=(str,))
ALL = (FRAMES, CAMERA, SIZE, FOLDER)


def test_what_is_typed_wins_over_preset_facts_last_time_and_default():
    """Each layer shows where no stronger one has a text."""
    fields = Fields(ALL, facts={"frames": "1-9", "camera": "cam"}, sticky={"frames": "3", "camera": "old", "size": "2"})

    before = [fields.text(name) for name in ("frames", "camera", "size", "folder")]
    fields.choose_preset({"camera": "top"})
    fields.type_text("frames", "7")

    assert before == ["1-9", "cam", "2", ""]
    assert [fields.text(name) for name in ("frames", "camera", "size")] == ["7", "top", "2"]


def test_a_preset_replaces_what_was_typed_before():
    """Who chooses one wants to see it; other texts stay, and names that it has too many are told."""
    fields = Fields(ALL)
    fields.type_text("camera", "side")
    fields.type_text("frames", "1-5")

    unknown = fields.choose_preset({"camera": "top", "samples": "64"})

    assert (fields.text("camera"), fields.text("frames"), unknown) == ("top", "1-5", ("samples",))


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("frames", "", "Fill in Frames."),
        ("frames", "1-", "Frames does not fit: '1-' is not a frame or range"),
        ("size", "0", "Frames per task must be at least 1, not 0."),
        ("size", "many", "Frames per task must be a whole number, not 'many'."),
        ("size", "", "Fill in Frames per task."),
        ("camera", "", ""),
        ("folder", "", ""),
    ],
)
def test_an_error_is_a_sentence_with_the_label(name, text, error):
    """A field may be empty where its default is, or where an empty text is a text."""
    fields = Fields(ALL)

    fields.type_text(name, text)

    assert fields.error(name) == error if not error or error.endswith(".") else fields.error(name).startswith(error)


def test_what_is_empty_is_not_given_unless_an_empty_text_means_something():
    """A cleared camera is no camera, and not the default."""
    fields = Fields(ALL, facts={"frames": "1-2"})
    fields.type_text("camera", "")

    given = fields.given()

    assert given == {"frames": "1-2", "camera": "", "size": "5"}


def test_facts_of_this_scene_are_not_kept_for_the_next():
    """What was typed over them is."""
    fields = Fields(ALL, facts={"frames": "1-9", "camera": "cam"})
    fields.type_text("camera", "top")
    fields.type_text("size", "5")

    assert fields.to_keep() == {"camera": "top"}


def test_frames_are_counted_while_they_are_typed():
    """A wrong list has no number."""
    fields = Fields(ALL)

    notes = [(fields.type_text("frames", text), fields.note("frames"))[1] for text in ("1-10x2", "7", "1-")]

    assert notes == ["5 frames", "1 frame", ""]


def test_options_become_those_of_a_submission():
    """Empty ones are left to the studio; a pool called none is a pool."""
    options = option_fields({}, known_presets=["night"], presets=["night"], root="/mnt/farm")
    for name, text in {"pool": "none", "limits": "nuke, arnold", "priority": "70", "keep_suspended": "true"}.items():
        options.type_text(name, text)
    fields = Fields(ALL, facts={"frames": "1-9"})

    request = submit_request("shot", fields, options)

    assert request == {
        "workflow": "shot",
        "texts": {"frames": "1-9", "camera": "persp", "size": "5"},
        "root": "/mnt/farm",
        "options": {
            "settings": {"pool": "none", "limits": ["nuke", "arnold"], "priority": 70},
            "presets": ["night"],
            "keep_suspended": True,
            "is_dry_run": False,
        },
    }


def test_a_priority_is_at_most_the_repositorys():
    """Which is known once Deadline has answered."""
    options = option_fields({"priority": "120"})

    before = options.error("priority")
    options.limit("priority", max_value=100)

    assert (before, options.error("priority")) == ("", "Priority must be at most 100, not 120.")
