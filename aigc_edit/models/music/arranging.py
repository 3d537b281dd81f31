"""From the voices of a piece to what instruments play."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

import numpy as np

from aigc_edit.models.music.form import Section
from aigc_edit.models.music.moods import Layer
from aigc_edit.models.music.notes import Note
from aigc_edit.models.music.performance import Played

_EIGHTH = 2  # sixteenths
_SHORT = Fraction(11, 20)  # of a note that is played short
_ACCENTS = {0: 6, 8: 3, 4: 1, 12: 1}  # by the sixteenth of a bar of four quarters
_SWELL = 7  # velocity by which the middle of a phrase is stronger than its ends
_LIVELY = 3.0  # standard deviation of a velocity
_OCTAVE = 12
_LOWEST = 28  # a double bass goes no further


class Arrangement:
    """Layers over the same voices.

    Args:
        notes: of all sections, in order.
        last: the sixteenth at which the last chord begins; all hold it to the end.
    """

    def __init__(
        self,
        notes: Sequence[Note],
        sections: Sequence[Section],
        voices: int,
        last: int,
        chances: np.random.Generator,
    ) -> None:
        self._notes, self._sections, self._voices, self._last = notes, sections, voices, last
        self._firsts = [section.first for section in sections]
        self._chances = chances

    def played(self, layers: Sequence[Layer]) -> tuple[Played, ...]:
        """All that sounds, part by part of `layers`, in order."""
        return tuple(sorted(_struck_again(self._parts(layers))))

    def _parts(self, layers: Sequence[Layer]) -> Iterator[Played]:
        for number, layer in enumerate(layers):
            for start, end, note in self._layer(layer):
                pitch = note.pitch + _OCTAVE * layer.octave
                if pitch < _LOWEST:
                    pitch += _OCTAVE
                yield Played(start, number, pitch, end, self._strength(layer, start))

    def _layer(self, layer: Layer) -> Iterator[tuple[Fraction, Fraction, Note]]:
        notes = [note for note in self._notes if note.voice in self._of(layer)]
        ending = [note for note in notes if note.start >= self._last]
        before = [note for note in notes if note.start < self._last]
        match layer.manner:
            case "held":
                yield from map(_whole, _tied(before))
            case "short":
                yield from ((Fraction(n.start), n.start + n.duration * _SHORT, n) for n in before)
            case "broken":
                yield from _broken(before)
            case "pulse":
                yield from _pulse(before)
            case "sung":
                yield from map(_whole, before)
        yield from map(_whole, ending)

    def _of(self, layer: Layer) -> range:
        """The voices of a layer; where there are no inner ones, it has the others."""
        last = self._voices - 1
        match layer.lines:
            case "top":
                return range(1)
            case "bass":
                return range(last, last + 1)
            case "inner":
                return range(1, last) if last > 1 else range(last + 1)
            case "all":
                return range(last + 1)

    def _strength(self, layer: Layer, start: Fraction) -> int:
        section = self._sections[bisect_right(self._firsts, start) - 1]
        place = (section.entry + start - section.first) % section.meter.bar
        accent = _ACCENTS.get(int(place), 0) if place.denominator == 1 else 0
        swell = _SWELL * float(np.sin(np.pi * _through(section, start - section.first)))
        wanted = layer.strength + accent + swell + _LIVELY * self._chances.standard_normal()
        return int(np.clip(round(wanted), 1, 127))


def _struck_again(notes: Iterable[Played]) -> Iterator[Played]:
    """Where voices meet in a pitch, an instrument strikes it anew, and ends with the longer one.

    A MIDI channel has each pitch but once: the first note's end would be that of both.
    """
    by_pitch = sorted(notes, key=lambda note: (note.part, note.pitch, note.start))
    for _, them in groupby(by_pitch, key=lambda note: (note.part, note.pitch)):
        sounding, *others = them
        for note in others:
            end = min(sounding.end, note.start)
            if end > sounding.start:
                yield replace(sounding, end=end)
            sounding = replace(note, end=max(sounding.end, note.end))
        yield sounding


def _through(section: Section, time: Fraction) -> float:
    """How far a phrase has gone, 0 to 1."""
    bounds = [*section.phrases, section.length]
    number = max(n for n, begin in enumerate(section.phrases) if begin <= time)
    return float((time - bounds[number]) / (bounds[number + 1] - bounds[number]))


def _whole(note: Note) -> tuple[Fraction, Fraction, Note]:
    return Fraction(note.start), Fraction(note.end), note


def _tied(notes: Sequence[Note]) -> list[Note]:
    """One note where a voice strikes a pitch again at once."""
    found: dict[int, list[Note]] = {}
    for note in notes:
        line = found.setdefault(note.voice, [])
        if line and line[-1].pitch == note.pitch and line[-1].end == note.start:
            line[-1] = replace(line[-1], duration=line[-1].duration + note.duration)
        else:
            line.append(note)
    return [note for line in found.values() for note in line]


def _chords(notes: Sequence[Note]) -> Iterator[tuple[int, list[Note]]]:
    """What sounds at each eighth, from low to high."""
    slots = sorted(
        (time, note.pitch, note)
        for note in notes
        for time in range(note.start + note.start % _EIGHTH, note.end, _EIGHTH)
    )
    for time, them in groupby(slots, key=lambda slot: slot[0]):
        yield time, [note for _, _, note in them]


def _broken(notes: Sequence[Note]) -> Iterator[tuple[Fraction, Fraction, Note]]:
    """One pitch after the other, up and down, each ringing into the next."""
    for number, (time, chord) in enumerate(_chords(notes)):
        ladder = [*chord, *chord[-2:0:-1]]
        note = ladder[number % len(ladder)]
        yield Fraction(time), Fraction(time + 2 * _EIGHTH), note


def _pulse(notes: Sequence[Note]) -> Iterator[tuple[Fraction, Fraction, Note]]:
    for time, chord in _chords(notes):
        for note in chord:
            yield Fraction(time), time + _EIGHTH * _SHORT, note
