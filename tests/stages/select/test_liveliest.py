"""The liveliest stretch of every shot."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import EditList, Span, Timeline
from aigc_edit.stages.select.liveliest import Liveliest
from tests.stages.made_up import curve, raised, shots, speech, timeline

FLAT = np.zeros(300, np.float32)
LIVELY = raised(raised(raised(FLAT, 3, 4, 1.0), 17, 18, 2.0), 25, 26, 3.0)
TRACKS = timeline(30, curve("highlight", LIVELY), shots(10, 20, end=30))


def chosen(tracks: Timeline, edits: EditList | None = None, **options) -> EditList:
    stage = Liveliest(Liveliest.Options(**options))
    return stage.select(edits or EditList.whole(tracks.duration), tracks)


def test_keeps_the_liveliest_second_of_each_shot():
    edits = chosen(TRACKS)

    assert edits.spans == (Span(3, 4), Span(17, 18), Span(25, 26))
    assert [kept.why["score"] for kept in edits.kept] == [1, 2, 3]


@pytest.mark.parametrize("length", ["0.5s", "2s", "9.7s"])
def test_every_stretch_has_the_length_asked_for_and_stays_in_its_shot(length):
    edits = chosen(TRACKS, length=length)
    seconds = Fraction(length[:-1])

    assert [s.duration for s in edits.spans] == [seconds] * 3
    for k, span in enumerate(edits.spans):
        assert 10 * k <= span.start < span.end <= 10 * k + 10


def test_a_shot_that_is_shorter_is_kept_whole_and_a_blink_is_left_out():
    tracks = timeline(30, curve("highlight", LIVELY), shots(10, 10.3, 10.9, end=30))
    edits = chosen(tracks, length="1s", min_shot="0.4s")

    assert Span.measured(10.3, 10.9) in edits.spans
    assert not any(span.overlaps(Span.measured(10, 10.3)) for span in edits.spans)


def test_borders_within_speech_are_avoided_where_it_costs_little():
    tracks = timeline(10, curve("highlight", FLAT[:100]), shots(end=10), speech((0, 6)))
    (span,) = chosen(tracks).spans

    assert span.start >= 6


def test_only_what_earlier_stages_kept_is_chosen_from():
    edits = chosen(TRACKS, EditList.of([Span(5, 12), Span(21, 24)]))

    assert all(
        any(a.start <= s.start and s.end <= a.end for a in (Span(5, 12), Span(21, 24)))
        for s in edits.spans
    )
    assert len(edits.spans) == 3
