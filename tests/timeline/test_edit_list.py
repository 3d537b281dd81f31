"""What is kept, and the map between both times."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aigc_edit.timeline import EditList, Kept, Span

times = st.fractions(min_value=0, max_value=1000, max_denominator=1001)
parts = st.fractions(min_value=0, max_value=1, max_denominator=97)
lengths = st.fractions(min_value=Fraction(1, 100), max_value=60, max_denominator=1001)
spans = st.builds(lambda start, length: Span(start, start + length), times, lengths)
any_order = st.lists(spans, min_size=1, max_size=8)


@st.composite
def in_order(draw) -> list[Span]:
    """Spans in order of time; neighbours may touch."""
    found, reached = [], Fraction(0)
    gaps = st.one_of(st.just(Fraction(0)), lengths)
    for gap, length in draw(st.lists(st.tuples(gaps, lengths), min_size=1, max_size=8)):
        found.append(Span(reached + gap, reached + gap + length))
        reached = found[-1].end
    return found


@given(any_order)
def test_durations_add_up(chosen):
    edits = EditList.of(chosen)

    assert edits.duration == sum(s.duration for s in chosen)
    assert edits.duration == sum(s.duration for s in edits.spans)
    assert edits.offsets[-1] + edits.spans[-1].duration == edits.duration


@given(in_order(), st.integers(0, 7), parts)
def test_from_source_to_output_and_back_is_where_it_began(chosen, which, part):
    edits = EditList.of(chosen)
    span = edits.spans[which % len(edits.spans)]
    inside = span.start + span.duration * part * Fraction(99, 100)
    (shown,) = edits.to_output(Span(inside, span.end))

    assert edits.to_source(shown.start) == inside
    assert shown.duration == span.end - inside


@given(any_order, parts)
def test_every_output_time_shows_a_time_that_is_kept(chosen, part):
    edits = EditList.of(chosen)
    time = edits.to_source(edits.duration * part * Fraction(99, 100))

    assert any(time in span for span in edits.spans)


@given(in_order())
def test_the_output_of_everything_is_the_kept_spans_end_to_end(chosen):
    edits = EditList.of(chosen)
    shown = edits.to_output(Span(0, edits.spans[-1].end))

    assert tuple(s.start for s in shown) == edits.offsets
    assert tuple(s.duration for s in shown) == tuple(s.duration for s in edits.spans)


def test_what_is_kept_twice_shows_twice():
    edits = EditList.of([Span(4, 6), Span(0, 1), Span(5, 7)])

    assert edits.to_output(Span(5, 6)) == (Span(1, 2), Span(3, 4))
    assert edits.to_output(Span(2, 3)) == ()


def test_times_beyond_the_ends_are_clamped():
    edits = EditList.of([Span(2, 3), Span(7, 8)])

    assert edits.to_source(-1) == 2
    assert edits.to_source(1) == 7
    assert edits.to_source(99) == 8
    assert EditList().to_source(5) == 0


@given(in_order())
def test_spans_that_touch_become_one(chosen):
    edits = EditList.of(chosen)

    assert all(a.end != b.start for a, b in zip(edits.spans, edits.spans[1:], strict=False))
    assert EditList(edits.kept) == edits


def test_a_seam_is_where_the_source_jumps_and_nowhere_else():
    edits = EditList.of([Span(0, 1), Span(1, 2), Span(5, 6), Span(2, 3)])

    assert edits.spans == (Span(0, 2), Span(5, 6), Span(2, 3))
    assert edits.seams == (2, 3)
    assert EditList.whole(9).seams == EditList().seams == ()


def test_joined_spans_keep_all_reasons_and_the_first_one_wins():
    edits = EditList((Kept(Span(0, 1), {"a": 1}), Kept(Span(1, 2), {"a": 2, "b": 3})))

    assert edits.kept == (Kept(Span(0, 2), {"a": 1, "b": 3}),)


rates = st.sampled_from([24, 25, 30, Fraction(24_000, 1001), Fraction(30_000, 1001)])


@given(any_order, rates, st.integers(1, 40_000))
def test_borders_on_frames_lie_on_the_grid_or_at_the_end(chosen, rate, frames):
    duration = frames / Fraction(rate)
    moved = EditList.of(chosen).clipped(duration).on_frames(rate, duration)

    for span in moved.spans:
        assert 0 <= span.start < span.end <= duration
        assert (span.start * rate).denominator == 1
        assert (span.end * rate).denominator == 1 or span.end == duration


@given(any_order, rates)
def test_no_border_moves_more_than_half_a_frame(chosen, rate):
    for span in chosen:
        moved = EditList.of([span]).on_frames(rate, 5000).spans
        borders = (moved[0].start, moved[0].end) if moved else (span.start, span.start)

        assert abs(borders[0] - span.start) * rate <= Fraction(1, 2) or not moved
        assert abs(borders[1] - span.end) * rate <= Fraction(1, 2) or not moved
        assert moved or span.duration * rate <= 1


def test_a_span_of_less_than_a_frame_may_vanish():
    edits = EditList.of([Span(Fraction(1, 100), Fraction(1, 99)), Span(1, 2)])

    assert edits.on_frames(25, 10).spans == (Span(1, 2),)


def test_spans_that_meet_on_a_frame_become_one():
    edits = EditList.of([Span(0, Fraction(99, 100)), Span(Fraction(101, 100), 2)])

    assert edits.on_frames(10, 10).spans == (Span(0, 2),)


@given(any_order, times)
def test_clipped_to_the_source_nothing_lies_beyond_it(chosen, duration):
    clipped = EditList.of(chosen).clipped(duration)

    assert all(0 <= s.start < s.end <= duration for s in clipped.spans)
    assert clipped.clipped(duration) == clipped
