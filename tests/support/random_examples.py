"""How many random examples a test tries."""

from __future__ import annotations

from hypothesis import settings

THOROUGH = 5000


def examples(count: int) -> int:
    """This many, or thousands with ``--hypothesis-profile=thorough``."""
    return THOROUGH if settings.get_current_profile_name() == "thorough" else count
