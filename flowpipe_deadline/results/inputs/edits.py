"""Edits of inputs: what was changed of them since they were planned, by whom, when, and what it was before.

The record of a node never changes; edits stand beside it in ``edits/<node>.json``, and the evaluator lays them over it.
They are numbered. A result says by which number it was made, so that one which was made with other values than there
are now is stale. What is withdrawn stays on file, with the number of its withdrawal, as results may have been made
with it. Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence, Tuple

from ...core.bundle import EDITS
from ...core.errors import words_of
from ...core.files import NewerFormatError, RecordError, parse_record
from ..codec import canonical
from ..shapes import Shape, ShapeError, check_members, check_value, is_count, is_text_or_none

_TO_DO = "restore it, or delete it: then the inputs are as they were planned"
FORMAT = 1
Place = Tuple[str, Optional[str]]
"""An input, and one of its sub-plugs or None."""


@dataclass(frozen=True)
class Edit:
    """A new value of one input, or of one of its sub-plugs."""

    node: str
    """The node's key."""
    number: int
    """Counted from 1 for each node, together with its withdrawals."""
    input: str
    sub_plug: str | None
    value: Any
    """The value, encoded."""
    was: Any
    """What it was before, encoded."""
    user: str
    written: int
    """When, in nanoseconds since 1970."""
    withdrawn: int = 0
    """The number of its withdrawal; 0 if it is in force."""

    @property
    def place(self) -> Place:
        """What it changes."""
        return self.input, self.sub_plug

    @property
    def name(self) -> str:
        """What it changes, as people write it."""
        return place_name(*self.place)

    def is_in_force(self, number: int | None = None) -> bool:
        """Whether it counts, or counted when there was nothing later than that number."""
        if number is None:
            return not self.withdrawn
        return self.number <= number and not 0 < self.withdrawn <= number


def place_name(name: str, sub_plug: str | None) -> str:
    """An input, or one of its sub-plugs, as people write it: ``files`` or ``files.a``."""
    return name if sub_plug is None else f"{name}.{sub_plug}"


def read_edits(bundle: Path, node: str) -> tuple[Edit, ...]:
    """All edits of the node's inputs by number, also those that were withdrawn. It opens one file.

    Raises:
        RecordError: They cannot be read, or a newer version has written them.
    """
    path = edits_file(bundle, node)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {words_of(error)}") from error
    record = parse_record(data, name=str(path), version=FORMAT, keys=("edits",))
    try:
        return tuple(_parse(node, entry) for entry in record["edits"])
    except (TypeError, ShapeError) as error:  # Or there is no list.
        raise RecordError(f"{path} is damaged: {words_of(error)}; {_TO_DO}") from error
    except NewerFormatError as error:
        raise NewerFormatError(f"{path}: {error}") from error


def last_number(edits: Iterable[Edit]) -> int:
    """The number of the last edit or withdrawal; 0 if there is none."""
    return max((max(edit.number, edit.withdrawn) for edit in edits), default=0)


def edited_values(edits: Sequence[Edit], number: int | None = None) -> dict[Place, Any]:
    """The encoded value of each input that was ever edited: as it is now, or as it was after that number."""
    values: dict[Place, Any] = {}
    for edit in edits:
        values.setdefault(edit.place, edit.was)
    values.update({edit.place: edit.value for edit in edits if edit.is_in_force(number)})
    return values


def is_outdated(edits: Sequence[Edit], number: int) -> bool:
    """Whether what was made after the edit of that number was made with other values than there are now."""
    if number == last_number(edits):
        return False
    if number > last_number(edits):
        return True  # Of edits that are gone.
    now, then = edited_values(edits), edited_values(edits, number)
    return any(canonical(then[place]) != canonical(value) for place, value in now.items())


def edited_record(record: Mapping[str, Any], edits: Sequence[Edit]) -> Mapping[str, Any]:
    """The node's record with the values of the inputs as they are now."""
    if not edits:
        return record
    inputs = dict(record["inputs"])
    for (name, sub_plug), value in edited_values(edits).items():
        try:
            inputs[name] = _with_value(inputs[name], sub_plug, value)
        except KeyError:
            file = f"{EDITS}/{record['key']}.json"
            unknown = f"the node has no input {place_name(name, sub_plug)!r:.80}"
            raise RecordError(f"{file} in the bundle is damaged ({unknown}); {_TO_DO}") from None
    return {**record, "inputs": inputs}


def _with_value(plug: Mapping[str, Any], sub_plug: str | None, value: Any) -> Mapping[str, Any]:
    if sub_plug is None:
        return {**plug, "value": value}
    sub_plugs = dict(plug["sub_plugs"])
    sub_plugs[sub_plug] = {**sub_plugs[sub_plug], "value": value}
    return {**plug, "sub_plugs": sub_plugs}


def edits_file(bundle: Path, node: str) -> Path:
    """Where the edits of the node's inputs are."""
    return bundle / EDITS / f"{node}.json"


_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(("number", "written", "withdrawn"), is_count),
    **dict.fromkeys(("input", "user"), str),
    "sub_plug": is_text_or_none,
    **dict.fromkeys(("value", "was"), lambda _: True),
}


def _parse(node: str, entry: Any) -> Edit:
    known = {"withdrawn": 0, **check_members(entry, _SHAPES)}
    if not known.keys() >= _SHAPES.keys():
        raise ShapeError(f"an edit lacks its {', '.join(sorted(_SHAPES.keys() - known.keys()))}")
    for value in (known["value"], known["was"]):
        check_value(value, dict)
    return Edit(node=node, **{name: known[name] for name in _SHAPES})
