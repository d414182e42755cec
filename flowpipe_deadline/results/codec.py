"""Values to JSON and back, their Python type kept.

Text, numbers, booleans, None, lists and dicts with text keys stand for themselves; everything else becomes
``{"$type": name, …}``. JSON stays strict (no NaN) and plain ASCII, so that any reader and any locale can load it.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import io
import json
import math
import re
import reprlib
import sys
import traceback
import types
from collections import OrderedDict
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, Callable, Collection, Mapping
from uuid import UUID

from ..core.errors import FlowpipeDeadlineError
from ..core.locate import LoadError, NotImportableError, describe, resolve

TYPE = "$type"
"""The key that names the kind of an encoded value which is not plain JSON."""
_PLAIN = frozenset((str, int, float, bool, type(None)))  # What stands for itself, also in long lists of frames.
DEEPEST = 300
"""How many lists and dicts deep values may be nested: every reader comes to the end of them within Python's limit."""
_WIDE = 64  # Larger integers, by bits, are written in hex: Python 3.11+ refuses long decimal text.


class UnsupportedValueError(FlowpipeDeadlineError):
    """A value that would not come back as it was."""

    def __init__(self, reason: str, trail: tuple[str, ...] = ()) -> None:
        super().__init__(reason, trail)
        self.reason = reason
        self.trail = trail

    def __str__(self) -> str:
        return f"{self.reason} (at {''.join(self.trail)})" if self.trail else self.reason


class DamagedValueError(FlowpipeDeadlineError):
    """Encoded data that this version cannot decode, whatever became of it."""


def encode(value: Any) -> Any:
    """JSON data that ``decode`` turns back into an equal value of the same type.

    >>> encode((1, {2}))
    {'$type': 'tuple', 'items': [1, {'$type': 'set', 'items': [2]}]}

    Raises:
        UnsupportedValueError: It holds a value of a type that cannot be kept; the message says where.
    """
    with suppress(RecursionError):
        data = _encode(value)
        if not _is_deep(data):
            return data
    raise UnsupportedValueError(f"nested more than {DEEPEST} levels deep, or contains itself")


def decode(data: Any) -> Any:
    """The value that ``encode`` was given. Imports the classes of enumerations, dataclasses and named tuples.

    Raises:
        DamagedValueError: The data is not what ``encode`` writes.
        LoadError: A class cannot be imported here.
    """
    try:
        return _decode(data)
    except RecursionError:
        raise DamagedValueError("a value that is nested too deeply") from None


def compound(members: Mapping[str, Any]) -> Any:
    """The encoded dict of values that are encoded already."""
    if TYPE in members:
        return {TYPE: "dict", "items": [[key, value] for key, value in members.items()]}
    return dict(members)


def map_sources(data: Any, change: Callable[[Any], Any], *, own: Collection[str] = ()) -> Any:
    """The encoded data with ``change(source)`` in place of where each class and function in it is defined.

    Of the data itself, a dict, the ``own`` members are such sources as well, or None.
    """
    if type(data) is list:
        return data if set(map(type, data)) <= _PLAIN else [map_sources(item, change) for item in data]
    if type(data) is not dict:
        return data
    sources = {*own, "class"} if TYPE in data else own
    return {
        key: change(item) if key in sources and item is not None else map_sources(item, change)
        for key, item in data.items()
    }


def find_sources(data: Any, *, own: Collection[str] = ()) -> list[Any]:
    """Where each class and function in the encoded data is defined; ``own`` as for ``map_sources``."""
    found: list[Any] = []

    def note(source: Any) -> Any:
        found.append(source)
        return source

    map_sources(data, note, own=own)
    return found


def members(data: Any) -> dict[str, Any]:
    """The still encoded members of an encoded dict whose keys are texts; empty for anything else."""
    if not isinstance(data, dict):
        return {}
    if TYPE not in data:
        return data
    pairs = data["items"] if data[TYPE] == "dict" else []
    return dict(pairs) if all(isinstance(key, str) for key, _ in pairs) else {}


def identical(one: Any, other: Any) -> bool:
    """Whether two encoded values are the same value of the same type (1, 1.0 and True are three)."""
    return one == other and canonical(one) == canonical(other)


def canonical(data: Any) -> str:
    """One text per encoded value, whatever the order in which its dicts were filled."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def _is_deep(data: Any) -> bool:
    """Whether what reads the data, level by level, could run out of Python's stack."""
    level: list[Any] = [[data]]
    for _ in range(DEEPEST + 1):
        level = [each for each in level if not _PLAIN.issuperset(map(type, each))]
        if not level:
            return False
        nested = (item for each in level for item in each if type(item) not in _PLAIN)
        level = [item.values() if type(item) is dict else item for item in nested]
    return True


def _encode(value: Any) -> Any:
    kind = type(value)  # Not its __class__, which may claim anything.
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(value)
    if issubclass(kind, enum.Enum):
        return _encode_enum(value)
    if dataclasses.is_dataclass(kind):
        return _encode_dataclass(value)
    if issubclass(kind, (type, types.FunctionType)):
        return {TYPE: "reference", "class": _source(value, value)}
    if kind.__module__ == "numpy":
        return _encode_numpy(value)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _encode_namedtuple(value)
    plain = next((base for base in kind.__mro__ if base in _ENCODERS), None)
    raise _unsupported(value, "" if plain is None else f"{_named(plain)} can be, but not one of a class of its own")


def _unsupported(value: Any, reason: object = "") -> UnsupportedValueError:
    text = f"{_named(type(value))} cannot be kept"
    return UnsupportedValueError(f"{text}: {reason}" if reason else text)


def _named(kind: type) -> str:
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{'an' if name[:1] in 'aeioAEIO' else 'a'} {name}"


def _source(thing: Any, value: Any) -> Any:
    """Where the class or function ``thing`` is defined, which decoding ``value`` takes."""
    try:
        return describe(thing)
    except NotImportableError as error:
        raise _unsupported(value, error) from error


def _decode(data: Any) -> Any:
    kind = type(data)
    if kind is list:
        return list(data) if set(map(type, data)) <= _PLAIN else [_decode(item) for item in data]
    if kind is not dict:
        return data
    if TYPE not in data:
        return {key: _decode(item) for key, item in data.items()}
    name = data[TYPE]
    decoder = _DECODERS.get(name) if isinstance(name, str) else None
    if decoder is None:
        raise DamagedValueError(f"a value of the unknown kind {name!r:.80}; was it written by a newer version?")
    try:
        return decoder(data)
    except (FlowpipeDeadlineError, RecursionError, MemoryError):
        raise
    except Exception as error:  # Damaged data may make Python, and the classes of users, raise anything.
        raise DamagedValueError(f"a damaged value of kind '{name}': {_words(error)}") from error


def _words(error: Exception) -> str:
    """The error in a line, also where its own text fails."""
    return traceback.format_exception_only(type(error), error)[-1].strip()[:300]


def _items(data: Mapping[str, Any]) -> list[Any]:
    """The decoded items of a value."""
    if type(data["items"]) is not list:
        raise TypeError("its items are not a list")
    return [_decode(item) for item in data["items"]]


def _pairs(data: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    return [(_decode(key), _decode(item)) for key, item in data["items"]]


def _encode_enum(value: enum.Enum) -> Any:
    cls, name = type(value), value._name_  # Its ``name`` may be something else.
    if name is None or name not in cls.__members__:
        raise _unsupported(value, "it combines members; keep these in a set")
    if cls.__members__[name] is not value:
        raise _unsupported(value, f"{name} is another member of it")
    return {TYPE: "enum", "class": _source(cls, value), "name": name}


def _decode_enum(data: Any) -> Any:
    return _resolved(data, lambda found: issubclass(found, enum.Enum)).__members__[data["name"]]


def _resolved(data: Any, is_fitting: Callable[[type], bool]) -> Any:
    """The class that a value names, if it is of the kind that the value claims."""
    found = resolve(data["class"])
    if not isinstance(found, type) or not is_fitting(found):
        raise _misnamed(data)
    return found


def _misnamed(data: Any) -> DamagedValueError:
    named = f"{data['class']['module']}.{data['class']['qualname']}"
    return DamagedValueError(f"a damaged value of kind '{data[TYPE]}': it names {named}, which is something else")


def _encode_items(values: Any) -> list[Any]:
    items: list[Any] = []
    try:
        for value in values:
            items.append(_encode(value))
    except UnsupportedValueError as error:
        raise UnsupportedValueError(error.reason, (f"[{len(items)}]", *error.trail)) from None
    return items


def _encode_dict(values: dict[Any, Any]) -> Any:
    if TYPE in values or any(type(key) is not str for key in values):
        return {TYPE: "dict", "items": _encode_pairs(values)}
    return {key: _encode_member(value, "[{}]", key) for key, value in values.items()}


def _encode_pairs(values: dict[Any, Any]) -> list[Any]:
    return [[_encode_member(key, " key {}", key), _encode_member(item, "[{}]", key)] for key, item in values.items()]


def _encode_member(value: Any, step: str, key: Any) -> Any:
    try:
        return _encode(value)
    except UnsupportedValueError as error:
        raise UnsupportedValueError(error.reason, (step.format(_short_repr(key)), *error.trail)) from None


def _short_repr(key: Any) -> str:
    try:
        return reprlib.repr(key)
    except ValueError:  # Python 3.11+: an integer of thousands of digits has no decimal text.
        return f"a {type(key).__name__}"


def _encode_dataclass(value: Any) -> Any:
    """All that the object has of its own, and what its fields give; nothing of its class runs but such fields."""
    cls: Any = type(value)
    # What makes the objects in C may give them a state that nobody sees.
    known, in_c = (*_ENCODERS, PurePath), types.BuiltinFunctionType
    own = next(base for base in cls.__mro__ if base in known or isinstance(vars(base).get("__new__"), in_c))
    if own is not object:
        raise _unsupported(value, f"it is a dataclass and {_named(own)} at once")
    state = dict(getattr(value, "__dict__", ()))
    for name, slot in _slots(cls).items():
        with suppress(AttributeError):  # It was never set.
            state[name] = slot.__get__(value)
    names = dict.fromkeys([*(field.name for field in dataclasses.fields(cls)), *state])
    fields = {}
    for name in names:
        if type(name) is not str or name == TYPE:
            raise _unsupported(value, f"it has an attribute {name!r}")
        is_read = name not in state and _is_descriptor(cls, name)  # From what has another name in the state.
        try:
            item = state[name] if name in state else getattr(value, name)
            again = getattr(_made(cls, state), name, None) if is_read else item
        except AttributeError:
            continue  # It was never set.
        except Exception as error:  # A descriptor of the user.
            raise _unsupported(value, f"its field '{name}' cannot be read: {_words(error)}") from error
        encoded = _encode_member(item, f".{name}", name)
        if not is_read:
            fields[name] = encoded
        elif not identical(encoded, _encode(again)):
            raise _unsupported(value, f"the value of its field '{name}' is not kept in the object itself")
    return {TYPE: "dataclass", "class": _source(cls, value), "fields": fields}


def _decode_dataclass(data: Any) -> Any:
    cls = _resolved(data, dataclasses.is_dataclass)
    return _made(cls, {name: _decode(item) for name, item in data["fields"].items()})


def _made(cls: Any, state: Mapping[str, Any]) -> Any:
    """An object with this state. What a class checks or changes when one is made, is not done again."""
    value = object.__new__(cls)
    for name, item in state.items():
        slot = _slots(cls).get(name)
        if slot is not None:
            slot.__set__(value, item)
        else:  # Setting the attribute would call a property, or change what is Python's own, as ``__class__``.
            object.__getattribute__(value, "__dict__")[name] = item
    return value


@lru_cache(maxsize=256)  # Long lists have the same class again and again.
def _slots(cls: type) -> Mapping[str, Any]:
    """The slots of a class and its bases, by the names that Python gives private ones."""
    places = (pair for base in reversed(cls.__mro__) for pair in vars(base).items())
    return {name: place for name, place in places if isinstance(place, types.MemberDescriptorType)}


def _is_descriptor(cls: type, name: str) -> bool:
    """Whether the attribute comes from code, such as that of a property, whatever the object holds."""
    found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return hasattr(type(found), "__set__")


def _encode_namedtuple(value: Any) -> Any:
    if getattr(value, "__dict__", None):
        raise _unsupported(value, "it has attributes beside its fields")
    items = tuple(tuple.__iter__(value))  # Its class may iterate over something else.
    if len(items) != len(type(value)._fields):
        raise _unsupported(value, f"it has {len(items)} items for {len(type(value)._fields)} fields")
    return {TYPE: "namedtuple", "class": _source(type(value), value), "items": _encode_items(items)}


def _decode_namedtuple(data: Any) -> Any:
    items = _items(data)
    cls = _resolved(data, lambda found: issubclass(found, tuple) and hasattr(found, "_fields"))
    if len(items) != len(cls._fields):
        raise TypeError(f"{cls.__qualname__} has {len(cls._fields)} fields, not {len(items)}")
    return tuple.__new__(cls, items)


def _decode_reference(data: Any) -> Any:
    found = resolve(data["class"])
    if not isinstance(found, (type, types.FunctionType)):
        found = getattr(found, "func", None)  # A decorator made a node of it.
    if not isinstance(found, (type, types.FunctionType)):
        raise _misnamed(data)
    return found


def _encode_numpy(value: Any) -> Any:
    """An array or scalar in numpy's own file format, which keeps type, shape and order."""
    import numpy  # noqa: PLC0415 (the value is numpy's, so it is loaded)

    is_array = type(value) is numpy.ndarray
    if not (is_array or isinstance(value, numpy.generic)):
        raise _unsupported(value, "only plain arrays and scalars of numpy come back as they were")
    dtype = value.dtype
    if dtype.hasobject:
        raise _unsupported(value, f"its items are objects of Python ({dtype}); pass on a list of them")
    if _has_metadata(dtype):
        raise _unsupported(value, f"its dtype ({dtype!s:.100}) would lose its metadata; pass on a copy without")
    try:
        if dtype.kind == "V":
            found = _loaded(numpy, _saved(numpy, numpy.empty(0, dtype))).dtype
            if str(found) != str(dtype):
                raise _unsupported(value, f"its dtype would come back as {found!s:.100}; pass on a copy of that one")
        elif not is_array and numpy.dtype(dtype.str).type is not type(value):
            raise _unsupported(value, f"it would come back as {_named(numpy.dtype(dtype.str).type)}")
        if not is_array and dtype.kind == "f" and numpy.isnan(value):
            value = dtype.type("nan")  # All kinds of nan are one, as for Python's own numbers.
        saved = _saved(numpy, value)
        if not dtype.itemsize:
            _loaded(numpy, saved)  # It may have more items than can be read.
    except (ValueError, Warning) as error:
        raise _unsupported(value, error) from error
    if not is_array and isinstance(value, (str, bytes)) and value[-1:] in ("\0", b"\0"):
        raise _unsupported(value, "numpy's files lose zeros at the end; pass on a str or bytes")
    summary = f"{dtype} {list(value.shape)}" if is_array else str(dtype)
    return {TYPE: "ndarray" if is_array else "numpy_scalar", "text": _as_base64(saved), "summary": summary}


def _has_metadata(dtype: Any) -> bool:
    parts = [dtype.base] if dtype.subdtype else [part for part, *_ in (dtype.fields or {}).values()]
    return bool(dtype.metadata) or any(map(_has_metadata, parts))


def _saved(numpy: Any, value: Any) -> bytes:
    stream = io.BytesIO()
    numpy.save(stream, value, allow_pickle=False)
    return stream.getvalue()


def _loaded(numpy: Any, saved: bytes) -> Any:
    try:
        array = numpy.lib.format.read_array(io.BytesIO(saved), allow_pickle=False)
    except MemoryError:
        raise ValueError("it claims to be larger than the memory") from None
    if array.size > len(saved):
        raise ValueError("it has more items than bytes")
    return array


def _decode_numpy(data: Any) -> Any:
    try:
        import numpy  # noqa: PLC0415 (only where there is a value of numpy)
    except ImportError as error:
        raise LoadError(f"a value of numpy ({data['summary']}), but numpy is not installed here") from error
    array = _loaded(numpy, _from_base64(data["text"]))
    if data[TYPE] == "ndarray":
        return array
    if array.shape:
        raise ValueError("it is an array")
    return array[()]


def _encode_float(value: float) -> Any:
    return value if math.isfinite(value) else {TYPE: "float", "text": repr(value)}  # All kinds of nan are one.


def _encode_range(value: range) -> Any:
    bounds = [int(value.start), int(value.stop), int(value.step)]  # These may be members of an enumeration.
    if any(bound.bit_length() > _WIDE for bound in bounds):
        raise _unsupported(value, "its numbers are too large")
    return {TYPE: "range", "range": bounds}


def _encode_ordered(value: Any) -> Any:
    if vars(value):
        raise _unsupported(value, "it has attributes beside its items")
    return {TYPE: "ordered", "items": _encode_pairs(value)}


def _encode_int(value: int) -> Any:
    return value if value.bit_length() <= _WIDE else {TYPE: "int", "text": hex(value)}


def _encode_zone(zone: Any) -> Any:
    if zone is None:
        return None
    if type(zone) is timezone:
        return {"offset": _encode(zone.utcoffset(None)), "name": zone.tzname(None)}
    if type(zone).__module__.startswith("zoneinfo") and zone.key:
        with suppress(Exception):  # It says so where it was made of a file, which nobody else may have.
            zone.__reduce__()
            return {"key": zone.key}
    raise _unsupported(zone, "only zones of zoneinfo, by their names, and fixed offsets come back as they were")


def _decode_zone(data: Any) -> Any:
    if data is None:
        return None
    if "key" in data:
        try:
            # Only where one is used: not every interpreter ships the zone data.
            from zoneinfo import ZoneInfo  # noqa: PLC0415

            return ZoneInfo(data["key"])
        except (ImportError, KeyError) as error:
            raise LoadError(
                f"this Python ({sys.version.split()[0]}) does not know the time zone {data['key']}; install tzdata"
                " for it (3.9 or newer), or pass on times in UTC"
            ) from error
    offset = _decode(data["offset"])
    plain_zone = timezone(offset)
    return plain_zone if data["name"] == plain_zone.tzname(None) else timezone(offset, data["name"])


def _encode_moment(value: Any) -> Any:
    naive = value.replace(tzinfo=None, fold=0)
    return {
        TYPE: type(value).__name__,
        "text": naive.isoformat(),
        "zone": _encode_zone(value.tzinfo),
        "fold": value.fold,
    }


def _decode_moment(data: Any) -> Any:
    kind = datetime if data[TYPE] == "datetime" else time
    return kind.fromisoformat(data["text"]).replace(tzinfo=_decode_zone(data["zone"]), fold=data["fold"])


def _encode_pattern(value: Any) -> Any:
    if type(value.pattern) is not str:
        raise _unsupported(value, "one for text can be; pass on its text")
    return {TYPE: "pattern", "text": value.pattern, "flags": value.flags}


def _encode_set(values: Any) -> Any:
    """Items in a fixed order, so that equal sets have equal records."""
    return {TYPE: type(values).__name__, "items": sorted(_encode_items(values), key=canonical)}


def _path_text(path: PurePath) -> str:
    text = str(path)
    if isinstance(path, PureWindowsPath) and type(path)(text) != path:  # Python 3.11: that of ./c:x is c:x
        raise _unsupported(path, f"its text, '{text}', is another path; pass on the text that is meant")
    return text


def _as_base64(value: Any) -> str:
    return base64.b64encode(value).decode("ascii")


_from_base64 = partial(base64.b64decode, validate=True)


_ENCODERS: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys((type(None), bool, str), lambda value: value),
    int: _encode_int,
    float: _encode_float,
    list: _encode_items,
    dict: _encode_dict,
    OrderedDict: _encode_ordered,
    tuple: lambda value: {TYPE: "tuple", "items": _encode_items(value)},
    set: _encode_set,
    frozenset: _encode_set,
    range: _encode_range,
    complex: lambda value: {TYPE: "complex", "items": [_encode_float(value.real), _encode_float(value.imag)]},
    datetime: _encode_moment,
    time: _encode_moment,
    timedelta: lambda value: {TYPE: "timedelta", "items": [value.days, value.seconds, value.microseconds]},
    timezone: lambda value: {TYPE: "timezone", "zone": _encode_zone(value), "text": str(value)},
    re.Pattern: _encode_pattern,
}

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "int": lambda data: int(data["text"], 16),
    "float": lambda data: float(data["text"]),
    "dict": lambda data: dict(_pairs(data)),
    "ordered": lambda data: OrderedDict(_pairs(data)),
    "tuple": lambda data: tuple(_items(data)),
    "set": lambda data: set(_items(data)),
    "frozenset": lambda data: frozenset(_items(data)),
    "range": lambda data: range(*data["range"]),
    "complex": lambda data: complex(*_items(data)),
    "datetime": _decode_moment,
    "time": _decode_moment,
    "timedelta": lambda data: timedelta(*_items(data)),
    "timezone": lambda data: _decode_zone(data["zone"]),
    "enum": _decode_enum,
    "dataclass": _decode_dataclass,
    "reference": _decode_reference,
    "pattern": lambda data: re.compile(data["text"], data["flags"]),
    "ndarray": _decode_numpy,
    "numpy_scalar": _decode_numpy,
    "namedtuple": _decode_namedtuple,
}


def _add_text_kind(kind: str, cls: type, write: Callable[[Any], str], read: Callable[[str], Any]) -> None:
    _ENCODERS[cls] = lambda value: {TYPE: kind, "text": write(value)}
    _DECODERS[kind] = lambda data: read(data["text"])


_add_text_kind("bytes", bytes, _as_base64, _from_base64)
_add_text_kind("bytearray", bytearray, _as_base64, lambda text: bytearray(_from_base64(text)))
_add_text_kind("path", type(Path()), _path_text, Path)
_add_text_kind("posix_path", PurePosixPath, _path_text, PurePosixPath)
_add_text_kind("windows_path", PureWindowsPath, _path_text, PureWindowsPath)
_add_text_kind("date", date, date.isoformat, date.fromisoformat)
_add_text_kind("decimal", Decimal, str, Decimal)
_add_text_kind("uuid", UUID, str, UUID)
