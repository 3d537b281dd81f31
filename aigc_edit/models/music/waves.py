"""Samples of a sound font at the pitches of notes."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from aigc_edit.models.music.sound_font import Envelope, SoundFont, Wave

CHUNK = 2**14  # samples that are made at once
_FINER = 4  # values of a table for each frame of a sample
_MARGIN = 512  # frames; low-passes have settled after them
_STEPS = 2  # cutoffs of an octave that tables are made for
_OPEN, _CLOSED = -2 * _STEPS, 10 * _STEPS  # two octaves above what a sample holds, ten below
_TABLE_BYTES, _CHUNK_BYTES = 96 * 2**20, 96 * 2**20
Floats = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]


class _Kept:
    """What was made last, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._found: OrderedDict[Hashable, Floats] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Floats]) -> Floats:
        if key in self._found:
            self._found.move_to_end(key)
            return self._found[key]
        made = self._found[key] = make()
        self._held += made.nbytes
        while self._held > self._most and len(self._found) > 1:
            self._held -= self._found.popitem(last=False)[1].nbytes
        return made


@dataclass(frozen=True, slots=True)
class _Course:
    """A sample as it is unrolled, in frames from its first.

    Attributes:
        length: frames, zeros in front not counted.
        turn: where reading goes back from, None where it ends.
        loop: by how much.
    """

    length: int
    turn: int | None
    loop: int


class Waves:
    """Waves of a font at a sample rate, made in chunks that depend on nothing but their number.

    A sample is brought to four values a frame by FFT, and read there by cubic B-splines, which
    fall off around multiples of the finer rate as sinc^4 does; the fall within the band is taken
    back in the spectrum (Unser 1999, "Splines: a perfect fit"). So images lie 67 dB down at the
    very edge of a sample's band, 94 dB in its middle. What would alias when a sample is played
    faster is cut off there, and the low-pass is the size of its response: tables for cutoffs half
    an octave apart have no phase, so that a moving cutoff is a cross-fade between two of them.
    """

    def __init__(self, font: SoundFont, rate: int) -> None:
        self._font, self._rate = font, rate
        self._tables, self._chunks = _Kept(_TABLE_BYTES), _Kept(_CHUNK_BYTES)

    def chunk(self, wave: Wave, number: int) -> Floats:
        """Samples from `number` times CHUNK on after the note began; float32 [CHUNK]."""
        return self._chunks.get((wave, number), lambda: self._made(wave, number))

    def length(self, wave: Wave) -> float:
        """Seconds until it is silent by itself."""
        return math.inf if wave.loop else (wave.last - wave.first + _MARGIN) / wave.speed

    def _made(self, wave: Wave, number: int) -> Floats:
        times = np.arange(number * CHUNK, (number + 1) * CHUNK) / self._rate
        course = _course(wave)
        places = (_wrapped(_travelled(wave, times), course) + _MARGIN) * _FINER
        if math.isinf(wave.cutoff):
            return _read(self._table(wave, course, _OPEN), places)
        steps = _cutoffs(wave, times)
        found = np.zeros(CHUNK, np.float32)
        for step in range(math.floor(steps.min()), math.ceil(steps.max()) + 1):
            weights = np.maximum(1 - np.abs(steps - step), 0).astype(np.float32)
            heard = np.flatnonzero(weights)
            if len(heard):
                part = slice(heard[0], heard[-1] + 1)
                found[part] += weights[part] * _read(self._table(wave, course, step), places[part])
        return found

    def _table(self, wave: Wave, course: _Course, step: int) -> Floats:
        room = min(math.floor(4 * math.log2(self._rate / wave.speed)), 0)  # quarters of an octave
        key = (wave.first, wave.last, wave.loop, wave.resonance, step, room)
        return self._tables.get(key, lambda: self._finer(wave, course, step, room))

    def _finer(self, wave: Wave, course: _Course, step: int, room: int) -> Floats:
        frames = _unrolled(self._font, wave, course)
        size = scipy.fft.next_fast_len(len(frames), real=True)
        spectrum = scipy.fft.rfft(frames, size)
        pitch = np.arange(len(spectrum)) / size  # cycles a frame
        response = np.sinc(pitch / _FINER) ** -4
        if step > _OPEN:
            response *= _low_pass(pitch * 2 ** (step / _STEPS + 1), wave.resonance)
        if room < 0:
            response *= _falling(pitch * 2 ** (1 - room / 4))
        spectrum *= response.astype(np.float32)
        finer: Floats = scipy.fft.irfft(spectrum, size * _FINER) * np.float32(_FINER)
        return finer


def _course(wave: Wave) -> _Course:
    if wave.loop is None:
        return _Course(wave.last - wave.first, None, 0)
    loop = wave.loop[1] - wave.loop[0]
    turn = wave.loop[1] - wave.first + -(-_MARGIN // loop) * loop
    return _Course(turn + _MARGIN, turn, loop)


def _unrolled(font: SoundFont, wave: Wave, course: _Course) -> Floats:
    """Silence, the sample, its loop until a low-pass has settled, a fade and silence."""
    places = np.arange(course.length)
    if wave.loop is None:
        frames = font.frames(wave.first, wave.last)
    else:
        begin, end = (it - wave.first for it in wave.loop)
        places[end:] = begin + (places[end:] - end) % course.loop
        frames = font.frames(wave.first, wave.loop[1])[places]
        half = _MARGIN // 2
        frames[-half:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(half) / half)).astype(np.float32)
    return np.pad(frames, _MARGIN)


def _travelled(wave: Wave, times: Times) -> Times:
    """Frames that have gone by.

    Vibrato is a sine here, a triangle in the specification: nobody hears it, and this has an
    integral. For small depths 2^(d/1200) is 1 + d ln 2/1200.
    """
    found = times
    for vibrato in wave.vibratos:
        turning = 2 * math.pi * vibrato.frequency
        since = np.maximum(times - vibrato.delay, 0)
        depth = vibrato.depth * math.log(2) / 1200
        found = found + depth * (1 - np.cos(turning * since)) / turning
    return np.asarray(found * wave.speed)


def _wrapped(places: Times, course: _Course) -> Times:
    if course.turn is None:
        return np.minimum(places, course.length + _MARGIN - 2)
    over = np.maximum(places - course.turn, -course.loop)
    return np.asarray(places - course.loop * (np.floor(over / course.loop) + 1))


def _cutoffs(wave: Wave, times: Times) -> Times:
    """Which table the cutoff asks for, from moment to moment; parts are between two."""
    octaves = np.log2(2 * wave.cutoff / wave.speed) + wave.sweep / 1200 * _moved(wave.motion, times)
    return np.asarray(np.clip(-_STEPS * octaves, _OPEN, _CLOSED))


def _moved(motion: Envelope, times: Times) -> Times:
    """An envelope in [0, 1], as long as the key is down."""
    top = motion.delay + motion.attack
    rise = np.clip((times - motion.delay) / motion.attack, 0, 1)
    return rise - np.clip((times - top - motion.hold) / motion.decay, 0, motion.sustain)


def _low_pass(pitch: Times, resonance: float) -> Times:
    """Two poles at 1; a peak takes half its height from the rest (8.1.3)."""
    damping = 10 ** (-(resonance - 3.01) / 20)  # 1/Q; no resonance is Butterworth's
    size = 1 / np.sqrt((1 - pitch**2) ** 2 + (damping * pitch) ** 2)
    return np.asarray(size * 10 ** (-resonance / 40))


def _falling(pitch: Times) -> Times:
    """From 1 to 0 just below 1."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip((pitch - 0.9) / 0.1, 0, 1)))


def _read(table: Floats, places: Times) -> Floats:
    """Cubic B-splines at places of a table, the first of which is 1 or more."""
    whole = places.astype(np.int64)
    t = (places - whole).astype(np.float32)
    whole -= 1
    # Places are within the table; "clip" only spares numpy a look at each.
    a, b, c, d = (table[shift:].take(whole, mode="clip") for shift in range(4))
    twothirds, sixth, half = np.float32(2 / 3), np.float32(1 / 6), np.float32(0.5)
    cubic = (d - a) * sixth + (b - c) * half
    square = (a + c) * half - b
    found: Floats = ((cubic * t + square) * t + (c - a) * half) * t
    found += (a + c) * sixth + b * twothirds
    return found
