"""Speech is cut out of sound whole, whatever the blocks that it comes in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.models.recognizer import RATE, SpeechWindow
from aigc_edit.models.windows import MOST_SECONDS, SpeechWindows
from aigc_edit.timeline import Span
from tests.models.test_silero import TRUTH, spoken  # noqa: F401 -- a fixture


def windows(sound: np.ndarray, block: int = RATE) -> list[SpeechWindow]:
    cutter = SpeechWindows()
    found = []
    for first in range(0, len(sound), block):
        found += cutter.add(sound[first : first + block])
    return [*found, *cutter.rest()]


@pytest.fixture(scope="module")
def found(spoken) -> list[SpeechWindow]:  # noqa: F811
    return windows(spoken)


def test_every_word_lies_within_a_window(found):
    spans = [Span(w.start, w.start + w.duration) for w in found]
    for word in TRUTH["words"]:
        said = Span.measured(word["start"], word["end"])
        assert any(s.start <= said.start and said.end <= s.end for s in spans), word


def test_windows_come_in_order_hold_the_sound_of_their_place_and_are_not_too_long(found, spoken):  # noqa: F811
    end = Fraction(0)
    for window in found:
        first = int(window.start * RATE)
        assert window.start >= end
        assert 0 < window.duration <= MOST_SECONDS
        assert np.array_equal(window.samples, spoken[first : first + len(window.samples)])
        assert all(0 <= s.start < s.end <= window.duration for s in window.speech)
        end = window.start + window.duration


@pytest.mark.parametrize("block", [160, 5_000, 999_999])
def test_blocks_do_not_matter(block, found, spoken):  # noqa: F811
    again = windows(spoken, block)

    assert [(w.start, len(w.samples), w.speech) for w in again] == [
        (w.start, len(w.samples), w.speech) for w in found
    ]


def test_speech_without_a_pause_is_cut_all_the_same(found):
    loudest = max(found, key=lambda w: sum(s.duration for s in w.speech))
    speech = np.concatenate(
        [loudest.samples[int(s.start * RATE) : int(s.end * RATE)] for s in loudest.speech]
    )
    endless = np.tile(speech, int(70 * RATE / len(speech)) + 1)
    cut = windows(endless)

    assert all(w.duration <= MOST_SECONDS for w in cut)
    assert sum(w.duration for w in cut) > 65


@pytest.mark.parametrize("level", [0.0, 0.003, 0.1])
def test_silence_and_noise_give_nothing(level):
    noise = np.random.default_rng(1).normal(0, 1, 70 * RATE).astype(np.float32)

    assert windows(noise * np.float32(level)) == []


def test_little_is_held_back():
    cutter = SpeechWindows()
    for _ in range(300):
        assert list(cutter.add(np.zeros(RATE, np.float32))) == []
        assert len(cutter._sound) <= 60 * RATE
