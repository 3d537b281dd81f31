"""How far a written picture or sound is off its time, measured on what it shows and plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aigc_edit.media import CELL_SECONDS, Thumbnail

_SAME_TIME = 0.004  # seconds; less than a picture at 200 a second
_APART = 1.5  # levels by which pictures differ that can be told apart after encoding
_FAR_APART = 3.0  # levels that no encoder's skipping of small changes explains
_FARTHEST_PICTURES = 3
_FARTHEST = 400  # cells of an envelope, 100 ms
_AUDIBLE = 1e-3  # -60 dBFS
_ALIKE = 0.7  # correlation below which it is not the same sound
_AS_GOOD = 0.02  # correlations that differ by less are equal
_WIDE = 20  # cells, 5 ms: peaks that are wider say nothing to a millisecond
_NOTHING = 1e-12
_CERTAIN = 0.2  # by which the place found correlates better than the place due


@dataclass(frozen=True, slots=True)
class Shift:
    """A measured shift in seconds, positive is late; `certain` where nothing else is likely."""

    seconds: float
    certain: bool

    def minus(self, other: Shift | None) -> Shift:
        """The shift against something that is itself shifted, where that was measured."""
        if other is None or not other.seconds:
            return self
        return Shift(self.seconds - other.seconds, other.certain)


def picture_shift(written: Sequence[Thumbnail], rendered: Sequence[Thumbnail]) -> Shift | None:
    """By how much pictures at a seam are late; None where they cannot be told apart.

    The written pictures are laid over the rendered ones at every shift of a few pictures. They
    are at their time unless another shift is clearly more alike.
    """
    places = _places(written, rendered)
    if not places:
        return None
    unlike = {
        by: worst
        for by in range(-_FARTHEST_PICTURES, _FARTHEST_PICTURES + 1)
        if (worst := _worst(written, rendered, places, by)) is not None
    }
    best = min(unlike, key=lambda by: (unlike[by], abs(by)))
    better = unlike[0] - unlike[best]
    if better > max(_APART, unlike[0] / 2):
        return Shift(_seconds(written, rendered, places, best), better > _FAR_APART)
    beside = [unlike[by] for by in (-1, 1) if by in unlike]
    told_apart = beside and max(beside) > unlike[0] + _APART
    return Shift(0.0, certain=True) if told_apart else None


def _places(written: Sequence[Thumbnail], rendered: Sequence[Thumbnail]) -> dict[int, int]:
    """Which rendered picture is due at the time of each written one, by number.

    The nearest one: a picture that begins with a span may follow the one before within a
    millisecond, where frame rates vary.
    """
    times = np.array([r.time for r in rendered])
    places = {}
    for number, thumbnail in enumerate(written):
        away = np.abs(times - thumbnail.time)
        if len(away) and away.min() <= _SAME_TIME:
            places[number] = int(away.argmin())
    return places


def _worst(
    written: Sequence[Thumbnail], rendered: Sequence[Thumbnail], places: dict[int, int], by: int
) -> float | None:
    """The largest difference of any pair at a shift; at a seam one picture tells it all."""
    pairs = [(w, r - by) for w, r in places.items() if 0 <= r - by < len(rendered)]
    return max((_unlike(written[w].image, rendered[r].image) for w, r in pairs), default=None)


def _seconds(
    written: Sequence[Thumbnail], rendered: Sequence[Thumbnail], places: dict[int, int], by: int
) -> float:
    pairs = [(w, r - by) for w, r in places.items() if 0 <= r - by < len(rendered)]
    return float(np.median([written[w].time - rendered[r].time for w, r in pairs]))


def _unlike(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Mean difference in levels; sizes may differ by the line that an encoder cuts off."""
    height, width = (min(sides) for sides in zip(one.shape, other.shape, strict=True))
    difference = one[:height, :width].astype(np.int16) - other[:height, :width]
    return float(np.abs(difference).mean())


def sound_shift(
    written: npt.NDArray[np.float32], rendered: npt.NDArray[np.float32]
) -> Shift | None:
    """By how much an envelope is late; None in silence, or where the sound repeats itself.

    The middle of the rendered envelope is laid over the written one at every shift of up to
    100 ms, and the shift of highest correlation (Pearson's) is taken, if it is a clear one.
    """
    middle = rendered[_FARTHEST:-_FARTHEST]
    if middle.max(initial=0) < _AUDIBLE or written.max(initial=0) < _AUDIBLE:
        return None
    alike = _correlations(written.astype(np.float64), middle.astype(np.float64))
    best = int(alike.argmax())
    good = np.flatnonzero(alike >= alike[best] - _AS_GOOD)
    if alike[best] < _ALIKE or good[-1] - good[0] > _WIDE:
        return None
    certain = float(alike[best] - alike[_FARTHEST]) > _CERTAIN
    return Shift((best - _FARTHEST) * float(CELL_SECONDS), certain)


def _correlations(
    long: npt.NDArray[np.float64], short: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Pearson's correlation of `short` with every piece of `long` of its length."""
    size = len(short)
    short = short - short.mean()
    sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (long, np.square(long)))
    total = sums[size:] - sums[:-size]
    energy = squares[size:] - squares[:-size] - total**2 / size
    scale = np.sqrt(np.maximum(energy, 0) * float(short @ short))
    dots = np.correlate(long, short, "valid")
    alike: npt.NDArray[np.float64] = dots / np.maximum(scale, _NOTHING)
    return alike
