"""Values to JSON and back."""

from __future__ import annotations

import functools
import json
import math
import sys
from base64 import b64decode, b64encode
from collections import OrderedDict, namedtuple
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID

import numpy
import pytest
import values
from farm_nodes import Colour, Shot
from hypothesis import given
from hypothesis import strategies as st

from flowpipe_deadline.core.locate import LoadError
from flowpipe_deadline.results.codec import (
    DamagedValueError,
    UnsupportedValueError,
    decode,
    encode,
    identical,
    map_sources,
)
from flowpipe_deadline.results.plain import plain, shown

Point = namedtuple("Point", "x y")


def nested(levels):
    """A list in lists."""
    data = []
    for _ in range(levels):
        data = [data]
    return data


HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(max_size=20),
    st.complex_numbers(allow_nan=False),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, timezone.utc, timezone(timedelta(hours=-3, minutes=30), "here")])),
    st.times(),
    st.timedeltas(),
    st.sampled_from([Colour.RED, Path("/a b/ü"), PurePosixPath("x"), PureWindowsPath("C:\\x"), range(3, 30, 7)]),
)
VALUES = st.recursive(
    HASHABLE | st.builds(lambda name: Shot(name=name, frames=(1, 2)), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=6) | st.just("$type"), inner, max_size=4),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
        st.builds(Point, inner, inner),
        st.lists(st.tuples(HASHABLE, inner), max_size=3).map(OrderedDict),
    ),
    max_leaves=12,
)


def there_and_back(value):
    """The value after the way through strict JSON text."""
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


def same(one, other):
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(VALUES)
def test_values_come_back_with_their_type(value):
    """Whatever can be kept comes back equal, and of the same type at every level."""
    assert same(there_and_back(value), value)


def test_plain_values_read_as_one_would_write_them():
    """Tuples, sets and ranges are lists, members their names, paths their text, keys text."""
    value = {1: (1, {2}), "path": PurePosixPath("/a"), "shot": Shot(name="x", frames=(1,)), "colour": Colour.RED}

    assert plain(encode(value)) == {
        "1": [1, [2]],
        "path": "/a",
        "shot": {"name": "x", "frames": [1]},
        "colour": "RED",
    }


@given(VALUES)
def test_plain_values_are_ordinary_json(value):
    """The form for people is made of what JSON knows, for every value that can be kept."""
    json.dumps(plain(encode(value)))


@pytest.mark.parametrize(
    "value",
    [math.inf, -math.inf, pytest.param(10**5000, id="huge"), -(2**70), "\udcff\ud800", "\x00\u2028", bytearray(b"ab")],
)
def test_awkward_values_survive(value):
    """Infinities, huge integers, lone surrogates and control characters come back."""
    assert same(there_and_back(value), value)


def test_nan_survives():
    """Not a number stays not a number, in JSON that is strict."""
    assert math.isnan(there_and_back(math.nan))


def test_negative_zero_and_integers_stay_apart():
    """0, 0.0, -0.0 and False are four values."""
    values = [0, 0.0, False]

    assert [type(there_and_back(value)) for value in values] == [int, float, bool]
    assert math.copysign(1, there_and_back(-0.0)) == -1
    assert not identical(encode(1), encode(True))
    assert not identical(encode(1), encode(1.0))
    assert identical(encode({"a": 1, "b": 2}), encode({"b": 2, "a": 1}))


@pytest.mark.parametrize("kind", [datetime(2026, 10, 25, 2, 30, fold=1), time(2, 30, fold=1)])
def test_the_repeated_hour_stays_the_second_one(kind):
    """``fold`` comes back."""
    assert there_and_back(kind).fold == 1


@pytest.mark.parametrize(
    ("value", "where"),
    [
        pytest.param(object(), "object", id="anything"),
        pytest.param(Fraction(1, 2), "fractions.Fraction", id="a type nobody asked for"),
        pytest.param({"a": [1, {"b": len}]}, r"\['a'\]\[1\]\['b'\]", id="deep inside"),
        pytest.param({object(): 1}, "key <object", id="a key"),
        pytest.param(Shot(name="x", frames=(open,)), r"\.frames\[0\]", id="in a dataclass"),
    ],
)
def test_what_cannot_be_kept_is_refused_where_it_is(value, where):
    """The error names the type and the place."""
    with pytest.raises(UnsupportedValueError, match=where):
        encode(value)


def test_a_value_within_itself_is_refused():
    """A list that holds itself is one clear error."""
    value = []
    value.append(value)

    with pytest.raises(UnsupportedValueError, match="contains itself"):
        encode(value)


def test_a_class_inside_a_function_is_refused():
    """No other process could import it."""

    class Hidden(Colour.__base__):
        ONE = 1

    with pytest.raises(UnsupportedValueError, match="inside a function"):
        encode(Hidden.ONE)


def of_kind(kind, qualname, **data):
    """An encoded value that names something in the module of values."""
    return {"$type": kind, "class": {"module": "values", "qualname": qualname, "file": None}, **data}


PETABYTES = b64encode(
    b64decode(encode(numpy.zeros(0))["text"]).replace(b"(0,), }" + 15 * b" ", b"(%d,), }" % 10**15)
).decode()
"""The beginning of an array, as a file has it that was cut."""


@pytest.mark.parametrize(
    "data",
    [
        {"$type": "new"},
        {"$type": ["list"]},
        {"$type": "tuple"},
        {"$type": "tuple", "items": "ab"},
        {"$type": "range", "range": "a"},
        {"$type": "path", "text": 1},
        {"$type": "uuid", "text": "x"},
        {"$type": "bytes", "text": "YQ==?"},
        {"$type": "float", "text": "x"},
        {"$type": "timedelta", "items": [10**10, 0, 0]},
        {"$type": "decimal", "text": "x"},
        {"$type": "pattern", "text": "(", "flags": 0},
        {"$type": "set", "items": [[]]},
        {"$type": "dict", "items": [[{}, 1]]},
        pytest.param(nested(2000), id="deep"),
        of_kind("enum", "Frozen", name="name"),
        of_kind("enum", "Level", name="__class__"),
        of_kind("dataclass", "Level", fields={}),
        of_kind("dataclass", "Point", fields={}),
        of_kind("dataclass", "Failure", fields={"reason": "x"}),
        of_kind("dataclass", "ByHand", fields={"z": 1}),
        of_kind("namedtuple", "Frozen", items=[1]),
        of_kind("namedtuple", "Point", items=[1]),
        of_kind("reference", "RECORD"),
        {"$type": "ndarray", "text": "", "summary": "f8 [1]"},
        pytest.param({"$type": "ndarray", "text": PETABYTES, "summary": "f8"}, id="larger than any memory"),
        {"$type": "numpy_scalar", "text": encode(numpy.zeros(2))["text"], "summary": "f8"},
    ],
    ids=str,
)
def test_damaged_data_is_one_clear_error(data):
    """What this version did not write is refused by name, and never a stray exception."""
    with pytest.raises(DamagedValueError):
        decode([data])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"$type": "range", "range": [0, 1000000000000000000000000000000, 1]}', range(10**30)),
        ('{"$type": "dict", "items": [[1, {"$type": "float", "text": "inf"}]]}', {1: math.inf}),
        ('{"$type": "path", "text": "/a"}', Path("/a")),
        ('{"$type": "bytes", "text": "YQA="}', b"a\0"),
        ('{"$type": "time", "text": "02:30:00", "zone": null, "fold": 1}', time(2, 30, fold=1)),
        ('{"$type": "enum", "class": CLASS Level"}, "name": "LEAST"}', values.Level.LOW),
        ('{"$type": "dataclass", "class": CLASS Frozen"}, "fields": {"name": 1, "items": []}}', values.Frozen(1, [])),
        ('{"$type": "dataclass", "class": CLASS Doubled"}, "fields": {"size": 8, "_size": 8}}', values.Doubled(4)),
        ('{"$type": "namedtuple", "class": CLASS Point"}, "items": [1, 2]}', values.Point(1, 2)),
        ('{"$type": "reference", "class": CLASS plain_function"}}', values.plain_function),
    ],
)
def test_what_earlier_versions_wrote_is_read(text, value):
    """Kind by kind, also what this version writes no more."""
    encoded = text.replace("CLASS ", '{"file": null, "module": "values", "qualname": "')

    assert values.same(decode(json.loads(encoded)), value)


def test_a_property_is_never_set():
    """What a class computes when an attribute is set, is not computed again; nor is its class changed."""
    fields = {"size": 1, "given": 2, "__class__": 3, "__dict__": {}}

    value = decode(of_kind("dataclass", "Raising", fields=fields))

    assert vars(value) == fields
    assert type(value) is value.__class__ is values.Raising


@pytest.mark.parametrize(
    "nest",
    [
        *(lambda value: [value], lambda value: {"a": value}, lambda value: {1: value}, lambda value: (value,)),
        *(lambda value: frozenset([value]), values.Identity, values.Frozen, values.Point),
    ],
)
def test_what_reads_values_goes_as_deep_as_what_writes_them(nest):
    """As deep as values are accepted, they come back and can be shown."""
    accepted, refused = 50, 800
    while refused - accepted > 1:
        levels = (accepted + refused) // 2
        try:
            data = encode(functools.reduce(lambda value, _: nest(value), range(levels), 1))
            accepted = levels
        except UnsupportedValueError:
            refused = levels

    decode(json.loads(json.dumps(data)))
    json.dumps(plain(data))
    map_sources(data, dict)


def test_a_time_zone_that_is_not_known_here_is_named():
    """The value is not damaged: another machine has written it."""
    moment = {"$type": "datetime", "text": "2026-01-31T00:00:00", "zone": {"key": "Mars/Olympus"}, "fold": 0}

    with pytest.raises(LoadError, match="does not know the time zone Mars/Olympus; install tzdata"):
        decode(moment)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
        ({1: "a", "2": "b"}, {"1": "a", "2": "b"}),
        (range(1, 4), [1, 2, 3]),
        (range(10**9), "range(0, 1000000000)"),
        (-(16**5000), "-0x1" + 5000 * "0"),
        (numpy.longdouble(0.5), 0.5),
        ([math.nan, math.inf, -math.inf], ["NaN", "Infinity", "-Infinity"]),
    ],
    ids=[
        *("keys that are one text", "keys that are not", "a range", "a long range", "a long integer", "a long float"),
        "what JSON has no number for",
    ],
)
def test_what_is_shown_says_what_is_there(value, expected):
    """No entry of a dict is lost, and nothing is too long to be shown."""
    assert plain(encode(value)) == expected
    assert len(shown(encode(value))) < 2100


def test_what_does_not_count_of_a_value():
    """The sign of a nan, and what an array is like in memory."""
    array = numpy.arange(4)[::2]
    array.flags.writeable = False

    result = there_and_back(array)

    assert (result.flags.writeable, result.flags.contiguous, result.tolist()) == (True, True, [0, 2])
    assert math.copysign(1, there_and_back(-math.nan)) == 1


def test_a_damaged_array_is_shown_as_what_it_was():
    """Looking at results goes on."""
    assert plain({"$type": "ndarray", "text": "AAAA", "summary": "float64 [3]"}) == "<float64 [3]>"


def test_a_value_of_numpy_is_named_where_there_is_no_numpy(monkeypatch):
    """It is not damaged, and looking at results goes on."""
    data = encode(numpy.zeros(3))
    monkeypatch.setitem(sys.modules, "numpy", None)

    assert plain(data) == f"<{data['summary']}>"
    with pytest.raises(LoadError, match="numpy is not installed here"):
        decode(data)


def test_records_of_equal_sets_are_equal():
    """A set is written in one order, whatever the order it was filled in."""
    assert encode({"a", 1, UUID(int=5), Decimal("0.5"), date.min}) == encode(
        {date.min, Decimal("0.5"), UUID(int=5), 1, "a"}
    )


NUMPY_VALUES = [
    "numpy.float32(1.5)",
    "numpy.int64(-3)",
    "numpy.bool_(True)",
    "numpy.complex64(1 + 2j)",
    "numpy.str_('ü')",
    "numpy.datetime64('2026-01-31')",
    "numpy.arange(6, dtype='<i2').reshape(2, 3)",
    "numpy.asfortranarray(numpy.eye(3))",
    "numpy.array([numpy.nan, numpy.inf])",
    "numpy.zeros((0, 4))",
    "numpy.array(7)",
    "numpy.array([(1, 2.5)], dtype=[('a', 'i4'), ('b', 'f8')])",
    "numpy.array(['a', 'bc'])",
]


@pytest.mark.parametrize("text", NUMPY_VALUES)
def test_values_of_numpy_come_back(text):
    """Scalars and arrays: type, shape, order of bytes and of axes, and every bit."""
    numpy = pytest.importorskip("numpy")
    value = eval(text)

    result = there_and_back({"in": [value]})["in"][0]

    assert type(result) is type(value)
    assert result.dtype == value.dtype
    assert result.shape == value.shape
    assert result.tobytes("A") == value.tobytes("A")
    assert numpy.isfortran(result) == numpy.isfortran(value)


def test_arrays_are_shown_as_lists():
    """And an array of Python objects is refused."""
    numpy = pytest.importorskip("numpy")

    assert plain(encode(numpy.arange(4).reshape(2, 2))) == [[0, 1], [2, 3]]
    assert plain(encode(numpy.float32(0.5))) == 0.5
    with pytest.raises(UnsupportedValueError, match=r"numpy\.ndarray"):
        encode(numpy.array([object()]))


def test_deep_nesting_survives_or_is_refused():
    """A few hundred levels come back; thousands are one clear error, never a crash."""
    value = []
    for _ in range(200):
        value = [value, {"a": (1,)}]
    assert same(there_and_back(value), value)

    for _ in range(100_000):
        value = [value]
    with pytest.raises(UnsupportedValueError, match="nested more than 300 levels"):
        encode(value)
