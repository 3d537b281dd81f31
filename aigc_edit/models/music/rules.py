"""What may not come next in a section, whatever the net says, and what had better not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aigc_edit.models.music.form import Section
from aigc_edit.models.music.notes import HIGHEST, LOWEST, Key
from aigc_edit.models.music.timing import BEAT
from aigc_edit.models.music.tokens import DENSITIES, Mask, Reading, Vocabulary

Bias = npt.NDArray[np.float64]

_SCALES = {  # semitones above the tonic; of minor, the melodic one's both ways
    "major": frozenset({0, 2, 4, 5, 7, 9, 11}),
    "minor": frozenset({0, 2, 3, 5, 7, 8, 9, 10, 11}),
}
_OUT_OF_KEY = -0.7  # nats; some colour is left
# Nats by which notes between beats are likelier in each quarter of density than in the one below.
# The net alone hardly follows that token; with this, pieces have what the quarters have.
_LIVELIER = 0.6
_PERFECT = (0, 7)  # semitones of intervals that do not follow one another
_STRUCK = 4  # times in a row that a voice may strike a pitch
_STILL = 2 * BEAT  # sixteenths after which somebody moves


def scale(key: Key) -> frozenset[int]:
    """The pitch classes of a key; of minor, also the raised sixth and seventh."""
    return _above(key, _SCALES[key.mode])


def _above(key: Key, degrees: Collection[int]) -> frozenset[int]:
    return frozenset((key.tonic + degree) % 12 for degree in degrees)


class Rules:
    """Of one section.

    The key is kept to, but for some colour. Phrases begin and end where they should, the outer
    voices together; the last one closes with dominant and tonic. Nobody strikes one pitch for
    ever, nothing stands still, and no two voices go in fifths or octaves. There are about as
    many notes as were asked for.
    """

    def __init__(self, vocabulary: Vocabulary, section: Section, voices: int, density: int) -> None:
        self._density = density
        self._vocabulary, self._section, self.voices = vocabulary, section, voices
        self._last = section.chords[-1]
        self._together = {*section.phrases, *section.chords}
        self._onsets = self._pitches("onset", range(12))
        self._held = self._pitches("held", range(12))
        self._rest: Mask = np.zeros(len(vocabulary), np.bool_)
        self._rest[vocabulary.number("mark", "rest")] = True
        key = section.key
        third = (4,) if key.mode == "major" else (3, 4)  # it may be major at the end of minor, too
        self._tonic, self._third, self._fifth = (_above(key, it) for it in ((0,), third, (7,)))
        self._dominant = _above(key, (7, 11, 2, 5))

    def bias(self, reading: Reading, allowed: Mask) -> Bias:
        """What to add to the logits of the next token, -inf for what may not be."""
        kept = allowed.copy()
        for mask in self._wanted(reading):
            if (kept & mask).any():  # of what nothing would be left, the grammar decides
                kept &= mask
        wished = self._lively if reading.time % BEAT else self._color
        return np.where(kept, wished, -np.inf)

    def _wanted(self, reading: Reading) -> Iterator[Mask]:
        time, voice = reading.time, reading.voice
        outer = voice in (0, self.voices - 1)
        if time > self._last:
            yield ~self._onsets
            yield self._held  # if there is something to hold
        elif time == self._last:
            yield self._pitches("onset", self._home(reading))
            yield self._under(reading)
        elif time == self._last - BEAT:
            yield self._cadence(voice)
        elif time in self._together and outer:
            yield self._onsets
        elif voice == 0 and self._closing(time):
            yield ~self._onsets
        elif voice == 0 and time - _moved(reading) >= _STILL:
            yield self._onsets
        if outer and 0 <= self._since_together(time) < BEAT:
            yield ~self._rest
        yield from self._not_again(reading)
        yield from self._not_parallel(reading)

    def _home(self, reading: Reading) -> frozenset[int]:
        """The tonic's chord: the tonic outside, one third inside."""
        voice = reading.voice
        if voice in (0, self.voices - 1):
            return self._tonic
        begun = {note.pitch % 12 for note in reading.sounding[:voice] if note is not None}
        if begun & self._third:
            return self._tonic | self._fifth
        return self._third if voice == self.voices - 2 else self._tonic | self._third | self._fifth

    def _under(self, reading: Reading) -> Mask:
        """What does not cross the voice above."""
        above = reading.sounding[reading.voice - 1] if reading.voice else None
        mask: Mask = np.ones(len(self._vocabulary), np.bool_)
        if above is not None:
            onset = self._vocabulary.number("onset", above.pitch)
            mask[onset + 1 : self._vocabulary.span("onset").stop] = False
        return mask

    def _cadence(self, voice: int) -> Mask:
        """The dominant, its root in the bass."""
        if voice and voice == self.voices - 1:
            return self._pitches("onset", self._fifth)
        chord = self._dominant
        return self._pitches("onset", chord) | self._pitches("held", chord)

    def _since_together(self, time: int) -> int:
        """Sixteenths since the outer voices struck together."""
        return time - max((it for it in self._together if it <= time), default=time + 1)

    def _closing(self, time: int) -> bool:
        """Whether a phrase is at its last chord, which the highest voice holds."""
        begun = max(chord for chord in (-1, *self._section.chords) if chord <= time)
        following = min((p for p in self._section.phrases if p > begun), default=self._last)
        return 0 <= begun < time < following

    def _not_again(self, reading: Reading) -> Iterator[Mask]:
        pitches = [note.pitch for note in reading.latest(reading.voice, _STRUCK)]
        if len(pitches) == _STRUCK and len(set(pitches)) == 1:
            mask: Mask = np.ones(len(self._vocabulary), np.bool_)
            mask[self._vocabulary.number("onset", pitches[0])] = False
            yield mask

    def _not_parallel(self, reading: Reading) -> Iterator[Mask]:
        """No fifth or octave right after another one with a voice above that moves."""
        own = reading.sounding[reading.voice]
        for upper, note in enumerate(reading.sounding[: reading.voice]):
            if own is None or note is None or note.start != reading.time:
                continue
            for before in reading.latest(upper, 2)[1:]:
                interval = (before.pitch - own.pitch) % 12
                if before.end == note.start and before.pitch != note.pitch and interval in _PERFECT:
                    yield ~self._pitches("onset", {(note.pitch - interval) % 12})

    @cached_property
    def _color(self) -> Bias:
        outside = self._pitches("onset", set(range(12)) - scale(self._section.key))
        return np.where(outside, _OUT_OF_KEY, 0.0)

    @cached_property
    def _lively(self) -> Bias:
        middle = len(DENSITIES) / 2
        return self._color + _LIVELIER * (self._density - middle) * self._onsets

    def _pitches(self, kind: str, classes: Collection[int]) -> Mask:
        """The tokens of a kind whose pitches are of some classes."""
        mask: Mask = np.zeros(len(self._vocabulary), np.bool_)
        mask[self._vocabulary.span(kind)] = [p % 12 in classes for p in range(LOWEST, HIGHEST + 1)]
        return mask


def _moved(reading: Reading) -> int:
    """The sixteenth at which a voice last began a note that still sounds."""
    return max((note.start for note in reading.sounding if note is not None), default=0)
