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
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ..core.bundle import CODE, read_bundle, read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.files import NewerFormatError
from ..core.locate import REFUSED, UNTRUSTED, LoadError, Source, beginnings, import_root, in_bundle
from .codec import TYPE, DamagedValueError, decode, map_sources

DEEPEST = 300
"""How deep values may be nested: every reader comes to the end of them within Python's limit."""
_LARGEST = 2**64  # Of numbers that count something; as nanoseconds since 1970, it is in the year 2554.

Change = Callable[[Source], Source]


class ShapeError(FlowpipeDeadlineError, ValueError):
    """Data that is not of the shape that this version writes; the message says what is wrong with it."""


def check_outputs(outputs: Any, change: Change) -> Any:
    """The outputs of a result, once each value in them is well-formed; its classes are as ``change`` gives them.

    They are changed in place: they come fresh from a record, or from ``encode``.

    Raises:
        ShapeError: A value is not what ``encode`` writes; the message names the output.
        NewerFormatError: A newer version has written a value.
    """
    for name, output in check_members(outputs, {}).items():
        try:
            if not is_dict(output) or output.keys() != {"value", "sub_plugs"} or not is_dict(output["sub_plugs"]):
                raise ShapeError(f"it is {output!r:.80}")
            for value in (output["value"], *output["sub_plugs"].values()):
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
    if kind is float and not math.isfinite(data):
        raise ShapeError(f"{data} is no number of JSON")
    if kind not in (list, dict):
        return
    if depth >= DEEPEST:
        raise ShapeError(f"it is nested more than {DEEPEST} levels deep")
    if kind is dict and TYPE in data:
        _check_kind(data, change, depth + 1)
        return
    items = data if kind is list else data.values()
    types = set(map(type, items))  # Long lists of frames or files are plain.
    if not types.isdisjoint((float, list, dict)):
        for item in items:
            check_value(item, change, depth + 1)


def _check_kind(data: Dict[str, Any], change: Change, depth: int) -> None:
    kind = data[TYPE]
    if type(kind) is not str or not kind.isidentifier():
        raise ShapeError(f"a value of the kind {kind!r:.80}")
    members = _SHAPES.get(kind)
    if members is None or data.keys() - members.keys() - {TYPE}:
        raise NewerFormatError(
            f"a value of the kind '{kind}' that this version does not know; use the version here that wrote it"
        )
    for name, check in members.items():
        if name not in data:
            raise ShapeError(f"a value of the kind '{kind}' without its {name}")
        if name == "class":
            data[name] = change(check_source(data[name]))
        elif check is not None and not check(data[name]):
            raise ShapeError(f"a value of the kind '{kind}' whose {name} is {data[name]!r:.80}")
        elif name in _NESTED:
            check_value(data[name], change, depth)


def check_source(data: Any) -> Source:
    """Where a class or function is defined, once it is well-formed."""
    is_whole = type(data) is dict and data.keys() == {"module", "qualname", "file"}
    if not is_whole or not all(is_text(data[key]) or (data[key] is None and key == "file") for key in data):
        raise ShapeError(f"a class is defined in {data!r:.200}")
    source: Source = data
    return source


def check_members(record: Any, shapes: Mapping[str, Callable[[Any], bool]]) -> Mapping[str, Any]:
    """The record, if it is a dict and each member of it that the shapes name passes its check; others may be missing.

    Raises:
        ShapeError: It is not; the message names the member.
    """
    if type(record) is not dict:
        raise ShapeError(f"{record!r:.80} is not an object of JSON")
    for name, check in shapes.items():
        if name in record and not check(record[name]):
            raise ShapeError(f"its {name} is {record[name]!r:.80}")
    checked: Mapping[str, Any] = record
    return checked


def is_text(data: Any) -> bool:
    """Whether it is a text."""
    return type(data) is str


def is_dict(data: Any) -> bool:
    """Whether it is an object of JSON."""
    return type(data) is dict


def is_count(data: Any) -> bool:
    """Whether it is a whole number that counts something, or a time in nanoseconds."""
    return type(data) is int and 0 <= data < _LARGEST


def are_counts(data: Any) -> bool:
    """Whether it is a dict of such numbers."""
    return type(data) is dict and all(map(is_count, data.values()))


def matches(pattern: str) -> Callable[[Any], bool]:
    """Tells whether something is a text like that."""
    compiled = re.compile(pattern, re.ASCII | re.DOTALL)
    return lambda data: type(data) is str and compiled.fullmatch(data) is not None


def _norm(path: str) -> str:
    return os.path.normcase(path)


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


def _is_list(data: Any) -> bool:
    return type(data) is list


def _are_pairs(data: Any) -> bool:
    return type(data) is list and all(type(pair) is list and len(pair) == 2 for pair in data)


def _is_range(data: Any) -> bool:
    return type(data) is list and len(data) == 3 and all(map(_is_number, data)) and data[2] != 0


def _is_number(data: Any) -> bool:
    return type(data) is int and abs(data) < _LARGEST


def _is_anything(_: Any) -> bool:
    return True


_NESTED = ("items", "fields", "zone")
"""The members that hold encoded values in turn."""
_CLASS: Dict[str, Callable[[Any], bool]] = {"class": _is_anything}
_TEXT: Dict[str, Callable[[Any], bool]] = {"text": is_text}
_MOMENT = {**_TEXT, "zone": _is_anything, "fold": _is_number}
_ITEMS: Dict[str, Callable[[Any], bool]] = {"items": _is_list}
_PAIRS: Dict[str, Callable[[Any], bool]] = {"items": _are_pairs}
_SHAPES: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("bytes", "bytearray", "path", "posix_path", "windows_path", "date", "decimal", "uuid"), _TEXT),
    **dict.fromkeys(("tuple", "set", "frozenset", "complex", "timedelta"), _ITEMS),
    **dict.fromkeys(("dict", "ordered"), _PAIRS),
    **dict.fromkeys(("datetime", "time"), _MOMENT),
    "timezone": {**_TEXT, "zone": _is_anything},
    "int": {"text": matches("-?0x[0-9a-f]+")},
    "float": {"text": matches("nan|inf|-inf")},
    "range": {"range": _is_range},
    "enum": {**_CLASS, "name": is_text},
    "dataclass": {**_CLASS, "fields": is_dict},
    "namedtuple": {**_CLASS, **_ITEMS},
    "reference": _CLASS,
    "pattern": {**_TEXT, "flags": _is_number},
    "ndarray": {**_TEXT, "summary": matches(r".* \[(\d{1,19}(, \d{1,19})*)?\]")},
    "numpy_scalar": {**_TEXT, "summary": is_text},
}


class _Files:
    """Files that nodes were planned with, and the folders that they import from."""

    def __init__(self) -> None:
        self.modules: Set[Tuple[str, str]] = set()
        """The names of modules with their files."""
        self.files: Set[str] = set()
        self.roots: Set[str] = set()

    def add(self, module: str, paths: Iterable[str]) -> None:
        """Adds the file of a module, by all its paths."""
        for path in paths:
            self.modules.add((module, _norm(path)))
            self.files.add(_norm(path))
            self.roots.add(_norm(import_root(module, path) or os.path.dirname(path)))

    def has(self, module: str, path: str, *, is_name: bool) -> bool:
        """Whether it is one of them, or what the name of the module, if it is one, means below one of the folders.

        A planned file may have been loaded as a script is, by its own name.
        """
        file, root = _norm(path), import_root(module, path)
        if (module, file) in self.modules or not is_name:
            return (module, file) in self.modules
        by_itself = root is None or root == os.path.dirname(path)
        return (by_itself and file in self.files) or (root is not None and _norm(root) in self.roots)


class TrustedCode:
    """The files whose code may be loaded for the classes in results: those that a bundle's nodes were planned with."""

    def __init__(self, bundle: Path, mapped: Callable[[str], str] = str) -> None:
        """``mapped`` gives paths as they are on this machine: a bundle may be planned on another system."""
        self._bundle = bundle
        self._mapped = mapped
        self._in_bundle = in_bundle(bundle)
        self._own = lru_cache(maxsize=None)(self._read_own)
        self._others = lru_cache(maxsize=None)(self._read_others)
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
        path, is_name = self._mapped(file), self._refusal(module) is None
        if self._own(node).has(module, path, is_name=is_name):
            return True
        # Where its name alone leads to the file, as mostly in a task, the records of others need not be read.
        root = import_root(module, path)
        is_elsewhere = root is None or _norm(root) not in map(_norm, beginnings(module))
        return is_elsewhere and self._others().has(module, path, is_name=is_name)

    def _read_own(self, node: str) -> _Files:
        from .inputs.edits import read_edits  # noqa: PLC0415 (it checks shapes in turn)

        record = read_node(self._bundle, node)
        sources: List[Source] = []

        def note(source: Source) -> Source:
            sources.append(source)
            return source

        map_sources(record, note, own=("class", "function"))
        map_sources([[edit.value, edit.was] for edit in read_edits(self._bundle, node)], note)
        known = _Files()
        for root in (record.get("imports") or {}).get("roots", ()):
            known.roots.update(map(_norm, self._names(root)))
        for source in sources:
            known.add(str(source["module"]), self._names(source["file"]))
        return known

    def _read_others(self) -> _Files:
        found = _Files()
        for node in read_bundle(self._bundle).nodes:
            own = self._own(node.key)
            found.modules |= own.modules
            found.files |= own.files
            found.roots |= own.roots
        return found

    def _names(self, path: Optional[str]) -> Set[str]:
        """What a file or folder of a record is called here: as it is planned, and without links."""
        if path is None:
            return set()
        here = self._mapped(str(self._in_bundle({"file": path})["file"]))
        return {here, os.path.realpath(here)} if os.path.isabs(here) else set()

    def _find_refusal(self, module: str) -> Optional[str]:
        if not all(map(str.isidentifier, module.split("."))) or module.rpartition(".")[2] == "__main__":
            return f"'{module}' is not the name of a module to import"
        inside, code = (os.path.join(os.path.realpath(str(path)), "") for path in (self._bundle, self._bundle / CODE))
        for folder in beginnings(module):
            place = os.path.join(os.path.realpath(folder), "")
            if place.startswith(inside) and not place.startswith(code):
                return f"the module would come from {folder}, where results are kept, and not code"
        return None
