"""The pages for people, read as Markdown: what is to be typed, the files, links, headings and options on them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

CHECKOUT = Path(__file__).parents[2]
SHOWN = ("text", "json", "yaml", "ini", "xml", "jinja", "diff", "powershell", "bat")
"""Languages of blocks that only show something."""
_NAMED = {"python": ".py", "toml": ".toml"}
"""Languages whose first line may be a comment with the file's name, and what the name ends with."""


@dataclass(frozen=True)
class Command:
    """What is typed, at its line of the page."""

    line: int
    text: str
    shown: str | None = None
    """The output below it; None if there is none."""


@dataclass(frozen=True)
class Block:
    """A fenced block, at its first line of the page."""

    line: int
    language: str
    text: str
    name: str = ""
    """The file that it is, if it is one."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """What is typed in it."""
        if self.language == "sh":
            return tuple(_typed(self.text, self.line))
        return tuple(_dialogue(self.text, self.line)) if self.language == "console" else ()


@dataclass(frozen=True)
class Link:
    """A link or a picture."""

    line: int
    target: str


class Page:
    """A page of the checkout."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(CHECKOUT).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self._tokens = MarkdownIt("commonmark").enable("table").parse(self.text)

    @functools.cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks; one that is indented has the language ``indented``."""
        return tuple(_block(token) for token in self._tokens if token.type in ("fence", "code_block"))

    @property
    def commands(self) -> tuple[Command, ...]:
        """All that is typed on it."""
        return tuple(command for block in self.blocks for command in block.commands)

    @functools.cached_property
    def headings(self) -> tuple[str, ...]:
        """The anchors of its headings, as GitHub and MyST make them."""
        found: list[str] = []
        for token, following in zip(self._tokens, self._tokens[1:]):
            if token.type == "heading_open":
                name = re.sub(r"[^\w\- ]", "", _words(following).strip().lower().replace(" ", "-"))
                count = sum(1 for each in found if each == name or re.fullmatch(rf"{re.escape(name)}-\d+", each))
                found.append(f"{name}-{count}" if count else name)
        return tuple(found)

    @property
    def links(self) -> Iterator[Link]:
        """Its links and pictures, also those that are written in HTML."""
        for line, token in self._inline:
            attribute = {"link_open": "href", "image": "src"}.get(token.type)
            if attribute:
                yield Link(line, str(token.attrs[attribute]))
            elif token.type in ("html_inline", "html_block"):
                yield from (Link(line, target) for target in _targets(token.content))

    @property
    def spans(self) -> Iterator[tuple[int, str]]:
        """What stands in backquotes, each with its line."""
        yield from ((line, token.content) for line, token in self._inline if token.type == "code_inline")

    @property
    def _inline(self) -> Iterator[tuple[int, Token]]:
        line = 0
        for token in self._tokens:
            line = token.map[0] + 1 if token.map else line  # A cell of a table has no line of its own.
            for each in (token, *(token.children or ())):
                yield line, each


@functools.cache
def read_page(path: Path) -> Page:
    """The page in that file."""
    return Page(path)


def _words(inline: Token) -> str:
    return "".join(token.content for token in inline.children or () if token.type in ("text", "code_inline"))


def _block(token: Token) -> Block:
    assert token.map is not None
    language, _, name = (token.info.strip() or "nothing").partition(" ")
    line = token.map[0] + 2  # After that of the fence.
    if token.type == "code_block":
        language, line = "indented", token.map[0] + 1
    if language in _NAMED:
        first = re.match(rf"# (\S+{re.escape(_NAMED[language])})\n", token.content)
        name = first.group(1) if first else name
    return Block(line, language, token.content, name.strip())


def _typed(text: str, line: int) -> Iterator[Command]:
    lines = enumerate(text.splitlines(), start=line)
    for number, each in lines:
        whole = each
        while whole.endswith("\\"):
            whole = whole[:-1] + next(lines)[1].strip()
        if whole.strip() and not whole.startswith("#"):
            yield Command(number, whole.strip())


def _dialogue(text: str, line: int) -> Iterator[Command]:
    lines = list(enumerate(text.splitlines(), start=line))
    starts = [index for index, (_, each) in enumerate(lines) if each.startswith("$ ")]
    if not starts or starts[0] != 0:
        starts.insert(0, 0)  # What stands before the first command is one that cannot run.
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        number, whole = lines[start]
        below = [each for _, each in lines[start + 1 : end]]
        while whole.endswith("\\") and below:
            whole = whole[:-1] + below.pop(0).removeprefix("> ").strip()
        shown = "\n".join(below).strip("\n")
        yield Command(number, whole.removeprefix("$ ").strip(), shown or None)


class _Targets(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  (the parser's)
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def _targets(html: str) -> list[str]:
    parser = _Targets()
    parser.feed(html)
    return parser.found
