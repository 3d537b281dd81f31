"""Sentences spoken by eSpeak NG in many voices, with the time of every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from sample_scenes import voice as espeak
from scipy.signal import resample_poly

from tiny_whisper import phrases

RATE = 16_000
PACES = (135, 205)  # words a minute
PITCHES = (30, 70)

# Accent and variant, as eSpeak NG names them. Chosen before anything was trained; nobody hears
# the unseen ones but for measuring.
SEEN_VOICES = (
    "en-us", "en-us+m1", "en-us+m2", "en-us+m3", "en-us+m5", "en-us+m6", "en-us+f1", "en-us+f2",
    "en-us+f3", "en-us+f5", "en", "en+m3", "en+f2",
)  # fmt: skip
UNSEEN_VOICES = ("en-us+m4", "en-us+m7", "en-us+f4", "en-us+Annie", "en-us+Alex", "en+m7")


@dataclass(frozen=True)
class Utterance:
    """A spoken sentence.

    Attributes:
        sound: int16 [N], 16 kHz, mono.
        times: start and end of each word of the text, seconds from the first sample.
    """

    text: str
    voice: str
    sound: NDArray[np.int16]
    times: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        return len(self.sound) / RATE


def say(text: str, voice: str, *, pace: int, pitch: int) -> Utterance:
    """Lets eSpeak NG say a text.

    Raises:
        SystemExit: eSpeak NG is not installed.
        ValueError: it has no such voice, or does not say when each word begins.
    """
    try:
        library, rate = espeak.engine()
    except ModuleNotFoundError as cause:
        raise SystemExit(
            "eSpeak NG, which speaks the training data, is missing. "
            "Get it with: pip install espeakng-loader"
        ) from cause
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"eSpeak NG has no voice {voice!r}")
    library.espeak_SetParameter(espeak.PACE_SETTING, pace, 0)
    library.espeak_SetParameter(espeak.PITCH_SETTING, pitch, 0)
    sound, marks, _ = espeak.raw_speech(text)
    if [word.lower() for word, _ in marks] != phrases.words(text):
        # It runs some words together, "in the" for one.
        raise ValueError(f"eSpeak NG does not tell each word of {text!r}: {marks}")
    limits = [first for _, first in marks[1:]] + [len(sound)]
    times = tuple(
        (first / rate, espeak.audible_end(sound, first, limit, rate // 200) / rate)
        for (_, first), limit in zip(marks, limits, strict=True)
    )
    at_16k = resample_poly(sound, RATE // 50, rate // 50)
    return Utterance(text, voice, np.int16(np.clip(at_16k, -1, 1) * 32767), times)


def speak(
    count: int, voices: Sequence[str], *, seed: int, held_out: bool = False
) -> list[Utterance]:
    """So many random sentences, by the voices in turn."""
    random = Random(seed)  # noqa: S311 -- for variety, not for secrets
    spoken = []
    for number in range(count):
        text = phrases.sentence(random, held_out=held_out)
        pace, pitch = random.randint(*PACES), random.randint(*PITCHES)
        spoken.append(say(text, voices[number % len(voices)], pace=pace, pitch=pitch))
    return spoken
