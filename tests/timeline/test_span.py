"""Stretches of time are exact and half-open."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_edit.timeline import NANOSECOND, Span, on_clock

times = st.fractions(min_value=0, max_value=10_000, max_denominator=1001)
spans = st.tuples(times, times).map(lambda pair: Span(min(pair), max(pair)))
some_spans = st.lists(spans, max_size=8)


def covered(time: Fraction, among: tuple[Span, ...] | list[Span]) -> bool:
    return any(time in span for span in among)


def edges(*groups) -> list[Fraction]:
    """Every border, and the middle between each two neighbours: nothing changes elsewhere."""
    borders = sorted({t for group in groups for span in group for t in (span.start, span.end)})
    return borders + [(a + b) / 2 for a, b in itertools.pairwise(borders)]


def test_times_stay_exact():
    third = Span(Fraction(1, 3), Fraction(2, 3))

    assert sum((third.duration for _ in range(3)), Fraction(0)) == 1
    assert third.middle == Fraction(1, 2)
    assert third.shifted(Fraction(1, 3)) == Span(Fraction(2, 3), 1)
    assert third.padded(Fraction(1, 3), 1) == Span(0, Fraction(5, 3))


@pytest.mark.parametrize(("start", "end"), [(0.0, 1), (0, 1.0), (0.1, 0.2)])
def test_floats_are_refused(start, end):
    with pytest.raises(TypeError, match=r"exact.*Span\.measured"):
        Span(start, end)


def test_a_span_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="cannot end"):
        Span(2, 1)


def test_measured_times_land_on_the_nanosecond_clock():
    span = Span.measured(0.1, 0.30000000000000004)

    assert span == Span(Fraction(1, 10), Fraction(3, 10))


@given(times)
def test_the_clock_is_never_further_than_half_a_nanosecond(time):
    assert abs(on_clock(time) - time) <= NANOSECOND / 2
    assert on_clock(on_clock(time)) == on_clock(time)


def test_the_start_belongs_to_a_span_and_the_end_does_not():
    span = Span(1, 2)

    assert 1 in span
    assert Fraction(3, 2) in span
    assert 2 not in span
    assert "1" not in span


def test_spans_that_touch_do_not_overlap():
    assert not Span(0, 1).overlaps(Span(1, 2))
    assert Span(0, 1).overlap(Span(1, 2)) is None


def test_an_empty_span_holds_nothing():
    empty = Span(1, 1)

    assert empty.duration == 0
    assert 1 not in empty


@given(spans, spans)
def test_an_overlap_holds_what_both_hold(one, other):
    shared = one.overlap(other)

    assert shared == other.overlap(one)
    for time in edges([one, other]):
        assert (time in one and time in other) == (shared is not None and time in shared)


@pytest.mark.parametrize("rate", [24, 25, Fraction(24_000, 1001), Fraction(30_000, 1001)])
def test_spans_of_frames_follow_each_other_without_a_gap(rate):
    pieces = [Span.of_frames(k, k + 7, rate) for k in range(0, 70, 7)]

    assert Span.merged(pieces) == (Span.of_frames(0, 70, rate),)


@given(some_spans)
def test_merged_spans_cover_the_same_times_in_order_and_apart(among):
    joined = Span.merged(among)

    assert list(joined) == sorted(joined)
    assert all(a.end < b.start for a, b in itertools.pairwise(joined))
    assert all(covered(t, among) == covered(t, joined) for t in edges(among))


@given(some_spans, st.fractions(min_value=0, max_value=100, max_denominator=100))
def test_what_lies_within_the_gap_is_joined(among, gap):
    joined = Span.merged(among, gap=gap)

    assert all(b.start - a.end > gap for a, b in itertools.pairwise(joined))


def test_a_gap_of_exactly_that_length_is_joined():
    assert Span.merged([Span(0, 1), Span(2, 3)], gap=1) == (Span(0, 3),)
    assert Span.merged([Span(0, 1), Span(2, 3)], gap=1 - NANOSECOND) == (Span(0, 1), Span(2, 3))


def test_a_span_inside_another_one_adds_nothing():
    assert Span.merged([Span(0, 9), Span(2, 3), Span(4, 5)]) == (Span(0, 9),)


@given(some_spans, spans)
def test_gaps_are_what_no_span_covers(among, whole):
    free = whole.without(among)

    assert all(span.duration > 0 for span in free)
    for time in edges(among, [whole]):
        assert covered(time, free) == (time in whole and not covered(time, among))


def test_text_says_seconds():
    assert str(Span(Fraction(1, 3), 2)) == "0.333-2.000 s"
