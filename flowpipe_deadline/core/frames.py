"""Frame lists: the one place that reads, writes and cuts Deadline's frame syntax."""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache
from typing import Iterable, Sequence, Tuple

from .errors import FlowpipeDeadlineError

_LARGEST = 2**31 - 1  # Task frames are .NET Int32.
_MOST = 1_000_000  # Far above any task limit (5000 by default); keeps a mistyped range from filling the memory.
_SEPARATORS = re.compile(r"[,\s]+")
_ENTRY = re.compile(
    r"(?P<first>\d+)"
    r"(?:(?P<range>[-:])(?P<last>\d+)"
    r"(?:(?:x|:|step|by|every)(?P<step>\d+))?)?",
    re.ASCII,
)


# What else people write, and paste from texts with typography: dashes, separators, the sign of multiplication.
_PLAIN = {**dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\xad"), "-"), ord("\xd7"): "x"}
_PLAIN.update(dict.fromkeys(map(ord, ";|\u3001"), ","))
_LONGEST_ADVICE = 200
_NEGATIVE = re.compile(r"(?:^|[,\s])-\d|[-:]-\d")
_WRITTEN = (
    (re.compile(r"\s*(?:\.{2,}|[-:~>]+|\b(?:to|through|bis)\b)\s*", re.IGNORECASE), "-"),
    (re.compile(r"\s*(?:[x/@%*]|\b(?:step|by|every)\b)\s*", re.IGNORECASE), "x"),
    (re.compile(r"(?<=\d)\.0+(?!\d)|[#_'\"]"), ""),
    (re.compile(r"\s*\b(?:and|und)\b\s*|&", re.IGNORECASE), ","),
)


class FrameListError(FlowpipeDeadlineError, ValueError):
    """A text or a value that is not a frame list; the message says which part and why."""


class FrameList(Tuple[int, ...]):
    """Frames in the order in which Deadline renders them: at least one, whole numbers from 0, none of them twice.

    The syntax is the published one (submission, section 3.1): ``5``, ``1-10``, ``1-10x2``, ``10-1``,
    with ``:`` for ``-``, ``step``, ``by``, ``every`` or ``:`` for ``x``, and commas or spaces between the parts.

    >>> FrameList.parse("1-10x3, 2")
    FrameList('1-10x3,2')
    >>> list(FrameList.parse("3-1"))
    [3, 2, 1]
    """

    __slots__ = ()

    def __new__(cls, frames: Iterable[int]) -> FrameList:
        """Frames in the given order.

        Raises:
            FrameListError: There is no frame, one is not a whole number from 0 to 2147483647, or one occurs twice.
        """
        self = super().__new__(cls, frames)
        if not self:
            raise FrameListError("an empty frame list: a job needs at least one frame (Deadline's default is 0)")
        if len(self) > _MOST:
            raise FrameListError(f"{len(self)} frames are more than {_MOST}; cut the work into several jobs")
        if set(map(type, self)) != {int} or min(self) < 0 or max(self) > _LARGEST:
            wrong = next(frame for frame in self if type(frame) is not int or not 0 <= frame <= _LARGEST)
            raise FrameListError(f"{wrong!r} is not a frame: Deadline takes whole numbers from 0 to {_LARGEST}")
        if len(set(self)) != len(self):
            raise FrameListError("a frame occurs twice: Deadline renders every frame of a job once")
        return self

    @classmethod
    def parse(cls, text: str) -> FrameList:
        """The frames of a frame list; of a frame that is named twice, Deadline ignores the second, and so does this.

        Raises:
            FrameListError: The text is empty, not in the published syntax, or has two readings: from which end a
                reverse range with a step counts is undocumented, so ``10-1x4`` may be 10, 6, 2 or 9, 5, 1.
        """
        return _parse(text)

    @property
    def is_contiguous(self) -> bool:
        """Whether the frames ascend without a gap, so that every chunk size cuts them in one known way."""
        return tuple(self) == tuple(range(self[0], self[0] + len(self)))

    @property
    def is_ascending(self) -> bool:
        """Whether every frame is larger than the one before."""
        return all(one < other for one, other in zip(self, self[1:]))

    def chunks(self, *, size: int, consecutive: bool = False) -> tuple[FrameList, ...]:
        """Frame lists of at most ``size`` frames, in order; the last may be shorter.

        Whether Deadline puts frames with a gap between them into one chunk is undocumented (submission, section 3.3).
        By default they share one; with ``consecutive`` a gap ends the chunk.

        >>> [str(chunk) for chunk in FrameList.parse("1-5").chunks(size=2)]
        ['1-2', '3-4', '5']
        >>> [str(chunk) for chunk in FrameList.parse("1-3,7-8").chunks(size=2, consecutive=True)]
        ['1-2', '3', '7-8']

        Raises:
            FrameListError: ``size`` is less than 1.
        """
        if size < 1:
            raise FrameListError(f"a chunk of {size} frames: the chunk size is at least 1")
        groups: Iterable[Sequence[int]] = [self]
        if consecutive:
            runs = itertools.groupby(enumerate(self), key=lambda item: item[1] - item[0])
            groups = [[frame for _, frame in run] for _, run in runs]
        return tuple(FrameList(group[start : start + size]) for group in groups for start in range(0, len(group), size))

    def chunk_count(self, size: int) -> int:
        """How many chunks of at most ``size`` frames there are."""
        return -(-len(self) // size)

    def __str__(self) -> str:
        """The shortest text of plain ranges, stepped ranges and single frames that parses back to this list."""
        parts = []
        start = 0
        while start < len(self):
            end = _progression_end(self, start)
            parts.append(_range_text(self[start:end]))
            start = end
        return ",".join(parts)

    def __repr__(self) -> str:
        return f"FrameList({str(self)!r})"


def shown_frames(chunk: FrameList, items: FrameList | None) -> str:
    """The frames of a task for people; of item numbers also those that they stand for, the ``items``, if these are any.

    >>> shown_frames(FrameList.parse("0-2"), FrameList.parse("1001-1191x10"))
    '0-2 (frames 1001-1021x10)'
    """
    real = real_frames(chunk, items)
    return str(chunk) if real is None or items is None else f"{chunk} (frames {real})"


def real_frames(chunk: FrameList, items: FrameList | None) -> FrameList | None:
    """The frames that item numbers stand for, if they do; without ``items`` the numbers are frames themselves."""
    if items is None:
        return chunk
    known = [items[number] for number in chunk if number < len(items)]
    return FrameList(known) if known else None


def without(chunks: Iterable[FrameList], others: Iterable[FrameList]) -> tuple[FrameList, ...]:
    """What is left of these chunks without the frames of the others."""
    taken = set(itertools.chain.from_iterable(others))
    left = [[frame for frame in chunk if frame not in taken] for chunk in chunks]
    return tuple(map(FrameList, filter(None, left)))


@lru_cache(maxsize=32)  # A task reads the same lists, of thousands of frames, in several records.
def _parse(text: str) -> FrameList:
    ranges = [_parse_entry(entry, text) for entry in _SEPARATORS.split(text) if entry]
    if sum(map(len, ranges)) > _MOST:
        raise FrameListError(f"'{text[:40]}' means more than {_MOST} frames; cut the work into several jobs")
    return FrameList(dict.fromkeys(itertools.chain.from_iterable(ranges)))


def _parse_entry(entry: str, text: str) -> Sequence[int]:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise FrameListError(f"{entry[:40]!r} is not a frame or range{_remedy(entry, text)}")
    first = _number(match["first"])
    if match["range"] is None:
        return (first,)
    last, step = _number(match["last"]), _number(match["step"] or "1")
    if step == 0:
        raise FrameListError(f"'{entry}' has a step of 0; the step is at least 1")
    if first <= last:
        return range(first, last + 1, step)
    if (first - last) % step == 0:
        return range(first, last - 1, -step)
    raise FrameListError(
        f"'{entry}' has two readings, as Deadline does not document from which end a reverse step counts;"
        " write the frames out, or let the step end on the last frame"
    )


def _remedy(entry: str, text: str) -> str:
    """What is wrong with an entry of the text, and what to write instead."""
    odd = next((character for character in entry if not " " < character <= "~"), "")
    told = f": it has {unicodedata.name(odd, 'a character')} (U+{ord(odd):04X})" if odd else ""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST_ADVICE]).translate(_PLAIN)
    if _NEGATIVE.search(plain):
        return f"{told}; none is below 0 in a text: let the script give a list, such as list(range(-5, 6))"
    meant = plain.strip(" []()")
    for pattern, written in _WRITTEN:
        meant = pattern.sub(written, meant)
    if len(text) <= _LONGEST_ADVICE and all(map(_ENTRY.fullmatch, filter(None, _SEPARATORS.split(meant)))):
        return f"{told}; write {meant!r}"
    return f"{told}; write whole numbers, as in 5, 1-10 or 1-10x2, with commas between"


def _number(digits: str) -> int:
    """The frame or step; the number of digits is checked before they are converted."""
    if len(digits.lstrip("0")) > len(str(_LARGEST)) or int(digits) > _LARGEST:
        raise FrameListError(f"{digits[:20]} is not a frame: Deadline takes whole numbers from 0 to {_LARGEST}")
    return int(digits)


def _progression_end(frames: Sequence[int], start: int) -> int:
    """One past the last frame that continues the steps begun at ``start``, if they make a range worth writing."""
    if start + 1 == len(frames):
        return start + 1
    step = frames[start + 1] - frames[start]
    end = start + 2
    while end < len(frames) and frames[end] - frames[end - 1] == step:
        end += 1
    # A reverse step has two readings, so it is never written.
    is_range = step == 1 or (end - start > 2 and (step > 1 or step == -1))
    return end if is_range else start + 1


def _range_text(frames: Sequence[int]) -> str:
    if len(frames) == 1:
        return str(frames[0])
    step = abs(frames[1] - frames[0])
    return f"{frames[0]}-{frames[-1]}" + (f"x{step}" if step > 1 else "")
