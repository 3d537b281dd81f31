"""Where somebody speaks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    Curve,
    Regions,
    Seconds,
    Span,
    StageOptions,
    Timeline,
    Track,
    option,
)
from aigc_edit.models import silero

RATE = Fraction(silero.RATE, silero.WINDOW)  # values a second
_HYSTERESIS = 0.15  # speech ends that much below the probability that began it, as Silero's own


class Speech(Analyzer):
    """Where somebody speaks: probability (Silero VAD), and the stretches of speech."""

    name = "speech"
    needs = (Audio(rate=silero.RATE, channels=1),)
    writes = (Curve.named("speech"), Regions.named("speech_regions"))

    class Options(StageOptions):
        """Options of speech."""

        threshold: float = option(0.5, gt=0, lt=1, help="Probability from which on it is speech.")
        min_speech: Seconds = option("150ms", ge=0, help="Shorter stretches are no speech.")
        min_pause: Seconds = option("100ms", ge=0, help="Shorter pauses belong to the speech.")
        pad: Seconds = option("60ms", ge=0, help="Added before and after each stretch.")

    options: Options

    def weights(self) -> str:
        return silero.weights_digest()

    def begin(self, context: AnalysisContext) -> None:
        self._net = silero.SileroVad(context.device) if context.audio_rate else None
        self._whole = Span(0, context.duration)
        self._left = np.zeros(0, np.float32)
        self._found: list[npt.NDArray[np.float32]] = []

    def audio(self, block: AudioBlock) -> None:
        sound = np.concatenate([self._left, block.samples[0]])
        # Enough at a time that the net is busy: the LSTM alone is sequential.
        if len(sound) >= silero.RATE * 8:
            whole = len(sound) // silero.WINDOW * silero.WINDOW
            self._hear(sound[:whole])
            sound = sound[whole:]
        self._left = sound

    def _hear(self, sound: npt.NDArray[np.float32]) -> None:
        assert self._net is not None
        self._found.append(self._net.probabilities(sound))

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        del tracks
        if len(self._left):
            missing = -len(self._left) % silero.WINDOW
            self._hear(np.pad(self._left, (0, missing)))
        curve = np.concatenate([np.zeros(0, np.float32), *self._found])
        spans = self._regions(curve)
        return [Curve("speech", RATE, curve, "0..1"), Regions("speech_regions", spans)]

    def _regions(self, curve: npt.NDArray[np.float32]) -> tuple[Span, ...]:
        options = self.options
        raw = Span.merged(_above(curve, options.threshold), gap=options.min_pause)
        long = (s for s in raw if s.duration >= options.min_speech)
        padded = (s.padded(options.pad, options.pad).overlap(self._whole) for s in long)
        return Span.merged(s for s in padded if s)


def _above(curve: npt.NDArray[np.float32], threshold: float) -> list[Span]:
    """Stretches that begin at `threshold` and last while the curve stays just below it."""
    spans, start = [], None
    for k, value in enumerate(curve.tolist()):
        if start is None and value >= threshold:
            start = k
        elif start is not None and value < threshold - _HYSTERESIS:
            spans.append(Span(start / RATE, k / RATE))
            start = None
    if start is not None:
        spans.append(Span(start / RATE, len(curve) / RATE))
    return spans
