"""Music that nobody played, so that every beat of it is known."""

from __future__ import annotations

import numpy as np

RATE = 16_000  # what the analyser hears


def steady(bpm: float, seconds: float, first: float = 0.31) -> np.ndarray:
    """float64 [B]: the times of beats, seconds."""
    return np.arange(first, seconds - 0.2, 60 / bpm)


def drifting(slow: float, fast: float, seconds: float) -> np.ndarray:
    """float64 [B]: beats of a tempo that rises evenly from `slow` to `fast`, in beats a minute."""
    clock = np.arange(0, seconds - 0.2, 1e-3)
    passed = np.cumsum(np.linspace(slow, fast, len(clock)) / 60) * 1e-3
    return np.interp(np.arange(0.5, passed[-1]), passed, clock)


def clicks(beats: np.ndarray, seconds: float) -> np.ndarray:
    """float32 [N]: a metronome."""
    return _placed(seconds, [(t, _decaying(np.sin, 1000, 0.03)) for t in beats])


def drums(beats: np.ndarray, seconds: float) -> np.ndarray:
    """float32 [N]: bass drum, snare, bass drum, snare; a soft hi-hat on every half beat."""
    rng = np.random.default_rng(0)
    kick = _decaying(np.sin, 70, 0.2)
    kick += 0.3 * rng.normal(0, 1, len(kick)) * _decay(0.02, len(kick))  # the beater's click
    snare = 0.6 * rng.normal(0, 1, len(kick)) * _decay(0.15, len(kick))
    hat = 0.1 * np.diff(rng.normal(0, 1, 800)) * _decay(0.03, 799)
    halves = np.sort([*beats, *(beats[:-1] + np.diff(beats) / 2)])
    hits = [(t, (kick, snare)[k % 2]) for k, t in enumerate(beats)]
    return _placed(seconds, [*hits, *((t, hat) for t in halves)])


def chords(beats: np.ndarray, seconds: float) -> np.ndarray:
    """float32 [N]: a piano's chords on each beat, a melody that often moves between two."""
    rng = np.random.default_rng(0)
    notes = []
    for k, time in enumerate(beats):
        root = (0, 5, 7, 0)[k // 4 % 4]
        notes += [(time, _tone(48 + root + third, 0.6)) for third in (0, 4, 7)]
        length = beats[min(k + 1, len(beats) - 1)] - time
        notes += [(time + length / 2, 0.5 * _tone(72 + int(rng.choice([0, 2, 4, 7])), 0.3))] * (
            rng.random() < 0.6
        )
    return _placed(seconds, notes)


def noisy(sound: np.ndarray, decibels: float) -> np.ndarray:
    """The sound in white noise that many decibels below it."""
    level = np.sqrt(np.mean(sound**2)) * 10 ** (-decibels / 20)
    return (sound + np.random.default_rng(1).normal(0, level, len(sound))).astype(np.float32)


def f_measure(found: np.ndarray, truth: np.ndarray, window: float = 0.07) -> float:
    """Of beats within 70 ms of one another (Dixon 2007), each used once; 1 is best."""
    hits, left = 0, list(found)
    for time in truth:
        near = [t for t in left if abs(t - time) <= window]
        if near:
            left.remove(min(near, key=lambda t: abs(t - time)))
            hits += 1
    return 2 * hits / max(1, len(found) + len(truth))


def _tone(pitch: int, seconds: float) -> np.ndarray:
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    harmonics = sum(_decaying(np.sin, frequency * k, seconds / k) / k for k in (1, 2, 3, 4))
    return 0.3 * harmonics[: int(seconds * RATE)]


def _decaying(wave, frequency: float, seconds: float) -> np.ndarray:
    clock = np.arange(int(0.8 * RATE)) / RATE
    return wave(2 * np.pi * frequency * clock) * _decay(seconds, len(clock))


def _decay(seconds: float, count: int) -> np.ndarray:
    clock = np.arange(count) / RATE
    return np.minimum(clock / 0.005, 1) * np.exp(-3 * clock / seconds)


def _placed(seconds: float, sounds: list[tuple[float, np.ndarray]]) -> np.ndarray:
    whole = np.zeros(round(seconds * RATE) + RATE)
    for time, sound in sounds:
        at = round(time * RATE)
        whole[at : at + len(sound)] += sound
    whole = whole[: round(seconds * RATE)]
    return (0.5 * whole / np.abs(whole).max(initial=1e-9)).astype(np.float32)
