"""What is lively wins, and says why; from made-up tracks."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import Curve, Moments, Span, Timeline
from aigc_edit.stages.analyze.highlights import RATE, Highlights
from tests.stages.made_up import curve, noise, raised, timeline

SECONDS = 120


def found(tracks: Timeline, **options) -> tuple[Curve, Moments]:
    score, moments = Highlights(Highlights.Options(**options)).finish(tracks)
    return score, moments


def best(moments: Moments):
    return max(moments, key=lambda m: m.score)


def calm(*, motion=None, loudness=None, speech=None) -> Timeline:
    """Two calm minutes, but for what is given."""
    tracks = [
        curve("motion", noise(SECONDS, 0.02, 0.004, 1) if motion is None else motion),
        curve("loudness", noise(SECONDS, -35, 1.5, 2) if loudness is None else loudness),
        curve("onset", np.abs(noise(SECONDS, 0.5, 0.2, 3))),
    ]
    if speech is not None:
        tracks.append(curve("speech", speech))
    return timeline(SECONDS, *tracks)


def test_loud_after_calm_wins_and_its_reasons_say_so():
    loudness = raised(noise(SECONDS, -35, 1.5, 2), 60, 64, 20)
    _, moments = found(calm(loudness=loudness))
    winner = best(moments)

    assert winner.span.overlaps(Span(60, 64))
    assert max(winner.reasons, key=winner.reasons.get) == "surge"
    assert set(winner.reasons) == {"motion", "loudness", "onset", "surge"}


def test_movement_wins_where_nothing_sounds_and_its_reasons_say_so():
    motion = raised(noise(SECONDS, 0.02, 0.004, 1), 30, 35, 0.2)
    _, moments = found(timeline(SECONDS, curve("motion", motion)))
    winner = best(moments)

    assert 30 <= winner.span.middle <= 35
    assert list(winner.reasons) == ["motion"]


def test_steady_loudness_is_no_surge_but_the_step_to_it_is():
    loudness = raised(noise(SECONDS, -40, 1, 2), 60, SECONDS, 20)
    score, _ = found(calm(loudness=loudness), motion=0, loudness=0, onset=0)

    assert score.values[600:640].mean() > score.values[800:].mean() + 1


def test_a_surge_reaches_back_to_its_cause():
    loudness = raised(noise(SECONDS, -35, 1, 2), 60, 64, 20)
    near, _ = found(calm(loudness=loudness), reach_back="0s", smooth="0.1s")
    far, _ = found(calm(loudness=loudness), reach_back="3s", smooth="0.1s")
    before = slice(572, 598)

    assert far.values[before].mean() > near.values[before].mean() + 0.5
    assert np.all(np.diff(far.values[572:600]) > -0.6)  # it rises towards the surge
    assert far.values[540:565] == pytest.approx(near.values[540:565], abs=0.25)


def test_somebody_who_merely_begins_to_speak_is_no_surge():
    loudness = raised(raised(noise(SECONDS, -45, 1, 2), 30, 38, 20), 80, 84, 20)
    speech = raised(np.zeros(SECONDS * 10, np.float32), 30, 38, 1.0)
    score, moments = found(calm(loudness=loudness, speech=speech), speech=0)
    winner = best(moments)

    assert 78 <= winner.span.middle <= 85
    assert score.values[800:840].mean() > score.values[300:340].mean() + 1


def test_a_single_wild_value_does_not_outweigh_a_lively_stretch():
    motion = raised(noise(SECONDS, 0.02, 0.004, 1), 30, 40, 0.1)
    motion[900] = 0.9
    _, moments = found(timeline(SECONDS, curve("motion", motion)))

    assert 30 <= best(moments).span.middle <= 40


def test_moments_are_in_order_apart_and_within_the_film():
    motion = noise(SECONDS, 0.1, 0.05, 9)
    _, moments = found(calm(motion=motion))
    spans = [m.span for m in moments]

    assert len(spans) > 5
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert spans[0].start >= 0
    assert spans[-1].end <= SECONDS
    assert all(s.duration <= 13 for s in spans)


def test_the_score_is_the_sum_of_its_parts():
    _, moments = found(calm(motion=noise(SECONDS, 0.1, 0.05, 9)))

    for moment in moments:
        assert sum(moment.reasons.values()) == pytest.approx(moment.score, abs=0.01)


def test_a_weight_of_nothing_silences_a_signal():
    motion = raised(noise(SECONDS, 0.02, 0.004, 1), 30, 35, 0.2)
    loudness = raised(noise(SECONDS, -35, 1.5, 2), 60, 64, 20)
    tracks = calm(motion=motion, loudness=loudness)

    assert 30 <= best(found(tracks, loudness=0, surge=0)[1]).span.middle <= 35
    assert 57 <= best(found(tracks, motion=0)[1]).span.middle <= 65


@pytest.mark.parametrize("seconds", ["0.04", "0.1", "0.5", "1", "7", "30"])
def test_a_flat_film_of_any_length_gives_no_crash_and_no_score(seconds):
    duration = Fraction(seconds)
    length = int(np.ceil(duration * 10))
    flat = Timeline(duration).then(
        curve("motion", np.zeros(length)),
        curve("loudness", np.full(length, -120.0)),
        curve("onset", np.zeros(length)),
        curve("speech", np.zeros(length)),
    )
    score, moments = found(flat)

    assert len(score) == length
    assert score.values == pytest.approx(0)
    assert all(m.span.end <= duration and m.score == 0 for m in moments)


@pytest.mark.parametrize("seconds", ["0.04", "3"])
def test_without_any_track_there_is_still_an_answer(seconds):
    score, _ = found(Timeline(Fraction(seconds)))

    assert np.isfinite(score.values).all()
    assert score.rate == RATE


def test_tracks_that_are_empty_are_as_if_they_were_not_there():
    tracks = calm().then(Curve("speech", Fraction(16_000, 512)))

    assert found(tracks) == found(calm())
