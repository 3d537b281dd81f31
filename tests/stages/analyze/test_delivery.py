"""Excited speech counts, and says why; even speech changes nothing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import Curve, Moments, Sentence, Span, Timeline, Transcript, Word, spread
from aigc_edit.stages.analyze.highlights import Highlights
from tests.stages.made_up import curve, noise, raised, timeline

SECONDS = 120
EVEN = "and then we went on to the next one and talked about it for a while."


def found(tracks: Timeline, **options) -> tuple[Curve, Moments]:
    score, moments = Highlights(Highlights.Options(**options)).finish(tracks)
    return score, moments


def best(tracks: Timeline, **options):
    return max(found(tracks, **options)[1], key=lambda moment: moment.score)


def talk(at_a_minute: str = EVEN, seconds: float = 5) -> Transcript:
    """A sentence every six seconds, five seconds long; another one at a minute."""
    said = dict.fromkeys(range(0, SECONDS, 6), (EVEN, 5.0)) | {60: (at_a_minute, seconds)}
    return Transcript(
        "transcript",
        tuple(
            Sentence(spread(text, Span.measured(start, start + length)))
            for start, (text, length) in said.items()
        ),
        "en",
    )


def quiet(*more, loudness=None) -> Timeline:
    """Two minutes in which little happens."""
    level = noise(SECONDS, -25, 1.5, 2) if loudness is None else loudness
    motion = noise(SECONDS, 0.02, 0.004, 1)
    return timeline(SECONDS, curve("motion", motion), curve("loudness", level), *more)


def test_speech_at_an_even_pace_and_level_changes_no_score_by_a_bit():
    assert found(quiet(talk())) == found(quiet())
    assert found(quiet(Transcript("transcript"))) == found(quiet())


def test_scores_without_a_transcript_are_what_they_were_before_speech_counted():
    score, _ = found(quiet(curve("speech", raised(np.zeros(SECONDS * 10), 30, 38, 1.0))))

    assert score.values[[100, 340, 600, 1100]].tolist() == pytest.approx(
        [0.586809, -0.496987, 0.407982, -0.300548], abs=1e-6
    )


def test_the_passage_that_is_spoken_faster_wins_by_its_pace():
    winner = best(quiet(talk(seconds=2.5)))

    assert winner.span.overlaps(Span(60, 63))
    assert max(winner.reasons, key=winner.reasons.get) == "pace"
    assert set(winner.reasons) == {"motion", "loudness", "surge", "pace"}


def test_the_passage_that_is_spoken_slower_counts_no_more():
    assert "pace" not in best(quiet(talk(EVEN[:34], seconds=5))).reasons


def test_words_that_are_louder_than_usual_count_as_emphasis():
    loudness = raised(noise(SECONDS, -25, 1.5, 2), 61, 64, 12)
    tracks = quiet(talk(), loudness=loudness)
    (moment,) = (m for m in found(tracks)[1] if m.span.overlaps(Span(61, 64)))

    assert moment.reasons["emphasis"] > 0.2
    assert moment.score > best(quiet(loudness=loudness)).score
    assert best(tracks, surge=0, loudness=0).span.overlaps(Span(61, 64))


def test_the_same_loudness_between_words_is_no_emphasis():
    loudness = raised(noise(SECONDS, -25, 1.5, 2), 65.2, 65.8, 12)

    assert found(quiet(talk(), loudness=loudness)) == found(quiet(loudness=loudness))


@pytest.mark.parametrize("end", ["!", "!\u201d", "\uff01"])
def test_an_exclamation_is_emphasis_even_where_nothing_was_measured(end):
    winner = best(timeline(SECONDS, talk(f"{EVEN[:-1]}{end}")))

    assert winner.span.overlaps(Span(60, 65))
    assert list(winner.reasons) == ["emphasis"]


LAUGHTER = [
    "haha",
    "Hahaha, yes",
    "ha ha ha",
    "ha-ha",
    "he said hehehe",
    "jajaja",
    "lol",
    "[laughter]",
    "(Laughs)",
    "哈哈哈",
    "\uff08笑\uff09",
    "хаха",  # noqa: RUF001 -- Cyrillic is meant
    "ㅋㅋㅋ",
]


@pytest.mark.parametrize("text", LAUGHTER)
def test_laughter_in_words_wins_and_so_does_what_it_is_about(text):
    winner = best(quiet(talk(text, seconds=1)), surge=0)

    assert winner.span.overlaps(Span(58, 60))
    assert max(winner.reasons, key=winner.reasons.get) == "laughter"


@pytest.mark.parametrize(
    "text", ["Hi, hi there", "he, he said it", "Ja, ja", "a lollipop", "Hannah has had it", "笑"]
)
def test_words_that_only_look_like_laughter_do_not_count(text):
    assert "laughter" not in best(quiet(talk(text, seconds=1))).reasons


def test_a_weight_of_nothing_makes_a_transcript_silent():
    tracks = quiet(talk("haha!", seconds=1))

    assert found(tracks, delivery=0)[0] == found(quiet())[0]


def test_the_score_stays_the_sum_of_its_parts():
    tracks = quiet(talk("hahaha, it went by so very, very quickly that nobody saw it!", seconds=2))
    moments = list(found(tracks)[1])

    assert {"pace", "emphasis", "laughter"} < set(moments[0].reasons)
    for moment in moments:
        assert sum(moment.reasons.values()) == pytest.approx(moment.score, abs=0.01)


def test_a_few_words_have_no_usual_pace():
    few = Transcript(
        "transcript",
        (Sentence((*spread("slow words", Span(0, 9)), *spread(" very quick", Span(9, 10)))),),
    )

    assert found(quiet(few)) == found(quiet())


@pytest.mark.parametrize("seconds", ["0.04", "3"])
def test_words_without_length_or_beyond_the_end_do_no_harm(seconds):
    words = tuple(Word(Span(t, t), " haha!") for t in (0, 0, 1, 2, 50, 50, 50, 50, 50))
    said = Transcript("transcript", (Sentence(words),))
    score, moments = found(Timeline(Fraction(seconds)).then(said))

    assert np.isfinite(score.values).all()
    assert all(moment.span.end <= Fraction(seconds) for moment in moments)
