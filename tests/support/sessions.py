"""A notebook without a notebook: what is typed lands in ``__main__``, and its text where IPython keeps it."""

from __future__ import annotations

import ast
import linecache
import textwrap
from itertools import count
from types import ModuleType

_numbers = count()


class Session:
    """A module named ``__main__`` without a file. ``session.name`` is what a name means in it."""

    def __init__(self, *, file=None):
        self.module = ModuleType("__main__")
        if file is not None:
            self.module.__file__ = file

    def __getattr__(self, name):
        return getattr(self.module, name)

    def type(self, text, *, is_kept=True, is_apart=False):
        """Runs a cell, ``is_apart`` statement by statement, as IPython does.

        Its text is forgotten if it is not to be kept, as at the prompt before Python 3.13.
        """
        text = textwrap.dedent(text).lstrip("\n")
        name = f"<cell {next(_numbers)}>"
        if is_kept:
            linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        tree = ast.parse(text)
        for part in [ast.Module([statement], []) for statement in tree.body] if is_apart else [tree]:
            exec(compile(part, name, "exec", dont_inherit=True), vars(self.module))
        return self
