"""Talk without its pauses."""

from __future__ import annotations

from fractions import Fraction

import pytest

from aigc_edit.api import EditList, Span
from aigc_edit.stages.select.skip_silence import SkipSilence
from tests.stages.made_up import said, speech, timeline


def chosen(*stretches, edits: EditList | None = None, **options) -> EditList:
    stage = SkipSilence(SkipSilence.Options(**options))
    return stage.select(edits or EditList.whole(20), timeline(20, speech(*stretches)))


def test_long_pauses_go_and_short_ones_stay():
    edits = chosen((2, 4), (4.5, 6), (9, 11), min_pause="0.6s", before="0s", after="0s")

    assert edits.spans == (Span(2, 6), Span(9, 11))


def test_a_pause_of_just_that_length_stays():
    assert chosen((2, 4), (5, 6), min_pause="1s", before="0s", after="0s").spans == (Span(2, 6),)


def test_a_margin_is_kept_on_both_sides_within_the_film():
    edits = chosen((0.1, 4), (9, 19.9), before="0.5s", after="1s")

    assert edits.spans == (Span(0, 5), Span(Fraction(17, 2), 20))


def test_margins_that_meet_join():
    edits = chosen((2, 4), (5, 6), min_pause="0s", before="0.5s", after="0.5s")

    assert edits.spans == (Span(Fraction(3, 2), Fraction(13, 2)),)


def test_where_nobody_speaks_everything_stays_and_says_why():
    edits = chosen()

    assert edits.spans == (Span(0, 20),)
    assert "nobody speaks" in edits.kept[0].why["note"]


def test_only_what_earlier_stages_kept_is_kept():
    edits = EditList.of([Span(3, 5), Span(10, 20)])

    assert chosen((2, 4), (9, 11), edits=edits, before="0s", after="0s").spans == (
        Span(3, 4),
        Span(10, 11),
    )


def test_speech_outside_of_what_is_kept_leaves_nothing():
    assert chosen((2, 4), edits=EditList.of([Span(10, 12)])).kept == ()


def test_words_that_voice_activity_missed_are_kept_whole():
    tracks = timeline(20, speech((2, 4)), said((3.5, 6.5)))
    stage = SkipSilence(SkipSilence.Options(before="0s", after="0s"))

    assert stage.select(EditList.whole(20), tracks).spans == (Span(2, Fraction(13, 2)),)


@pytest.mark.parametrize("margin", ["0s", "0.3s", "2s"])
@pytest.mark.parametrize("pause", ["0s", "0.6s"])
def test_no_cut_falls_into_a_word_where_voice_activity_and_words_disagree(margin, pause):
    heard = said((1.7, 4.2), (4.4, 6), (8.9, 11.3), (12.1, 12.4), (15, 15.2))
    tracks = timeline(20, speech((2, 4), (4.5, 5), (9, 11)), heard)
    options = SkipSilence.Options(before=margin, after=margin, min_pause=pause)

    for span in SkipSilence(options).select(EditList.whole(20), tracks).spans:
        for word in heard.words:
            assert not word.span.start < span.start < word.span.end
            assert not word.span.start < span.end < word.span.end
