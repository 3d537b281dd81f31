"""Sound fonts: what a note of an instrument is made of.

Read after the "SoundFont Technical Specification 2.04" (E-mu Systems/Creative 2006), below "the
specification". Its 24-bit samples (`sm24`) and modulators of a font's own are not read. Of the
default modulators velocity to attenuation is there (8.4.1); velocity to cutoff (8.4.2) is not:
many fonts were made by ear with players that leave it out.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aigc_edit.errors import ModelError
from aigc_edit.models.music.sound_font_file import Level, Tables, read_tables

_OPEN = 13_500  # cents; a low-pass up here is none (8.1.3)
_MOST_AT_ONCE = 64  # zones of a note; real fonts have up to a dozen
_LONGEST = 2**21  # frames of a sample, 44 s at 48 kHz
_LOWEST_HZ = 8.175798915643707  # of key 0, where absolute cents begin
_RATES = (400, 192_000)  # the specification says 50 kHz, fonts go to 96
_FOUR_OCTAVES = 4 * 1200  # cents that a sample can be moved
Zone = Mapping[int, int]


class Generator(IntEnum):
    """Numbers of 8.1.2, those that are heard here."""

    START, END, LOOP_START, LOOP_END, START_COARSE = 0, 1, 2, 3, 4
    MOD_LFO_TO_PITCH, VIBRATO_TO_PITCH, CUTOFF, RESONANCE = 5, 6, 8, 9
    MOD_ENVELOPE_TO_CUTOFF, END_COARSE, PAN = 11, 12, 17
    MOD_LFO_DELAY, MOD_LFO_FREQUENCY, VIBRATO_DELAY, VIBRATO_FREQUENCY = 21, 22, 23, 24
    MOD_ENVELOPE, VOLUME_ENVELOPE = 25, 33  # the first of eight each
    INSTRUMENT, KEYS, VELOCITIES, LOOP_START_COARSE = 41, 43, 44, 45
    ATTENUATION, LOOP_END_COARSE, COARSE_TUNE, FINE_TUNE = 48, 50, 51, 52
    SAMPLE, LOOPS, SCALE, ROOT = 53, 54, 56, 58


_DEFAULTS = {
    Generator.CUTOFF: _OPEN,
    Generator.SCALE: 100,
    Generator.ROOT: -1,
    **dict.fromkeys(
        (Generator.MOD_LFO_DELAY, Generator.VIBRATO_DELAY, *range(25, 29), 30, *range(33, 37), 38),
        -12_000,
    ),
}
# These say the same at both levels, or have no meaning in presets (8.5); all others add up.
_NOT_ADDED = {*range(5), 12, 41, 43, 44, 45, 46, 47, 50, 53, 54, 57, 58}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Nothing for `delay`, up in `attack`, there for `hold`, then down.

    Attributes:
        delay, attack, hold: seconds.
        decay, release: seconds of the way from the top to the bottom, straight in dB for volume
            (100 dB), straight for the cutoff.
        sustain: where the way down stops, as a share of it; 0 is the top.
    """

    delay: float
    attack: float
    hold: float
    decay: float
    sustain: float
    release: float


@dataclass(frozen=True, slots=True)
class Vibrato:
    """`depth` cents, `frequency` Hz, after `delay` seconds."""

    depth: float
    frequency: float
    delay: float


@dataclass(frozen=True, slots=True)
class Wave:
    """A sample at a pitch, through a low-pass: all of a tone but its volume.

    Attributes:
        first, last: frames of the font, half-open.
        loop: frames that are repeated, half-open; None where it is heard once.
        speed: frames a second.
        cutoff: Hz, infinite where there is no low-pass.
        resonance: dB.
        sweep: cents by which `motion` moves the cutoff.
        vibratos: what moves the pitch.
    """

    first: int
    last: int
    loop: tuple[int, int] | None
    speed: float
    cutoff: float
    resonance: float
    sweep: float
    motion: Envelope
    vibratos: tuple[Vibrato, ...]


@dataclass(frozen=True, slots=True)
class Tone:
    """One of the sounds that a note is made of.

    Attributes:
        attenuation: dB below full scale, for the velocity too.
        pan: -1 is left, 1 is right.
        volume: its course over time.
    """

    wave: Wave
    attenuation: float
    pan: float
    volume: Envelope


class SoundFont:
    """A sound font that is open; its samples stay on disk until they are heard."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self.path = path
        self._tables = tables
        self._zones: dict[tuple[str, int], list[Zone]] = {}

    @classmethod
    def open(cls, path: Path) -> SoundFont:
        """Raises ModelError where there is no sound font that can be read."""
        return cls(path, read_tables(path))

    def digest(self) -> str:
        """SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def frames(self, first: int, last: int) -> npt.NDArray[np.float32]:
        """Samples of the font, in [-1, 1]."""
        return np.asarray(self._tables.frames[first:last], np.float32) / np.float32(2**15)

    def tones(self, program: int, key: int, velocity: int, bank: int = 0) -> tuple[Tone, ...]:
        """What sounds when a key is struck; nothing where no zone is meant for it.

        A program that the font does not have is played by the one of that number in bank 0, else
        by program 0 of bank 0, else by the font's first.

        Raises:
            ModelError: what the font says of it cannot be.
        """
        found: list[Tone] = []
        for preset, instrument in self._sounding(self._preset(bank, program), key, velocity):
            if len(found) == _MOST_AT_ONCE:
                raise self._broken(f"more than {_MOST_AT_ONCE} samples for one note")
            found.append(self._tone(_summed(preset, instrument), key, velocity))
        return tuple(found)

    @cached_property
    def _presets(self) -> dict[tuple[int, int], int]:
        them = self._tables.presets.heads
        pairs = [(int(head["bank"]), int(head["program"])) for head in them[:-1]]
        return {pair: number for number, pair in reversed(list(enumerate(pairs)))}

    def _preset(self, bank: int, program: int) -> int:
        choice = ((bank, program), (0, program), (0, 0))
        return next((self._presets[it] for it in choice if it in self._presets), 0)

    def _sounding(self, preset: int, key: int, velocity: int) -> Iterator[tuple[Zone, Zone]]:
        matching: dict[int, list[Zone]] = {}
        for zone in self._matching("presets", preset, key, velocity):
            number = zone[Generator.INSTRUMENT]
            if number not in matching:
                if not 0 <= number < len(self._tables.instruments.heads) - 1:
                    raise self._broken(f"there is no instrument {number}")
                matching[number] = list(self._matching("instruments", number, key, velocity))
            yield from ((zone, other) for other in matching[number])

    def _matching(self, level: str, number: int, key: int, velocity: int) -> Iterator[Zone]:
        if (level, number) not in self._zones:
            table: Level = getattr(self._tables, level)
            last = Generator.INSTRUMENT if level == "presets" else Generator.SAMPLE
            self._zones[level, number] = _zones(table.generators_of(number), last)
        for zone in self._zones[level, number]:
            if _within(zone, Generator.KEYS, key) and _within(zone, Generator.VELOCITIES, velocity):
                yield zone

    def _tone(self, zone: Zone, key: int, velocity: int) -> Tone:
        quieter = 40 * math.log10(127 / velocity)  # 8.4.1, concave to 96 dB
        return Tone(
            self._wave(zone, key),
            max(zone.get(Generator.ATTENUATION, 0), 0) / 10 + quieter,
            min(max(zone.get(Generator.PAN, 0) / 500, -1), 1),
            _envelope(zone, Generator.VOLUME_ENVELOPE, key),
        )

    def _wave(self, zone: Zone, key: int) -> Wave:
        number = zone[Generator.SAMPLE]
        if not 0 <= number < len(self._tables.samples) - 1:
            raise self._broken(f"there is no sample {number}")
        head = self._tables.samples[number]
        first, last, loop = self._span(zone, head, number)
        cents = zone[Generator.CUTOFF]
        return Wave(
            first,
            last,
            loop,
            _speed(zone, head, key),
            _LOWEST_HZ * 2 ** (max(cents, 1500) / 1200) if cents < _OPEN else math.inf,
            min(max(zone.get(Generator.RESONANCE, 0), 0), 960) / 10,
            zone.get(Generator.MOD_ENVELOPE_TO_CUTOFF, 0),
            _envelope(zone, Generator.MOD_ENVELOPE, key),
            tuple(_vibratos(zone)),
        )

    def _span(self, zone: Zone, head: Any, number: int) -> tuple[int, int, tuple[int, int] | None]:
        first, last, begin, end = (
            int(head[name]) + zone.get(fine, 0) + 2**15 * zone.get(coarse, 0)
            for name, fine, coarse in (
                ("first", Generator.START, Generator.START_COARSE),
                ("last", Generator.END, Generator.END_COARSE),
                ("loop_first", Generator.LOOP_START, Generator.LOOP_START_COARSE),
                ("loop_last", Generator.LOOP_END, Generator.LOOP_END_COARSE),
            )
        )
        if not 0 <= first < last <= len(self._tables.frames):
            raise self._broken(f"sample {number} lies outside of the samples")
        if zone.get(Generator.LOOPS, 0) & 1 == 0:
            return first, min(last, first + _LONGEST), None
        if not first <= begin < end <= last:
            raise self._broken(f"sample {number} has its loop outside of it")
        return (
            (first, last, (begin, end))
            if end - first <= _LONGEST
            else (first, first + _LONGEST, None)
        )

    def _broken(self, what: str) -> ModelError:
        return ModelError(
            f"this sound font contradicts itself: {what}",
            where=self.path,
            cure="Take another one, or a fresh copy.",
        )


def _zones(generators: Iterable[Iterable[tuple[int, int]]], last: Generator) -> list[Zone]:
    """Those with a sound; what the first one without says holds for all (7.3, 7.7)."""
    shared: Zone = {}
    found: list[Zone] = []
    for number, them in enumerate(generators):
        zone = dict(them)
        if last in zone:
            found.append({**shared, **zone})
        elif number == 0:
            shared = zone
    return found


def _within(zone: Zone, kind: Generator, value: int) -> bool:
    said = zone.get(kind)
    return said is None or said & 255 <= value <= said >> 8 & 255


def _summed(preset: Zone, instrument: Zone) -> Zone:
    found = {**_DEFAULTS, **instrument}
    for kind, amount in preset.items():
        if kind not in _NOT_ADDED:
            found[kind] = found.get(kind, 0) + amount
    return found


def _speed(zone: Zone, head: Any, key: int) -> float:
    root = zone[Generator.ROOT]
    if not 0 <= root <= 127:
        root = int(head["key"]) if head["key"] <= 127 else 60
    cents = (key - root) * zone[Generator.SCALE] + int(head["correction"])
    cents += 100 * zone.get(Generator.COARSE_TUNE, 0) + zone.get(Generator.FINE_TUNE, 0)
    rate = min(max(int(head["rate"]), _RATES[0]), _RATES[1])
    return float(rate * 2 ** (min(max(cents, -_FOUR_OCTAVES), _FOUR_OCTAVES) / 1200))


def _vibratos(zone: Zone) -> Iterator[Vibrato]:
    for depth, frequency, delay in (
        (Generator.MOD_LFO_TO_PITCH, Generator.MOD_LFO_FREQUENCY, Generator.MOD_LFO_DELAY),
        (Generator.VIBRATO_TO_PITCH, Generator.VIBRATO_FREQUENCY, Generator.VIBRATO_DELAY),
    ):
        if zone.get(depth, 0):
            cents = min(max(zone.get(frequency, 0), -16_000), 4500)
            hertz = _LOWEST_HZ * 2 ** (cents / 1200)
            yield Vibrato(min(max(zone[depth], -1200), 1200), hertz, _seconds(zone[delay]))


def _envelope(zone: Zone, first: Generator, key: int) -> Envelope:
    """From the eight generators of an envelope; the last two lengthen it for low keys."""
    delay, attack, hold, decay, sustain, release, hold_scale, decay_scale = (
        zone.get(first + number, 0) for number in range(8)
    )
    return Envelope(
        _seconds(delay),
        _seconds(attack),
        _seconds(hold + (60 - key) * hold_scale),
        _seconds(decay + (60 - key) * decay_scale),
        min(max(sustain, 0), 1000) / 1000,
        _seconds(release),
    )


def _seconds(timecents: int) -> float:
    return float(2 ** (min(max(timecents, -12_000), 8000) / 1200))


def default_sound_font() -> Path:
    """TimGM6mb, the General MIDI font in pretty_midi's wheel.

    Raises:
        ModelError: it is not installed.
    """
    spec = importlib.util.find_spec("pretty_midi")
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    raise ModelError(
        "there is no sound font",
        cure='Install "pretty_midi", which carries one, or name an .sf2 file.',
    )
