"""Every text of the product that people can read as an error, a warning or a notice, found in its source.

``python tests/support/error_texts.py [WORD]...`` prints them: file and line, what carries the text, and the text, with
expressions as ``{expression}``; only those that hold one of the words, if there are any. A text is what is not a
docstring, a help text, a label or a query, and has three words or more: a text that a variable, a table or a function's
return carries on to an error is among them, and some that only end up in a table.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("flowpipe_deadline", "plugins", "submission", "custom_scripts")
_STANDINS = "flowpipe_deadline/offline/standins/"  # Deadline's own words, imitated.
_FEWEST_WORDS = 3
_THROUGH = {"join", "format", "strip", "rstrip", "replace", "one_line", "clean", "str"}
_NO_MESSAGES = re.compile(
    r"click\.option|help|compile|execute|executemany|search|EnumProperty|section|_row|ValueKind|_Part|namedtuple"
    r"|add_argument|ArgumentParser|encode|_list_of|_timeout|setWindowTitle|setAccessibleName|question|eval|_ask|sub"
    r"|bl_info|bl_label|bl_description|VERBS|_ROWS|SIGNS|WORKER|_SCHEMA|_NEXT|SELECT_TASKS|_RELEASE\w*|_TASKS_\w+|query"
    r"|_IN_ORDER|tip|Parameter|root_option|bundle_options|button|Option|MODELS|_DEBIAN|COMMAND|title|head|future|run"
)


class Text(NamedTuple):
    """A text that somebody may read."""

    path: str
    line: int
    carrier: str
    """What takes it: ``raise UsageError``, the name that it is assigned to, ``return``, or the function it is given."""
    text: str

    @property
    def place(self) -> str:
        """For the output of a test."""
        return f"{self.path}:{self.line} [{self.carrier}] {self.text}"


@functools.cache
def error_texts() -> tuple[Text, ...]:
    """All of them, by file and line."""
    files = sorted(path for room in ROOMS for path in (CHECKOUT / room).rglob("*.py"))
    return tuple(text for path in files if _STANDINS not in path.as_posix() for text in _texts_of(path))


def _texts_of(path: Path) -> list[Text]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents, nodes = {}, [tree]
    for node in nodes:
        children = list(ast.iter_child_nodes(node))
        parents.update(dict.fromkeys(children, node))
        nodes += children
    seen = {node.value for node in nodes if isinstance(node, ast.Expr) and _text(node.value) is not None}
    found = []
    for node in nodes:
        text = None if node in seen else _text(node)
        if text is None:
            continue
        seen.update(ast.walk(node))
        carrier = _carrier(node, parents)
        if len(text.split()) >= _FEWEST_WORDS and not _NO_MESSAGES.fullmatch(carrier.rpartition(" ")[2]):
            found.append(Text(path.relative_to(CHECKOUT).as_posix(), node.lineno, carrier, text))
    return sorted(found, key=lambda text: text.line)


def _text(node: ast.AST) -> str | None:
    """The text that an expression makes, with what is filled in in braces; None if it makes none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(value) or _braces(value) for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is right is None else (left or _braces(node.left)) + (right or _braces(node.right))
    return None


def _braces(node: ast.AST) -> str:
    if not isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node)}}}"
    conversion = f"!{chr(node.conversion)}" if node.conversion != -1 else ""
    return f"{{{ast.unparse(node.value)}{conversion}}}"


def _carrier(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    while node in parents:
        node, child = parents[node], node
        if isinstance(node, ast.keyword) and node.arg and _NO_MESSAGES.fullmatch(node.arg):
            return node.arg
        if isinstance(node, ast.Call) and child is not node.func:
            name = ast.unparse(node.func).rpartition(".")[2]
            if name not in _THROUGH:
                is_raised = isinstance(parents.get(node), ast.Raise)
                return f"raise {name}" if is_raised else name
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return f"= {ast.unparse(target)}"
        if isinstance(node, ast.stmt):
            return type(node).__name__.lower()
    return ""


if __name__ == "__main__":
    for found in error_texts():
        if not sys.argv[1:] or any(word in found.place for word in sys.argv[1:]):
            print(found.place)
