"""Cues as pictures: words shaped and put in order by script, with outline or box."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from aigc_edit.stages.text import shaping

if TYPE_CHECKING:
    from aigc_edit.stages.text.fonts import FontChain

Rgb = tuple[int, int, int]
_STROKE = 0.07  # width of the outline, as a share of the size of the letters
_LEADING = 1.25  # distance of lines, as a share of that
_BOX_PAD = 0.3
_BASELINE = 0.35  # how far below the middle of a line letters stand, as such a share


@dataclass(frozen=True, slots=True)
class Paint:
    """How letters look.

    Attributes:
        box: opacity of a black box behind each line, 0 to 1.
    """

    colour: Rgb = (255, 255, 255)
    accent: Rgb = (255, 214, 0)
    outline: bool = True
    box: float = 0.0


@dataclass(frozen=True)
class Overlay:
    """What is put over a picture.

    Attributes:
        x, y: its upper left corner on the picture, pixels; both even.
        rgba: uint8 [h, w, 4]; both sides even.
    """

    x: int
    y: int
    rgba: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word on its line.

    Attributes:
        x: pixels from the left end of the line.
    """

    text: str
    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class _Line:
    """Words side by side.

    Attributes:
        left, middle: its left end, and the height of its middle, pixels.
    """

    pieces: Sequence[_Piece]
    left: float
    middle: float
    length: float


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Lines on a picture of a size (width, height); `pixels`: of the letters."""

    pixels: int
    leading: int
    size: tuple[int, int]
    lines: Sequence[_Line]


class CueArtist:
    """Draws lines of words for pictures of one size."""

    def __init__(self, fonts: FontChain, pixels: int, room: tuple[int, int], paint: Paint) -> None:
        """
        Args:
            pixels: size of the letters.
            room: width and height that lines may take, pixels; wider ones are drawn smaller.
        """
        self._fonts, self._pixels, self._room, self._paint = fonts, pixels, room, paint

    def drawn(self, lines: Sequence[Sequence[str]], *, accented: bool = False) -> Any:
        """A picture of lines of words, RGBA, just large enough; `accented`: all words stand out."""
        from PIL import Image, ImageDraw

        sheet = self._sheet(lines)
        image = Image.new("RGBA", sheet.size)
        pen = ImageDraw.Draw(image)
        for line in sheet.lines:
            if self._paint.box:
                self._box(pen, line, sheet.pixels)
            for piece in line.pieces:
                self._write(pen, piece, line, sheet.pixels, accented=accented)
        return image

    def boxes(self, lines: Sequence[Sequence[str]]) -> list[tuple[int, int, int, int]]:
        """The part of that picture that is each word's own: left, top, right, bottom.

        All of it is somebody's: what is between two words is parted in its middle.
        """
        sheet = self._sheet(lines)
        width, height = sheet.size
        middles = [line.middle for line in sheet.lines]
        rows = [0, *(round((a + b) / 2) for a, b in pairwise(middles)), height]
        found = {}
        for line, (top, bottom) in zip(sheet.lines, pairwise(rows), strict=True):
            ends = [(line.left + p.x, line.left + p.x + p.width) for p in line.pieces]
            edges = [0, *(round((a[1] + b[0]) / 2) for a, b in pairwise(ends)), width]
            for piece, (left, right) in zip(line.pieces, pairwise(edges), strict=True):
                found[piece.number] = (left, top, right, bottom)
        return [found[number] for number in sorted(found)]

    def _sheet(self, lines: Sequence[Sequence[str]]) -> _Sheet:
        pixels = self._fitting(lines)
        placed = list(self._placed(lines, pixels))
        pad, leading = round(pixels * (_BOX_PAD + _STROKE)) + 1, round(pixels * _LEADING)
        widths = [max((piece.x + piece.width for piece in line), default=0) for line in placed]
        width = round(max(widths)) + 2 * pad
        rows = (
            _Line(pieces, (width - length) / 2, pad + leading * (row + 0.5), length)
            for row, (pieces, length) in enumerate(zip(placed, widths, strict=True))
        )
        return _Sheet(pixels, leading, (width, leading * len(placed) + 2 * pad), tuple(rows))

    def _fitting(self, lines: Sequence[Sequence[str]]) -> int:
        """The size of letters at which the lines fit the room."""
        widest = max(self._length(line, self._pixels) for line in lines)
        pad = 2 * self._pixels * (_BOX_PAD + _STROKE) + 4
        height = len(lines) * _LEADING * self._pixels + pad
        share = min(1.0, self._room[0] / (widest + pad), self._room[1] / height)
        return max(1, int(self._pixels * share))

    def _length(self, words: Sequence[str], pixels: int) -> float:
        return sum(self._width(word, pixels) for word in words) if words else 0.0

    def _width(self, word: str, pixels: int) -> float:
        """Of a word with the space before it."""
        runs = self._fonts.runs(word)
        return sum(float(font.sized(pixels).getlength(text)) for text, font in runs)

    def _placed(self, lines: Sequence[Sequence[str]], pixels: int) -> Iterator[list[_Piece]]:
        number = 0
        for words in lines:
            order = visual_order(words)
            pieces, x = [], 0.0
            for place, index in enumerate(order):
                text = words[index].strip()
                # The space stands before a word in the order of speech, on whichever side that is.
                gap = place > 0 and (" " in words[index][:1] or " " in words[order[place - 1]][:1])
                x += self._width(" ", pixels) if gap else 0.0
                width = self._width(text, pixels)
                pieces.append(_Piece(text, number + index, x, width))
                x += width
            number += len(words)
            yield pieces

    def _box(self, pen: Any, line: _Line, pixels: int) -> None:
        pad, half = pixels * _BOX_PAD, pixels * _LEADING / 2
        box = (
            line.left - pad,
            line.middle - half,
            line.left + line.length + pad,
            line.middle + half,
        )
        pen.rounded_rectangle(box, pixels * 0.2, fill=(0, 0, 0, round(255 * self._paint.box)))

    def _write(self, pen: Any, piece: _Piece, line: _Line, pixels: int, *, accented: bool) -> None:
        colour = self._paint.accent if accented else self._paint.colour
        stroke = max(1, round(pixels * _STROKE)) if self._paint.outline else 0
        x = line.left + piece.x
        for text, font in self._fonts.runs(piece.text):
            sized = font.sized(pixels)
            pen.text(
                (x, line.middle + pixels * _BASELINE),
                text,
                font=sized,
                fill=(*colour, 255),
                anchor="ls",
                direction=_asked_direction(text),
                stroke_width=stroke,
                stroke_fill=(0, 0, 0, 255),
            )
            x += sized.getlength(text)


def _direction(text: str) -> str:
    """`R`, `L` or, for digits and signs alone, nothing: that of the first letter."""
    for sign in text:
        kind = unicodedata.bidirectional(sign)
        if kind in shaping.RIGHT_TO_LEFT:
            return "R"
        if kind == "L":
            return "L"
    return ""


def _asked_direction(text: str) -> str | None:
    """What is asked of Pillow, which takes no direction where it cannot shape."""
    if not shaping.is_there():
        return None
    return "rtl" if _direction(text) == "R" else "ltr"


def visual_order(words: Sequence[str]) -> list[int]:
    """Places of words from left to right, as Unicode's bidirectional algorithm has it (UAX 9,
    rules P2 and L2, a word at a time).

    >>> visual_order(["one", " two"]), visual_order(["\\u0645\\u0631", " one", " two"])
    ([0, 1], [1, 2, 0])
    """
    kinds = [_direction(word) for word in words]
    base = 1 if next((kind for kind in kinds if kind), "L") == "R" else 0
    levels = []
    for word, kind in zip(words, kinds, strict=True):
        digits = any(unicodedata.bidirectional(sign) in ("EN", "AN") for sign in word)
        if base:
            levels.append(2 if kind == "L" or (not kind and digits) else 1)
        else:
            levels.append(1 if kind == "R" else 0)
    order = list(range(len(words)))
    for level in range(max(levels, default=0), 0, -1):
        order = _reversed_runs(order, [levels[place] >= level for place in order])
    return order


def _reversed_runs(order: list[int], marked: Sequence[bool]) -> list[int]:
    found: list[int] = []
    run: list[int] = []
    for place, mark in zip(order, marked, strict=True):
        if mark:
            run.insert(0, place)
        else:
            found += [*run, place]
            run = []
    return found + run


def placed(
    image: Any, size: tuple[int, int], where: Literal["bottom", "middle", "top"], margin: float
) -> Overlay:
    """A picture of a cue on frames of a size (width, height), within the safe area.

    Args:
        margin: of each side, as a share of the height or width.
    """
    width, height = size
    pixels = np.asarray(image, np.uint8)
    # Even corner and sides, so that each sample of chroma belongs to it whole.
    x = max(0, (width - pixels.shape[1]) // 2) // 2 * 2
    free = height - pixels.shape[0]
    top = {"top": margin * height, "middle": free / 2, "bottom": free - margin * height}[where]
    y = max(0, min(free, round(top))) // 2 * 2
    pixels = pixels[: height - y, : width - x]
    odd = ((0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0))
    return Overlay(x, y, np.pad(pixels, odd))
