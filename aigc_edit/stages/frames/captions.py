"""What is said, on the picture."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    FilterContext,
    FrameFilter,
    Planes,
    StageOptions,
    Transcript,
    option,
)
from aigc_edit.stages.text import CueStyle
from aigc_edit.stages.text.drawing import CueArtist, Overlay, Paint, placed

if TYPE_CHECKING:
    from torch import Tensor

    from aigc_edit.stages.text import Cue

T = TypeVar("T")
Floats = npt.NDArray[np.float32]
Style = Literal["plain", "boxed", "karaoke", "pop"]
_LETTER = 0.55  # width of a letter, as a share of its size
_SAFE = 0.9  # of the width may be filled (EBU R95 keeps 5 % on each side free)
_TALL = 0.6  # of the height
_KEPT, _CUES_KEPT = 8, 2  # stamps and drawings that are held
# Luma weights of red and blue (BT.709, BT.601).
_WEIGHTS = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}


@dataclass(frozen=True, slots=True)
class Look:
    """A style.

    Attributes:
        size: of letters, as a share of the picture's shorter side.
        columns: most columns of a line.
        accents: whether the word that is being said stands out.
    """

    paint: Paint
    size: float = 0.055
    columns: int = 42
    lines: int = 2
    accents: bool = False
    position: Literal["bottom", "middle"] = "bottom"


LOOKS: Mapping[Style, Look] = {
    "plain": Look(Paint()),
    "boxed": Look(Paint(outline=False, box=0.65)),
    "karaoke": Look(Paint(), accents=True),
    "pop": Look(Paint(), size=0.1, columns=18, accents=True, position="middle"),
}


@dataclass(frozen=True)
class _Stamp:
    """An overlay in the planes of a frame: `value * alpha` and `255 - alpha`, int32."""

    x: int
    y: int
    planes: tuple[tuple[Tensor, Tensor], ...]

    def with_part(self, other: _Stamp, box: tuple[int, int, int, int]) -> _Stamp:
        """This one, but for a box that another one of its size has: left, top, right, bottom.

        A sample of chroma belongs to the box that its left upper pixel lies in.
        """
        changed = []
        for ours, theirs, step in zip(self.planes, other.planes, (1, 2, 2), strict=True):
            left, top, right, bottom = (-(-place // step) for place in box)
            value, inverse = ours[0].clone(), ours[1].clone()
            for mine, new in zip((value, inverse), theirs, strict=True):
                mine[top:bottom, left:right] = new[top:bottom, left:right]
            changed.append((value, inverse))
        return replace(self, planes=tuple(changed))


@dataclass(frozen=True)
class _Drawing:
    """A cue without an accent and with nothing else, and where its words stand."""

    plain: _Stamp
    accented: _Stamp
    boxes: Sequence[tuple[int, int, int, int]]


class _Recent(dict[Hashable, T]):
    """What was made last; an `lru_cache` of a method would tie its stage into a cycle."""

    def __init__(self, most: int) -> None:
        self._most = most

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self:
            if len(self) == self._most:
                del self[next(iter(self))]
            self[key] = make()
        return self[key]


class Captions(FrameFilter):
    """Burns in what is said: plain, boxed, karaoke (word by word) or pop (large, for short videos).

    The frame is written once, with its captions; `subtitles` writes them beside it instead.
    """

    name = "captions"
    pixels = "yuv"
    reads = (Transcript.named("transcript"),)

    class Options(StageOptions):
        """Options of captions."""

        style: Style = option("plain", help="How captions look.")
        size: float | None = option(
            None, gt=0, le=0.5, help="Of letters, as a share of the picture's shorter side."
        )
        position: Literal["bottom", "middle", "top"] | None = option(
            None, help="Where they stand; by default as the style has it."
        )
        margin: float = option(
            0.06, ge=0, le=0.4, help="Kept free above or below, as a share of the height."
        )
        font: str = option("", help="A name such as DejaVu Sans, or a file; others fill its gaps.")
        columns: int | None = option(
            None, ge=8, le=100, help="Most columns of a line; wide signs take two."
        )
        lines: int | None = option(None, ge=1, le=4, help="Most lines at once.")

    options: Options
    _cues: tuple[Cue, ...] = ()
    _said = Transcript("transcript")

    def begin(self, context: FilterContext) -> None:
        from aigc_edit.stages.text import lay_out
        from aigc_edit.stages.text.fonts import FontChain

        self._context, self._look = context, self._chosen_look()
        side = min(context.width, context.height)
        pixels = max(8, round(self._look.size * side))
        room = int(_SAFE * context.width)
        self._style = CueStyle(
            columns=min(self._look.columns, max(8, int(room / (_LETTER * pixels)))),
            lines=self._look.lines,
        )
        self._said = context.tracks.get(Transcript, "transcript")
        self._cues = lay_out(self._said, self._style, end=context.tracks.duration)
        self._starts = [cue.span.start for cue in self._cues]
        fonts = FontChain(self.options.font)
        fonts.check(text for cue in self._cues for text in cue.texts)
        self._artist = CueArtist(
            fonts, pixels, (room, int(_TALL * context.height)), self._look.paint
        )
        self._drawings: _Recent[_Drawing] = _Recent(_CUES_KEPT)
        self._stamps: _Recent[_Stamp] = _Recent(_KEPT)

    def report(self) -> Mapping[str, float | str]:
        from aigc_edit.stages.text import shortfalls, silence

        if not self._cues:
            return {"cues": 0, **silence(self._said, "captions were drawn")}
        note = shortfalls(self._cues, self._style).note
        return {"cues": len(self._cues), **({"note": note} if note else {})}

    def _chosen_look(self) -> Look:
        options, look = self.options, LOOKS[self.options.style]
        return replace(
            look,
            size=options.size or look.size,
            columns=options.columns or look.columns,
            lines=options.lines or look.lines,
        )

    def apply_planes(self, planes: Planes, times: Sequence[Fraction]) -> Planes:
        shown = [self._shown(time) for time in times]
        if not any(shown):
            return planes
        y, u, v = planes.y.clone(), planes.u.clone(), planes.v.clone()
        for frame, what in enumerate(shown):
            if what is not None:
                stamped = self._stamps.of(what, partial(self._stamp, *what))
                self._put(stamped, (y[frame], u[frame], v[frame]))
        return Planes(y, u, v)

    def _shown(self, time: Fraction) -> tuple[int, int | None] | None:
        """The number of the cue at a time, and that of the word that stands out."""
        number = bisect_right(self._starts, time) - 1
        if number < 0 or time >= self._cues[number].span.end:
            return None
        return number, _spoken(self._cues[number], time) if self._look.accents else None

    def _stamp(self, number: int, accented: int | None) -> _Stamp:
        drawing = self._drawings.of(number, partial(self._draw, number))
        if accented is None or not 0 <= accented < len(drawing.boxes):
            return drawing.plain
        return drawing.plain.with_part(drawing.accented, drawing.boxes[accented])

    def _draw(self, number: int) -> _Drawing:
        lines = [[word.text for word in line] for line in self._cues[number].lines]
        plain = self._placed(self._artist.drawn(lines))
        if not self._look.accents:
            return _Drawing(plain, plain, ())
        accented = self._placed(self._artist.drawn(lines, accented=True))
        return _Drawing(plain, accented, self._artist.boxes(lines))

    def _placed(self, image: Any) -> _Stamp:
        size = (self._context.width, self._context.height)
        where = self.options.position or self._look.position
        return stamp(placed(image, size, where, self.options.margin), self._context)

    def _put(self, stamped: _Stamp, frame: tuple[Tensor, ...]) -> None:
        for plane, (value, inverse), step in zip(frame, stamped.planes, (1, 2, 2), strict=True):
            x, y = stamped.x // step, stamped.y // step
            height, width = value.shape
            part = plane[y : y + height, x : x + width]
            height, width = part.shape  # an odd side has no room for the last line
            mixed = part * inverse[:height, :width] + value[:height, :width]
            part.copy_(_by_255(mixed))


def _by_255(products: Tensor) -> Tensor:
    """Products of two bytes, divided by 255 and rounded: exact, and quicker than a division."""
    shifted = products + 128
    return (shifted + (shifted >> 8)) >> 8


def _spoken(cue: Cue, time: Fraction) -> int | None:
    """The number of the last word that has begun."""
    return bisect_right([word.span.start for word in cue.words], time) - 1


def stamp(overlay: Overlay, context: FilterContext) -> _Stamp:
    """An overlay as planes of limited range, in the matrix of the frames."""
    rgb: Floats = overlay.rgba[..., :3].astype(np.float32) / np.float32(255)
    alpha: Floats = overlay.rgba[..., 3].astype(np.float32)
    red, blue = _WEIGHTS[context.matrix]
    r, g, b = (rgb[..., channel] for channel in range(3))  # a product of matrices takes longer
    luma: Floats = r * np.float32(red) + g * np.float32(1 - red - blue) + b * np.float32(blue)
    cb: Floats = (b - luma) / np.float32(2 * (1 - blue))
    cr: Floats = (r - luma) / np.float32(2 * (1 - red))
    planes = (
        (16 + 219 * luma, alpha),
        _halved(128 + 224 * cb, alpha),
        _halved(128 + 224 * cr, alpha),
    )
    ready = tuple(_ready(value, shown, context.device) for value, shown in planes)
    return _Stamp(overlay.x, overlay.y, ready)


def _halved(value: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Half the size: the mean of four, those that show more counting more."""
    import cv2

    size = (alpha.shape[1] // 2, alpha.shape[0] // 2)
    weight = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(value * alpha, size, interpolation=cv2.INTER_AREA)
    return total / np.maximum(weight, 1e-3), weight


def _ready(value: Floats, alpha: Floats, device: str) -> tuple[Tensor, Tensor]:
    import torch

    shown = np.rint(alpha).astype(np.int32)
    product = np.rint(value).astype(np.int32) * shown
    return torch.from_numpy(product).to(device), torch.from_numpy(255 - shown).to(device)
