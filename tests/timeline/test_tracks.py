"""Tracks: frozen, exact in JSON, moved into output time."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_edit.timeline import (
    Curve,
    EditList,
    Instant,
    Instants,
    Moment,
    Moments,
    Regions,
    Sentence,
    Shots,
    Span,
    Timeline,
    Track,
    Transcript,
    Word,
    track_from_json,
    track_json,
)

DAY = 86_400 * 10**9  # nanoseconds
nanoseconds = st.integers(0, DAY).map(lambda n: Fraction(n, 10**9))
spans = st.tuples(nanoseconds, nanoseconds).map(lambda pair: Span(min(pair), max(pair)))
some_spans = st.lists(spans, max_size=5).map(tuple)
names = st.text(min_size=1, max_size=10)
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
scores = st.floats(allow_nan=False, allow_infinity=False)
rates = st.fractions(min_value=Fraction(1, 10), max_value=1000, max_denominator=1001)
moments = st.builds(Moment, spans, scores, st.dictionaries(names, scores, max_size=3))
instants = st.builds(Instant, nanoseconds, scores)
words = st.builds(Word, spans, names, st.floats(0, 1).map(lambda c: round(c, 4)))
sentences = st.lists(words, min_size=1, max_size=4).map(tuple).map(Sentence)
tracks = st.one_of(
    st.builds(Shots, names, some_spans, some_spans),
    st.builds(Regions, names, some_spans),
    st.builds(Curve, names, rates, st.lists(floats, max_size=20), names),
    st.builds(Moments, names, st.lists(moments, max_size=4).map(tuple)),
    st.builds(Instants, names, st.lists(instants, max_size=4).map(tuple)),
    st.builds(Transcript, names, st.lists(sentences, max_size=3).map(tuple), names),
)


def curve(*values: float, rate: int | Fraction = 1) -> Curve:
    return Curve("c", Fraction(rate), np.array(values, np.float32))


def test_these_are_all_kinds():
    own = {k for k, v in Track.KINDS.items() if v.__module__.startswith("aigc_edit.timeline")}

    assert own == {"Shots", "Regions", "Curve", "Moments", "Instants", "Transcript"}


@given(nanoseconds, st.lists(tracks, max_size=4))
def test_a_timeline_comes_back_equal_from_its_text(duration, found):
    timeline = Timeline(duration).then(*found)

    assert Timeline.loads(timeline.dumps()) == timeline


@given(tracks)
def test_a_track_says_its_own_kind_and_name(track):
    data = track_json(track)

    assert (data["kind"], data["name"]) == (type(track).__name__, track.name)
    assert json.loads(json.dumps(data)) == data


@given(st.lists(st.integers(0, 2**31 - 1), max_size=50))
def test_every_float32_survives_its_json(bits):
    values = np.array(bits, np.uint32).view(np.float32)
    values = values[np.isfinite(values)]
    track = curve(*values.tolist())

    assert Timeline.loads(Timeline(Fraction(1)).then(track).dumps()).tracks["c"] == track


def test_an_unknown_kind_is_a_key_error():
    with pytest.raises(KeyError, match="Smell"):
        track_from_json({"kind": "Smell", "name": "s"})


def test_a_track_is_found_by_kind_and_name():
    timeline = Timeline(Fraction(9)).then(Regions("r"), curve(1))

    assert timeline.get(Regions, "r") == Regions("r")
    assert Regions.named("r") in timeline
    assert "x" not in timeline
    with pytest.raises(KeyError, match="Curve, not a Regions"):
        timeline.get(Regions, "c")


def test_the_values_of_a_curve_cannot_be_changed():
    source = np.ones(3, np.float32)
    track = Curve("c", Fraction(1), source)
    source[:] = 7

    assert track.values.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        track.values[0] = 2


def test_cuts_are_where_shots_begin_but_the_first():
    shots = Shots("shots", (Span(0, 2), Span(2, 5), Span(5, 6)))

    assert shots.cuts == (2, 5)
    assert Shots("shots").cuts == ()


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(1, 3), [1, 2]),
        (Span(Fraction(3, 2), Fraction(5, 2)), [1, 2]),
        (Span(-5, 1), [0]),
        (Span(4, 99), [4]),
        (Span(7, 9), []),
        (Span(-4, -2), []),
        (Span(-1, 0), []),
    ],
)
def test_within_gives_the_values_that_a_span_touches(span, expected):
    assert curve(0, 1, 2, 3, 4).within(span).tolist() == expected


@given(st.lists(floats, min_size=1, max_size=30), rates)
def test_resampled_to_its_own_rate_a_curve_is_itself(values, rate):
    track = Curve("c", rate, values)
    biggest = max(1.0, float(np.abs(track.values).max()))

    assert track.resampled(rate, len(values)) / biggest == pytest.approx(
        track.values / biggest, abs=1e-6
    )


def test_resampled_down_a_curve_gives_means():
    assert curve(0, 2, 4, 8, rate=4).resampled(2, 2).tolist() == [1, 6]


def test_resampled_up_a_value_holds():
    assert curve(1, 2, rate=2).resampled(6, 6).tolist() == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("length", [0, 1, 4, 9])
def test_resampled_gives_as_many_values_as_asked_for(length):
    track = curve(5, 5)

    assert track.resampled(1, length, fill=-1).tolist() == ([5, 5] + [-1] * 9)[:length]
    assert curve().resampled(1, length, fill=-1).tolist() == [-1] * length


def test_a_rate_that_no_whole_number_divides_keeps_its_place():
    ramp = curve(*range(3125), rate=Fraction(16_000, 512))
    tenths = ramp.resampled(10, 1000)
    truth = (np.arange(1000) + 0.5) * 3.125 - 0.5

    assert np.abs(tenths - truth).max() <= 0.5


EDITS = EditList.of([Span(6, 8), Span(1, 2)])  # output 0-2 and 2-3


def test_in_output_what_is_dropped_is_gone_and_the_rest_is_moved():
    shots = Shots("s", (Span(0, 5), Span(5, 7), Span(7, 9)), (Span(3, 4), Span(6, 8)))
    regions = Regions("r", (Span(2, 5), Span(0, 9)))
    found = Moments("m", (Moment(Span(7, 9), 1.5, {"x": 1.0}), Moment(Span(3, 4), 1.0)))

    assert shots.in_output(EDITS).spans == (Span(0, 1), Span(1, 2), Span(2, 3))
    assert shots.in_output(EDITS).gradual == (Span(0, 2),)
    assert regions.in_output(EDITS).spans == (Span(0, 2), Span(2, 3))
    assert found.in_output(EDITS).moments == (Moment(Span(1, 2), 1.5, {"x": 1.0}),)


def test_in_output_instants_are_moved_with_the_spans_that_they_lie_in():
    beats = Instants("b", tuple(Instant(Fraction(t), 0.5) for t in (0, 1, 2, 6, 7, 8)))

    assert beats.in_output(EDITS).times == (0, 1, 2)
    assert {beat.strength for beat in beats.in_output(EDITS)} == {0.5}


def test_tracks_of_plugins_may_share_a_name_with_ours_and_with_each_other():
    class Shots(Regions):
        """Not our shots."""

    mine = Shots("s", (Span(0, 1),))
    back = track_from_json(track_json(mine))

    assert type(back) is Shots
    assert back == mine
    assert track_json(mine)["kind"] == f"{__name__}:Shots"


def test_find_gives_nothing_where_there_is_nothing():
    timeline = Timeline(Fraction(10)).then(Regions("r"))

    assert timeline.find(Regions, "r") == Regions("r")
    assert timeline.find(Regions, "other") is None


def test_in_output_a_curve_is_reordered():
    assert curve(*range(10)).in_output(EDITS).values.tolist() == [6, 7, 1]
    assert curve().in_output(EDITS).values.tolist() == []


def test_in_output_a_curve_that_is_too_short_holds_its_last_value():
    assert curve(0, 1, 2).in_output(EDITS).values.tolist() == [2, 2, 1]


def test_in_output_a_timeline_is_as_long_as_what_is_kept():
    moved = Timeline(Fraction(10)).then(curve(*range(10)), Regions("r")).in_output(EDITS)

    assert moved.duration == 3
    assert set(moved.tracks) == {"c", "r"}


@pytest.mark.parametrize("values", [[1.0, float("nan")], [float("inf")], [[1.0], [2.0]]])
def test_a_curve_is_a_row_of_finite_numbers(values):
    with pytest.raises(ValueError, match="not a row of finite numbers"):
        Curve("c", Fraction(1), values)
