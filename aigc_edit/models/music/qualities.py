"""What can be counted of a piece, so that written pieces can be set beside those of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import numpy as np
import numpy.typing as npt

from aigc_edit.models.music.notes import Mode, Note, Piece
from aigc_edit.models.music.rules import scale

Histogram = npt.NDArray[np.float64]
_LOW, _HIGH = 5, 95  # percentiles of a corpus between which a piece is like it


def pitch_classes(piece: Piece) -> Histogram:
    """The share of time of each pitch class, from the tonic up; float64 [12], its sum is 1."""
    heard = np.zeros(12)
    for note in piece.notes:
        heard[(note.pitch - piece.key.tonic) % 12] += note.duration
    found: Histogram = heard / heard.sum()
    return found


def in_key(piece: Piece) -> float:
    """The share of time in which voices keep to the key."""
    inside = scale(piece.key)
    kept = sum(note.duration for note in piece.notes if note.pitch % 12 in inside)
    return kept / sum(note.duration for note in piece.notes)


def crossing(piece: Piece) -> float:
    """The share of sixteenths in which a voice is above the one that should be higher."""
    lines = [_sounding(line, piece.length) for line in piece.lines]
    crossed = np.zeros(piece.length, np.bool_)
    for upper, lower in pairwise(lines):
        crossed |= (upper < lower) & (upper > 0)
    return float(crossed.mean())


def compass(piece: Piece) -> float:
    """Semitones from the lowest to the highest note of a voice, their mean."""
    spans = [[note.pitch for note in line] for line in piece.lines if line]
    return fmean(max(pitches) - min(pitches) for pitches in spans)


def repeated_bars(piece: Piece) -> float:
    """The share of bars that were there before, note by note."""
    bars: dict[int, list[tuple[int, ...]]] = {}
    for note in piece.notes:
        bar, place = divmod(piece.entry + note.start, piece.meter.bar)
        bars.setdefault(bar, []).append((place, note.voice, note.duration, note.pitch))
    return 1 - len({tuple(bar) for bar in bars.values()}) / len(bars)


def density(piece: Piece) -> float:
    """Notes that begin in a quarter, for each voice."""
    return piece.density


QUALITIES: Mapping[str, Callable[[Piece], float]] = {
    "in key": in_key,
    "compass of a voice": compass,
    "voices crossed": crossing,
    "repeated bars": repeated_bars,
    "notes a beat and voice": density,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quality of written pieces beside that of a corpus.

    Attributes:
        low, middle, high: 5th, 50th and 95th percentile of the corpus.
        written: median of what was written.
        within: share of it from `low` to `high`; of the corpus itself, nine in ten.
    """

    low: float
    middle: float
    high: float
    written: float
    within: float

    @classmethod
    def of(cls, corpus: Sequence[float], written: Sequence[float]) -> Comparison:
        low, middle, high = (float(v) for v in np.percentile(corpus, (_LOW, 50, _HIGH)))
        inside = [low <= value <= high for value in written]
        return cls(low, middle, high, float(np.median(written)), fmean(inside))


def compared(corpus: Sequence[Piece], written: Sequence[Piece]) -> dict[str, Comparison]:
    """All qualities, and how far pitch classes are from what the corpus has in the same mode."""
    found = {
        name: Comparison.of([*map(quality, corpus)], [*map(quality, written)])
        for name, quality in QUALITIES.items()
    }
    modes: tuple[Mode, ...] = ("major", "minor")
    usual = {mode: _usual(corpus, mode) for mode in modes}
    far = [[_distance(piece, usual) for piece in pieces] for pieces in (corpus, written)]
    return found | {"pitch classes, distance": Comparison.of(*far)}


def _usual(corpus: Sequence[Piece], mode: Mode) -> Histogram:
    them = [pitch_classes(piece) for piece in corpus if piece.key.mode == mode]
    return np.mean(them, axis=0) if them else np.full(12, 1 / 12)


def _distance(piece: Piece, usual: Mapping[Mode, Histogram]) -> float:
    """Total variation, 0 to 1."""
    return float(np.abs(pitch_classes(piece) - usual[piece.key.mode]).sum() / 2)


def _sounding(line: Sequence[Note], length: int) -> npt.NDArray[np.int64]:
    """The pitch of a voice in each sixteenth, 0 where it is silent; int64 [length]."""
    found = np.zeros(length, np.int64)
    for note in line:
        found[note.start : note.end] = note.pitch
    return found
