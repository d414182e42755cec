"""Spells names of other scripts in ASCII, for keys and folders; tables and Deadline show the names themselves."""

from __future__ import annotations

import unicodedata

_LATIN = 0x2FF  # The last of the characters that Latin names are made of, with accents and signs.


def spelt_in_ascii(name: str) -> str:
    """The name with the letters and digits of other scripts than Latin spelt in ASCII; anything else as it is.

    So names that had a key without this keep it.

    >>> spelt_in_ascii("Кадр_010"), spelt_in_ascii("渲染"), spelt_in_ascii("Größe 1")
    ('Kadr_010', 'XuanRan', 'Größe 1')
    """
    if name.isascii():
        return name
    composed = unicodedata.normalize("NFC", name)  # As macOS takes file names apart: й, and whole syllables of Hangul.
    if not any(map(_is_foreign, composed)):
        return name
    from anyascii import anyascii  # noqa: PLC0415 (few graphs need it)

    return "".join(anyascii(character) if _is_foreign(character) else character for character in composed)


def _is_foreign(character: str) -> bool:
    """Whether it is a letter, mark or digit of another script, and no variant of an ASCII one."""
    if ord(character) <= _LATIN or unicodedata.category(character)[0] not in "LMN":
        return False
    if unicodedata.normalize("NFKD", character).encode("ascii", "ignore"):
        return False
    return not unicodedata.name(character, "").startswith(("LATIN ", "COMBINING "))
