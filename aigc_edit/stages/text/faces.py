"""What the fonts of a file are called, by their own tables (OpenType: name, OS/2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FAMILY, _FULL, _LARGE_FAMILY = 1, 4, 16  # numbers of names; 16: with all weights and widths
_REGULAR, _NORMAL_WIDTH = 400, 5
_ITALIC = 1  # bit of OS/2.fsSelection


@dataclass(frozen=True, slots=True)
class Face:
    """One font of a file.

    Attributes:
        number: its place in a collection.
        full, families: its names as `plain` has them, in all languages.
        oddness: the less, the more it is the regular one of its family.
    """

    number: int
    full: frozenset[str]
    families: frozenset[str]
    oddness: tuple[bool, int, int] = (False, 0, 0)

    def likeness(self, wanted: str) -> tuple[bool, bool, int, int] | None:
        """How well a plain name fits, the least is the best; None where it is another one's."""
        if wanted not in self.full | self.families:
            return None
        return (wanted not in self.full, *self.oddness)


def plain(name: str) -> str:
    """A name without what people spell differently.

    >>> plain("Noto Sans CJK SC") == plain("NotoSans-CJK_sc")
    True
    """
    return "".join(sign for sign in name.lower() if sign.isalnum())


@cache
def faces(path: Path) -> tuple[Face, ...]:
    """The fonts of a file; none where it is broken."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    collection = path.suffix.lower() in (".ttc", ".otc")
    kind = TTCollection if collection else TTFont
    try:
        with path.open("rb") as file, kind(file, lazy=True) as opened:
            found = opened.fonts if collection else [opened]
            return tuple(_face(number, font) for number, font in enumerate(found))
    except (TTLibError, OSError, AssertionError, KeyError, struct.error):
        return ()


def _face(number: int, font: Any) -> Face:
    full = frozenset(_names(font, _FULL))
    return Face(number, full, frozenset(_names(font, _FAMILY, _LARGE_FAMILY)), _oddness(font))


def _names(font: Any, *wanted: int) -> Iterator[str]:
    for record in font["name"].names:
        if record.nameID in wanted:
            yield plain(record.toUnicode(errors="replace"))


def _oddness(font: Any) -> tuple[bool, int, int]:
    facts = font["OS/2"]
    width, weight = abs(facts.usWidthClass - _NORMAL_WIDTH), abs(facts.usWeightClass - _REGULAR)
    return bool(facts.fsSelection & _ITALIC), width, weight
