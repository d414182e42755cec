"""Values as text for people: files in a sequence are folded."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.results.codec import encode
from flowpipe_deadline.results.plain import fold, shown


def unfold(folded):
    """The texts that these stand for."""
    for text, count in folded:
        if count == 1:
            yield text
            continue
        head, numbers, tail = re.fullmatch(r"(.*)\[([0-9x,-]+)\](.*)", text, re.DOTALL).groups()
        first = re.match("[0-9]+", numbers)[0]
        width = len(first) if first.startswith("0") else 1
        frames = FrameList.parse(re.sub(r"[0-9]+", lambda match: str(int(match[0])), numbers))
        assert len(frames) == count
        yield from (f"{head}{str(frame).zfill(width)}{tail}" for frame in frames)


NUMBERS = st.one_of(
    st.integers(-3, 15), st.integers(95, 103), st.integers(998, 1003), st.just(10**9), st.just(99999999)
)
NAMES = st.builds(
    lambda head, number, width, tail: f"{head}{number:0{width}d}{tail}",
    st.sampled_from(["/a/b.", "b_", "", "v2/b.", "a.[1-3].", "-", "/a/-", "x.-"]),
    NUMBERS,
    st.sampled_from([1, 1, 4]),
    st.sampled_from([".exr", ".exr", ".v2.exr", ".mp4", "", ".[1-3].exr", "_l.exr", ".exr.gz"]),
)
RUNS = st.builds(
    lambda frames, width, form: [form.format(str(frame).zfill(width)) for frame in frames],
    st.lists(NUMBERS, max_size=8).map(sorted),
    st.sampled_from([1, 4]),
    st.sampled_from(["/a/b.{}.exr", "b{}.mp4", "{}.exr", "a.[1-3].{}.exr", "x-{}.png"]),
)


@given(
    st.lists(st.one_of(RUNS, NAMES.map(lambda name: [name]), st.text(max_size=6).map(lambda text: [text])), max_size=8)
)
def test_unfolding_gives_the_list_back(parts):
    """In order, whatever the names are."""
    texts = [text for part in parts for text in part]

    assert list(unfold(fold(texts))) == texts


@pytest.mark.parametrize(
    ("texts", "folded"),
    [
        (["a.1001.exr", "a.1002.exr", "a.1003.exr"], ["a.[1001-1003].exr"]),
        ([f"a.{frame}.exr" for frame in (*range(1001, 1011), 1015)], ["a.[1001-1010,1015].exr"]),
        (["a.1001.exr", "a.1011.exr", "a.1021.exr"], ["a.[1001-1021x10].exr"]),
        (["a.0008.exr", "a.0009.exr", "a.0010.exr", "a.0012.exr"], ["a.[0008-0010,0012].exr"]),
        (["a.0998.exr", "a.0999.exr", "a.1000.exr"], ["a.[0998-1000].exr"]),
        (["a.9.exr", "a.10.exr", "a.11.exr"], ["a.[9-11].exr"]),
        (["a1.v1.mp4", "a2.v1.mp4", "a3.v1.mp4"], ["a1.v1.mp4", "a2.v1.mp4", "a3.v1.mp4"]),
        (["v1/a.1.jp2", "v1/a.2.jp2", "v1/a.3.jp2"], ["v1/a.[1-3].jp2"]),
        (["v1/a.1.exr", "v2/a.1.exr", "v3/a.1.exr"], ["v1/a.1.exr", "v2/a.1.exr", "v3/a.1.exr"]),
        (["a-1.exr", "a-2.exr", "a-3.exr"], ["a-[1-3].exr"]),
        (["a.-3.exr", "a.-2.exr", "a.-1.exr"], ["a.-3.exr", "a.-2.exr", "a.-1.exr"]),
        (["a.1.exr", "a.2.exr"], ["a.1.exr", "a.2.exr"]),
        (["a.3.exr", "a.2.exr", "a.1.exr"], ["a.3.exr", "a.2.exr", "a.1.exr"]),
        (["a.1.exr", "a.1.exr", "a.1.exr"], ["a.1.exr", "a.1.exr", "a.1.exr"]),
        (["a.09.exr", "a.010.exr", "a.011.exr"], ["a.09.exr", "a.010.exr", "a.011.exr"]),
        (["shot1", "shot2", "shot3"], ["shot1", "shot2", "shot3"]),
        (["1.5", "1.6", "1.7"], ["1.5", "1.6", "1.7"]),
        (["l.1.exr", "r.1.exr", "l.2.exr", "r.2.exr"], ["l.1.exr", "r.1.exr", "l.2.exr", "r.2.exr"]),
    ],
)
def test_what_is_folded_and_what_is_not(texts, folded):
    """Frames that ascend, in the last number of a file's name."""
    assert [text for text, _ in fold(texts)] == folded


def test_lists_within_values_are_folded(tmp_path):
    """Of texts and of paths; numbers stay."""
    paths = [tmp_path / f"a.{frame}.exr" for frame in (1, 2, 3)]

    text = shown(encode({"files": paths, "more": [(list(map(str, paths)), 1)], "frames": [1, 2, 3]}))

    assert (
        text
        == f'{{"files": ["{tmp_path}/a.[1-3].exr"], "more": [[["{tmp_path}/a.[1-3].exr"], 1]], "frames": [1, 2, 3]}}'
    )
