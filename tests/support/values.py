"""Classes of users whose instances are passed on as values, and a comparison that lets nothing pass."""

# ruff: noqa: ARG002, D101, D102, D103 (what these are good for is what the tests say of their values)

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import io
import math
import struct
import sys
import types
import uuid
from collections import deque, namedtuple
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

Thing = TypeVar("Thing")


# Enumerations.


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
    LEAST = 1  # An alias.


class Pass(str, enum.Enum):
    BEAUTY = "beauty"
    DEPTH = "depth"


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Rights(enum.IntFlag):
    OWN = 4
    GROUP = 2


class Planet(enum.Enum):
    """Members have attributes, by an own ``__new__``."""

    EARTH = (1, 5.97)
    MARS = (2, 0.64)

    def __new__(cls, number, mass):
        member = object.__new__(cls)
        member._value_ = number
        member.mass = mass
        return member


class Named(enum.Enum):
    """Its members hide their names."""

    ONE = 1

    @property
    def name(self):
        return "something else"


class Loose(enum.Enum):
    """Makes members as it likes, all of the same name."""

    KNOWN = 0

    @classmethod
    def _missing_(cls, value):
        member = object.__new__(cls)
        member._name_, member._value_ = "KNOWN", value
        return member


class AnyCase(enum.EnumMeta):
    def __getitem__(cls, name):
        return super().__getitem__(name.upper())


class Lower(enum.Enum, metaclass=AnyCase):
    a = 1
    A = 2


# Dataclasses.


@dataclass(frozen=True)
class Frozen:
    name: Any
    items: Any = ()


@dataclass(eq=False)
class Identity:
    value: Any = None


@dataclass
class Defaults:
    files: list[Any] = field(default_factory=list)
    hidden: Any = field(default=1, repr=False, compare=False)
    later: Any = field(init=False)
    fixed: Any = field(init=False, default=7)
    kind: ClassVar[str] = "class"


@dataclass
class Counted:
    """What it does when it is made must not happen twice."""

    start: int
    factor: InitVar[int] = 2
    total: int = 0

    def __post_init__(self, factor):
        self.start += 1
        self.total = self.start * factor


class Old:
    """Not a dataclass, with slots; one of them is private."""

    __slots__ = ("__secret", "left")

    def __init__(self):
        self.left = 0

    def hide(self, value):
        self.__secret = value
        return self

    def show(self):
        return self.__secret


@dataclass
class WithOldBase(Old):
    right: Any = None


@dataclass
class ByHand:
    __slots__ = ("x", "y")
    x: Any
    y: Any


@dataclass
class Inherited(ByHand):
    z: Any = 3


class Undecorated(Frozen):
    """Inherits from a dataclass, and is not one of its own."""


@dataclass
class Box(Generic[Thing]):
    content: Any


class Doubling:
    """A descriptor that keeps twice of what it is given, in the object."""

    def __set_name__(self, owner, name):
        self.place = f"_{name}"

    def __get__(self, instance, owner=None):
        if instance is None:
            raise AttributeError(self.place)
        return getattr(instance, self.place)

    def __set__(self, instance, value):
        setattr(instance, self.place, value * 2)


@dataclass
class Doubled:
    size: int = Doubling()


class InItsPlace(Doubling):
    """A descriptor that keeps values under its own name, where a plain attribute would be."""

    def __set_name__(self, owner, name):
        self.place = name

    def __get__(self, instance, owner=None):
        if instance is None:
            raise AttributeError(self.place)
        return vars(instance)[self.place]

    def __set__(self, instance, value):
        vars(instance)[self.place] = value * 2


@dataclass
class OwnName:
    size: int = InItsPlace()

    @property
    def area(self):
        return vars(self).setdefault("area", [self.size, self.size])

    def read(self):
        """Itself, its area kept."""
        assert self.area
        return self


class Aside(Doubling):
    """A descriptor that keeps values outside of the object."""

    kept: ClassVar[dict] = {}

    def __get__(self, instance, owner=None):
        if instance is None:
            raise AttributeError(self.place)
        return self.kept.get(id(instance))

    def __set__(self, instance, value):
        self.kept[id(instance)] = value


@dataclass
class KeptAside:
    size: int = Aside()


@dataclass
class Raising:
    """Its field cannot be read."""

    size: int

    @property
    def size(self):
        raise ZeroDivisionError("no size yet")

    @size.setter
    def size(self, value):
        self.given = value


@dataclass
class Guarded:
    """Refuses attributes that it does not know, and shows itself as something else."""

    name: str

    def __setattr__(self, name, value):
        if name != "name":
            raise AttributeError(name)
        super().__setattr__(name, value)

    def __getattr__(self, name):
        raise RuntimeError(name)


@dataclass(eq=False)
class Failure(Exception):  # noqa: N818 (it is a value)
    reason: str


@dataclass
class Day(datetime.date):
    label: str = ""


@dataclass
class Queue(deque):
    label: str = ""


@dataclass
class Price(decimal.Decimal):
    label: str = ""


@dataclass
class Buffer(bytearray):
    label: str = ""


@dataclass
class Listed(list):
    label: str = ""


@dataclass
class Place(type(Path())):
    label: str = ""


@dataclass(slots=True, frozen=True)
class Slotted:
    a: Any
    b: Any = None


@dataclass(slots=True)
class SlottedMore(Old):
    c: Any = field(default_factory=dict)


@dataclass(kw_only=True)
class KeywordOnly:
    a: Any


# Named tuples.

Point = namedtuple("Point", "x y", defaults=(0,))


class Span(NamedTuple):
    first: Any
    last: Any = 10


class Pair(namedtuple("Pair", "left right")):
    """Has a place for attributes, and changes what it is given."""

    def __new__(cls, left, right):
        return super().__new__(cls, left, [right])

    def __iter__(self):
        return iter(("not", "these"))


class Longer(namedtuple("Longer", "left")):
    """Has more items than fields, as platform.uname() has."""

    def __new__(cls, left):
        return tuple.__new__(cls, (left, 0))


# Subclasses of what is built in.


class Text(str):
    pass


class Number(int):
    pass


class Real(float):
    pass


class Items(list):
    pass


class Table(dict):
    pass


class Row(tuple):
    pass


class Bag(set):
    pass


class Moment(datetime.datetime):
    pass


class Zone(datetime.tzinfo):
    def utcoffset(self, moment):
        return datetime.timedelta(hours=1)


def zone_of_a_file():
    """Its name leads to another zone."""
    from zoneinfo import ZoneInfo

    data = b"TZif" + bytes(32) + b"\0\0\0\1\0\0\0\4" + bytes(6) + b"UTC\0"
    return ZoneInfo.from_file(io.BytesIO(data), key="Europe/Berlin")


class Folder(type(Path())):
    pass


class Key(uuid.UUID):
    pass


class Proxy:
    """Claims to be of another class."""

    @property
    def __class__(self):
        return Level


def with_attribute(value, name="extra"):
    """The object with an attribute that its class says nothing about."""
    setattr(value, name, [1, {"a": -0.0}])
    return value


RECORD = [("a", "i4"), (("title", "b"), ">f8"), ("c", [("d", "U3")]), ("e", "i2", (2,))]


# Functions.


def plain_function(value=1):
    return value


def other_function():
    return 2


def with_func():
    return 3


with_func.func = other_function


def replaced():
    return 4


_original = replaced


def replaced():
    return 5


replaced.func = _original


@functools.lru_cache(1)
def cached():
    return 6


@functools.wraps(plain_function)
def wrapping():
    return 7


class Methods:
    def method(self):
        return 8

    @classmethod
    def of_class(cls):
        return 9

    @staticmethod
    def static():
        return 10


anonymous = lambda: 11  # noqa: E731
part_of = functools.partial(plain_function, 2)


# What is the same.


def same(one, other):
    """Whether two values are equal, of the same type, with the same attributes, all the way down."""
    kind = type(one)
    if kind is not type(other):
        return False
    if issubclass(kind, (type, types.FunctionType, enum.Enum)):
        return one is other
    if kind is list:
        return len(one) == len(other) and all(map(same, one, other))
    compare = next((_COMPARED[base] for base in kind.__mro__ if base in _COMPARED), None)
    if dataclasses.is_dataclass(kind):
        compare = _attributes
    if kind.__module__ == "numpy":
        compare = _numbers
    if compare is None:
        return one == other
    return same(compare(one), compare(other))


def _attributes(value):
    """All attributes of an object by name: its own, those in slots, and its fields."""
    names = {*getattr(value, "__dict__", ()), *(each.name for each in dataclasses.fields(value))}
    for base in type(value).__mro__:
        names |= {name for name, place in vars(base).items() if isinstance(place, types.MemberDescriptorType)}
    return {name: getattr(value, name) for name in sorted(names) if hasattr(value, name)}


def _numbers(value):
    numpy = sys.modules["numpy"]
    has_gaps = value.dtype.char in "gG" or value.dtype.names  # What is in them does not count.
    octets = None if has_gaps else value.tobytes("A")
    return [_dtype(value.dtype), value.shape, numpy.isfortran(value), octets, repr(value.tolist())]


def _dtype(dtype):
    parts = {name: [_dtype(part[0]), *part[1:]] for name, part in (dtype.fields or {}).items()}
    inner = [_dtype(dtype.base), dtype.shape] if dtype.subdtype else None
    return [
        dtype.str,
        dtype.names and dtype.type,
        dict(dtype.metadata or {}),
        dtype.isalignedstruct,
        dtype.itemsize,
        parts,
        inner,
    ]


def _moment(value):
    zone = value.tzinfo
    return [value.replace(tzinfo=None).isoformat(), value.fold, type(zone), str(zone)]


def _any_order(values):
    return sorted((type(item).__name__, repr(item)) for item in values)


_COMPARED = {
    float: lambda value: "nan" if math.isnan(value) else struct.pack("d", value),
    complex: lambda value: [value.real, value.imag],
    decimal.Decimal: lambda value: repr(value.as_tuple()),
    datetime.datetime: _moment,
    datetime.time: _moment,
    dict: lambda value: [[key, item] for key, item in dict.items(value)],
    tuple: lambda value: [*tuple.__iter__(value)],
    set: _any_order,
    frozenset: _any_order,
}
