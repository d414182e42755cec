"""Keeps why tasks failed in ``errors/<node>`` of the bundle: what they raised, to raise the same error elsewhere.

``<chunk>.json`` is the evaluator's. Where it could not write one, as it was killed or never began, there is a file of
the plugin's, whose name begins with ``plugin-``. Of one attempt, the evaluator's counts.
"""

from __future__ import annotations

import inspect
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MemberDescriptorType
from typing import Any, Iterable, Mapping, Sequence

from ..core.bundle import ERRORS
from ..core.errors import text_of, words_of
from ..core.files import RecordError, json_bytes, read_record, write_whole
from ..core.frames import FrameList
from ..core.locate import describe, out_of_bundle, resolve
from ..core.rights import make_folder
from ..core.text import one_line
from .codec import UnsupportedValueError, decode, encode, map_sources
from .evaluation import LONGEST_REASON, Evaluation, evaluations_json, followed_by, in_order, parse_evaluations
from .shapes import Change, Shape, TrustedCode, check_members, check_value, is_count, is_source, is_text_or_none
from .store import ChunkResult, chunk_name

_FORMAT = 1
_LARGEST = 1_000_000  # Bytes of an error that is kept with all that it holds; of a larger one, the report is.
_PLUGINS = "plugin-"
_TRACEBACK = re.compile(r"\s*(?:\+ Exception Group )?(?:Traceback \(most|File \")", re.MULTILINE)
_SAID = re.compile(r"(?:  \| |    \| )?(?! |Traceback \(most|\+-)(.+)")
_CAUSED = re.compile(r"\n(?:The above exception was the direct cause|During handling of the above exception)[^\n]*\n\n")


@dataclass(frozen=True)
class Failure:
    """How the last attempt at a task failed."""

    frames: str | None
    """The frame list of the chunk; None if the node is not batched."""
    report: str
    """The node's traceback, or just the message if the node did not fail."""
    raised: Mapping[str, Any]
    """The error: its ``class`` (None if no other process could import it), ``arguments`` and ``attributes``."""
    written: int
    """When, in nanoseconds since 1970."""
    reason: str = ""
    """Why, in one line for people: the node's message, or what became of its interpreter, in words."""
    evaluations: tuple[Evaluation, ...] = ()
    """The failed attempts at this chunk, oldest first."""
    change: Change = field(default=dict, repr=False, compare=False)
    """Gives the sources of the classes in ``raised`` as they may be loaded."""

    @property
    def places(self) -> Iterable[int | None]:
        """Its frames; None alone if the node is not batched."""
        return (None,) if self.frames is None else FrameList.parse(self.frames)


def write_failure(  # noqa: PLR0913  (five beside the failure itself)
    bundle: Path,
    node: str,
    frames: FrameList | None,
    *,
    error: BaseException,
    report: str,
    evaluation: Evaluation | None = None,
) -> None:
    """Keeps the failure in the bundle, replacing an earlier one of the same chunk; its attempts are carried on.

    ``evaluation`` says where and when it was; by default, it is now, and the report has the reason.

    Raises:
        OSError: The bundle cannot be written.
    """
    path = bundle / ERRORS / node / f"{chunk_name(frames)}.json"
    earlier: tuple[Evaluation, ...] = ()
    with suppress(RecordError):
        earlier = _read(path).evaluations
    own = evaluation or Evaluation(None, time.time_ns(), error=reason_in(report) or type(error).__name__)
    record = {
        "format": _FORMAT,
        "node": node,
        "frames": None if frames is None else str(frames),
        "report": report,
        "raised": map_sources(_raised(error), out_of_bundle(bundle), own=("class",)),
        "written": own.written,
        "reason": own.error,
        "evaluations": evaluations_json(followed_by(earlier, own)),
    }
    make_folder(bundle / ERRORS, with_parents=False)  # Not the bundle, which may have been deleted.
    make_folder(path.parent)
    write_whole(path, json_bytes(record))


def read_failures(bundle: Path, node: str) -> tuple[Failure, ...]:
    """The last failure of each of the node's tasks, the latest first, including those of tasks that succeeded later."""
    found: dict[str | None, list[Failure]] = {}
    # The evaluator's before the plugin's.
    for path in sorted((bundle / ERRORS / node).glob("[!.]*.json"), key=lambda each: each.name.startswith(_PLUGINS)):
        with suppress(RecordError):  # Deadline reports the failure in any case.
            failure = _read(path)
            found.setdefault(failure.frames, []).append(failure)
    change = TrustedCode(bundle).change(node)
    failures = [replace(_united(each), change=change) for each in found.values()]
    return tuple(sorted(failures, key=lambda failure: failure.written, reverse=True))


def without_later_result(failures: Sequence[Failure], there: Mapping[int | None, ChunkResult]) -> tuple[Failure, ...]:
    """Those of tasks that have not succeeded since; ``there`` are the node's results that count, by frame."""
    return tuple(one for one in failures if any(not _is_later(there.get(place), one) for place in one.places))


def _is_later(result: ChunkResult | None, failure: Failure) -> bool:
    """Whether there is a result, made after the failure; where that is not known, it counts as later."""
    return result is not None and not (result.evaluations and result.evaluations[-1].written < failure.written)


def reason_in(report: str) -> str:
    r"""The one line of a report that says most: of a traceback the error that came last, of other texts the first.

    >>> reason_in("The interpreter was killed\n    what it printed last"), reason_in("Traceback (most …\nKeyError: 1")
    ('The interpreter was killed', 'KeyError: 1')
    """
    head, _, rest = report.partition("\n\n")
    report = head if _TRACEBACK.match(rest) and not _TRACEBACK.match(head) else _CAUSED.split(report)[-1]
    lines = [line for line in report.split("\n") if any(map(str.isalnum, line))] or [""]
    if _TRACEBACK.match(report):  # Its steps are indented, and groups of errors have a margin.
        said = [match[1] for match in map(_SAID.match, lines) if match] or lines[-1:]
        lines = [": ".join(said[:2])] if "Exception Group" in lines[0] else said
    return one_line(lines[0], longest=LONGEST_REASON)


def _read(path: Path) -> Failure:
    """The failure in a file; raises RecordError if it is damaged."""
    record = read_record(path, version=_FORMAT, keys=("frames", "report", "raised", "written"))
    try:
        check_members(record, _MEMBERS)
        frames = None if record["frames"] is None else FrameList(sorted(FrameList.parse(record["frames"])))
        text, written = None if frames is None else str(frames), record["written"]
        reason = one_line(record.get("reason") or "", longest=LONGEST_REASON) or reason_in(record["report"])
        evaluations = parse_evaluations(record.get("evaluations", ()), frames=frames)
        return Failure(
            frames=text,
            report=record["report"],
            raised=_checked(record["raised"]),
            written=written,
            reason=reason,
            evaluations=evaluations or (Evaluation(text, written, error=reason),),  # Of an earlier version.
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path} is damaged: {words_of(error)}") from error


_MEMBERS: Mapping[str, Shape] = {"report": str, "written": is_count, "reason": is_text_or_none, "raised": dict}
_RAISED: Mapping[str, Shape] = {"class": lambda data: data is None or is_source(data), "attributes": dict}


def _checked(raised: Mapping[str, Any]) -> Mapping[str, Any]:
    """An error as it is kept, once it is well-formed."""
    check_members(raised, _RAISED)
    for value in (raised["arguments"], *raised["attributes"].values()):
        check_value(value, dict)
    return {"class": raised["class"], **raised}


def _united(failures: Sequence[Failure]) -> Failure:
    """The last of the failures of one task, with the attempts of all; of one attempt, the first that is given."""
    evaluations = in_order(*(failure.evaluations for failure in failures))
    by_token = {one.evaluations[-1].token: one for one in reversed(failures) if one.evaluations}
    last = max(failures, key=lambda failure: failure.written)
    if last.evaluations:
        last = by_token[last.evaluations[-1].token]
    return replace(last, evaluations=evaluations)


def rebuild_error(failure: Failure) -> BaseException | None:
    """The error as it was raised, of its own class; None if it cannot be rebuilt here."""
    if failure.raised["class"] is None:
        return None
    try:
        raised = map_sources(failure.raised, failure.change, own=("class",))
        cls = resolve(raised["class"])
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            return None
        arguments = decode(raised["arguments"])
        # Not by the class's constructor: it may take other arguments than those that the error ended up with.
        error: BaseException = cls.__new__(cls, *arguments)
        builtin: Any = next(base for base in cls.__mro__ if base.__module__ == "builtins")
        builtin.__init__(error, *arguments)
        for name, value in raised["attributes"].items():
            # Python's own errors have places for some; what a property would do, was done where it was raised.
            if isinstance(inspect.getattr_static(cls, name, None), MemberDescriptorType):
                setattr(error, name, decode(value))
            else:
                vars(error)[name] = decode(value)
    except Exception:  # The module and class are the user's; there is always the report.
        return None
    return error


def _raised(error: BaseException) -> dict[str, Any]:
    unkept: dict[str, Any] = {"class": None, "arguments": None, "attributes": {}}
    try:
        cls = describe(type(error))
        arguments, attributes = _reduced(error)
    except BaseException:  # Nobody else could import it; or it raises when it is asked, and may even exit.
        return unkept
    try:
        encoded = encode(arguments)
    except UnsupportedValueError:
        encoded = encode((text_of(error),))
    kept = {}
    for name, value in attributes.items():
        with suppress(UnsupportedValueError):
            kept[name] = encode(value)
    raised = {"class": cls, "arguments": encoded, "attributes": kept}
    return raised if len(json_bytes(raised)) < _LARGEST else unkept


def _reduced(error: BaseException) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Arguments and attributes as pickle sees them, with the files of an OSError and the module of an ImportError."""
    reduced = error.__reduce__()
    if not isinstance(reduced, tuple) or reduced[0] is not type(error):
        return error.args, vars(error)
    state = reduced[2] if len(reduced) > 2 else None
    return reduced[1], state if isinstance(state, dict) else vars(error)
