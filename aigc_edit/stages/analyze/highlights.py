"""What is worth keeping, from what moved, sounded and was said, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    Analyzer,
    Curve,
    Moment,
    Moments,
    Seconds,
    Span,
    StageOptions,
    Timeline,
    Track,
    Transcript,
    option,
)
from aigc_edit.stages.analyze.delivery import delivery

RATE = 10  # values a second
_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_Z_RANGE = (-3.0, 5.0)  # one wild value must not outweigh all else
_LOUDNESS_FLOOR = -60.0  # LUFS; below it everything is equally silent
_SPOKEN_SURGE = 0.8  # share of a surge that is only somebody who begins to speak
_FADE_BACK = 0.75  # share of a surge that is lost at the far end of its reach
_CALM_SECONDS = 8  # what a surge is compared with
_PEAK_DISTANCE = 2  # seconds between moments at least
_CORE_DEPTH = 0.5  # a moment reaches down to this share of its height over the median
_MAX_CORE = 12  # seconds

Values = npt.NDArray[np.float64]


class Highlights(Analyzer):
    """How lively each moment is: robust z-scores of motion and sound, weighted; and the peaks.

    Sudden loudness after calm (laughter, cheering) counts most, and reaches back to what caused
    it. Where there is a transcript, speech that is faster or louder than this speaker's usual one,
    exclamations and laughter in words add to the score; even speech adds nothing. Each moment
    carries the parts of its score, so that a choice can be explained.
    """

    name = "highlights"
    reads = (
        Curve.named("motion", optional=True),
        Curve.named("loudness", optional=True),
        Curve.named("onset", optional=True),
        Curve.named("speech", optional=True),
        Transcript.named("transcript", optional=True),
    )
    writes = (Curve.named("highlight"), Moments.named("moments"))

    class Options(StageOptions):
        """Weights: a steady sign of life counts 1, a surge more, hints less."""

        motion: float = option(1.0, ge=0, help="Weight of movement in the picture.")
        loudness: float = option(0.7, ge=0, help="Weight of loudness.")
        surge: float = option(1.5, ge=0, help="Weight of sudden loudness after calm.")
        onset: float = option(0.5, ge=0, help="Weight of sounds that begin (beats, hits).")
        speech: float = option(0.3, ge=0, help="Weight of speech.")
        delivery: float = option(
            1.0, ge=0, help="Weight of how it is said: pace, emphasis, laughter; by a transcript."
        )
        reach_back: Seconds = option("3s", ge=0, help="How far a surge reaches back to its cause.")
        smooth: Seconds = option("1.5s", gt=0, help="Length over which the score is averaged.")

    options: Options

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        length = max(1, int(np.ceil(float(tracks.duration * RATE))))
        parts = self._parts(tracks, length)
        score = sum(parts.values(), np.zeros(length))
        end = tracks.duration
        moments = tuple(_moment(core, score, parts, end) for core in _cores(score))
        return [
            Curve("highlight", Fraction(RATE), score.astype(np.float32), "z"),
            Moments("moments", moments),
        ]

    def _parts(self, tracks: Timeline, length: int) -> Mapping[str, Values]:
        """Each signal's share of the score, smoothed: float64 [length] by name."""
        weights = self.options.model_dump(
            include={"motion", "loudness", "surge", "onset", "speech"}
        )
        signals = self._signals(tracks, length)
        total = sum(weights[name] for name in signals) or 1.0
        parts = {
            name: _smoothed(_standard(name, signal), self.options.smooth) * weights[name] / total
            for name, signal in signals.items()
        }
        # Beyond the total: a transcript in which nothing stands out changes no score.
        share = self.options.delivery / total
        for name, signal in self._delivery(tracks, signals.get("loudness"), length).items():
            parts[name] = _smoothed(signal, self.options.smooth) * share
        return parts

    def _delivery(
        self, tracks: Timeline, loudness: Values | None, length: int
    ) -> Mapping[str, Values]:
        said = tracks.find(Transcript, "transcript")
        found = delivery(said, loudness, length, RATE) if said else {}
        if "laughter" in found:
            found["laughter"] = _carried(found["laughter"], self.options.reach_back)
        return found

    def _signals(self, tracks: Timeline, length: int) -> Mapping[str, Values]:
        signals: dict[str, Values] = {}
        for name in ("motion", "loudness", "onset", "speech"):
            if name in tracks and len(curve := tracks.get(Curve, name)):
                signals[name] = curve.resampled(RATE, length).astype(np.float64)
        if "loudness" in signals:
            signals["loudness"] = np.maximum(signals["loudness"], _LOUDNESS_FLOOR)
            calm = 1 - _SPOKEN_SURGE * signals.get("speech", np.zeros(length))
            signals["surge"] = _surge(signals["loudness"], calm, self.options.reach_back)
        return signals


def _standard(name: str, values: Values) -> Values:
    """A signal in standard deviations; speech is there or not, so its distance from the mean."""
    presence: Values = values - values.mean()
    return presence if name == "speech" else _robust_z(values)


def _robust_z(values: Values) -> Values:
    """Distance from the median in robust standard deviations; zero where nothing varies."""
    centred = values - np.median(values)
    # Where little happens the median deviation is near nothing, and any breath would stand out.
    sigma = max(np.median(np.abs(centred)) * _MAD_TO_SIGMA, values.std() / 2)
    standard: Values = np.clip(centred / max(sigma, 1e-6), *_Z_RANGE)
    return standard if sigma > 1e-6 else np.zeros_like(values)


def _surge(loudness: Values, share: Values, reach_back: Fraction) -> Values:
    """LU above the calm before, carried back; `share` says how much of it counts at each time."""
    from scipy.ndimage import percentile_filter

    width = _CALM_SECONDS * RATE
    calm = percentile_filter(loudness, 50, size=width, origin=width // 2 - 1, mode="nearest")
    return _carried(np.maximum(loudness - calm, 0) * share, reach_back)


def _carried(values: Values, reach_back: Fraction) -> Values:
    """Carried back to what caused it, fading to a quarter."""
    reach = round(reach_back * RATE)
    carried = values.copy()
    for back in range(1, reach + 1):
        earlier = np.concatenate([values[back:], np.zeros(min(back, len(values)))])
        carried = np.maximum(carried, earlier[: len(values)] * (1 - _FADE_BACK * back / reach))
    return carried


def _smoothed(values: Values, seconds: Fraction) -> Values:
    from scipy.ndimage import uniform_filter1d

    smoothed: Values = uniform_filter1d(values, max(1, round(seconds * RATE)), mode="nearest")
    return smoothed


def _cores(score: Values) -> list[tuple[int, int, int]]:
    """Peaks with the stretch that belongs to each: (first, peak, stop) values."""
    from scipy.signal import find_peaks

    base = float(np.median(score))
    padded = np.concatenate([[-np.inf], score, [-np.inf]])
    peaks = find_peaks(padded, distance=_PEAK_DISTANCE * RATE)[0] - 1
    cores, reached = [], 0
    for peak in peaks.tolist():
        floor = base + (score[peak] - base) * _CORE_DEPTH if score[peak] > base else score[peak]
        first = _while_above(score, peak, -1, floor)
        stop = _while_above(score, peak, 1, floor) + 1
        first = max(first, reached)
        if peak >= first:
            cores.append((first, peak, stop))
            reached = stop
    return cores


def _while_above(score: Values, peak: int, step: int, floor: float) -> int:
    at = peak
    for _ in range(_MAX_CORE * RATE // 2):
        if not 0 <= at + step < len(score) or score[at + step] < floor:
            break
        at += step
    return at


def _moment(
    core: tuple[int, int, int], score: Values, parts: Mapping[str, Values], end: Fraction
) -> Moment:
    first, _, stop = core
    reasons = {name: round(float(part[first:stop].mean()), 3) for name, part in parts.items()}
    span = Span(Fraction(first, RATE), max(min(Fraction(stop, RATE), end), Fraction(first, RATE)))
    return Moment(span, round(float(score[first:stop].mean()), 3), reasons)
