"""What the net hears: windows of sentences, pauses, noise and nothing, and what to make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from whisper.audio import FRAMES_PER_SECOND, log_mel_spectrogram

from tiny_whisper import sounds, tokens
from tiny_whisper.sounds import Sound
from tiny_whisper.speech import RATE, Utterance
from tiny_whisper.tokens import Heard

_EMPTY = 0.1  # share of the windows in which nobody speaks
_NOISY = 0.6
_ALONE = 0.3  # share of the windows with one sentence only
_ZEROS = 0.25  # share of the windows that end in zeros of the spectrogram, as Whisper pads some
_WITH_STAMPS = 0.6
_PROMPTED = 0.15


@dataclass(frozen=True)
class Said:
    """A sentence in a window: its text, and the start and end of each word in seconds."""

    text: str
    times: tuple[tuple[float, float], ...]

    def later(self, seconds: float) -> Said:
        """The same, so much later."""
        return Said(self.text, tuple((a + seconds, b + seconds) for a, b in self.times))


@dataclass(frozen=True)
class Window:
    """Sound of a fixed length and what is said in it.

    Attributes:
        mel: float32 [80, 100 a second], Whisper's log spectrogram.
        sequence: what the decoder reads and says; `first` is the first that it must say itself.
    """

    mel: Tensor
    said: tuple[Said, ...]
    sequence: tuple[Heard, ...]
    first: int


def mixed(
    random: Random, corpus: Sequence[Utterance], seconds: int, *, starts_at: float = 0
) -> Window:
    """A window for training.

    Args:
        seconds: its length.
        starts_at: where in Whisper's 30 seconds it is; moves the time stamps.
    """
    if random.random() < _EMPTY:
        return Window(_nobody(random, seconds), (), *_nothing(random))
    sound = np.zeros(seconds * RATE, np.float32)
    said = place(random, sound, corpus)
    end = min(seconds, said[-1].times[-1][1] + random.uniform(0.1, 0.6))
    if random.random() < _NOISY:
        _add_noise(random, sound[: random.choice([len(sound), int(end * RATE)])])
    mel = log_mel_spectrogram(sound * np.float32(10 ** random.uniform(-1.2, 0.3)))
    if random.random() < _ZEROS:
        mel[:, int(end * FRAMES_PER_SECOND) :] = 0
    return Window(_masked(random, mel), said, *_sequence(random, corpus, said, starts_at))


def place(random: Random, sound: Sound, corpus: Sequence[Utterance]) -> tuple[Said, ...]:
    """Puts sentences into silence, one or as many as there is room for."""
    said: list[Said] = []
    start = random.choice([random.uniform(0, 0.15), random.uniform(0, 1)])
    alone = random.random() < _ALONE
    while not said or not alone:
        utterance = random.choice(corpus)
        wave, speed = _faster(random, utterance.sound)
        first = int(start * RATE)
        if said and first + len(wave) > len(sound):
            break
        sound[first : first + len(wave)] = wave[: len(sound) - first]
        times = tuple((a / speed, b / speed) for a, b in utterance.times)
        said.append(Said(utterance.text, times).later(start))
        start += times[-1][1] + random.uniform(0.15, 1)
    return tuple(said)


def _faster(random: Random, sound: NDArray[np.int16]) -> tuple[Sound, float]:
    """Faster and higher, or slower and lower: more voices than eSpeak NG has."""
    speed = random.uniform(0.88, 1.14)
    at = np.arange(0, len(sound) - 1, speed)
    wave = np.interp(at, np.arange(len(sound)), sound) * (random.uniform(0.5, 1) / 32768)
    return wave.astype(np.float32), speed


def _add_noise(random: Random, sound: Sound) -> None:
    """Adds noise, 8 to 40 dB below the loudest of the sound."""
    level = float(np.abs(sound).max()) * 10 ** (-random.uniform(8, 40) / 20)
    sound += np.float32(level / 3) * sounds.noise(random, len(sound))


def _nobody(random: Random, seconds: int) -> Tensor:
    count = seconds * RATE
    level = np.float32(10 ** random.uniform(-4, -0.5))
    match random.choice(["silence", "zeros", "noise", "noise", "chords"]):
        case "silence":
            return log_mel_spectrogram(np.zeros(count, np.float32))
        case "zeros":
            return torch.zeros(80, seconds * FRAMES_PER_SECOND)
        case "noise":
            return log_mel_spectrogram(sounds.noise(random, count) * level)
        case _:
            return log_mel_spectrogram(sounds.chords(random, count) * level)


def _masked(random: Random, mel: Tensor) -> Tensor:
    """Some bands set to their floor (SpecAugment, arXiv:1904.08779)."""
    if random.random() < 0.3:
        first, wide = random.randrange(72), random.randint(2, 8)
        mel[first : first + wide] = mel.min()
    return mel


def _nothing(random: Random) -> tuple[tuple[Heard, ...], int]:
    """An end where text would begin."""
    known = tokens.tokenizer()
    begin = random.choice([tokens.stamp(0), known.no_timestamps])
    return tuple(Heard(token) for token in (*known.sot_sequence, begin, known.eot)), 1


def _sequence(
    random: Random, corpus: Sequence[Utterance], said: Sequence[Said], starts_at: float
) -> tuple[tuple[Heard, ...], int]:
    known = tokens.tokenizer()
    sequence: list[Heard] = []
    if random.random() < _PROMPTED:
        before = known.encode(f" {random.choice(corpus).text}")
        sequence = [Heard(token) for token in (known.sot_prev, *before)]
    first = len(sequence) + 1
    sequence += [Heard(token) for token in known.sot_sequence]
    if random.random() < _WITH_STAMPS:
        sequence += stamped(said, starts_at)
    else:
        sequence.append(Heard(known.no_timestamps))
        sequence += [token for one in said for token in tokens.heard(one.text, one.times)]
    end = said[-1].times[-1][1]
    return (*sequence, Heard(known.eot, (end + 0.1, end + 0.4))), first


def stamped(said: Sequence[Said], starts_at: float) -> list[Heard]:
    """The sentences, each between its time stamps."""
    sequence: list[Heard] = []
    for one in said:
        start, end = starts_at + one.times[0][0], starts_at + one.times[-1][1]
        if not sequence:
            start = min(start, tokens.LATEST_FIRST_STAMP)
        sequence.append(Heard(tokens.stamp(start), one.times[0]))
        sequence += tokens.heard(one.text, one.times)
        sequence.append(Heard(tokens.stamp(end), (one.times[-1][1], one.times[-1][1] + 0.15)))
    return sequence
