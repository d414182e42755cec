"""Changes inputs of nodes after they were planned: from texts or values, checked, all or none.

``inputs/edits.py`` says what edits are; its names are here as well, for those who change inputs. Deadline's own Python
imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterable, Mapping, Sequence

from ..core.bundle import EDITS, Bundle, node_labels, read_bundle, read_node
from ..core.errors import BundleError, UsageError
from ..core.files import is_there, json_bytes, write_together, write_whole
from ..core.locate import LoadError, in_bundle, out_of_bundle
from ..core.locks import locked_briefly
from ..core.rights import make_folder, reason_with_remedy
from .codec import DamagedValueError, UnsupportedValueError, canonical, decode, encode, find_sources, map_sources
from .cut import CutError, items_of
from .inputs.edits import (
    FORMAT,
    Edit,
    Place,
    edited_record,
    edited_values,
    edits_file,
    last_number,
    place_name,
    read_edits,
)
from .inputs.texts import kind_of, kind_words, suggestion, value_in

__all__ = ["Edit", "edited_record", "last_number", "parse_inputs", "read_edits", "withdraw_edits", "write_edits"]

_LOCK = ".lock"


def parse_inputs(bundle: Bundle, texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The new values that texts such as ``render.samples=64`` mean, by node key and input.

    The node is a key, a name or ``graph.node``; the input may be followed by a sub-plug. The text is read as a value of
    the type that was planned; of an input that is named twice, the last counts.

    Raises:
        UsageError: There is no such node or input, it cannot be changed, or the text is not such a value.
        RecordError: A record of the bundle is damaged.
    """
    changes: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"'{text}' changes nothing; write NODE.INPUT=VALUE, such as render.samples=64")
        found = _find(bundle, name.strip())
        planned = found.planned()
        try:
            changes.setdefault(found.key, {})[place_name(*found.place)] = value_in(value, found.located(planned))
        except ValueError as error:
            raise UsageError(f"{found.label} must be {kind_words(planned)}: {error}") from None
    for key, values in changes.items():  # The length of lists, and what depends on more than the type.
        _encoded(bundle, key, values)
    return changes


def write_edits(bundle: Path, changes: Mapping[str, Mapping[str, Any]], *, user: str) -> tuple[Edit, ...]:
    """Changes inputs of nodes, all or none, and gives the edits; ``changes`` are values by node key and input.

    What has the value already is not changed. Results that were made with other values are stale from now on.

    Raises:
        UsageError: There is no such node or input, it cannot be changed, or a value does not fit or cannot be kept.
        BundleError: The bundle cannot be written, or somebody else is writing edits for longer than they take.
        RecordError: A record of the bundle is damaged.
    """
    opened = read_bundle(bundle)
    wanted = {key: _encoded(opened, key, values) for key, values in changes.items()}
    written = time.time_ns()

    def add(node: str, known: tuple[Edit, ...]) -> tuple[Edit, ...]:
        edits, number = list(known), last_number(known)
        for (name, sub_plug), (value, planned) in wanted[node].items():
            was = edited_values(edits).get((name, sub_plug), planned)
            if canonical(was) != canonical(value):
                number += 1
                edits.append(Edit(node, number, name, sub_plug, value, was, user, written))
        return tuple(edits)

    return _change(bundle, [key for key, values in wanted.items() if values], add)


def withdraw_edits(bundle: Path, edits: Iterable[Edit]) -> None:
    """Takes these edits back; those of others stay. It does nothing to those that were withdrawn already.

    Raises:
        BundleError: The bundle cannot be written.
        RecordError: The edits of a node are damaged.
    """
    numbers: dict[str, list[int]] = {}
    for edit in edits:
        numbers.setdefault(edit.node, []).append(edit.number)

    def withdraw(node: str, known: tuple[Edit, ...]) -> tuple[Edit, ...]:
        withdrawal = last_number(known) + 1
        return tuple(
            replace(edit, withdrawn=withdrawal) if edit.number in numbers[node] and edit.is_in_force() else edit
            for edit in known
        )

    _change(bundle, numbers, withdraw)


def _change(
    bundle: Path, nodes: Iterable[str], change: Callable[[str, tuple[Edit, ...]], tuple[Edit, ...]]
) -> tuple[Edit, ...]:
    """Changes the edits of these nodes under a lock, all or none; gives those that are new."""
    keys = list(nodes)
    if not keys:
        return ()
    folder = bundle / EDITS
    new: list[Edit] = []
    try:
        make_folder(folder)
        with _alone(folder) as is_ours:
            files = {}
            for node in keys:
                known = read_edits(bundle, node)
                changed = change(node, known)
                new += changed[len(known) :]
                if changed != known:
                    entries = [{key: value for key, value in vars(edit).items() if key != "node"} for edit in changed]
                    files[edits_file(bundle, node)] = json_bytes({"format": FORMAT, "node": node, "edits": entries})
            if not is_ours():
                raise BundleError(f"{folder} was taken over by somebody else, as this took too long; try again")
            _replace_all(files)
    except OSError as error:
        reason = reason_with_remedy(error, folder)
        raise BundleError(f"inputs cannot be changed, as {folder} cannot be written: {reason}; nothing was") from error
    return tuple(new)


def _replace_all(files: Mapping[Path, bytes]) -> None:
    """Writes these files; if it is interrupted or fails between two of them, all are as they were."""
    before = {path: path.read_bytes() if is_there(path) else None for path in files}
    try:
        write_together(files)
    except BaseException:
        for path, data in before.items():
            if data is None:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
            elif path.read_bytes() != data:
                write_whole(path, data)
        raise


def _alone(folder: Path) -> ContextManager[Callable[[], bool]]:
    """Keeps others from changing edits of the bundle at the same moment."""
    path = folder / _LOCK
    refusal = BundleError(
        f"{path} is in the way: somebody else changes inputs of the bundle, or died while doing so; try again in a"
        " minute"
    )
    return locked_briefly(path, refusal)


@dataclass(frozen=True)
class _Input:
    """An input of a node, or a sub-plug of one, that somebody wants to change."""

    bundle: Bundle
    record: Mapping[str, Any]
    """Of the node."""
    key: str
    place: Place

    @property
    def label(self) -> str:
        """It, for messages."""
        return f"{self.key}.{place_name(*self.place)}"

    def planned(self) -> Any:
        """The encoded value that it was planned with.

        Raises:
            UsageError: It may not be changed.
        """
        name, sub_plug = self.place
        plug = self.record["inputs"][name] if sub_plug is None else self.record["inputs"][name]["sub_plugs"][sub_plug]
        if not any(job.key == self.key for job in self.bundle.jobs):
            raise UsageError(f"{self.label} is of a node that is omitted, and so is never evaluated")
        if plug["source"]:
            source = plug["source"]
            output = place_name(source["output"], source["sub_plug"])
            raise UsageError(f"{self.label} is fed by {source['node']}.{output}; change an input of that node")
        if sub_plug is None and plug["sub_plugs"]:
            names = ", ".join(f"{self.label}.{each}" for each in plug["sub_plugs"])
            raise UsageError(f"{self.label} consists of sub-plugs; change one of them: {names}")
        batch = self.record["batch"]
        if batch is not None and name == batch["over"][0]:
            raise UsageError(f"{self.label} is what the tasks were cut from; other frames need a new plan")
        return plug["value"]

    def encoded(self, value: Any, planned: Any) -> Any:
        """The new value, encoded; raises UsageError if it does not fit what was planned."""
        if type(value) is int and kind_of(planned) == "float":
            value = float(value)
        try:
            encoded = map_sources(encode(value), self._source_like(planned))
        except UnsupportedValueError as error:
            raise UsageError(f"{self.label}: the new value cannot be kept: {error}") from error
        if planned is not None and kind_of(encoded) != kind_of(planned):
            raise UsageError(f"{self.label} must be {kind_words(planned)}, not {kind_words(encoded)}")
        batch = self.record["batch"]
        if batch is not None and self.place[0] in batch["over"]:
            try:
                new, old = len(items_of(value)), len(items_of(decode(self.located(planned))))
            except (CutError, LoadError, DamagedValueError) as error:
                raise UsageError(f"{self.label} is cut into the chunks of its node: {error}") from error
            if new != old:
                raise UsageError(f"{self.label} has {old} items, as {batch['over'][0]} has; the new value has {new}")
        return encoded

    def located(self, planned: Any) -> Any:
        """The encoded value with the files of code that the bundle brings where they are."""
        return map_sources(planned, in_bundle(self.bundle.folder))

    def _source_like(self, planned: Any) -> Callable[[Any], Any]:
        """Gives where a class is defined: as it was planned, whatever file this process has it from, else as it is."""
        known = {(source["module"], source["qualname"]): source for source in find_sources(planned)}
        otherwise = out_of_bundle(self.bundle.folder)
        return lambda source: known.get((source["module"], source["qualname"])) or otherwise(source)


def _find(bundle: Bundle, text: str) -> _Input:
    """The input that ``node.input`` or ``node.input.sub_plug`` names; names may hold dots."""
    ends = [index for index, character in enumerate(text) if character == "."]
    unknown: UsageError | None = None
    for end in reversed(ends):
        keys = _keys(bundle, text[:end])
        if len(keys) > 1:
            labels = node_labels(bundle)
            which = ", ".join(f"{key} ({labels[key]})" for key in keys)
            raise UsageError(f"several nodes are called {text[:end]}; name one by its key: {which}")
        if keys:
            try:
                return _input(bundle, keys[0], text[end + 1 :])
            except UsageError as error:
                unknown = unknown or error
    if unknown:
        raise unknown
    node = text[: ends[-1]] if ends else text
    known = [name for each in bundle.nodes for name in (each.key, each.node, each.label)]
    if not ends and _keys(bundle, text):
        raise UsageError(f"'{text}' is a node; name one of its inputs too, as in {text}.INPUT=VALUE")
    raise UsageError(f"{bundle.folder} has no node '{node}'{suggestion(node, known)}")


def _keys(bundle: Bundle, name: str) -> list[str]:
    """The node with that key, else those with that label or name."""
    by_key = [node.key for node in bundle.nodes if node.key == name]
    return by_key or [node.key for node in bundle.nodes if name in (node.label, node.node)]


def _input(bundle: Bundle, key: str, text: str) -> _Input:
    """The node's input, or sub-plug of one, that is called so."""
    record = read_node(bundle.folder, key)
    sub_plugs = [(name, sub_plug) for name, plug in record["inputs"].items() for sub_plug in plug["sub_plugs"]]
    places: dict[str, Place] = {place_name(*place): place for place in sub_plugs}
    places.update({name: (name, None) for name in record["inputs"]})
    if text not in places:
        raise UsageError(f"{key} has no input '{text}'{suggestion(text, places)}")
    return _Input(bundle, record, key, places[text])


def _encoded(bundle: Bundle, key: str, values: Mapping[str, Any]) -> dict[Place, tuple[Any, Any]]:
    """The new and the planned value of each of these inputs, encoded; raises UsageError where one does not fit."""
    if key not in {node.key for node in bundle.nodes}:
        raise UsageError(f"{bundle.folder} has no node '{key}'{suggestion(key, [node.key for node in bundle.nodes])}")
    inputs = [(_input(bundle, key, text), value) for text, value in values.items()]
    planned = {found.place: found.planned() for found, _ in inputs}
    return {found.place: (found.encoded(value, planned[found.place]), planned[found.place]) for found, value in inputs}
