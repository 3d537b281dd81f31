"""Beats under a film: where its cuts are, at a tempo that hardly gives way."""

from fractions import Fraction
from itertools import accumulate, pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_edit.models.music import TempoRange, timing_for

QUICK = TempoRange(92, 116)
MIDDLE = 103.3  # of its tempos, by ratio
GIVES_WAY = 0.12  # share of a beat's length, between two cuts
MICROSECOND = Fraction(1, 1_000_000)
BEAT = 4  # sixteenths
RING = 2.5


def milliseconds(*times):
    return [Fraction(round(time), 1000) for time in times]


def edit(seed, seconds=60, shots=(2, 8)):
    """Cuts of a film, whose shots last so many seconds."""
    lengths = np.random.default_rng(seed).uniform(*shots, size=int(seconds / shots[0]) + 1)
    return [cut for cut in milliseconds(*accumulate(1000 * lengths)) if cut < seconds]


@st.composite
def films(draw):
    """A duration and rising cuts, some of them side by side."""
    gaps = st.one_of(st.integers(1, 50), st.integers(200, 9000))
    cuts = milliseconds(*accumulate(draw(st.lists(gaps, max_size=40))))
    after = draw(st.integers(1, 9000))
    return (cuts[-1] if cuts else 0) + Fraction(after, 1000), cuts


@settings(max_examples=30)
@given(films(), st.sampled_from((0.1, 2.5, 4.0)))
def test_cuts_that_are_met_are_on_beats_and_tempos_stay_near_the_range(film, ring):
    duration, cuts = film
    timing = timing_for(duration, cuts, QUICK, ring)

    for cut, beat in timing.cuts.items():
        assert abs(timing.clock.seconds(beat * BEAT) - cut) <= MICROSECOND
        assert cut in cuts
    for tempo in timing.clock.tempos:
        beat = float(BEAT * tempo.sixteenth)
        assert 60 / QUICK.fastest * (1 - GIVES_WAY) - 1e-6 <= beat
        assert beat <= 60 / QUICK.slowest * (1 + GIVES_WAY) + 1e-6


@settings(max_examples=30)
@given(films(), st.sampled_from((0.1, 2.5, 4.0)))
def test_the_last_chord_rings_long_enough(film, ring):
    duration, cuts = film
    timing = timing_for(duration, cuts, QUICK, ring)
    begins = timing.clock.seconds(timing.last * BEAT)
    slowest = 60 / QUICK.slowest * (1 + GIVES_WAY)

    assert duration - begins >= min(ring, float(duration) / 4) - 1e-6
    assert timing.last == 0 or duration - begins <= 2 * ring + slowest


def test_the_last_chord_falls_on_a_cut_that_is_near():
    timing = timing_for(Fraction(30), milliseconds(8000, 17000, 26500), QUICK, RING)

    assert timing.cuts[Fraction("26.5")] == timing.last


@pytest.mark.parametrize("seconds", [Fraction(1, 5), Fraction(1), Fraction(60)])
def test_without_cuts_the_tempo_is_the_middle_one(seconds):
    timing = timing_for(seconds, [], QUICK, RING)

    assert [t.per_minute for t in timing.clock.tempos] == [pytest.approx(MIDDLE, rel=0.01)]
    assert timing.cuts == {}
    assert (timing.distance, timing.distance_at_random) == (0, 0)


def test_cuts_at_both_ends_are_no_cuts():
    ends = [Fraction(0), Fraction(20)]

    assert timing_for(Fraction(20), ends, QUICK, RING) == timing_for(Fraction(20), [], QUICK, RING)


def test_one_cut_is_met_wherever_it_is():
    for cut in milliseconds(*range(500, 29500, 1370)):
        timing = timing_for(Fraction(30), [cut], QUICK, RING)

        assert list(timing.cuts) == [cut]
        assert timing.distance == pytest.approx(0, abs=1e-6)


def test_a_crowd_of_cuts_does_not_hide_those_after_it():
    crowd = milliseconds(*range(20_000, 20_300))
    after = milliseconds(*range(25_000, 60_000, 5000))
    timing = timing_for(Fraction(60), [*crowd, *after], QUICK, RING)

    assert len(timing.cuts.keys() & {*after}) >= len(after) - 1


def test_hundreds_of_cuts_are_mostly_met():
    cuts = edit(1, seconds=700, shots=(1.5, 5))
    timing = timing_for(Fraction(700), cuts, QUICK, RING)

    assert len(cuts) > 200
    assert len(timing.cuts) > 0.8 * len(cuts)


def test_a_film_of_three_hours_keeps_time_to_its_end():
    hours = Fraction(3 * 60 * 60)
    cuts = edit(1, seconds=hours)
    timing = timing_for(hours, cuts, QUICK, RING)

    assert len(timing.cuts) > 0.95 * len(cuts)
    assert RING <= hours - timing.clock.seconds(timing.last * BEAT) <= 2 * RING
    assert timing.distance < 0.1 * timing.distance_at_random


def test_work_grows_with_the_cuts_and_not_faster(monkeypatch):
    from aigc_edit.models.music import timing

    asked = []
    missed = timing._missed
    monkeypatch.setattr(timing, "_missed", lambda *args: asked.append(1) or missed(*args))

    def work(seconds):
        asked.clear()
        timing._way([0.0, *map(float, edit(1, seconds))], 0.5)
        return len(asked)

    assert work(8000) < 2.2 * work(4000)


@pytest.mark.parametrize("tempo", [QUICK, TempoRange(56, 70), TempoRange(108, 132)])
def test_cuts_are_at_most_half_as_far_from_beats_as_at_a_random_tempo(tempo):
    timings = [timing_for(Fraction(60), edit(seed), tempo, RING) for seed in range(12)]

    assert fmean(t.distance for t in timings) < 0.5 * fmean(t.distance_at_random for t in timings)


def test_distances_are_those_of_the_clock():
    cuts = edit(3, shots=(0.3, 2))
    timing = timing_for(Fraction(60), cuts, QUICK, RING)
    beats = np.array([float(timing.clock.seconds(number * BEAT)) for number in range(200)])
    far = fmean(np.abs(beats - float(cut)).min() for cut in cuts)
    steady = [np.arange(200) * 60 / tempo for tempo in np.geomspace(92, 116, 100)]
    at_random = fmean(np.abs(grid - float(cut)).min() for grid in steady for cut in cuts)

    assert len(timing.cuts) < len(cuts)
    assert timing.distance == pytest.approx(far)
    assert timing.distance_at_random == pytest.approx(at_random, rel=0.05)


def test_tempos_change_little_from_shot_to_shot():
    timing = timing_for(Fraction(60), edit(1), QUICK, RING)
    tempos = [tempo.per_minute for tempo in timing.clock.tempos]

    assert all(abs(after / before - 1) < 2 * GIVES_WAY for before, after in pairwise(tempos))
    assert np.std(tempos) < 0.06 * np.mean(tempos)


@pytest.mark.parametrize("wrong", [(10, 60), (120, 100), (200, 400)])
def test_tempos_that_are_no_music_are_refused(wrong):
    with pytest.raises(ValueError, match="no music"):
        TempoRange(*wrong)
