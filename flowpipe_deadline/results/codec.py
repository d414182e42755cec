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
import types
from collections import OrderedDict
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Callable, Collection, Dict, List, Mapping, Tuple
from uuid import UUID

from ..core.errors import FlowpipeDeadlineError
from ..core.locate import LoadError, NotImportableError, describe, resolve

TYPE = "$type"
"""The key that names the kind of an encoded value which is not plain JSON."""
_BUILT_IN = (list, dict, set, frozenset, tuple, str, bytes, int, float)
_PLAIN = frozenset((str, int, float, bool, type(None)))  # What stands for itself, also in long lists of frames.
_WIDE = 64  # Larger integers, by bits, are written in hex: Python 3.11+ refuses long decimal text.


class UnsupportedValueError(FlowpipeDeadlineError):
    """A value that would not come back as it was."""

    def __init__(self, reason: str, trail: Tuple[str, ...] = ()) -> None:
        super().__init__(reason, trail)
        self.reason = reason
        self.trail = trail

    def __str__(self) -> str:
        return f"{self.reason} (at {''.join(self.trail)})" if self.trail else self.reason


class DamagedValueError(FlowpipeDeadlineError):
    """Encoded data that this version cannot decode."""


def encode(value: Any) -> Any:
    """JSON data that ``decode`` turns back into an equal value of the same type.

    >>> encode((1, {2}))
    {'$type': 'tuple', 'items': [1, {'$type': 'set', 'items': [2]}]}

    Raises:
        UnsupportedValueError: It holds a value of a type that cannot be kept; the message says where.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise UnsupportedValueError("nested too deeply, or contains itself") from None


def decode(data: Any) -> Any:
    """The value that ``encode`` was given. Imports the classes of enumerations, dataclasses and named tuples.

    Raises:
        DamagedValueError: The data is not what ``encode`` writes.
        LoadError: A class cannot be imported here.
    """
    kind = type(data)
    if kind is list:
        return list(data) if set(map(type, data)) <= _PLAIN else [decode(item) for item in data]
    if kind is not dict:
        return data
    if TYPE not in data:
        return {key: decode(item) for key, item in data.items()}
    decoder = _DECODERS.get(data[TYPE])
    if decoder is None:
        raise DamagedValueError(f"a value of the unknown kind '{data[TYPE]}'; was it written by a newer version?")
    try:
        return decoder(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedValueError(f"a damaged value of kind '{data[TYPE]}': {error}") from error


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


def members(data: Any) -> Dict[str, Any]:
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


def _encode(value: Any) -> Any:
    encoder = _ENCODERS.get(type(value))
    if encoder is not None:
        return encoder(value)
    if isinstance(value, enum.Enum):
        return _encode_enum(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _encode_dataclass(value)
    if isinstance(value, (type, types.FunctionType)):
        return {TYPE: "reference", "class": _source(value, value)}
    if type(value).__module__ == "numpy":
        return _encode_numpy(value)
    if isinstance(value, tuple) and hasattr(value, "_fields") and not getattr(value, "__dict__", None):
        return {TYPE: "namedtuple", "class": _source(type(value), value), "items": _encode_items(value)}
    raise UnsupportedValueError(f"a {_type_name(value)} cannot be kept")


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _source(thing: Any, value: Any) -> Any:
    """Where the class or function ``thing`` is defined, which decoding ``value`` takes."""
    try:
        return describe(thing)
    except NotImportableError as error:
        raise UnsupportedValueError(f"a {_type_name(value)} cannot be kept: {error}") from error


def _encode_enum(value: enum.Enum) -> Any:
    if value.name is None or value.name not in type(value).__members__:
        raise UnsupportedValueError(f"a combined {_type_name(value)} cannot be kept; keep its members in a set")
    return {TYPE: "enum", "class": _source(type(value), value), "name": value.name}


def _encode_items(values: Any) -> List[Any]:
    items: List[Any] = []
    try:
        for value in values:
            items.append(_encode(value))
    except UnsupportedValueError as error:
        raise UnsupportedValueError(error.reason, (f"[{len(items)}]", *error.trail)) from None
    return items


def _encode_dict(values: Dict[Any, Any]) -> Any:
    if TYPE in values or any(type(key) is not str for key in values):
        return {TYPE: "dict", "items": _encode_pairs(values)}
    return {key: _encode_member(value, "[{}]", key) for key, value in values.items()}


def _encode_pairs(values: Dict[Any, Any]) -> List[Any]:
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
    if isinstance(value, _BUILT_IN):
        raise UnsupportedValueError(
            f"a {_type_name(value)} cannot be kept: it is a dataclass and a built-in type at once"
        )
    own = [field.name for field in dataclasses.fields(value) if hasattr(value, field.name)]
    names = dict.fromkeys([*own, *getattr(value, "__dict__", ())])
    fields = {name: _encode_member(getattr(value, name), f".{name}", name) for name in names}
    return {TYPE: "dataclass", "class": _source(type(value), value), "fields": fields}


def _decode_dataclass(data: Any) -> Any:
    cls = resolve(data["class"])
    value = object.__new__(cls)
    for name, item in data["fields"].items():
        object.__setattr__(value, name, decode(item))  # Also for a frozen class, or one that checks its input.
    return value


def _decode_reference(data: Any) -> Any:
    found = resolve(data["class"])
    # A decorator may have made a node of a function.
    return found if isinstance(found, type) else getattr(found, "func", found)


def _encode_numpy(value: Any) -> Any:
    """An array or scalar in numpy's own file format, which keeps type, shape and order."""
    import numpy  # noqa: PLC0415 (the value is numpy's, so it is loaded)

    kind = "ndarray" if type(value) is numpy.ndarray else "numpy_scalar"
    if not (kind == "ndarray" or isinstance(value, numpy.generic)) or value.dtype.hasobject:
        raise UnsupportedValueError(f"a {_type_name(value)} cannot be kept")
    stream = io.BytesIO()
    numpy.save(stream, value, allow_pickle=False)
    summary = f"{value.dtype} {list(value.shape)}" if kind == "ndarray" else str(value.dtype)
    return {TYPE: kind, "text": _as_base64(stream.getvalue()), "summary": summary}


def _decode_numpy(data: Any) -> Any:
    try:
        import numpy  # noqa: PLC0415 (only where there is a value of numpy)
    except ImportError as error:
        raise LoadError(f"a value of numpy ({data['summary']}), but numpy is not installed here") from error
    array = numpy.load(io.BytesIO(base64.b64decode(data["text"])), allow_pickle=False)
    return array[()] if data[TYPE] == "numpy_scalar" else array


def _encode_float(value: float) -> Any:
    return value if math.isfinite(value) else {TYPE: "float", "text": repr(value)}


def _encode_int(value: int) -> Any:
    return value if value.bit_length() <= _WIDE else {TYPE: "int", "text": hex(value)}


def _encode_zone(zone: Any) -> Any:
    if zone is None:
        return None
    if type(zone) is timezone:
        return {"offset": _encode(zone.utcoffset(None)), "name": zone.tzname(None)}
    key = getattr(zone, "key", None)
    if type(zone).__module__.startswith("zoneinfo") and key:
        return {"key": key}
    raise UnsupportedValueError(f"a time zone of type {_type_name(zone)} cannot be kept")


def _decode_zone(data: Any) -> Any:
    if data is None:
        return None
    if "key" in data:
        # Only where one is used: not every interpreter ships the zone data.
        from zoneinfo import ZoneInfo  # noqa: PLC0415

        return ZoneInfo(data["key"])
    offset = decode(data["offset"])
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
    if not isinstance(value.pattern, str):
        raise UnsupportedValueError("a pattern for bytes cannot be kept")
    return {TYPE: "pattern", "text": value.pattern, "flags": value.flags}


def _encode_set(values: Any) -> Any:
    """Items in a fixed order, so that equal sets have equal records."""
    return {TYPE: type(values).__name__, "items": sorted(_encode_items(values), key=canonical)}


def _as_base64(value: Any) -> str:
    return base64.b64encode(value).decode("ascii")


_ENCODERS: Dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys((type(None), bool, str), lambda value: value),
    int: _encode_int,
    float: _encode_float,
    list: _encode_items,
    dict: _encode_dict,
    OrderedDict: lambda value: {TYPE: "ordered", "items": _encode_pairs(value)},
    tuple: lambda value: {TYPE: "tuple", "items": _encode_items(value)},
    set: _encode_set,
    frozenset: _encode_set,
    range: lambda value: {TYPE: "range", "range": [value.start, value.stop, value.step]},
    complex: lambda value: {TYPE: "complex", "items": [_encode_float(value.real), _encode_float(value.imag)]},
    datetime: _encode_moment,
    time: _encode_moment,
    timedelta: lambda value: {TYPE: "timedelta", "items": [value.days, value.seconds, value.microseconds]},
    timezone: lambda value: {TYPE: "timezone", "zone": _encode_zone(value), "text": str(value)},
    re.Pattern: _encode_pattern,
}

_DECODERS: Dict[str, Callable[[Any], Any]] = {
    "int": lambda data: int(data["text"], 16),
    "float": lambda data: float(data["text"]),
    "dict": lambda data: {decode(key): decode(item) for key, item in data["items"]},
    "ordered": lambda data: OrderedDict((decode(key), decode(item)) for key, item in data["items"]),
    "tuple": lambda data: tuple(decode(item) for item in data["items"]),
    "set": lambda data: {decode(item) for item in data["items"]},
    "frozenset": lambda data: frozenset(decode(item) for item in data["items"]),
    "range": lambda data: range(*data["range"]),
    "complex": lambda data: complex(*(decode(item) for item in data["items"])),
    "datetime": _decode_moment,
    "time": _decode_moment,
    "timedelta": lambda data: timedelta(*data["items"]),
    "timezone": lambda data: _decode_zone(data["zone"]),
    "enum": lambda data: resolve(data["class"])[data["name"]],
    "dataclass": _decode_dataclass,
    "reference": _decode_reference,
    "pattern": lambda data: re.compile(data["text"], data["flags"]),
    "ndarray": _decode_numpy,
    "numpy_scalar": _decode_numpy,
    "namedtuple": lambda data: resolve(data["class"])._make(decode(item) for item in data["items"]),
}


def _add_text_kind(kind: str, cls: type, write: Callable[[Any], str], read: Callable[[str], Any]) -> None:
    _ENCODERS[cls] = lambda value: {TYPE: kind, "text": write(value)}
    _DECODERS[kind] = lambda data: read(data["text"])


_add_text_kind("bytes", bytes, _as_base64, base64.b64decode)
_add_text_kind("bytearray", bytearray, _as_base64, lambda text: bytearray(base64.b64decode(text)))
_add_text_kind("path", type(Path()), str, Path)
_add_text_kind("posix_path", PurePosixPath, str, PurePosixPath)
_add_text_kind("windows_path", PureWindowsPath, str, PureWindowsPath)
_add_text_kind("date", date, date.isoformat, date.fromisoformat)
_add_text_kind("decimal", Decimal, str, Decimal)
_add_text_kind("uuid", UUID, str, UUID)
