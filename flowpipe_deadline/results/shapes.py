"""The border where results and kept errors are read: their shape, and whose code they may name.

Whoever may write results is trusted with data, not with code (``SECURITY.md``). So every value has the shape that
``encode`` gives it before anything else looks at it, and a class counts by its file only if a node of the bundle was
planned with that file. Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import math
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Mapping, Union

from ..core.bundle import CODE, read_bundle, read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.files import NewerFormatError
from ..core.locate import REFUSED, UNTRUSTED, LoadError, Source, beginnings, import_root, in_bundle
from .codec import DEEPEST, TYPE, DamagedValueError, decode, find_sources

_LARGEST = 2**64  # Of numbers that count something; as nanoseconds since 1970, it is in the year 2554.

_ANY_NAME, _FOLDER = object(), object()  # In place of the name of a module.
_norm = os.path.normcase
Change = Callable[[Source], Source]
Shape = Union[type, Callable[[Any], bool]]
"""The type that something has in JSON, or what tells whether it fits."""


class ShapeError(FlowpipeDeadlineError, ValueError):
    """Data that is not of the shape that this version writes; the message says what is wrong with it."""


def check_outputs(outputs: Any, change: Change) -> Any:
    """The outputs of a result, once each value in them is well-formed; its classes are as ``change`` gives them.

    They are changed in place, as they come fresh from a record.

    Raises:
        ShapeError: A value is not what ``encode`` writes; the message names the output.
        NewerFormatError: A newer version has written a value.
    """
    for name, output in check_members(outputs, {}).items():
        try:
            if check_members(output, _OUTPUT).keys() != _OUTPUT.keys():
                raise ShapeError(f"it has {', '.join(output)}")
            check_value(output["value"], change)
            for value in output["sub_plugs"].values():
                check_value(value, change)
        except (ShapeError, NewerFormatError) as error:
            raise type(error)(f"its output '{name}': {error}") from None
    return outputs


def check_value(data: Any, change: Change, depth: int = 0) -> None:
    """Makes sure that encoded data is well-formed, and changes the sources of its classes in place.

    Raises:
        ShapeError, NewerFormatError: As ``check_outputs``.
    """
    kind = type(data)
    if kind is list or kind is dict:
        if depth > DEEPEST:
            raise ShapeError(f"it is nested more than {DEEPEST} levels deep")
        if kind is dict and TYPE in data:
            _check_kind(data, change, depth + 1)
            return
        items = data if kind is list else data.values()
        if not _PLAIN.issuperset(map(type, items)):  # Long lists of frames or files are.
            for item in items:
                check_value(item, change, depth + 1)
    elif kind is float and not math.isfinite(data):
        raise ShapeError(f"{data} is not a number that JSON has")


def _check_kind(data: dict[str, Any], change: Change, depth: int) -> None:
    kind = data[TYPE]
    if type(kind) is not str or not kind.isidentifier():
        raise ShapeError(f"a value of the kind {kind!r:.80}")
    members = _KINDS.get(kind)
    if members is None or data.keys() - members.keys() - {TYPE}:
        raise NewerFormatError(
            f"a value of the kind '{kind}' that this version does not know; use the one that wrote it"
        )
    if data.keys() != members.keys() | {TYPE}:
        raise ShapeError(f"a value of the kind '{kind}' without its {', '.join(members.keys() - data.keys())}")
    try:
        check_members(data, members)
    except ShapeError as error:
        raise ShapeError(f"a value of the kind '{kind}': {error}") from None
    for name in data.keys() & _NESTED:
        check_value(data[name], change, depth)
    if "class" in data:
        data["class"] = change(data["class"])


def check_members(record: Any, shapes: Mapping[str, Shape]) -> Mapping[str, Any]:
    """The record, if it is a dict and each member of it that the shapes name fits; others may be missing.

    Raises:
        ShapeError: It is not; the message names the member.
    """
    if type(record) is not dict:
        raise ShapeError(f"{record!r:.80} is not an object of JSON")
    for name, shape in shapes.items():
        value = record.get(name, record)
        if value is not record and type(value) is not shape and (isinstance(shape, type) or not shape(value)):
            raise ShapeError(f"its {name} is {value!r:.80}")
    checked: Mapping[str, Any] = record
    return checked


def is_count(data: Any) -> bool:
    """Whether it is a whole number that counts something, or a time in nanoseconds."""
    return type(data) is int and 0 <= data < _LARGEST


def are_counts(data: Any) -> bool:
    """Whether it is a dict of such numbers."""
    return type(data) is dict and all(map(is_count, data.values()))


def is_text_or_none(data: Any) -> bool:
    """Whether it is a text, or nothing."""
    return data is None or type(data) is str


def is_source(data: Any) -> bool:
    """Whether it says where a class or function is defined."""
    is_whole = type(data) is dict and data.keys() == {"module", "qualname", "file"}
    return is_whole and all(map(is_text_or_none, data.values())) and None not in (data["module"], data["qualname"])


def matches(pattern: str) -> Callable[[Any], bool]:
    """Tells whether something is a text like that."""
    compiled = re.compile(pattern, re.ASCII | re.DOTALL)
    return lambda data: type(data) is str and compiled.fullmatch(data) is not None


def decode_output(data: Any, place: str) -> Any:
    """The value of an output, which messages call ``place``.

    Raises:
        DamagedValueError, LoadError: As ``decode``; the message names the place.
    """
    try:
        return decode(data)
    except DamagedValueError as error:
        raise DamagedValueError(f"{place}: {error}; requeue the task that gave it") from error
    except LoadError as error:
        raise LoadError(f"{place}: {error}") from error


def _are_pairs(data: Any) -> bool:
    return type(data) is list and all(type(pair) is list and len(pair) == 2 for pair in data)


def _is_range(data: Any) -> bool:
    is_whole = type(data) is list and len(data) == 3 and set(map(type, data)) == {int}
    return is_whole and data[2] != 0 and all(abs(bound) < _LARGEST for bound in data)


_PLAIN = frozenset((str, int, bool, type(None)))
_OUTPUT: Mapping[str, Shape] = {"value": lambda _: True, "sub_plugs": dict}
_NESTED = {"items", "fields", "zone"}
"""The members that hold encoded values in turn."""
_TEXT: Mapping[str, Shape] = {"text": str}
_ITEMS: Mapping[str, Shape] = {"items": list}
_PAIRS: Mapping[str, Shape] = {"items": _are_pairs}
_MOMENT: Mapping[str, Shape] = {**_TEXT, "zone": lambda zone: zone is None or type(zone) is dict, "fold": int}
_KINDS: Mapping[str, Mapping[str, Shape]] = {
    **dict.fromkeys(("bytes", "bytearray", "path", "posix_path", "windows_path", "date", "decimal", "uuid"), _TEXT),
    **dict.fromkeys(("tuple", "set", "frozenset", "complex", "timedelta"), _ITEMS),
    **dict.fromkeys(("dict", "ordered"), _PAIRS),
    **dict.fromkeys(("datetime", "time"), _MOMENT),
    "timezone": {**_TEXT, "zone": dict},
    "int": {"text": matches("-?0x[0-9a-f]+")},
    "float": {"text": matches("nan|-?inf")},
    "range": {"range": _is_range},
    "enum": {"class": is_source, "name": str},
    "dataclass": {"class": is_source, "fields": dict},
    "namedtuple": {"class": is_source, **_ITEMS},
    "reference": {"class": is_source},
    "pattern": {**_TEXT, "flags": int},
    "ndarray": {**_TEXT, "summary": matches(r".* \[(\d{1,19}(, \d{1,19})*)?\]")},
    "numpy_scalar": {**_TEXT, "summary": str},
}


class TrustedCode:
    """The files whose code may be loaded for the classes in results: those that a bundle's nodes were planned with."""

    def __init__(self, bundle: Path, mapped: Callable[[str], str] = str) -> None:
        """``mapped`` gives paths as they are on this machine: a bundle may be planned on another system."""
        self._bundle = bundle
        self._mapped = mapped
        self._in_bundle = in_bundle(bundle)
        self._own = lru_cache(maxsize=None)(self._read_own)
        self._all = lru_cache(maxsize=None)(self._read_all)
        self._refusal = lru_cache(maxsize=None)(self._find_refusal)
        self._is_trusted = lru_cache(maxsize=None)(self._look_up)

    def change(self, node: str) -> Callable[[Source], Source]:
        """Gives the source of a class in a result of this node as ``resolve`` may take it.

        Its file stays if a node was planned with it, or if it is what the module's name means below one of the folders
        that the nodes import from. Else only the name counts, as for whoever imports it; and not even that where the
        name is none, or leads into the bundle, which is where results are.

        Raises:
            RecordError: The record of a node is damaged.
        """

        def changed(source: Source) -> Source:
            module, file = str(source["module"]), source["file"]
            full = self._in_bundle(source)["file"]
            if full is not None and self._is_trusted(node, module, full):
                return {**source, "file": full}
            refusal = self._refusal(module)
            if refusal is not None:
                return {**source, "file": None, REFUSED: refusal}
            return source if file is None else {**source, "file": None, UNTRUSTED: file}

        return changed

    def _look_up(self, node: str, module: str, file: str) -> bool:
        path = self._mapped(file)
        root = import_root(module, path)
        wanted: set[tuple[object, str]] = {(module, _norm(path))}
        if self._refusal(module) is None:
            # A planned file may have been loaded as a script is, by its own name.
            wanted |= {(_ANY_NAME, _norm(path))} if root in (None, os.path.dirname(path)) else set()
            wanted |= set() if root is None else {(_FOLDER, _norm(root))}
        is_planned = not wanted.isdisjoint(self._own(node))
        # Where its name alone leads to the file, as mostly in a task, the records of others need not be read.
        if not is_planned and (root is None or _norm(root) not in map(_norm, beginnings(module))):
            is_planned = not wanted.isdisjoint(self._all())
        return is_planned and not self._is_among_results(path)

    def _read_own(self, node: str) -> set[tuple[object, str]]:
        """The files that a node was planned with, by the names of their modules, and the folders of its imports."""
        from .inputs.edits import read_edits  # noqa: PLC0415 (it checks shapes in turn)

        record = read_node(self._bundle, node)
        edits = [[edit.value, edit.was] for edit in read_edits(self._bundle, node)]
        roots = (record.get("imports") or {}).get("roots", ())
        found = {(_FOLDER, _norm(path)) for root in roots for path in self._paths(root)}
        for source in [*find_sources(record, own=("class", "function")), *find_sources(edits)]:
            for path in self._paths(source["file"]):
                folder = import_root(source["module"], path) or os.path.dirname(path)
                found |= {(source["module"], _norm(path)), (_ANY_NAME, _norm(path)), (_FOLDER, _norm(folder))}
        return found

    def _read_all(self) -> set[tuple[object, str]]:
        return set().union(*(self._own(node.key) for node in read_bundle(self._bundle).nodes))

    def _paths(self, path: str | None) -> set[str]:
        """What a file or folder of a record is called here: as it was planned, and without links."""
        here = "" if path is None else self._mapped(str(self._in_bundle({"file": path})["file"]))
        return {here, os.path.realpath(here)} if os.path.isabs(here) else set()

    def _find_refusal(self, module: str) -> str | None:
        if not all(map(str.isidentifier, module.split("."))) or module.rpartition(".")[2] == "__main__":
            return f"'{module}' is not the name of a module to import"
        for folder in beginnings(module):
            if self._is_among_results(os.path.join(folder, *module.split("."))):
                return f"the module would come from {folder}, where results are kept, and not code"
        return None

    def _is_among_results(self, path: str) -> bool:
        """Whether something is in the bundle, but not the code that it brings along."""
        inside, code = (os.path.join(os.path.realpath(str(each)), "") for each in (self._bundle, self._bundle / CODE))
        place = os.path.join(os.path.realpath(path), "")
        return place.startswith(inside) and not place.startswith(code)
