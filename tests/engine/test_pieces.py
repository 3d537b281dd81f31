"""How the output is parted into pieces."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from aigc_edit.engine.pieces import CopyChoice, make_pieces
from aigc_edit.media import Source, probe
from aigc_edit.testing import ClipSpec, make_clip
from aigc_edit.timeline import EditList, Span

NOTHING = CopyChoice("nothing", "")
CUTS = [Fraction(k) for k in (4, 11, 13, 24, 26, 35)]


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Source:
    """40 s of ten frames a second, a key frame every three seconds."""
    spec = ClipSpec(frames=400, rate=10, size=(64, 36), gop=30, sound_rate=None)
    return probe(make_clip(tmp_path_factory.mktemp("film") / "film.mp4", spec))


def borders(source: Source, edits: EditList, cuts, *, across: bool) -> list[Fraction]:
    """Output times between pieces."""
    pieces = make_pieces(source, edits, NOTHING, across=across, cuts=cuts)
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert pieces[-1].end == edits.duration
    return [piece.start for piece in pieces[1:]]


def test_long_spans_are_parted_at_key_frames_and_at_cuts_where_filters_look_across(source):
    whole = EditList.whole(source.duration)

    assert borders(source, whole, CUTS, across=False) == [12, 24, 36]
    assert borders(source, whole, CUTS, across=True) == [11, 24, 35]
    assert borders(source, whole, [], across=True) == []


def test_cuts_are_those_of_the_output(source):
    later = EditList.of([Span(5, 6), Span(10, 40)])  # the second one plays from 1 s on

    assert borders(source, later, [Fraction(1), Fraction(13)], across=True) == [1 + 12]


def test_a_cut_between_two_pictures_parts_nothing(source):
    whole, between = EditList.whole(source.duration), Fraction(1505, 100)

    assert borders(source, whole, [between, Fraction(20)], across=True) == [20]
