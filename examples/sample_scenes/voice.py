"""The narrator: spoken sentences from eSpeak NG with the time of every word."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

RATE = 48_000
VOICE, PACE, PITCH, RANGE = b"en-us", 132, 42, 58
SYNCHRONOUS, CHARS_UTF8, WORD_EVENT = 2, 1, 1
PACE_SETTING, PITCH_SETTING, RANGE_SETTING = 1, 3, 4

Sound = NDArray[np.float64]


class Event(ctypes.Structure):
    """eSpeak NG's espeak_EVENT."""

    _fields_ = [
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_ms", ctypes.c_int), ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    ]  # fmt: skip


@dataclass(frozen=True)
class Word:
    word: str
    start: float
    end: float


@dataclass(frozen=True)
class Sentence:
    sound: Sound  # mono, RATE
    words: tuple[Word, ...]  # seconds from the sentence's first sample


CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


@lru_cache(maxsize=1)
def engine() -> tuple[ctypes.CDLL, int]:
    """The library, ready to speak, and its sample rate."""
    import espeakng_loader

    library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    data = str(espeakng_loader.get_data_path()).encode()
    rate = int(library.espeak_Initialize(SYNCHRONOUS, 0, data, 0))
    if rate <= 0 or library.espeak_SetVoiceByName(VOICE) != 0:
        raise RuntimeError("eSpeak NG did not start with the voice " + VOICE.decode())
    for setting, value in ((PACE_SETTING, PACE), (PITCH_SETTING, PITCH), (RANGE_SETTING, RANGE)):
        library.espeak_SetParameter(setting, value, 0)
    return library, rate


def raw_speech(text: str) -> tuple[Sound, list[tuple[str, int]], int]:
    """The sound as eSpeak makes it, each word with its first sample, and the rate."""
    library, rate = engine()
    pieces: list[NDArray[np.int16]] = []
    words: list[tuple[str, int]] = []

    def receive(wave: Any, count: int, events: Any) -> int:
        if wave and count:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == WORD_EVENT:
                first = event.position - 1
                words.append((text[first : first + event.length], event.sample))
            index += 1
        return 0

    keep_alive = CALLBACK(receive)
    library.espeak_SetSynthCallback(keep_alive)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    return np.concatenate(pieces) / 32768.0, words, rate


def audible_end(sound: Sound, start: int, end: int, step: int) -> int:
    """The last loud sample between start and end, so that pauses belong to no word."""
    floor = 0.012 * float(np.max(np.abs(sound)))
    for last in range(end, start + step, -step):
        if np.max(np.abs(sound[max(last - step, start) : last])) > floor:
            return last
    return end


def speak(text: str) -> Sentence:
    sound, marks, rate = raw_speech(text)
    limits = [first for _, first in marks[1:]] + [len(sound)]
    words = tuple(
        Word(word, first / rate, audible_end(sound, first, limit, rate // 200) / rate)
        for (word, first), limit in zip(marks, limits, strict=True)
    )
    smooth = resample_poly(sound, RATE // 150, rate // 150)
    return Sentence(smooth, words)
