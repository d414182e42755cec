"""The frame list: Deadline's published syntax, exhaustively."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowpipe_deadline.core.frames import FrameList, FrameListError

SMALL_SUBSETS = [[frame for frame in range(11) if bits >> frame & 1] for bits in range(1, 1 << 11)]


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        pytest.param("5", [5], id="single frame"),
        pytest.param("5,10,15", [5, 10, 15], id="commas"),
        pytest.param("5 10 15", [5, 10, 15], id="spaces"),
        pytest.param("1-3, 7-8", [1, 2, 3, 7, 8], id="comma and space together"),
        pytest.param(",1-3", [1, 2, 3], id="leading comma"),
        pytest.param("1-4", [1, 2, 3, 4], id="range with dash"),
        pytest.param("1:4", [1, 2, 3, 4], id="range with colon"),
        pytest.param("1-10x3", [1, 4, 7, 10], id="step x"),
        pytest.param("1-10step3", [1, 4, 7, 10], id="step step"),
        pytest.param("1-10by3", [1, 4, 7, 10], id="step by"),
        pytest.param("1-10every3", [1, 4, 7, 10], id="step every"),
        pytest.param("1:10:3", [1, 4, 7, 10], id="step with colons"),
        pytest.param("1-100x5", list(range(1, 97, 5)), id="step that misses the end"),
        pytest.param("4-1", [4, 3, 2, 1], id="reverse"),
        pytest.param("10-1x3", [10, 7, 4, 1], id="reverse step that hits both ends"),
        pytest.param("5,5,5", [5], id="repeats are dropped"),
        pytest.param("1-9x4,1-9x2,1-9", [1, 5, 9, 3, 7, 2, 4, 6, 8], id="progressive"),
        pytest.param("3,1,2", [3, 1, 2], id="order is kept"),
        pytest.param("0007-0009", [7, 8, 9], id="padding"),
        pytest.param("2147483647", [2147483647], id="largest frame"),
    ],
)
def test_published_syntax_is_read(text, frames):
    """Every form of the published syntax means the frames that the page says."""
    assert list(FrameList.parse(text)) == frames


@pytest.mark.parametrize(
    "text",
    ["", " ", ",", "-5", "-10--5", "1-", "-", "1--3", "1-10x", "1-10x0", "1..5", "a", "1.5", "1-3-5x2", "1;2", "1-2y3"],
)
def test_anything_else_is_refused(text):
    """What is not in the published syntax is refused, negative frames among it, as nobody knows what they mean."""
    with pytest.raises(FrameListError):
        FrameList.parse(text)


NO_NEGATIVES = "none is below 0 in a text: let the script give a list, such as list(range(-5, 6))"
ADVICE = {
    "-5-5": f"'-5-5' is not a frame or range; {NO_NEGATIVES}",
    "1--5": f"'1--5' is not a frame or range; {NO_NEGATIVES}",
    "1\u201310": "'1\u201310' is not a frame or range: it has EN DASH (U+2013); write '1-10'",
    "1\u201410": "it has EM DASH (U+2014); write '1-10'",
    "1\u221210": "it has MINUS SIGN (U+2212); write '1-10'",
    "\u22125": f"it has MINUS SIGN (U+2212); {NO_NEGATIVES}",
    "\uff11-\uff19": "it has FULLWIDTH DIGIT ONE (U+FF11); write '1-9'",
    "1-10\xd72": "it has MULTIPLICATION SIGN (U+00D7); write '1-10x2'",
    "1\u202610": "it has HORIZONTAL ELLIPSIS (U+2026); write '1-10'",
    "\u0661-\u0665": "it has ARABIC-INDIC DIGIT ONE (U+0661); write whole numbers",
    "1-10\x1b": r"'1-10\x1b' is not a frame or range: it has a character (U+001B); write whole numbers",
    "1..10": "'1..10' is not a frame or range; write '1-10'",
    "1 to 10": "'to' is not a frame or range; write '1-10'",
    "1 - 10": "'-' is not a frame or range; write '1-10'",
    "1-10 x2": "'x2' is not a frame or range; write '1-10x2'",
    "1-10/2": "write '1-10x2'",
    "1-10@2": "write '1-10x2'",
    "1;5;7": "write '1,5,7'",
    "[1, 2]": "write '1, 2'",
    "1 and 5": "write '1,5'",
    "1001.0-1010.0": "write '1001-1010'",
    "#1-10": "write '1-10'",
    "1.5": "write whole numbers, as in 5, 1-10 or 1-10x2, with commas between",
    "1-": "write whole numbers",
    "all": "write whole numbers",
}


@pytest.mark.parametrize("text", ADVICE)
def test_what_is_meant_is_advised(text):
    """The character is named where the advice would look like the input."""
    with pytest.raises(FrameListError) as caught:
        FrameList.parse(text)

    assert ADVICE[text] in str(caught.value)


@pytest.mark.parametrize("text", ["2147483648", "9" * 5000, "1-999999999"])
def test_absurd_sizes_are_refused_at_once(text):
    """A number that is no Int32, or a range that would fill the memory, is an error and no wait."""
    with pytest.raises(FrameListError):
        FrameList.parse(text)


def test_a_list_may_be_too_long_as_well():
    """Items of a batch are counted, not typed."""
    with pytest.raises(FrameListError, match="1000001 frames are more than 1000000; cut the work into several jobs"):
        FrameList(range(1_000_001))


def test_reverse_step_has_two_readings():
    """Which end anchors a reverse step is unknown of Deadline, and is not guessed."""
    with pytest.raises(FrameListError, match="two readings"):
        FrameList.parse("10-1x4")


@pytest.mark.parametrize("frames", [[], [1, 1], [-1], [1.0], [True], ["1"], [None], [2**31]])
def test_only_distinct_whole_numbers_are_frames(frames):
    """No frame list without frames, with repeats, or with anything but whole numbers from 0."""
    with pytest.raises(FrameListError):
        FrameList(frames)


def test_every_small_subset_survives_printing():
    """Print, then parse: the same list, for all subsets of a small range."""
    for frames in SMALL_SUBSETS:
        assert list(FrameList.parse(str(FrameList(frames)))) == frames


def test_every_small_order_survives_printing():
    """Print, then parse: the same list, for all orders of up to six frames."""
    for count in range(1, 7):
        for frames in itertools.permutations(range(6), count):
            assert tuple(FrameList.parse(str(FrameList(frames)))) == frames


def test_every_chunk_size_loses_nothing():
    """Chunks in order are the list again, none above the size and only the last one below, for all small subsets."""
    for frames in SMALL_SUBSETS:
        for size in range(1, 13):
            chunks = FrameList(frames).chunks(size=size)
            assert [frame for chunk in chunks for frame in chunk] == frames
            assert all(len(chunk) == size for chunk in chunks[:-1])
            assert 1 <= len(chunks[-1]) <= size


def test_consecutive_chunks_hold_no_gap():
    """The other reading of the unknown: nothing lost either, and no task with a gap."""
    for frames in SMALL_SUBSETS:
        for size in range(1, 13):
            chunks = FrameList(frames).chunks(size=size, consecutive=True)
            assert [frame for chunk in chunks for frame in chunk] == frames
            assert all(chunk.is_contiguous and len(chunk) <= size for chunk in chunks)


def test_both_readings_agree_on_one_range():
    """A contiguous range is cut alike under either reading, which is why plans prefer it."""
    for start, count, size in itertools.product((0, 1, 1001), range(1, 30), range(1, 31)):
        frames = FrameList(range(start, start + count))
        assert frames.chunks(size=size) == frames.chunks(size=size, consecutive=True)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=60, unique=True))
def test_any_frames_survive_printing(frames):
    """Print, then parse: the same list, whatever the frames and their order."""
    assert list(FrameList.parse(str(FrameList(frames)))) == frames


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text):
    """A text is a frame list that prints, or one clear error."""
    try:
        frames = FrameList.parse(text)
    except FrameListError:
        return
    assert FrameList.parse(str(frames)) == frames


def test_a_chunk_size_below_one_is_refused():
    """There are no chunks of nothing."""
    with pytest.raises(FrameListError, match="at least 1"):
        FrameList([1]).chunks(size=0)
