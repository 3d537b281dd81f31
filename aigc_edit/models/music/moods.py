"""Moods: what kind of piece, how fast, and who plays it how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aigc_edit.models.music.notes import Mode
from aigc_edit.models.music.performance import Part
from aigc_edit.models.music.timing import TempoRange

Manner = Literal["sung", "held", "short", "broken", "pulse"]
Lines = Literal["all", "top", "inner", "bass"]


@dataclass(frozen=True)
class Layer:
    """An instrument, and what it makes of the voices.

    Attributes:
        lines: the voices that it plays: the highest, the lowest, those between.
        manner: `sung` as they are written, `held` with notes that repeat tied, `short` and
            apart, `broken` one pitch of them after the other in eighths, `pulse` all of them
            struck in eighths.
        octave: how much higher or lower.
        strength: MIDI velocity around which it plays.
    """

    part: Part
    lines: Lines
    manner: Manner = "sung"
    octave: int = 0
    strength: int = 76


@dataclass(frozen=True)
class Mood:
    """What a mood means.

    Attributes:
        density: which quarter of the corpus, 0 has the fewest notes.
        ring: seconds that the last chord has at least, where the film is long enough.
        tonics: pitch classes that suit the instruments; the seed chooses.
    """

    mode: Mode
    tempo: TempoRange
    density: int
    layers: tuple[Layer, ...]
    ring: float = 2.5
    tonics: tuple[int, ...] = (0, 2, 5, 7, 9)


# Levels put the tune 2 to 8 LU above each other part, measured alone; the organ plays it, too.
# Programs of General MIDI 1, counted from 0.
_PIANO, _GUITAR, _MARIMBA, _ORGAN = 0, 24, 12, 19
_BASS, _CELLO, _TREMOLO, _PIZZICATO, _HARP = 32, 42, 44, 45, 46
_STRINGS, _SLOW_STRINGS, _CHOIR, _BASSOON, _CLARINET, _FLUTE = 48, 49, 52, 70, 71, 73

MOODS: Mapping[str, Mood] = {
    "bright": Mood(
        "major",
        TempoRange(92, 116),
        1,
        (
            Layer(Part("Piano", _PIANO, -0.1), "top", strength=100),
            Layer(Part("Guitar", _GUITAR, 0.35, -10), "inner", "broken", strength=76),
            Layer(Part("Strings", _STRINGS, -0.3, -10), "inner", "held", strength=64),
            Layer(Part("Bass", _BASS, 0.0, -8), "bass", "sung", strength=78),
        ),
    ),
    "calm": Mood(
        "major",
        TempoRange(58, 72),
        0,
        (
            Layer(Part("Piano", _PIANO, -0.1), "top", strength=92),
            Layer(Part("Harp", _HARP, 0.35, -15), "inner", "broken", strength=60),
            Layer(Part("Strings", _SLOW_STRINGS, -0.25, -8), "inner", "held", strength=60),
            Layer(Part("Cello", _CELLO, 0.2, -10), "bass", "held", strength=66),
        ),
        ring=3.5,
    ),
    "tense": Mood(
        "minor",
        TempoRange(84, 104),
        2,
        (
            Layer(Part("Clarinet", _CLARINET, -0.2, -4), "top", strength=76),
            Layer(Part("Tremolo strings", _TREMOLO, 0.25, -8), "inner", "held", strength=72),
            Layer(Part("Pizzicato", _PIZZICATO, 0.4, -5), "inner", "pulse", strength=66),
            Layer(Part("Cellos", _STRINGS, -0.3), "bass", "pulse", -1, 94),
        ),
        tonics=(0, 2, 4, 7, 9),
    ),
    "solemn": Mood(
        "minor",
        TempoRange(56, 70),
        0,
        (
            Layer(Part("Organ", _ORGAN, 0.0, -3), "all", strength=72),
            Layer(Part("Choir", _CHOIR, -0.25, -5), "top", "held", strength=66),
            Layer(Part("Low strings", _STRINGS, 0.25), "bass", "held", -1, 72),
        ),
        ring=4.0,
        tonics=(0, 2, 4, 7, 9),
    ),
    "playful": Mood(
        "major",
        TempoRange(108, 132),
        2,
        (
            Layer(Part("Clarinet", _CLARINET, -0.2, -3), "top", "short", strength=84),
            Layer(Part("Marimba", _MARIMBA, 0.35, -2), "inner", "broken", 1, 76),
            Layer(Part("Pizzicato", _PIZZICATO, -0.35, -4), "inner", "short", strength=74),
            Layer(Part("Bassoon", _BASSOON, 0.15, -1), "bass", "short", strength=80),
        ),
        ring=2.0,
    ),
}
