"""Keys of nodes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from flowpipe_deadline.core.names import safe_name, unique_keys

RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)")


@given(
    st.lists(
        st.text(max_size=100) | st.sampled_from(["con", "CON", "a-2", "a", "A", "", ".", "x" * 10_000]), max_size=20
    )
)
def test_keys_are_safe_and_distinct(names):
    """Letters, digits, dash and underscore, at most 80, distinct, and no device of Windows."""
    keys = list(unique_keys(names))

    assert len({key.lower() for key in keys}) == len(names)
    for key in keys:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", key)
        assert not RESERVED.fullmatch(key)


def test_readable_names_stay_as_they_are():
    """A good name is its own key."""
    assert list(unique_keys(["Render_beauty", "check-1"])) == ["Render_beauty", "check-1"]


def test_accents_are_dropped_and_other_scripts_replaced():
    """What cannot be spelt in ASCII still gives a name."""
    assert safe_name("Größe") == "Groe"
    assert safe_name("渲染") == "node"
