"""Values are kept as they are, or refused with the reason: never changed."""

from __future__ import annotations

import contextlib
import copy
import json
from collections import OrderedDict
from datetime import timedelta, timezone
from importlib import import_module
from pathlib import PurePosixPath, PureWindowsPath
from zoneinfo import ZoneInfo

import pytest
import values
from hypothesis import given, settings
from hypothesis import strategies as st
from values import same, with_attribute

from flowpipe_deadline.core.locate import LoadError
from flowpipe_deadline.results.codec import TYPE, DamagedValueError, UnsupportedValueError, decode, encode
from flowpipe_deadline.results.plain import plain, shown
from flowpipe_deadline.results.shapes import check_value

MODULES = {
    name: import_module(name)
    for name in (
        *("array", "collections", "datetime", "decimal", "fractions", "ipaddress", "math", "numpy", "pathlib"),
        *("re", "uuid", "values", "zoneinfo"),
    )
}


def made(text):
    """A new object of what the text says."""
    return eval(text, dict(MODULES))


def there_and_back(value):
    """The value after the way through strict JSON text."""
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


KEPT = [
    "values.Level.LEAST",
    "values.Pass.DEPTH",
    "values.Mode.READ",
    "values.Rights.OWN",
    "values.Planet.MARS",
    "values.Named.ONE",
    "values.Loose.KNOWN",
    "values.Lower.a",
    "re.IGNORECASE",
    'values.Frozen("x", (1,))',
    "values.Identity([-0.0])",
    'values.Defaults(files=["a"])',
    "values.Counted(3, factor=5)",
    "values.WithOldBase(5)",
    'values.WithOldBase(5).hide("secret")',
    "values.ByHand(1, None)",
    "values.Inherited(1, 2)",
    "values.Undecorated(1)",
    "values.Box({1})",
    "values.Doubled(4)",
    "values.OwnName(4).read()",
    'values.Guarded("x")',
    "values.with_attribute(values.Identity())",
    "values.with_attribute(values.Inherited(1, 2))",
    "values.Point(1)",
    "values.Span([1])",
    "values.Pair(1, 2)",
    "values.plain_function",
    "values.with_func",
    "values.replaced.func",
    "values.replaced",
    "values.wrapping",
    "values.Methods",
    "values.Methods.method",
    "values.Methods.static",
    "int",
    "numpy.int64",
    "-0.0",
    "math.nan",
    "complex(-0.0, -math.inf)",
    '"\\udc80\\0"',
    "-(10**5000)",
    "range(5, 1, -2)",
    "range(values.Level.LOW, True)",
    "collections.OrderedDict(b=1, a=2)",
    '{1: 2, "1": 3, None: 4, (1, frozenset([2])): 5}',
    '{float("nan"): 1, float("nan"): 2}',
    '{"$type": "tuple"}',
    '{1, "1", b"1", None, 2.5}',
    're.compile("(?i)a", re.MULTILINE)',
    'decimal.Decimal("-0.00")',
    'decimal.Decimal("sNaN123")',
    'decimal.Decimal("1E+999999")',
    'datetime.datetime(2020, 10, 25, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1)',
    'datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo.no_cache("Europe/Berlin"))',
    'datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1, microseconds=5), ""))',
    "datetime.time(1, 2, 3, 4, tzinfo=datetime.timezone.utc, fold=1)",
    "datetime.timezone.min",
    "datetime.timedelta.max",
    'pathlib.Path("//a/../b\\udc80")',
    'pathlib.PureWindowsPath("//?/C:/x/y:z")',
    "numpy.float64(-0.0)",
    "numpy.longdouble(1) / 3",
    'numpy.str_("ü")',
    'numpy.str_("")',
    'numpy.bytes_(b"a\\0b")',
    'numpy.void(b"ab\\0")',
    'numpy.datetime64("NaT", "D")',
    'numpy.datetime64(5, "25s")',
    'numpy.array([b"a\\0"])',
    'numpy.array([1], "q")',
    'numpy.array([1], ">i4")',
    "numpy.array(5)",
    "numpy.zeros((0, 3))",
    'numpy.empty((2, 3), "U0")',
    "numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3))",
    "numpy.arange(10)[::3]",
    "numpy.zeros(2, values.RECORD)",
    "numpy.zeros(2, values.RECORD)[0]",
    'numpy.zeros(2, {"names": ["a", "b"], "formats": ["i1", "i4"], "offsets": [0, 4], "itemsize": 12})',
]
KEPT += [
    "values.Slotted(1, [2])",
    'values.SlottedMore({1: 2}).hide("secret")',
    "values.KeywordOnly(a=1)",
]
REFUSED = [
    ("values.Mode.READ | values.Mode.WRITE", "a values.Mode cannot be kept: it combines members"),
    ("values.Rights(64)", "it combines members"),
    ("re.IGNORECASE | re.MULTILINE", "it combines members"),
    ("values.Loose(5)", "KNOWN is another member"),
    ('values.Failure("x")', "a values.Failure cannot be kept: it is a dataclass and an Exception at once"),
    ("datetime.date.__new__(values.Day, 5, 1, 1)", "a dataclass and a datetime.date at once"),
    ("values.Queue()", "a dataclass and a collections.deque at once"),
    ("values.Price()", "a dataclass and a decimal.Decimal at once"),
    ("values.Buffer()", "a dataclass and a bytearray at once"),
    ("values.Listed()", "a dataclass and a list at once"),
    ('values.Place("/a")', r"a dataclass and a pathlib\S*Path at once"),
    ("values.KeptAside(4)", "the value of its field 'size' is not kept in the object itself"),
    ("values.Raising(4)", "its field 'size' cannot be read: ZeroDivisionError"),
    ("values.Box[int](5)", r"GenericAlias cannot be kept \(at \[0\]\['a'\]\.__orig_class__\)"),
    ("values.Longer(1)", "it has 2 items for 1 fields"),
    ("values.with_attribute(values.Pair(1, 2))", "it has attributes beside its fields"),
    ("values.with_attribute(collections.OrderedDict(a=1))", "it has attributes beside its items"),
    ('values.Text("a")', "a values.Text cannot be kept: a str can be, but not one of a class of its own"),
    ("values.Number(1)", "an int can be"),
    ("values.Real(1)", "a float can be"),
    ("values.Items()", "a list can be"),
    ("values.Table()", "a dict can be"),
    ("values.Row()", "a tuple can be"),
    ("values.Bag()", "a set can be"),
    ("values.Moment(2020, 1, 1)", "a datetime.datetime can be"),
    ('values.Folder("/a")', r"a pathlib\S*Path can be"),
    ("values.Key(int=5)", "a uuid.UUID can be"),
    ("collections.defaultdict(list)", "a dict can be"),
    ('collections.Counter("ab")', "a dict can be"),
    ("collections.deque([1])", "a collections.deque cannot be kept"),
    ("datetime.datetime(2020, 1, 1, tzinfo=values.Zone())", "only zones of zoneinfo"),
    ("datetime.time(1, tzinfo=values.zone_of_a_file())", "only zones of zoneinfo"),
    ("values.Proxy()", "a values.Proxy cannot be kept"),
    ("values.cached", "lru_cache_wrapper cannot be kept"),
    ("values.cached.__wrapped__", "values.cached is not what that name means in its module"),
    ("values.Methods().method", "a method cannot be kept"),
    ("values.Methods.of_class", "a method cannot be kept"),
    ("values.anonymous", "is a lambda; move it, as a def, to the top of its module"),
    ("values.part_of", "a functools.partial cannot be kept"),
    ("len", "a builtin_function_or_method cannot be kept"),
    ("type(None)", "NoneType is not what that name means"),
    ("list[int]", "GenericAlias cannot be kept"),
    ("range(10**30)", "its numbers are too large"),
    ('re.compile(b"a")', "one for text can be"),
    ('re.compile(values.Text("a"))', "one for text can be"),
    ('memoryview(b"a")', "a memoryview cannot be kept"),
    ('array.array("i", [1])', "an array.array cannot be kept"),
    ("fractions.Fraction(1, 2)", "a fractions.Fraction cannot be kept"),
    ('ipaddress.ip_address("1.2.3.4")', "an ipaddress.IPv4Address cannot be kept"),
    ("{10**5000: object()}", "an object cannot be kept"),  # No text has so many digits.
    ('values.with_attribute(values.Identity(), "$type")', r"it has an attribute '\$type'"),
    ("numpy.longlong(3)", "numpy.longlong cannot be kept: it would come back as a numpy.int64"),
    ('numpy.str_("a\\0")', "lose zeros at the end; pass on a str"),
    ('numpy.bytes_(b"\\0")', "lose zeros at the end"),
    ('numpy.array(["a"], numpy.dtypes.StringDType())', "its items are objects of Python"),
    ("numpy.array([None])", "its items are objects of Python"),
    ('numpy.zeros(1, numpy.dtype("i4", metadata={"a": 1}))', "would lose its metadata"),
    ('numpy.zeros(1, numpy.dtype("i1,i4", align=True))', "its dtype would come back as"),
    ('numpy.zeros(1, [("a", numpy.dtype("i1,i4", align=True))])', "its dtype would come back as"),
    ("numpy.zeros(1, numpy.dtype((numpy.record, values.RECORD)))[0]", "its dtype would come back as"),
    ('numpy.zeros(1, {"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [4, 0]})', "out-of-order fields"),
    ('numpy.zeros(1, [(f"field{number}", "i4") for number in range(2000)])', "Header info length"),
    ('numpy.empty(10**6, "V0")', "more items than bytes"),
    ('numpy.rec.array([(1,)], dtype=[("a", "i4")])', "recarray cannot be kept"),
    ("numpy.ma.array([1], mask=[1])", "MaskedArray cannot be kept"),
    ("numpy.sin", "only plain arrays and scalars of numpy"),
    ("object()", "an object cannot be kept"),
]


ZONES = [None, timezone.utc, ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=-3), "here")]
HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=5),
    st.binary(max_size=5),
    st.complex_numbers(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from(ZONES)),
    st.times(),
    st.timedeltas(),
    st.builds(range, st.integers(), st.integers(), st.integers(min_value=1)),
    st.builds(PurePosixPath, st.text(max_size=5)),
    st.builds(PureWindowsPath, st.text("a:/\\.?", max_size=5), st.text("a:/\\.?", max_size=5)),
    st.sampled_from([values.Level.LOW, values.Pass.DEPTH, values.Mode.READ, values.plain_function, int]),
)
AWKWARD = st.sampled_from([*KEPT, *(text for text, _ in REFUSED)]).map(made)


def containers(inner):
    """Values that hold others."""
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=6) | st.just("$type"), inner, max_size=4),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
        st.lists(st.tuples(HASHABLE, inner), max_size=3).map(OrderedDict),
        st.lists(inner, min_size=1, max_size=2).map(lambda items: items + items),  # The same objects twice.
        inner.map(values.Identity),
        inner.map(values.Box),
        inner.map(values.Span),
        inner.map(lambda value: values.WithOldBase().hide(value)),
        inner.map(lambda value: with_attribute(values.Identity(value))),
        st.builds(values.ByHand, inner, inner),
        st.builds(values.Frozen, HASHABLE, inner),
        st.builds(values.Point, inner, inner),
    )


VALUES = st.recursive(HASHABLE | AWKWARD, containers, max_leaves=10)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_kept_comes_back(text):
    """Equal, of the same type, with the same attributes."""
    value = made(text)

    assert same(there_and_back(value), value)


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_would_come_back_changed_is_refused(text, reason):
    """The reason says what it is, and what can be passed on instead."""
    value = made(text)

    with pytest.raises(UnsupportedValueError, match=reason):
        encode([{"a": value}])


def encoded(value):
    """The encoded value; None if it is refused, with a reason."""
    try:
        return encode(value)
    except UnsupportedValueError as error:
        reason = error.reason
    assert "cannot be kept" in reason
    return None


@settings(deadline=None)
@given(VALUES)
def test_values_come_back_or_are_refused(value):
    """Whatever is nested in whatever; and what is written, those who read results take."""
    data = encoded(value)

    check_value(data, dict)
    assert data is None or same(there_and_back(value), value)


@settings(deadline=None)
@given(VALUES)
def test_what_is_kept_can_be_shown(value):
    """As ordinary JSON, in which a dict has as many entries as it has keys."""
    data = encoded(value)

    json.dumps(plain(data))
    shown(data)
    assert data is None or type(value) is not dict or len(plain(data)) == len(value)


JUNK = st.one_of(
    st.sampled_from(
        [None, True, 0, -1, 2**70, 10**4000, 1e308, "", "nan", "-0x1", TYPE, "\udcff\0", "9" * 5000, [], {}]
    ),
    st.sampled_from([[[]], [["a"]], {TYPE: []}, {TYPE: "new"}, {TYPE: "tuple", "items": {"a": 1}}]),
    st.sampled_from(["Frozen", "Point", "Level", "Raising", "plain_function", "Failure", "anonymous", "Mode.READ"]).map(
        lambda name: {"module": "values", "qualname": name, "file": None}
    ),
    st.sampled_from([("os", "path"), ("", "a"), ("..a", "b"), ("os", "environ.x"), ("no.such", "x")]).map(
        lambda names: {"module": names[0], "qualname": names[1], "file": None}
    ),
    st.sampled_from(KEPT).map(lambda text: encode(made(text))),
)


@st.composite
def damaged(draw):
    """An encoded value with something in it changed, added or taken away, a few times."""
    data = copy.deepcopy(draw(VALUES.map(encoded)))
    for _ in range(draw(st.integers(1, 3))):
        parent, key = draw(st.sampled_from(list(places([data]))))
        if isinstance(parent, dict) and draw(st.booleans()):
            parent[draw(st.sampled_from(["__class__", "__dict__", "x", TYPE, "text", "items"]))] = copy.deepcopy(
                draw(JUNK)
            )
        elif isinstance(parent[key], str) and draw(st.booleans()):
            parent[key] = parent[key][: draw(st.integers(0, len(parent[key])))]
        else:
            parent[key] = copy.deepcopy(draw(JUNK))
    return data


def places(data):
    """Each place in the data: what it is in, and its key there."""
    for key, item in list(data.items() if isinstance(data, dict) else enumerate(data)):
        yield data, key
        if isinstance(item, (dict, list)):
            yield from places(item)


@settings(deadline=None)
@given(damaged())
def test_damaged_data_of_any_shape_is_one_clear_error(data):
    """Or what it says cannot be imported here. Nothing else comes of it."""
    with contextlib.suppress(DamagedValueError, LoadError):
        decode(data)
