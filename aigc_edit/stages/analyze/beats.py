"""Where the beats of music are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    Instant,
    Instants,
    Span,
    StageOptions,
    Timeline,
    Track,
    option,
)
from aigc_edit.stages.analyze.onsets import OnsetMeter
from aigc_edit.stages.analyze.tempo import RATE, Values, accents, beat_periods

SOUND_RATE = 16_000  # what speech is found in, too: both share one conversion
_FEWEST = 8  # beats, two bars; from fewer nobody can tell
_TIGHTNESS = 100.0  # of the tempo, as librosa's
_SHORTEST_TOLERANCE = 1 / 32  # of a period, as librosa's
_BREAK = 2  # seconds without a beat: the pulse is over
_STRONG = 0.9  # quantile of the beats' strengths that counts 1


class Beats(Analyzer):
    """Where the beats of music are; speech, noise and music without a clear pulse have none.

    Tempo may change; between 55 and 200 beats a minute. Whether a beat is a quarter or an eighth
    is a matter of taste: half and double the tempo that you would tap are possible.
    """

    name = "beats"
    needs = (Audio(rate=SOUND_RATE, channels=1),)
    writes = (Instants.named("beats"),)

    class Options(StageOptions):
        """Options of beats."""

        clarity: float = option(
            0.33,
            gt=0,
            lt=1,
            help="How clear a pulse must be: a metronome has 1, most music 0.4, speech under 0.3.",
        )

    options: Options
    _facts: Mapping[str, float | str] = {}

    def begin(self, context: AnalysisContext) -> None:
        del context
        self._meter = OnsetMeter(SOUND_RATE, RATE, _sensed)

    def audio(self, block: AudioBlock) -> None:
        self._meter.add(block.samples[0])

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        onsets = accents(self._meter.flux())
        found = tuple(
            instant
            for span, period in _stretches(onsets, self.options.clarity)
            for instant in self._instants(onsets, span, period)
            if instant.time in Span(0, tracks.duration)
        )
        beats = Instants("beats", found)
        self._facts = _facts(beats, tracks.duration)
        return [beats]

    def report(self) -> Mapping[str, float | str]:
        return self._facts

    def _instants(self, onsets: Values, span: slice, period: Values) -> Iterator[Instant]:
        frames = _tracked(onsets[span], period)
        if len(frames) < _FEWEST:
            return
        heights = onsets[span][frames]
        strengths = np.minimum(heights / np.quantile(heights, _STRONG), 1)
        times = (frames + span.start) / RATE - self._meter.lag
        for time, strength in zip(times.tolist(), strengths.tolist(), strict=True):
            yield Instant(Span.measured(time, time).start, round(strength, 4))


def _sensed(power: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Loudness in a band grows with about the fourth root of power (Zwicker and Fastl, ch. 8)."""
    return np.sqrt(np.sqrt(power))


def _stretches(onsets: Values, clarity: float) -> Iterator[tuple[slice, Values]]:
    """Where there is a pulse, and its period at each onset there: float64 [N]."""
    periods = beat_periods(onsets, clarity)
    turns = np.diff(np.concatenate([[False], periods > 0, [False]]).astype(int))
    firsts, stops = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
    for first, stop in zip(firsts.tolist(), stops.tolist(), strict=True):
        span = slice(max(0, first * RATE - RATE // 2), min(len(onsets), stop * RATE - RATE // 2))
        clock = np.arange(span.start, span.stop) / RATE
        if len(clock):
            yield span, np.interp(clock, np.arange(first, stop), periods[first:stop])


def _tracked(onsets: Values, period: Values) -> npt.NDArray[np.int64]:
    """The beats of one stretch: strong onsets, about a period apart: int64 [B].

    The dynamic programme of Ellis 2007 ("Beat tracking by dynamic programming"). librosa's own is
    compiled anew in each process, for 3.5 s of CPU. A beat is half a period at least after the one
    before, so that many onsets are looked at together.
    """
    from scipy.ndimage import gaussian_filter1d

    level = np.maximum(onsets.std(), 1e-12)
    gains = gaussian_filter1d(onsets / level, float(np.median(period)) * _SHORTEST_TOLERANCE)
    best, before = gains.copy(), np.full(len(gains), -1)
    at = 0
    while at < len(gains):
        half = round(period[at] / 2)
        backs = np.arange(half, round(2 * period[at]) + 1)
        rows = np.arange(at, min(at + half, len(gains)))
        places = rows[:, None] - backs
        ways = best[places] - _TIGHTNESS * np.log(backs / period[at]) ** 2
        ways[places < 0] = -np.inf
        chosen = ways.argmax(axis=1)
        way = ways[np.arange(len(rows)), chosen]
        best[rows] += np.maximum(way, 0)
        before[rows] = np.where(way > 0, rows - backs[chosen], -1)
        at += half
    return _strong_between(gains, _traced(best, before, round(period[-1])))


def _traced(best: Values, before: npt.NDArray[np.int64], last_period: int) -> npt.NDArray[np.int64]:
    beats = [max(0, len(best) - last_period) + int(best[-last_period:].argmax())]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    return np.array(beats[::-1])


def _strong_between(gains: Values, beats: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Without those at both ends that nothing is heard at: the music has not begun, or is over."""
    heights = gains[beats]
    strong = np.flatnonzero(heights >= np.sqrt(np.mean(heights**2)) / 2)
    return beats[strong[0] : strong[-1] + 1] if len(strong) else beats[:0]


def _facts(found: Instants, duration: Fraction) -> Mapping[str, float | str]:
    """Beats, their median tempo, and the share of the time from first to last of each stretch."""
    gaps = np.diff([float(time) for time in found.times])
    pulse = sum((run.duration for run in found.runs(_BREAK)), Fraction(0))
    share = round(float(pulse / duration), 3)
    tempo = {"tempo": round(60 / float(np.median(gaps)), 1)} if len(gaps) else {}
    return {"beats": len(found.times), **tempo, "share with a pulse": share}
