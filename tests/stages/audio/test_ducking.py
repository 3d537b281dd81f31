"""Music is down when the first word begins, and back soon after the last one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import Span
from aigc_edit.stages.audio.ducking import Ducking

DUCKING = Ducking(depth=-12.0, attack=Fraction(1, 4), release=Fraction(1, 2))


def decibels(speech, *times):
    gain = DUCKING.envelope([Span.measured(*them) for them in speech]).gain(np.array(times, float))
    return (20 * np.log10(gain)).round(3).tolist()


def test_the_first_syllable_is_clear_and_music_is_back_half_a_second_after_the_last():
    assert decibels([(2, 4)], 1.75, 2.0, 3.0, 4.0, 4.5) == [0, -12, -12, -12, 0]


def test_on_the_way_the_gain_is_even_in_decibels():
    assert decibels([(2, 4)], 1.875, 4.25) == [-6, -6]


def test_pauses_too_short_to_come_back_in_are_no_pauses():
    assert decibels([(1, 2), (2.7, 4)], 2.35) == [-12]
    assert decibels([(1, 2), (2.8, 4)], 2.525) != [-12]


def test_words_that_overlap_or_come_in_disorder_are_one_stretch():
    assert decibels([(3, 4), (1, 3.5)], 1.0, 2.0, 3.2, 4.0, 4.5) == [-12, -12, -12, -12, 0]


def test_without_speech_music_stays_as_it_is():
    assert decibels([], 0.0, 5.0) == [0, 0]


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_blocks_of_any_length_are_ducked_alike(block):
    envelope = DUCKING.envelope([Span(1, 2)])
    times = np.arange(0, 3, 1 / 100)
    parts = [envelope.gain(times[at : at + block]) for at in range(0, len(times), block)]

    assert np.array_equal(np.concatenate(parts), envelope.gain(times))
