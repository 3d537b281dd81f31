"""When music makes way for speech."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import Span

Curve = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ducking:
    """How music makes way.

    Attributes:
        depth: dB, 0 or less, while somebody speaks.
        attack: seconds that it takes to get there, done when the first word begins.
        release: seconds that it takes to come back, from the end of the last word.
    """

    depth: float
    attack: Fraction
    release: Fraction

    def envelope(self, speech: Iterable[Span]) -> Envelope:
        """The gain over time. Pauses too short to come back in are no pauses."""
        points: list[tuple[Fraction, float]] = []
        for start, end in self._stretches(speech):
            points += [
                (start - self.attack, 0.0),
                (start, 1.0),
                (end, 1.0),
                (end + self.release, 0.0),
            ]
        return Envelope(
            np.array([float(time) for time, _ in points]),
            np.array([ducked for _, ducked in points]),
            self.depth,
        )  # fmt: skip

    def _stretches(self, speech: Iterable[Span]) -> list[tuple[Fraction, Fraction]]:
        found: list[tuple[Fraction, Fraction]] = []
        for span in sorted(speech, key=lambda span: span.start):
            if found and span.start - self.attack <= found[-1][1] + self.release:
                found[-1] = found[-1][0], max(found[-1][1], span.end)
            else:
                found.append((span.start, span.end))
        return found


@dataclass(frozen=True)
class Envelope:
    """How far music is ducked, by straight lines between points.

    Attributes:
        times: seconds, rising.
        ducked: at these times: 0 is not at all, 1 is all of `depth`.
        depth: dB.
    """

    times: npt.NDArray[np.float64]
    ducked: npt.NDArray[np.float64]
    depth: float

    def at(self, times: npt.NDArray[np.float64]) -> Curve:
        """0 to 1 at times in seconds; float32, as many."""
        if not len(self.times):
            return np.zeros(len(times), np.float32)
        found: Curve = np.interp(times, self.times, self.ducked).astype(np.float32)
        return found

    def gain(self, times: npt.NDArray[np.float64]) -> Curve:
        """The factor for music at times in seconds; even in dB, as ears hear."""
        factor: Curve = (10 ** (self.depth / 20 * self.at(times))).astype(np.float32)
        return factor
