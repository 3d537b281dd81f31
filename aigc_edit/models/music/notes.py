"""What a piece of music is: notes of voices on a grid of sixteenths, with key and metre."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

LOWEST, HIGHEST = 21, 108  # pitches of a piano, as MIDI numbers them
MOST_VOICES = 8
_SIXTEENTHS = 16  # of a whole note

_NAMES = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")

Mode = Literal["major", "minor"]


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A pitch that begins at a sixteenth and lasts some.

    Attributes:
        start: sixteenths from the beginning of the piece.
        voice: 0 is the highest line.
        duration: sixteenths, 1 or more.
        pitch: MIDI number, 60 is the middle C.
    """

    start: int
    voice: int
    duration: int
    pitch: int

    def __post_init__(self) -> None:
        if self.start < 0 or self.duration < 1:
            raise ValueError(f"a note cannot last {self.duration} from {self.start}")
        if not LOWEST <= self.pitch <= HIGHEST:
            raise ValueError(f"no such pitch: {self.pitch}")
        if not 0 <= self.voice < MOST_VOICES:
            raise ValueError(f"no such voice: {self.voice}")

    @property
    def end(self) -> int:
        """The sixteenth at which it is no longer heard."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class Meter:
    """So many beats to the bar, each so much of a whole note: Meter(3, 4) is three quarters."""

    beats: int
    unit: int

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"

    @property
    def beat(self) -> int:
        """Sixteenths of a beat."""
        return _SIXTEENTHS // self.unit

    @property
    def bar(self) -> int:
        """Sixteenths of a bar."""
        return self.beats * self.beat


METERS = tuple(
    Meter(*sizes)
    for sizes in (
        *((2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (2, 2), (3, 2), (4, 2)),
        *((2, 8), (3, 8), (4, 8), (6, 8), (9, 8), (12, 8), (6, 16)),
    )
)


@dataclass(frozen=True)
class Key:
    """The tonic as a pitch class (0 is C), and the mode."""

    tonic: int
    mode: Mode

    def __post_init__(self) -> None:
        if not 0 <= self.tonic < 12 or self.mode not in ("major", "minor"):
            raise ValueError(f"no such key: {self.tonic} {self.mode}")

    def __str__(self) -> str:
        return f"{_NAMES[self.tonic]} {self.mode}"


@dataclass(frozen=True)
class Piece:
    """Voices that each sound one note at a time.

    Attributes:
        key: where it is at home.
        meter: the same for all bars.
        voices: how many lines there are, silent ones too.
        notes: in the order of time, then of voices.
        entry: the sixteenth of the bar at which the piece begins; 0 is a full bar.
        phrases: sixteenths at which the last notes of phrases begin (fermatas), rising.
    """

    key: Key
    meter: Meter
    voices: int
    notes: tuple[Note, ...]
    entry: int = 0
    phrases: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.meter not in METERS or not 0 <= self.entry < self.meter.bar:
            raise ValueError(f"no bar of {self.meter} begins at sixteenth {self.entry}")
        if not self.notes or list(self.notes) != sorted(self.notes):
            raise ValueError("a piece is one or more notes in the order of time and voice")
        if not max(note.voice for note in self.notes) < self.voices <= MOST_VOICES:
            raise ValueError(f"these are not the notes of {self.voices} voices")
        if list(self.phrases) != sorted({t for t in self.phrases if 0 <= t < self.length}):
            raise ValueError("phrases end in the piece, one after the other")
        for before, after in (pair for line in self.lines for pair in pairwise(line)):
            if after.start < before.end:
                raise ValueError(f"voice {after.voice} has two notes at sixteenth {after.start}")

    @cached_property
    def length(self) -> int:
        """Sixteenths until nothing sounds any more."""
        return max(note.end for note in self.notes)

    @cached_property
    def lines(self) -> tuple[tuple[Note, ...], ...]:
        """The notes of each voice."""
        found: dict[int, list[Note]] = defaultdict(list)
        for note in self.notes:
            found[note.voice].append(note)
        return tuple(tuple(found[voice]) for voice in range(self.voices))

    @property
    def density(self) -> float:
        """Notes that begin in a beat of a quarter, for each voice that sounds at all."""
        sounding = sum(1 for line in self.lines if line)
        return 4 * len(self.notes) / (self.length * sounding)


# How well each degree fits a key to the ear (Krumhansl & Kessler 1982).
_PROFILES: dict[Mode, tuple[float, ...]] = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}


def key_of(notes: Iterable[Note]) -> Key:
    """The key whose profile goes best with how long each pitch class sounds.

    Krumhansl 1990, "Cognitive Foundations of Musical Pitch", chapter 4.
    """
    heard = [0.0] * 12
    for note in notes:
        heard[note.pitch % 12] += note.duration
    keys = [Key(tonic, mode) for mode in _PROFILES for tonic in range(12)]
    return max(keys, key=lambda key: _fit(heard, key))


def _fit(heard: list[float], key: Key) -> float:
    """The correlation, but for what is the same in all keys of a mode."""
    profile = _PROFILES[key.mode]
    mean = sum(profile) / 12
    around = [value - mean for value in profile]
    product = sum(heard[(key.tonic + degree) % 12] * around[degree] for degree in range(12))
    return product / math.hypot(*around)
