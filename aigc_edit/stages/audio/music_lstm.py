"""Music of our own under a film."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AudioBlock,
    AudioFilter,
    Decibels,
    FilePath,
    LoudnessMeter,
    Regions,
    Samples,
    Seconds,
    Shots,
    SoundContext,
    StageOptions,
    TrackRef,
    Transcript,
    option,
)
from aigc_edit.stages.audio.ducking import Ducking
from aigc_edit.stages.spoken import spoken_spans

if TYPE_CHECKING:
    from aigc_edit.models.music import Composition, SoundFont, TempoRange

MoodName = Literal["bright", "calm", "tense", "solemn", "playful"]

_ALONE = -16.0  # LUFS of music where there is no other sound to measure it by
_HEARD = 60  # seconds of music that say how loud it is
_CEILING = 0.98  # of the highest sample, whatever comes together
_GIVES_WAY = 0.06  # share by which a tempo that was asked for may differ
_SAME_CUT = Fraction(1, 10)  # seconds within which two cuts are one


class MusicLstm(AudioFilter):
    """Composes music to the length and the cuts of the edit, and mixes it under the sound.

    A net that learnt from scores writes the notes; beats fall on cuts, phrases begin there, the
    last chord is home and rings out. Where somebody speaks, music makes way. The notes lie beside
    the result as a MIDI file; `aigc-edit train music-lstm` makes other styles.
    """

    name = "music_lstm"
    measures = makes_sound = True
    suffixes = (".mid",)

    class Options(StageOptions):
        """Options of music_lstm."""

        mood: MoodName = option("bright", help="Sets mode, tempo, density and instruments.")
        style: str = option("bach", help="Its name, or a file of weights (.safetensors).")
        mode: Literal["under", "replace", "only"] = option(
            "under",
            help="Music under the sound; or in place of all sound but speech; or alone.",
        )
        level: Decibels = option("-8 dB", ge=-40, le=12, help="Against the sound's loudness (LU).")
        duck: Decibels = option("-12 dB", ge=-60, le=0, help="Further down while somebody speaks.")
        attack: Seconds = option(
            "250ms", ge=0, le=5, help="To duck, done as the first word begins."
        )
        release: Seconds = option("500ms", ge=0, le=10, help="To come back after the last word.")
        fade_in: Seconds = option("0s", ge=0, help="At the start of the film.")
        fade_out: Seconds = option("1s", ge=0, help="At its end.")
        tempo: float | None = option(
            None, ge=30, le=240, help="Beats a minute, about; the mood's if none is given."
        )
        cuts: Literal["all", "seams", "none"] = option(
            "all", help="What beats fall on: seams of the edit and cuts of the source, or seams."
        )
        seed: int = option(0, ge=0, help="The same seed gives the same music.")
        variation: int = option(0, ge=0, help="Another number gives another take.")
        temperature: float = option(1.0, gt=0, le=2, help="Lower is safer, higher bolder.")
        nucleus: float = option(0.95, gt=0, le=1, help="Share of the likeliest notes to draw from.")
        sound_font: FilePath | None = option(
            None, help="Another sound font (.sf2) of General MIDI instruments."
        )

    options: Options

    @property
    def reads(self) -> Sequence[TrackRef]:
        return (
            Shots.named("shots", optional=True),
            Transcript.named("transcript", optional=True),
            Regions.named("speech_regions", optional=self.options.mode != "replace"),
        )

    def weights(self) -> str:
        from aigc_edit.models.shelf import STYLES

        return f"{STYLES.find(self.options.style).digest()} {self._font().digest()}"

    def begin(self, context: SoundContext) -> None:
        self._context = context
        self._composition = self._composed(context)
        self._envelope = Ducking(
            self.options.duck, self.options.attack, self.options.release
        ).envelope(spoken_spans(context.tracks))
        self._sound = _Level(context)
        self._music = self._blocks()
        self._gains: _Gains | None = None

    def measure(self, block: AudioBlock) -> None:
        self._sound.add(block.samples)

    def apply(self, block: AudioBlock) -> Samples:
        self._gains = self._gains or self._decided()
        count = block.samples.shape[1]
        times = (block.first + np.arange(count)) / self._context.rate
        music = self._music.taken(count) * self._gains.music * self._faded(times)
        match self.options.mode:
            case "under":
                own, music = block.samples, music * self._envelope.gain(times)
            case "replace":
                own = block.samples * self._envelope.at(times)
                music = music * self._envelope.gain(times)
            case "only":
                own = np.zeros_like(block.samples)
        mixed: Samples = ((own + music) * self._gains.all).astype(np.float32)
        return mixed

    def files(self) -> Mapping[str, bytes]:
        from aigc_edit.models.music import midi_bytes

        return {".mid": midi_bytes(self._composition.performance)}

    def report(self) -> Mapping[str, float | str]:
        if self._gains is None:
            return {}
        timing, key = self._composition.timing, self._composition.performance.key
        tempos = [tempo.per_minute for tempo in timing.clock.tempos]
        return {
            "key": str(key),
            "slowest_tempo": round(min(tempos), 1),
            "fastest_tempo": round(max(tempos), 1),
            "cuts": len(self._cuts(self._context)),
            "cuts_on_beats": len(timing.cuts),
            "phrases_at_cuts": self._composition.phrases_at_cuts,
            "cut_to_beat_ms": round(1000 * timing.distance, 1),
            "cut_to_beat_at_random_ms": round(1000 * timing.distance_at_random, 1),
            "sound_lufs": round(self._gains.sound_lufs, 2),
            "music_lufs": round(self._gains.music_lufs, 2),
            "both_lowered_db": round(-20 * math.log10(self._gains.all), 3),
        }

    # The piece

    def _composed(self, context: SoundContext) -> Composition:
        from aigc_edit.models.music import MOODS, Brief, Composer, Sampling, composed
        from aigc_edit.models.shelf import STYLES

        options = self.options
        net = Composer.load(STYLES.find(options.style).path)
        brief = Brief(
            duration=Fraction(context.samples, context.rate),
            mood=MOODS[options.mood],
            cuts=self._cuts(context),
            seed=options.seed,
            variation=options.variation,
            sampling=Sampling(options.temperature, options.nucleus),
            tempo=_tempo(options.tempo),
        )
        return composed(brief, net)

    def _cuts(self, context: SoundContext) -> list[Fraction]:
        """Where the picture jumps, rising; seams go before cuts of the source beside them."""
        if self.options.cuts == "none":
            return []
        found = list(context.seams)
        shots = context.tracks.find(Shots, "shots") if self.options.cuts == "all" else None
        for cut in shots.cuts if shots is not None else ():
            if all(abs(cut - other) > _SAME_CUT for other in found):
                found.append(cut)
        return sorted(found)

    # How loud

    def _font(self) -> SoundFont:
        from aigc_edit.models.music import SoundFont, default_sound_font

        return SoundFont.open(self.options.sound_font or default_sound_font())

    def _blocks(self) -> _Reblocked:
        """The music from its start, with as many channels as the sound."""
        from aigc_edit.models.music import rendered

        blocks = rendered(self._composition.performance, self._font(), self._context.rate)
        return _Reblocked(_in_channels(block, self._context.channels) for block in blocks)

    def _decided(self) -> _Gains:
        """By what was measured of the sound, and of the first minute of the music."""
        context = self._context
        meter = _Level(context)
        first = self._music.taken(min(context.samples, _HEARD * context.rate))
        self._music.put_back(first)
        meter.add(first)
        music, sound = meter.loudness, self._sound.loudness
        alone = self.options.mode == "only" or sound <= LoudnessMeter.SILENCE
        wanted = _ALONE if alone else sound + self.options.level
        gain = 0.0 if music <= LoudnessMeter.SILENCE else _factor(wanted - music)
        own = 0.0 if self.options.mode == "only" else self._sound.peak
        highest = max(own + gain * meter.peak, _CEILING)
        return _Gains(gain, _CEILING / highest, sound, wanted)

    def _faded(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """A raised cosine in and out."""
        end = self._context.samples / self._context.rate
        rise = _ramp(times, float(self.options.fade_in))
        return (rise * _ramp(end - times, float(self.options.fade_out))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Gains:
    """Factors of the music and of all, and the loudness that they come from, LUFS."""

    music: float
    all: float
    sound_lufs: float
    music_lufs: float


class _Level:
    """How loud a sound is, LUFS, and its highest sample."""

    def __init__(self, context: SoundContext) -> None:
        self._meter = LoudnessMeter(context.rate, context.channels, peaks=False)
        self.peak = 0.0

    def add(self, samples: Samples) -> None:
        self._meter.add(samples)
        self.peak = max(self.peak, float(np.abs(samples).max(initial=0.0)))

    @property
    def loudness(self) -> float:
        return self._meter.result().integrated


class _Reblocked:
    """Samples as many at a time as somebody wants."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._left: list[Samples] = []

    def taken(self, count: int) -> Samples:
        """float32 [C, count], or what is left of it."""
        held = sum(part.shape[1] for part in self._left)
        while held < count and (block := next(self._blocks, None)) is not None:
            self._left.append(block)
            held += block.shape[1]
        joined = np.concatenate(self._left, axis=1)
        self._left = [joined[:, count:]]
        return joined[:, :count]

    def put_back(self, samples: Samples) -> None:
        """They will be taken once more."""
        self._left.insert(0, samples)


def _in_channels(stereo: Samples, count: int) -> Samples:
    """One is the mean of both; more than two are silent but for the first, left and right."""
    if count == 1:
        mean: Samples = stereo.mean(axis=0, keepdims=True)
        return mean
    return np.pad(stereo, ((0, count - 2), (0, 0)))


def _tempo(wanted: float | None) -> TempoRange | None:
    from aigc_edit.models.music import TempoRange

    return TempoRange(wanted * (1 - _GIVES_WAY), wanted * (1 + _GIVES_WAY)) if wanted else None


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def _ramp(times: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    """From 0 at 0 s to 1 at `length` seconds."""
    if length <= 0:
        return np.ones_like(times)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(times / length, 0, 1))
