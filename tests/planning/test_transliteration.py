"""Names of other scripts in ASCII."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowpipe_deadline.core.names import safe_name
from flowpipe_deadline.planning.transliteration import spelt_in_ascii

LATIN = st.characters(max_codepoint=0x2FF) | st.characters(min_codepoint=0x1E00, max_codepoint=0x1EFF)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Кадр_010", "Kadr_010"),
        ("Йод", "Yod"),
        ("渲染", "XuanRan"),
        ("レンダー", "renda"),
        ("작업", "JagEob"),
        ("Απόδοση", "Apodosi"),
        ("shot_合成_v2", "shot_HeCheng_v2"),
        ("रेंडर", "remdr"),
        ("🎬", "node"),
    ],
)
def test_a_key_can_be_read(name, key):
    """Also of a name whose characters are taken apart, as file names are on macOS."""
    assert safe_name(spelt_in_ascii(name)) == key
    assert safe_name(spelt_in_ascii(unicodedata.normalize("NFD", name))) == key


@given(st.text(LATIN | st.sampled_from("…–—“”€№½²™①Ａ１：（\u0301\u0308")))
def test_names_that_had_a_key_keep_it(name):
    """Those in ASCII, with accents, signs, and what is only another form of an ASCII letter."""
    assert safe_name(spelt_in_ascii(name)) == safe_name(name)


@given(st.text())
def test_any_name_can_be_spelt(name):
    """And what is in ASCII stays as it is."""
    spelt = spelt_in_ascii(name)

    assert not name.isascii() or spelt == name
    assert safe_name(spelt)
