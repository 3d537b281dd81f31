"""A performance as sound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.models.music.performance import Performance, Played
from aigc_edit.models.music.reverb import Samples, reverberated
from aigc_edit.models.music.sound_font import Envelope, SoundFont, Tone
from aigc_edit.models.music.waves import CHUNK, Waves

_BLOCK = 2**17  # samples; 2.7 s at 48 kHz
_HEADROOM = -18.0  # dB
_FADE = Fraction(3, 10)  # seconds at the end
_STEP = 64  # samples between which envelopes are straight, 1.3 ms at 48 kHz
_DECAY = 100.0  # dB that the times of volume envelopes are for (8.1.2, 36 and 38)
_SILENT = 75.0  # dB under its top, where a tone is over
_SOONEST = 0.01  # seconds of the quickest release; less clicks
Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Voice:
    """A tone that is played.

    Attributes:
        start, stop: samples of the performance in which it is heard, half-open.
        released: seconds after the start at which the key goes up.
        left, right: amplitude.
    """

    tone: Tone
    start: int
    stop: int
    released: float
    left: float
    right: float


def rendered(
    performance: Performance, font: SoundFont, rate: int, *, wet: float = 0.25
) -> Iterator[Samples]:
    """The sound of a performance in blocks, float32 [2, N], `round(duration * rate)` in all.

    It takes the same memory whatever the length, and the same performance gives the same bits.
    Eight voices that play as loudly as they can stay below 1; louder or softer is the caller's.

    Args:
        wet: amplitude of the hall against what is played, 0 without.

    Raises:
        ModelError: what the font says of a note cannot be.
    """
    total = round(performance.duration * rate)
    played = _played(performance, font, rate, total)
    yield from _faded(reverberated(played, rate, wet), total, rate)


def _played(performance: Performance, font: SoundFont, rate: int, total: int) -> Iterator[Samples]:
    waves, coming = Waves(font, rate), _voices(performance, font, rate)
    sounding: list[_Voice] = []
    following = next(coming, None)
    for first in range(0, total, _BLOCK):
        block = np.zeros((2, min(_BLOCK, total - first)), np.float32)
        while following is not None and following.start < first + block.shape[1]:
            sounding.append(following)
            following = next(coming, None)
        for voice in sounding:
            _add(voice, waves, block, first, rate)
        sounding = [voice for voice in sounding if voice.stop > first + _BLOCK]
        yield block


def _voices(performance: Performance, font: SoundFont, rate: int) -> Iterator[_Voice]:
    """In the order of the notes."""
    for note in performance.notes:
        part = performance.parts[note.part]
        for tone in font.tones(part.program, note.pitch, note.velocity):
            yield _voice(performance, note, tone, rate)


def _voice(performance: Performance, note: Played, tone: Tone, rate: int) -> _Voice:
    begin, end = performance.clock.seconds(note.start), performance.clock.seconds(note.end)
    part, released = performance.parts[note.part], float(end - begin)
    start = round(begin * rate)
    heard = _heard(tone, released)
    amplitude = 10 ** ((_HEADROOM + part.level - tone.attenuation) / 20)
    angle = (min(max(tone.pan + part.pan, -1), 1) + 1) * math.pi / 4  # constant power
    left, right = amplitude * math.cos(angle), amplitude * math.sin(angle)
    return _Voice(tone, start, start + math.ceil(heard * rate), released, left, right)


def _heard(tone: Tone, released: float) -> float:
    """Seconds until a tone is over."""
    volume, once = tone.volume, tone.wave
    found = released + max(volume.release, _SOONEST) * _SILENT / _DECAY
    if volume.sustain * _DECAY >= _SILENT:
        top = volume.delay + volume.attack + volume.hold
        found = min(found, top + volume.decay * _SILENT / _DECAY)
    if once.loop is None:
        found = min(found, (once.last - once.first) / once.speed + 0.01)
    return found


def _add(voice: _Voice, waves: Waves, block: Samples, first: int, rate: int) -> None:
    """Adds what is heard of a voice to the block that begins at sample `first`."""
    begin = max(first, voice.start) - voice.start
    end = min(first + block.shape[1], voice.stop) - voice.start
    released = round(voice.released * rate)
    while begin < end:
        number, within = divmod(begin, CHUNK)
        upto = min(it for it in (end, released, (number + 1) * CHUNK) if it > begin)
        wave = waves.chunk(voice.tone.wave, number)[within : within + upto - begin]
        sound = wave * _amplitudes(voice, begin, upto, rate)
        place = slice(voice.start + begin - first, voice.start + upto - first)
        block[0, place] += sound * np.float32(voice.left)
        block[1, place] += sound * np.float32(voice.right)
        begin = upto


def _amplitudes(voice: _Voice, begin: int, end: int, rate: int) -> Samples:
    """From sample to sample of a voice, all before the key goes up or all after; float32.

    One value stands for all where nothing changes.
    """
    volume = voice.tone.volume
    if begin >= round(voice.released * rate):
        return _released(volume, voice.released, begin, end, rate)
    if begin >= _settled(volume) * rate:
        return _held(volume, np.array([begin / rate])).astype(np.float32)
    early = begin // _STEP * _STEP
    knots = _held(volume, np.arange(early, end + _STEP, _STEP) / rate).astype(np.float32)
    ramp = np.arange(_STEP, dtype=np.float32) / np.float32(_STEP)
    values: Samples = knots[:-1, None] + np.diff(knots)[:, None] * ramp
    return values.reshape(-1)[begin - early : end - early]


def _released(volume: Envelope, released: float, begin: int, end: int, rate: int) -> Samples:
    fall = 10 ** (-_DECAY / 20 / max(volume.release, _SOONEST) / rate)  # of a sample
    top = _held(volume, np.array([released])) * fall ** (begin - released * rate)
    rows = (top * fall ** np.arange(0.0, end - begin, _STEP)).astype(np.float32)
    values: Samples = rows[:, None] * (fall ** np.arange(_STEP)).astype(np.float32)
    return values.reshape(-1)[: end - begin]


def _settled(volume: Envelope) -> float:
    """Seconds after which nothing changes until the key goes up."""
    return volume.delay + volume.attack + volume.hold + volume.decay * volume.sustain


def _held(volume: Envelope, times: Times) -> Times:
    """Up in a straight line, down in a straight line of decibels, while the key is down."""
    rise = np.clip((times - volume.delay) / volume.attack, 0, 1)
    since = times - (volume.delay + volume.attack + volume.hold)
    fallen = np.clip(since / volume.decay, 0, volume.sustain)
    return np.asarray(rise * 10 ** (-_DECAY / 20 * fallen))


def _faded(blocks: Iterable[Samples], total: int, rate: int) -> Iterator[Samples]:
    """Silent at the end, by half a cosine; the first half of what is short is as it was."""
    length = min(round(_FADE * rate), total // 2)
    left = total
    for block in blocks:
        left -= block.shape[1]
        if left < length:
            after = left + np.arange(block.shape[1])[::-1]  # samples that follow each
            phase = np.minimum(after / length, 1)
            yield block * (0.5 - 0.5 * np.cos(np.pi * phase)).astype(np.float32)
        else:
            yield block
