"""What is wrong with a setting, in words."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a setting."""

    setting: str
    """Its name; of a key among ``job_info``, that too: ``job_info.Priority``."""
    message: str

    def __str__(self) -> str:
        return self.message


def suggestion(name: str, known: Collection[str], *, otherwise: str) -> str:
    """``Did you mean …?`` for a name that is none of the known, else what is to be said otherwise.

    >>> suggestion("prioritty", ["pool", "priority"], otherwise="")
    "Did you mean 'priority'?"
    """
    guess = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean '{guess[0]}'?" if guess else otherwise
