"""From chunk results to outputs."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import PurePosixPath

import numpy
import pytest
from farm_nodes import Colour, Shot
from hypothesis import given, settings
from hypothesis import strategies as st

from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import MergeError, MissingResultsError
from flowpipe_deadline.results.codec import decode, encode, identical
from flowpipe_deadline.results.cut import cut_inputs
from flowpipe_deadline.results.merge import Batch, merge_results
from flowpipe_deadline.results.store import ChunkResult


def double_all(values):
    """A studio's own rule."""
    return [2 * value for value in values]


def merged(values, *, rule=None, sub_plugs=None):
    """The merged value of one output whose chunks, of one frame each, gave these values."""
    batch = Batch(
        over=("frames",),
        mode="frames",
        frames=FrameList(range(len(values))),
        merge={} if rule is None else {"out": rule},
    )
    results = [
        ChunkResult(
            frames=FrameList([frame]),
            outputs={"out": {"value": encode(value), "sub_plugs": {} if sub_plugs is None else sub_plugs[frame]}},
            version=frame,
        )
        for frame, value in enumerate(values)
    ]
    return merge_results("node", batch=batch, results=results[::-1])["out"]


@pytest.mark.parametrize(
    ("values", "rule", "expected"),
    [
        pytest.param([[1, 2], [3]], None, [1, 2, 3], id="lists concatenate"),
        pytest.param([[], []], None, [], id="empty lists too"),
        pytest.param([{"a": 1}, {"b": 2}], None, {"a": 1, "b": 2}, id="dicts unite"),
        pytest.param([{1: "a"}, {2: "b"}], None, {1: "a", 2: "b"}, id="dicts with numbers as keys unite"),
        pytest.param([{"a": 1}, {"a": 1}], None, {"a": 1}, id="equal values of a key are one"),
        pytest.param([{}, {1: 2}], None, {1: 2}, id="an empty dict unites with any"),
        pytest.param([None, None], None, None, id="None is the same"),
        pytest.param(["x.%04d.exr", "x.%04d.exr"], None, "x.%04d.exr", id="text is the same"),
        pytest.param([(1, 2), (1, 2)], None, (1, 2), id="tuples are the same"),
        pytest.param([(1,), (2,)], "concat", (1, 2), id="tuples concatenate when asked"),
        pytest.param(["a", "b"], "concat", "ab", id="texts concatenate when asked"),
        pytest.param([{1}, {2, 1}], "union", {1, 2}, id="sets unite when asked"),
        pytest.param([{1: "a"}, {True: "a"}], None, {1: "a"}, id="of keys that are one to Python, the first stays"),
        pytest.param([range(10**19), range(10**19)], None, range(10**19), id="a range that is too long to be counted"),
        pytest.param([1, 2, 3], "first", 1, id="first"),
        pytest.param([1, 2, 3], "last", 3, id="last"),
        pytest.param([1, 2, 3], "sum", 6, id="sum"),
        pytest.param([[1], [2]], "sum", [1, 2], id="sum of lists"),
        pytest.param([3, 1, 2], "min", 1, id="min"),
        pytest.param([3, 1, 2], "max", 3, id="max"),
        pytest.param([True, False], "all", False, id="all"),
        pytest.param([True, False], "any", True, id="any"),
        pytest.param([7, 8], "chunks", {"0": 7, "1": 8}, id="chunks"),
        pytest.param([1, 2], "test_merge:double_all", [2, 4], id="a function"),
    ],
)
def test_rules(values, rule, expected):
    """Each rule, the default ones among them, gives what its name says, with its Python type."""
    result = decode(merged(values, rule=rule)["value"])

    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("values", "rule", "reason"),
    [
        pytest.param(
            [1, 2], None, r"node\.out: the rule 'same'.*one chunk has 1, another 2.*merge", id="scalars differ"
        ),
        pytest.param([1, True], None, "one chunk has 1, another true", id="equal, of another type"),
        pytest.param([1, 1.0], None, "one chunk has 1, another 1.0", id="equal numbers of another type"),
        pytest.param([[1], (1,)], None, r"one chunk has \[1\], another {.*tuple", id="a list and a tuple"),
        pytest.param(
            [PurePosixPath("/a"), PurePosixPath("/b")], None, 'one chunk has "/a", another "/b"', id="paths differ"
        ),
        pytest.param(
            ["a" * 100 + "b", "a" * 100 + "c"],
            None,
            r'\.\.\.a{19,20}b", another \.\.\.a+c"',
            id="long texts differ late",
        ),
        pytest.param(
            [{"a": 1}, {"a": 2}], None, r'the key "a" is 1 in one chunk, 2 in another', id="one key, two values"
        ),
        pytest.param(
            [{1: numpy.float64(1)}, {1: numpy.float64(2)}],
            None,
            r"the key 1 is float64 1\.0 in one chunk, float64 2\.0 in another",
            id="one key, two numbers of numpy",
        ),
        pytest.param([{1: "a"}, {True: "b"}], None, 'the key true is "a" in one chunk, "b"', id="keys that are one"),
        pytest.param([1, "a"], "concat", "joins lists", id="nothing to join"),
        pytest.param([[1], {1}], "union", "unites dicts", id="nothing to unite"),
        pytest.param([1, "a"], "sum", "rule 'sum'", id="no sum"),
        pytest.param([1, 2], "nowhere:function", "cannot be imported", id="no such function"),
    ],
)
def test_what_cannot_be_merged_is_said(values, rule, reason):
    """The error names node, output, the two values, and the rule to declare."""
    with pytest.raises(MergeError, match=reason):
        merged(values, rule=rule)


@pytest.mark.parametrize("nan", [float("nan"), numpy.float64("nan"), numpy.float32("nan")])
def test_a_nan_by_the_same_key_is_the_same(nan):
    """Also with another sign, which computing gives it."""
    result = decode(merged([{3: nan, 4: 1.0}, {3: -nan}])["value"])

    assert numpy.isnan(result.pop(3))
    assert result == {4: 1.0}


def test_sub_plugs_are_merged_one_by_one():
    """The dict that a plain connection sees is that of the merged sub-plugs."""
    result = merged(
        [{"left": [1]}, {"left": [2], "right": 5}],
        sub_plugs=[{"left": [1]}, {"left": [2], "right": 5}],
    )

    assert result == {"value": {"left": [1, 2], "right": 5}, "sub_plugs": {"left": [1, 2], "right": 5}}


def results_of(*chunks):
    """Results of these frame lists, the first written last; the value is the frames."""
    return [
        ChunkResult(
            frames=FrameList.parse(text),
            outputs={"out": {"value": [f"{text}:{frame}" for frame in FrameList.parse(text)], "sub_plugs": {}}},
            version=-index,
        )
        for index, text in enumerate(chunks)
    ]


def merge_text(frames, *chunks):
    """The merged list of a node with these planned frames and these results."""
    batch = Batch(over=("frames",), mode="frames", frames=FrameList.parse(frames), merge={})
    return merge_results("node", batch=batch, results=results_of(*chunks))["out"]["value"]


def test_chunks_are_put_in_the_order_of_their_frames():
    """Not in the order in which they were written, nor that of their names."""
    assert merge_text("1,9,10", "10", "9", "1") == ["1:1", "9:9", "10:10"]


def test_frames_added_in_the_monitor_come_in_their_place():
    """Before, between and after the planned ones."""
    assert merge_text("3-4,6", "7", "3-4", "6", "5", "1") == ["1:1", "3-4:3", "3-4:4", "5:5", "6:6", "7:7"]


def test_a_later_result_of_the_same_frames_replaces_the_earlier():
    """Chunks of another size, run later, count; what they cover whole is dropped."""
    assert merge_text("1-4", "1-4", "1-2", "3-4") == ["1-4:1", "1-4:2", "1-4:3", "1-4:4"]
    assert merge_text("1-2", "1", "2", "1-2") == ["1:1", "2:2"]


def test_lists_of_chunks_that_overlap_in_part_are_put_together_frame_by_frame():
    """One item per frame: of each frame, the latest counts."""
    assert merge_text("1-4", "2-3", "1-2", "4") == ["1-2:1", "2-3:2", "2-3:3", "4:4"]
    assert merge_text("1-4", "2,4", "1-4") == ["1-4:1", "2,4:2", "1-4:3", "2,4:4"]


@pytest.mark.parametrize("rule", [None, "union", "sum", "chunks", "first"])
def test_other_outputs_of_chunks_that_overlap_in_part_are_refused(rule):
    """It is unknown which part of the older one still counts."""
    batch = Batch(over=("frames",), mode="frames", frames=FrameList.parse("1-4"), merge={"out": rule} if rule else {})
    results = [
        ChunkResult(
            frames=FrameList.parse(text), outputs={"out": {"value": {text: 1}, "sub_plugs": {}}}, version=version
        )
        for version, text in ((3, "2-3"), (2, "1-2"), (1, "4"))
    ]

    with pytest.raises(MergeError, match=r"the results of 1-2 and, written later, of 2-3 overlap in part; requeue"):
        merge_results("node", batch=batch, results=results)


def test_equal_values_of_chunks_that_overlap_in_part_are_one():
    """What is the same in every chunk is so in any part of it."""
    batch = Batch(over=("frames",), mode="frames", frames=FrameList.parse("1-3"), merge={})
    results = [
        ChunkResult(frames=FrameList.parse(text), outputs={"out": {"value": "x", "sub_plugs": {}}}, version=version)
        for version, text in ((2, "2-3"), (1, "1-2"))
    ]

    assert merge_results("node", batch=batch, results=results)["out"]["value"] == "x"


def test_missing_frames_are_named():
    """All of them, as a frame list."""
    with pytest.raises(MissingResultsError) as caught:
        merge_text("1-10", "1-3", "7-8")

    assert str(caught.value.frames) == "4-6,9-10"
    assert caught.value.node == "node"


def test_a_node_without_a_batch_needs_its_one_result():
    """Results of chunks do not stand in for it."""
    with pytest.raises(MissingResultsError, match="node: its result is missing"):
        merge_results("node", batch=None, results=results_of("1-4"))


def outputs_of(frames):
    """What a node gives for these frames, in every form: the n-th of each belongs to the n-th frame."""
    texts = [f"{frame:02d}" for frame in frames]
    return {
        "list": list(frames),
        "pairs": [frame for frame in frames for _ in range(2)],
        "tuple": tuple(frames),
        "text": "".join(texts),
        "array": numpy.array([[frame, frame] for frame in frames]),
        "dict": {frame: frame for frame in frames},
        "ordered": OrderedDict((frame, frame) for frame in frames),
        "sum": list(frames),
        "chunks": list(frames),
        "function": list(frames),
    }


RULES = dict.fromkeys(("tuple", "text", "array"), "concat")
RULES.update(sum="sum", chunks="chunks", function="test_merge:join_all")


def join_all(values):
    """A studio's own rule."""
    return [item for value in values for item in value]


def merge_outputs(planned, *chunks):
    """All outputs, decoded, of a node with these planned frames and these results, the first written last."""
    batch = Batch(over=("frames",), mode="frames", frames=FrameList.parse(planned), merge=RULES)
    results = []
    for index, text in enumerate(chunks):
        frames = FrameList.parse(text)
        outputs = {name: {"value": encode(value), "sub_plugs": {}} for name, value in outputs_of(frames).items()}
        results.append(ChunkResult(frames=frames, outputs=outputs, version=-index))
    merged = {}
    for name in outputs_of([1]):
        try:
            merged[name] = decode(merge_results("node", batch=batch, results=results, wanted=(name,))[name]["value"])
        except MergeError as error:
            merged[name] = str(error)
    return merged


def frames_in(value):
    """The frames in the order in which a merged value has them."""
    if isinstance(value, str):
        value = [int(value[start : start + 2]) for start in range(0, len(value), 2)]
    elif isinstance(value, numpy.ndarray):
        value = [int(row[0]) for row in value]
    elif isinstance(value, dict) and any(isinstance(key, str) for key in value):
        value = [frame for chunk in value.values() for frame in chunk]
    return list(dict.fromkeys(value))


@pytest.mark.parametrize(
    ("planned", "chunks"),
    [
        pytest.param("4-7", ("3-4", "5-6", "7"), id="frames in front"),
        pytest.param("4-7", ("7", "3-4", "5-6", "8-9"), id="frames on both sides"),
        pytest.param("2,4,6", ("2", "3", "4", "5", "6"), id="frames between"),
        pytest.param("1-4", ("3-4", "1-2", "1-4"), id="cut again"),
    ],
)
def test_all_outputs_come_in_one_order(planned, chunks):
    """Ascending, whatever their form and rule, so that two of them can be zipped."""
    orders = {name: frames_in(value) for name, value in merge_outputs(planned, *chunks).items()}

    assert set(map(tuple, orders.values())) == {tuple(sorted(orders["list"]))}


@pytest.mark.parametrize("chunks", [("1-5x2", "2-6x2"), ("3-1", "4-6")], ids=["every other frame", "backwards"])
def test_what_cannot_be_brought_into_that_order_is_refused(chunks):
    """Tasks whose frames lie between those of others: one item per frame is sorted in, anything else is an error."""
    merged = merge_outputs("1-6", *chunks)

    for name in ("list", "tuple", "array", "dict", "ordered", "sum"):
        assert frames_in(merged[name]) == [1, 2, 3, 4, 5, 6]
    for name in ("pairs", "text"):
        assert "lie between those of others, or do not ascend; requeue all tasks" in merged[name]


def test_ordered_dicts_that_cannot_be_brought_into_that_order_are_refused():
    """Two keys for each frame; without an order, as in a dict, it makes no difference."""

    def united(kind):
        frames = [FrameList([1, 3]), FrameList([2, 4])]
        batch = Batch(over=("frames",), mode="frames", frames=FrameList.parse("1-4"), merge={})
        values = [encode(kind((f"{side}{frame}", 1) for frame in chunk for side in "lr")) for chunk in frames]
        results = [
            ChunkResult(frames=chunk, outputs={"out": {"value": value, "sub_plugs": {}}}, version=1)
            for chunk, value in zip(frames, values)
        ]
        return decode(merge_results("node", batch=batch, results=results)["out"]["value"])

    assert len(united(dict)) == 8
    with pytest.raises(MergeError, match="lie between those of others"):
        united(OrderedDict)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(numpy.zeros((2, 3)), id="array"),
        pytest.param(numpy.zeros(2, dtype="i4,f4"), id="array of records"),
        pytest.param({"points": numpy.zeros((2, 3))}, id="array in a dict"),
        pytest.param({"a": {1: [numpy.zeros((2, 3))]}}, id="array deep in a dict"),
        pytest.param((0, 0), id="tuple"),
        pytest.param({1, 2}, id="set"),
        pytest.param(frozenset({1, 2}), id="frozen set"),
        pytest.param(range(2), id="range"),
        pytest.param(b"\0\0", id="bytes"),
        pytest.param(bytearray(2), id="bytearray"),
    ],
)
def test_equal_chunks_that_may_have_an_item_for_each_frame_are_refused(value):
    """Two chunks of two frames: whether the node has two items or four must be said."""
    with pytest.raises(
        MergeError, match=r"which has as many items as they have frames.*metadata\['batch'\]\['merge'\]"
    ):
        merged_in_chunks(value, count=2)

    assert identical(merged_in_chunks(value, count=2, rule="first"), encode(value))
    assert identical(merged_in_chunks(value, count=3), encode(value))
    assert identical(merged_in_chunks(value, count=2, chunks=1), encode(value))
    assert identical(merged_in_chunks(value, count=2, rest=1), encode(value))


@pytest.mark.parametrize(
    "value", ["ab", 12, {"a": (1, 2)}, {"a": [1, 2]}, None, numpy.float64(2), numpy.array(2)], ids=repr
)
def test_what_does_not_grow_with_frames_is_the_same(value):
    """A text is a name or a pattern, and the values of a dict belong to its keys."""
    assert identical(merged_in_chunks(value, count=2), encode(value))


def merged_in_chunks(value, *, count, rule=None, chunks=2, rest=0):
    """The merged value of chunks of so many frames that all gave this one, the last of them perhaps shorter."""
    frames = FrameList(range(chunks * count + rest))
    batch = Batch(
        over=("frames",), mode="frames", frames=frames, merge={} if rule is None else {"out": rule}, size=count
    )
    results = [
        ChunkResult(frames=chunk, outputs={"out": {"value": encode(value), "sub_plugs": {}}}, version=1)
        for chunk in frames.chunks(size=count)
    ]
    return merge_results("node", batch=batch, results=results)["out"]["value"]


@pytest.mark.parametrize(
    "dtype",
    [
        ">f8",
        ">U2",
        [("a", "<f8"), ("b", ">i2")],
        numpy.dtype({"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 8]}),
    ],
    ids=str,
)
def test_arrays_of_one_type_keep_it(dtype):
    """Also its byte order, and the gaps between its fields."""
    whole = numpy.zeros((3, 2), dtype=dtype)

    joined = decode(merged([whole[:2], whole[2:]], rule="concat")["value"])

    assert joined.dtype == whole.dtype
    assert joined.tolist() == whole.tolist()


def test_arrays_concatenate_along_their_first_axis():
    """With the precision of the better one, and never numbers with texts."""
    whole = decode(merged([numpy.zeros((2, 3), dtype="f4"), numpy.ones((1, 3))], rule="concat")["value"])

    assert whole.shape == (3, 3)
    assert whole.dtype == numpy.float64
    assert whole[2].tolist() == [1, 1, 1]
    with pytest.raises(MergeError, match="joins arrays of one kind of items, and got U, f"):
        merged([numpy.zeros(1), numpy.array(["a"])], rule="concat")
    with pytest.raises(MergeError, match="rule 'concat'"):
        merged([numpy.zeros((1, 2)), numpy.zeros((1, 3))], rule="concat")


def test_ordered_dicts_unite_as_dicts_do():
    """And stay ordered."""
    result = decode(merged([OrderedDict(b=1), OrderedDict(a=2)])["value"])

    assert result == OrderedDict([("b", 1), ("a", 2)])
    assert type(result) is OrderedDict
    with pytest.raises(MergeError, match='the key "a" is 1 in one chunk, 2 in another'):
        merged([OrderedDict(a=1), OrderedDict(a=2)])


KEYS = st.text(max_size=2) | st.integers() | st.just("$type")
ITEMS = st.one_of(
    *(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, -0.0, 1.0]), st.text(max_size=2)),
    st.sampled_from([Colour.RED, (1, {2}), {1: "a"}, {"$type": 1}, Shot("x", (1,)), range(3), b"\0", 10**30, [], {}]),
)


@st.composite
def chunks(draw):
    """The frames of the chunks that tasks evaluated: neighbouring ones, or any."""
    owners = draw(st.lists(st.integers(0, 3), min_size=1, max_size=6))
    owners = sorted(owners) if draw(st.booleans()) else owners
    return [[frame for frame, each in enumerate(owners, 10) if each == owner] for owner in sorted(set(owners))]


def merged_again(value, places, *, rule):
    """The merged outputs of chunks that hand on their part of the value."""
    frames = FrameList(sorted(frame for chunk in places for frame in chunk))
    batch = Batch(over=("out",), mode="frames", frames=frames, merge={"out": rule} if rule else {})
    items = list(value.items()) if isinstance(value, dict) else value
    results = []
    for number, chunk in enumerate(places):
        part = cut_inputs({"out": items}, batch=batch, frames=FrameList(chunk))["out"]
        outputs = {"out": {"value": encode(type(value)(part)), "sub_plugs": {}}}
        results.append(ChunkResult(frames=FrameList(chunk), outputs=outputs, version=number))
    return merge_results("node", batch=batch, results=results)["out"]["value"]


@settings(deadline=None)
@given(st.data(), chunks())
@pytest.mark.parametrize(("kind", "rule"), [(list, None), (tuple, "concat"), (dict, None), (OrderedDict, None)])
def test_merging_the_parts_of_a_value_gives_the_value(kind, rule, data, places):
    """Item by item in the order of the frames, with its type and those of its items."""
    count = sum(map(len, places))
    items = data.draw(st.lists(ITEMS, min_size=count, max_size=count))
    keys = data.draw(st.lists(KEYS, min_size=count, max_size=count, unique=True))
    value = kind(zip(keys, items)) if issubclass(kind, dict) else kind(items)

    merged = merged_again(value, places, rule=rule)

    assert identical(merged, encode(value))
    assert list(decode(merged)) == list(value)
