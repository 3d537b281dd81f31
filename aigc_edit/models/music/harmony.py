"""Chords for a tune that has none, in the manner of an accompanist: few, and those of the key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby

from aigc_edit.models.music.notes import Note, Piece
from aigc_edit.models.music.timing import BEAT

Degrees = tuple[int, int, int]
VOICES = 4  # the tune, two voices between, the bass
# Chords as degrees above the tonic, and what it costs to take them.
_CHORDS = {
    "major": {(0, 4, 7): 0.0, (7, 11, 2): 0.1, (5, 9, 0): 0.15, (9, 0, 4): 0.5, (2, 5, 9): 0.5},
    "minor": {(0, 3, 7): 0.0, (7, 11, 2): 0.15, (5, 8, 0): 0.2, (3, 7, 10): 0.4, (8, 0, 3): 0.4},
}
_CHANGE = 0.3  # what a change costs
_AWAY = 0.5  # what it costs to leave the dominant for anything but the tonic
_STRANGE = 2.0  # of a slot whose tune has nothing of the chord
_BASS, _INNER = range(40, 53), range(53, 68)  # where they move


@dataclass(frozen=True, slots=True)
class _Slot:
    """A stretch with one chord, sixteenths."""

    start: int
    end: int


def accompanied(piece: Piece) -> Piece:
    """A tune of one voice with three below; the first and the last chord are the tonic's.

    Where the tune marks its last phrase's last note, the last chord is struck there, after the
    dominant.
    """
    notes = [*piece.notes]
    bass, inner = 45, (57, 62)
    for chord, start, end in _held(piece):
        classes = [(piece.key.tonic + degree) % 12 for degree in chord]
        bass = min((p for p in _BASS if p % 12 == classes[0]), key=lambda p: abs(p - bass))
        inner = _nearest(inner, classes, _lowest(piece, start, end))
        for voice, pitch in enumerate((inner[1], inner[0], bass), 1):
            notes.append(Note(start, voice, end - start, pitch))
    return replace(piece, voices=VOICES, notes=tuple(sorted(notes)))


def _held(piece: Piece) -> Iterator[tuple[Degrees, int, int]]:
    """Chords with where they begin and end, sixteenths; the last one is struck in any case."""
    last = piece.phrases[-1] if piece.phrases else piece.length
    slots = [*_slots(piece, last)]
    chords = zip(_chords(piece, slots, last), slots, strict=True)
    for (chord, _), group in groupby(chords, key=lambda it: (it[0], it[1].start >= last)):
        them = [slot for _, slot in group]
        yield chord, them[0].start, them[-1].end


def _slots(piece: Piece, last: int) -> Iterator[_Slot]:
    """Half bars where they hold two beats, else bars; one begins at the last chord."""
    bar = piece.meter.bar
    size = bar // 2 if bar % 2 == 0 and bar // 2 >= 2 * BEAT else bar
    start = 0
    while start < piece.length:
        end = min(piece.length, start + size - (piece.entry + start) % size)
        end = last if start < last < end else end
        yield _Slot(start, end)
        start = end


def _chords(piece: Piece, slots: Sequence[_Slot], last: int) -> list[Degrees]:
    """The cheapest sequence of chords (dynamic programming over slots)."""
    known = _CHORDS[piece.key.mode]
    home, dominant = list(known)[:2]
    ways: dict[Degrees, tuple[float, list[Degrees]]] = {home: (0.0, [])}
    for number, slot in enumerate(slots):
        home_here = number in (0, len(slots) - 1) or slot.start >= last
        due = [home] if home_here else [dominant] if slot.end == last else known
        ways = {
            chord: min(
                (cost + _move(before, chord) + _price(piece, slot, chord), [*way, chord])
                for before, (cost, way) in ways.items()
            )
            for chord in due
        }
    return ways[home][1]


def _move(before: Degrees, after: Degrees) -> float:
    if before == after:
        return 0.0
    dominant, home = before[0] == 7, after[0] == 0
    return _CHANGE + (_AWAY if dominant and not home else 0.0)


def _price(piece: Piece, slot: _Slot, chord: Degrees) -> float:
    """More, the less of the tune is in the chord; beats count double."""
    inside = heard = 0.0
    for note in piece.notes:
        shared = min(note.end, slot.end) - max(note.start, slot.start)
        if shared > 0:
            weight = shared * (2.0 if (piece.entry + note.start) % (2 * BEAT) == 0 else 1.0)
            heard += weight
            inside += weight * ((note.pitch - piece.key.tonic) % 12 in chord)
    strange = 1 - inside / heard if heard else 0.0
    return _CHORDS[piece.key.mode][chord] + _STRANGE * strange


def _nearest(before: tuple[int, int], classes: Sequence[int], below: int) -> tuple[int, int]:
    """Two tones of a chord, other ones than each other, near to where the voices are."""
    tones = [pitch for pitch in _INNER if pitch % 12 in classes]
    pairs = [(low, high) for low, high in combinations(tones, 2) if low % 12 != high % 12]
    pairs = [pair for pair in pairs if pair[1] < below] or pairs
    return min(pairs, key=lambda pair: abs(pair[0] - before[0]) + abs(pair[1] - before[1]))


def _lowest(piece: Piece, start: int, end: int) -> int:
    """The lowest pitch of the tune in a stretch."""
    return min((n.pitch for n in piece.notes if n.start < end and n.end > start), default=127)
