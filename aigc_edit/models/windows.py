"""Speech cut out of sound as it comes: windows that begin and end in pauses.

Recognisers work best on whole phrases, and invent words where nobody speaks; so they get what a
voice activity detector found, in windows of at most half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.models import silero
from aigc_edit.models.recognizer import RATE, SpeechWindow
from aigc_edit.timeline import Span

MOST_SECONDS = 30  # what Whisper hears at once
_HOP = Fraction(silero.WINDOW, RATE)
_MOST = round(MOST_SECONDS / _HOP)
_CHUNK = 250  # detector windows at a time, 8 s: the net is quickest over many
_BEGIN, _GO_ON = 0.5, 0.35  # Silero's own thresholds: speech begins, and lasts
_SHORT = round(Fraction(15, 100) / _HOP)  # shorter sounds are no speech
_PAUSE = round(Fraction(25, 100) / _HOP)  # a window may end in a pause of that length
_LONG_PAUSE = round(2 / _HOP)  # it always ends in such a one
_PAD = round(Fraction(2, 10) / _HOP)  # silence kept before and after speech
_QUIET = 6  # detector windows that are averaged where speech must be cut without a pause

Samples = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


class SpeechWindows:
    """Takes sound block by block, 16 kHz mono; holds back at most a minute of it."""

    def __init__(self, device: str = "cpu") -> None:
        self._detector = silero.SileroVad(device)
        self._sound: Samples = np.zeros(0, np.float32)
        self._voice: Samples = np.zeros(0, np.float32)  # probability, one a detector window
        self._passed = 0  # detector windows that lie behind

    def add(self, samples: Samples) -> Iterator[SpeechWindow]:
        """The windows that are complete with these samples, float32 [N]."""
        self._sound = np.concatenate([self._sound, samples])
        if len(self._sound) - len(self._voice) * silero.WINDOW >= _CHUNK * silero.WINDOW:
            self._listen()
            yield from self._complete(ended=False)

    def rest(self) -> Iterator[SpeechWindow]:
        """The windows at the end of the sound."""
        missing = -len(self._sound) % silero.WINDOW
        self._sound = np.pad(self._sound, (0, missing))
        self._listen()
        yield from self._complete(ended=True)

    def _listen(self) -> None:
        fresh = self._sound[len(self._voice) * silero.WINDOW :]
        whole = len(fresh) // silero.WINDOW * silero.WINDOW
        if whole:
            heard = self._detector.probabilities(fresh[:whole])
            self._voice = np.concatenate([self._voice, heard])

    def _complete(self, *, ended: bool) -> Iterator[SpeechWindow]:
        """Windows that no later sound can change, taken off the front."""
        while True:
            flags = speaking(self._voice)
            spoken = np.flatnonzero(flags)
            if not len(spoken):
                # The end of the silence may turn out to be the beginning of a word.
                self._drop(len(flags) if ended else max(0, len(flags) - _SHORT - _PAD))
                return
            self._drop(max(0, int(spoken[0]) - _PAD))
            flags = flags[len(flags) - len(self._voice) :]
            end = _end(flags, self._voice, ended=ended)
            if end is None:
                return
            yield self._taken(flags[:end])
            self._drop(end)

    def _taken(self, flags: Flags) -> SpeechWindow:
        kept = min(len(flags), int(np.flatnonzero(flags)[-1]) + 1 + _PAD)
        return SpeechWindow(
            self._passed * _HOP,
            self._sound[: kept * silero.WINDOW].copy(),
            tuple(Span(a * _HOP, b * _HOP) for a, b in _runs(flags)),
        )

    def _drop(self, count: int) -> None:
        self._sound, self._voice = self._sound[count * silero.WINDOW :], self._voice[count:]
        self._passed += count


def speaking(voice: Samples) -> Flags:
    """Where somebody speaks, bool [N]: from `_BEGIN` on, while it stays above `_GO_ON`."""
    flags = np.zeros(len(voice), bool)
    for first, last in _runs(voice >= _GO_ON):
        begun = np.flatnonzero(voice[first:last] >= _BEGIN)
        if len(begun) and last - first - begun[0] >= _SHORT:
            flags[first + begun[0] : last] = True
    return flags


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """First and past-last place of each stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _end(flags: Flags, voice: Samples, *, ended: bool) -> int | None:
    """Where the window that begins here ends; None where later sound may say."""
    limit = min(len(flags), _MOST)
    pauses = [(a, b) for a, b in _runs(~flags[:limit]) if a > 0]
    for first, last in pauses:
        if last - first >= _LONG_PAUSE:
            return first + _PAD
    if len(flags) < _MOST:
        return len(flags) if ended else None
    ends = [min(b, a + 2 * _PAD) for a, b in pauses if b - a >= _PAUSE or b == limit]
    if ends:
        return ends[-1]
    quiet = np.convolve(voice[:limit], np.ones(_QUIET) / _QUIET, "same")
    return limit // 2 + int(np.argmin(quiet[limit // 2 :]))
