"""The main colours of every shot, as a track of its own kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from aigc_edit.api import EditList, Span, Track

_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Color:
    """A colour (sRGB, `#rrggbb`) and the share of the picture that it fills, 0 to 1."""

    hex: str
    share: float

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise ValueError(f"{self.hex!r} is no colour such as #1f7a8c")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one shot, the largest share first; none where no frame was looked at."""

    span: Span
    colors: tuple[Color, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "span", self.span.on_clock())


@dataclass(frozen=True)
class Palettes(Track):
    """Palettes in order of time."""

    palettes: tuple[Palette, ...] = ()

    def __iter__(self) -> Iterator[Palette]:
        return iter(self.palettes)

    def __len__(self) -> int:
        return len(self.palettes)

    def to_json(self) -> dict[str, Any]:
        return {"palettes": [_palette_json(palette) for palette in self.palettes]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(data["name"], tuple(map(_palette, data["palettes"])))

    def in_output(self, edits: EditList) -> Self:
        moved = (
            Palette(piece, palette.colors)
            for palette in self.palettes
            for piece in edits.to_output(palette.span)
        )
        # An edit list may turn the order of shots around.
        return type(self)(self.name, tuple(sorted(moved, key=lambda palette: palette.span)))


def _palette_json(palette: Palette) -> dict[str, Any]:
    return {
        "start": float(palette.span.start),
        "end": float(palette.span.end),
        "colors": [{"hex": color.hex, "share": color.share} for color in palette.colors],
    }


def _palette(data: dict[str, Any]) -> Palette:
    colors = (Color(color["hex"], float(color["share"])) for color in data["colors"])
    return Palette(Span(Fraction(data["start"]), Fraction(data["end"])), tuple(colors))
