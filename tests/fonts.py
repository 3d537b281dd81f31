"""Fonts of a few signs, so that no test asks what is installed."""

from __future__ import annotations

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

_EM = 1000  # units


def made(
    family: str,
    style: str = "Regular",
    weight: int = 400,
    *,
    italic: bool = False,
    signs: str = "A",
) -> TTFont:
    """A font that draws each of its signs as the same filled square."""
    names = [".notdef", *(f"uni{ord(sign):04X}" for sign in signs)]
    builder = FontBuilder(_EM)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(map(ord, signs), names[1:], strict=True)))
    builder.setupGlyf(dict.fromkeys(names, _square()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (_EM, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    full = family if style == "Regular" else f"{family} {style}"
    builder.setupNameTable({"familyName": family, "styleName": style, "fullName": full})
    builder.setupOS2(usWeightClass=weight, fsSelection=int(italic))
    builder.setupPost()
    return builder.font


def _square() -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in [(100, 700), (900, 700), (900, 0)]:
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()
