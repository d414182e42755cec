"""From a signature to the fields that a person fills in, and from texts to values."""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowpipe_deadline import Camera, Folder, Frames, InputFile, OutputFile, Parameter, RenderLayers
from flowpipe_deadline.errors import PreflightError
from flowpipe_deadline.workflows.parameters import (
    ParameterError,
    WorkflowParameter,
    bind_parameters,
    read_parameters,
)
from flowpipe_deadline.workflows.texts import text_of


class Quality(enum.Enum):
    """A choice."""

    DRAFT = 1
    FINAL = 2


Samples = Annotated[int, Parameter(label="Samples per pixel", min_value=1, max_value=4096)]


def turntable(  # noqa: PLR0917  (one of each kind)
    frames: Frames,
    scene: Annotated[InputFile, Parameter(file_filters=("*.ma", "*.mb"), group_label="Files")],
    out: OutputFile = Path("out.exr"),
    project: Folder | None = None,
    camera: Camera = "persp",
    layers: RenderLayers = ("beauty",),
    renderer: Literal["arnold", "redshift"] = "arnold",
    quality: Quality = Quality.DRAFT,
    passes: list[Literal["diffuse", "specular"]] = ["diffuse"],  # noqa: B006
    samples: Samples = 64,
    gamma: float = 2.2,
    denoise: bool = True,
    note="",
):
    """Never built."""


PARAMETERS = {parameter.name: parameter for parameter in read_parameters(turntable)}


@pytest.mark.parametrize(
    ("name", "kind", "control", "default", "allowed"),
    [
        ("frames", "FRAMES", "FRAMES", None, ()),
        ("scene", "PATH", "CHOOSE_INPUT_FILE", None, ()),
        ("out", "PATH", "CHOOSE_OUTPUT_FILE", "out.exr", ()),
        ("project", "PATH", "CHOOSE_DIRECTORY", "", ()),
        ("camera", "STRING", "DROPDOWN_LIST", "persp", ()),
        ("layers", "LIST", "CHECK_LIST", "beauty", ()),
        ("renderer", "STRING", "DROPDOWN_LIST", "arnold", ("arnold", "redshift")),
        ("quality", "STRING", "DROPDOWN_LIST", "DRAFT", ("DRAFT", "FINAL")),
        ("passes", "LIST", "CHECK_LIST", "diffuse", ("diffuse", "specular")),
        ("samples", "INT", "SPIN_BOX", "64", ()),
        ("gamma", "FLOAT", "SPIN_BOX", "2.2", ()),
        ("denoise", "BOOL", "CHECK_BOX", "true", ()),
        ("note", "STRING", "LINE_EDIT", "", ()),
    ],
)
def test_an_annotation_says_how_a_parameter_is_filled_in(name, kind, control, default, allowed):
    """Where there is none, the default does."""
    parameter = PARAMETERS[name]

    assert (parameter.type, parameter.control, parameter.default) == (kind, control, default)
    assert parameter.allowed_values == allowed
    assert parameter.is_required == (default is None)


def test_hints_add_to_those_of_an_alias():
    """What a later one does not say stays as it was."""
    scene, samples = PARAMETERS["scene"], PARAMETERS["samples"]

    assert (scene.control, scene.file_filters, scene.group_label) == ("CHOOSE_INPUT_FILE", ("*.ma", "*.mb"), "Files")
    assert (samples.label, samples.min_value, samples.max_value) == ("Samples per pixel", 1, 4096)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("frames", "1-3,10", [1, 2, 3, 10]),
        ("scene", "a b.ma", Path("a b.ma")),
        ("project", "none", None),
        ("layers", "beauty, shadow", ["beauty", "shadow"]),
        ("layers", "['a, b']", ["a, b"]),
        ("layers", "", []),
        ("quality", "FINAL", Quality.FINAL),
        ("passes", "specular,diffuse", ["specular", "diffuse"]),
        ("samples", "4096", 4096),
        ("denoise", "false", False),
    ],
)
def test_a_text_becomes_its_value(name, text, value):
    """In the workflow's own process, and by what another process was told of the parameter."""
    parameter = PARAMETERS[name]
    told = WorkflowParameter.from_json(json.loads(json.dumps(parameter.to_json())))

    assert parameter.parse(text) == value
    assert told == parameter
    if not isinstance(value, Quality):
        assert told.parse(text) == value


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("frames", "1-", "does not fit: '1-' is not a frame or range"),
        ("samples", "0", "at least 1, not 0"),
        ("samples", "5000", "at most 4096, not 5000"),
        ("samples", "many", "a whole number"),
        ("renderer", "vray", "one of arnold, redshift, not 'vray'"),
        ("quality", "BEST", "one of DRAFT, FINAL"),
        ("passes", "diffuse, shine", "a list, each one of diffuse, specular"),
    ],
)
def test_a_text_that_does_not_fit_is_an_error_of_its_parameter(name, text, reason):
    """The dialog shows it at that field, whoever judges the text."""
    told = WorkflowParameter.from_json(json.loads(json.dumps(PARAMETERS[name].to_json())))

    for parameter in (PARAMETERS[name], told):
        with pytest.raises(ParameterError, match=reason) as caught:
            parameter.parse(text)
        assert caught.value.parameter == name


def test_everything_that_is_wrong_is_said_at_once():
    """Unknown names, missing ones, and texts that do not fit."""
    with pytest.raises(PreflightError) as caught:
        bind_parameters(turntable, {"frames": "x", "samples": "0", "camra": "top"}, name="turntable")

    assert [str(error).partition(";")[0].partition(":")[0] for error in caught.value.errors] == [
        "turntable has no parameter 'camra'",
        "turntable needs scene",
        "the parameter 'frames' does not fit",
        "the parameter 'samples' must be at least 1, not 0",
    ]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8)


@given(
    st.one_of(
        st.tuples(st.just(Sequence[str]), st.lists(NAMES)),
        st.tuples(st.just(list[Path]), st.lists(NAMES.map(Path))),
        st.tuples(st.just(bool), st.booleans()),
        st.tuples(st.just(int), st.integers()),
        st.tuples(st.just(float), st.floats(allow_nan=False, allow_infinity=False)),
        st.tuples(st.just(str), NAMES),
        st.tuples(st.just(Path), NAMES.map(Path)),
        st.tuples(st.just(Quality), st.sampled_from(Quality)),
        st.tuples(st.just(date), st.dates()),
        st.tuples(st.just(tuple[int, ...]), st.lists(st.integers()).map(tuple)),
        st.tuples(st.just(Frames), st.sets(st.integers(0, 10**6), min_size=1).map(sorted)),
    )
)
@example((Sequence[str], ["['a'", "'b']"]))
@example((Sequence[str], ["{1", "2}"]))
def test_the_text_of_a_default_is_read_back_as_the_default(case):
    """So a field that nobody touched changes nothing."""
    kind, default = case

    def build(value):
        return value

    build.__annotations__, build.__defaults__ = {"value": kind}, (default,)
    (parameter,) = read_parameters(build)

    assert parameter.default is not None
    assert parameter.parse(parameter.default) == default


def test_frames_are_a_list_by_default_too():
    """A range is the natural default, and flowpipe cannot keep one in a plug."""

    def build(frames: Frames = range(1001, 1004)):
        return frames

    arguments = bind_parameters(build, {}, name="build")

    assert build(*arguments.args, **arguments.kwargs) == [1001, 1002, 1003]


def test_a_value_that_no_text_means_has_none():
    """Its field stays empty, and the default is passed as it is."""
    assert text_of(object()) is None
    assert text_of({"a": 1}) == "{'a': 1}"


def test_an_empty_text_is_no_path():
    """An unset variable of a shell would mean the current folder; where nothing may be given, it means that."""
    with pytest.raises(ParameterError, match="'scene' is empty, and needs a path"):
        PARAMETERS["scene"].parse("")

    assert PARAMETERS["project"].parse("") is None


def test_a_list_of_members_is_written_by_their_names():
    """As it is read."""

    def build(_looks: list[Quality] = [Quality.DRAFT, Quality.FINAL]):  # noqa: B006
        """Never built."""

    [parameter] = read_parameters(build)

    assert (parameter.label, parameter.default) == ("Looks", "DRAFT, FINAL")
    assert parameter.parse(parameter.default) == [Quality.DRAFT, Quality.FINAL]


def test_frames_may_have_a_text_as_their_default():
    """As people write them."""

    def build(frames: Frames = "1-3"):
        """Never built."""

    assert bind_parameters(build, {}, name="build").arguments == {"frames": [1, 2, 3]}
