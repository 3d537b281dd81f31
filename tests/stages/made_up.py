"""Tracks that nobody measured, so that their truth is known."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from aigc_edit.api import (
    Curve,
    Moment,
    Moments,
    Regions,
    Sentence,
    Shots,
    Span,
    Timeline,
    Transcript,
    spread,
)

RATE = 10


def noise(seconds: float, level: float, spread: float, seed: int = 0) -> np.ndarray:
    """float32 [N]: values that wander a little, 10 a second."""
    from scipy.ndimage import uniform_filter1d

    raw = np.random.default_rng(seed).normal(0, 1, round(seconds * RATE))
    return (level + spread * uniform_filter1d(raw, 5)).astype(np.float32)


def raised(values: np.ndarray, start: float, end: float, by: float) -> np.ndarray:
    changed = values.copy()
    changed[round(start * RATE) : round(end * RATE)] += by
    return changed


def curve(name: str, values: np.ndarray, unit: str = "") -> Curve:
    return Curve(name, Fraction(RATE), values, unit)


def timeline(seconds: int, *tracks) -> Timeline:
    return Timeline(Fraction(seconds)).then(*tracks)


def moments(*found: tuple[float, float, float]) -> Moments:
    """From (start, end, score)."""
    return Moments(
        "moments",
        tuple(
            Moment(Span.measured(start, end), score, {"motion": score})
            for start, end, score in found
        ),
    )


def shots(*cuts: float, end: float) -> Shots:
    edges = [0.0, *cuts, end]
    return Shots("shots", tuple(Span.measured(a, b) for a, b in itertools.pairwise(edges)))


def speech(*stretches: tuple[float, float]) -> Regions:
    return Regions("speech_regions", tuple(Span.measured(*s) for s in stretches))


def said(*sentences: tuple[float, float]) -> Transcript:
    """Sentences of three words each, without pauses between the words."""
    spans = (Span.measured(start, end) for start, end in sentences)
    return Transcript("transcript", tuple(Sentence(spread("one two three.", s)) for s in spans))
