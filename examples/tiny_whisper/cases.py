"""What a checkpoint is measured on: sound and what is said in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from torch import Tensor
from whisper.audio import N_SAMPLES, log_mel_spectrogram

from aigc_edit.models.silero import WINDOW, SileroVad
from tiny_whisper import phrases
from tiny_whisper.sounds import Sound, chords, noise
from tiny_whisper.speech import RATE, Utterance
from tiny_whisper.windows import Said

_SPEECH = 0.5  # probability of Silero VAD
_PAD = 0.06  # seconds kept before and after speech
_PAUSE = 0.5  # seconds between sentences


@dataclass(frozen=True)
class Case:
    """Sound, and what is said in it.

    Attributes:
        sound: float32 [N], 16 kHz.
        onset: where speech begins in it, as voice activity detection says; seconds.
    """

    sound: Sound
    said: tuple[Said, ...] = ()
    onset: float = 0.0

    @property
    def words(self) -> list[str]:
        return [word for said in self.said for word in phrases.words(said.text)]

    @property
    def starts(self) -> list[float]:
        return [start for said in self.said for start, _ in said.times]

    @property
    def mel(self) -> Tensor:
        """Whisper's spectrogram of it and of silence after it, 30 s in all."""
        return log_mel_spectrogram(self.sound, padding=N_SAMPLES - len(self.sound))


def trimmed(utterance: Utterance) -> Case:
    """A sentence as voice activity detection cuts it out of silence."""
    around = np.pad(np.float32(utterance.sound) / 32768, RATE // 2)
    around = np.pad(around, (0, -len(around) % WINDOW))
    speaks = np.flatnonzero(SileroVad().probabilities(around) >= _SPEECH) * WINDOW
    onset, end = (speaks[0], speaks[-1] + WINDOW) if len(speaks) else (0, len(around))
    first = max(0, int(onset - _PAD * RATE))
    said = Said(utterance.text, utterance.times).later(0.5 - first / RATE)
    sound = around[first : int(end + _PAD * RATE)]
    return Case(sound, (said,), float(onset - first) / RATE)


def together(spoken: Sequence[Utterance]) -> Case:
    """Sentences one after another."""
    parts, said, at = [np.zeros(0, np.float32)], [], 0.0
    for one in spoken:
        said.append(Said(one.text, one.times).later(at))
        parts += [np.float32(one.sound) / 32768, np.zeros(int(_PAUSE * RATE), np.float32)]
        at += one.seconds + _PAUSE
    return Case(np.concatenate(parts), tuple(said))


def packed(spoken: Sequence[Utterance]) -> list[Case]:
    """Windows of up to 30 s, each with as many sentences as there is room for."""
    windows: list[list[Utterance]] = [[]]
    for one in spoken:
        length = sum(u.seconds + _PAUSE for u in [*windows[-1], one])
        if length > N_SAMPLES / RATE:
            windows.append([])
        windows[-1].append(one)
    return [together(window) for window in windows]


def nobody(count: int, seed: int) -> list[Case]:
    """Thirty seconds each of silence, noise of many colours and levels, and chords."""
    random = Random(seed)  # noqa: S311 -- for variety, not for secrets
    cases = [Case(np.zeros(N_SAMPLES, np.float32))]
    for number in range(1, count):
        level = np.float32(10 ** random.uniform(-3.5, -0.7))
        if number % 3 == 0:
            sound = chords(random, N_SAMPLES)
        else:
            sound = noise(random, N_SAMPLES, unheard=True)
        cases.append(Case(sound * level))
    return cases
