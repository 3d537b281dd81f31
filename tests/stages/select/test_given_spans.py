"""Stretches that the user names, in the order that they are named."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from aigc_edit.api import EditList, Span, Timeline
from aigc_edit.stages.select.given_spans import GivenSpans


def chosen(*spans, edits: EditList | None = None) -> EditList:
    stage = GivenSpans(GivenSpans.Options(spans=spans))
    return stage.select(edits or EditList.whole(100), Timeline(Fraction(100)))


def test_keeps_them_in_the_order_given_and_twice_if_asked():
    edits = chosen(["1m", "1m5s"], ["10s", "20s"], ["12s", "13s"])

    assert edits.spans == (Span(60, 65), Span(10, 20), Span(12, 13))


def test_times_are_exact():
    assert chosen(["0.1s", "1:00.3"]).spans == (Span(Fraction(1, 10), Fraction(603, 10)),)


def test_what_earlier_stages_dropped_stays_dropped():
    edits = EditList.of([Span(0, 12), Span(15, 18)])

    assert chosen([10, 20], edits=edits).spans == (Span(10, 12), Span(15, 18))


def test_expects_what_it_will_keep():
    stage = GivenSpans(GivenSpans.Options(spans=[[0, 5], [10, 12]]))

    assert stage.expected(Fraction(100)) == 7
    assert stage.expected(Fraction(3)) == 3


@pytest.mark.parametrize("spans", [[[5, 5]], [[6, 5]], [[-1, 5]], [[0, 1], [3, 2]]])
def test_empty_and_backward_stretches_are_refused(spans):
    with pytest.raises(ValidationError, match="is empty"):
        GivenSpans.Options(spans=spans)


@pytest.mark.parametrize("spans", [[], [[1]], [[1, 2, 3]], [["now", "later"]], "all"])
def test_what_is_no_stretch_is_refused(spans):
    with pytest.raises(ValidationError):
        GivenSpans.Options(spans=spans)
