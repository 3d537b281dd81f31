"""Where a cut may fall, once it is known what is said."""

from __future__ import annotations

from fractions import Fraction

import pytest

from aigc_edit.api import Sentence, Transcript
from aigc_edit.stages.select.boundaries import COSTS, Boundaries
from tests.stages.made_up import said, speech, timeline

# Two sentences, the second with a pause within.
SPEECH = speech((1, 3), (4, 5), (5.5, 7))
FIRST, HALF, REST = said((1.1, 2.9), (4.1, 4.9), (5.6, 6.9)).sentences
SAID = Transcript("transcript", (FIRST, Sentence(HALF.words + REST.words)))


def kinds(*tracks) -> dict[float, str]:
    return {float(p.time): p.kind for p in Boundaries.of(timeline(10, *tracks)).places}


def test_a_pause_between_sentences_is_better_than_one_within():
    found = kinds(SPEECH, SAID)

    assert [found[t] for t in (3.1, 3.9, 5.1, 5.4, 7.1)] == [
        "sentence",
        "sentence",
        "mid-sentence",
        "mid-sentence",
        "sentence",
    ]
    assert COSTS["sentence"] < COSTS["pause"] < COSTS["mid-sentence"] < COSTS["speech"]


def test_without_a_transcript_all_pauses_are_alike():
    found = kinds(SPEECH)

    assert {found[t] for t in (3.1, 3.9, 5.1, 5.4, 7.1)} == {"pause"}


def test_no_place_outside_speech_lies_within_a_word_or_nearer_than_a_breath():
    tracks = timeline(10, SPEECH, said((1.1, 2.9), (8, 9)))
    places = Boundaries.of(tracks).without("speech").places
    words = [word.span for word in said((8, 9)).words]

    for place in places:
        for word in words:
            assert not word.start < place.time < word.end
    ends = [p.time for p in places if p.kind == "sentence"]
    assert Fraction(91, 10) in ends
    assert min(abs(t - 9) for t in ends) == pytest.approx(0.1)


def test_between_words_of_continuous_talk_are_places_of_last_resort():
    words = said((2, 5), (5.1, 8.1))  # less than a pause between them
    places = Boundaries.of(timeline(10, speech((2, 8.1)), words)).places
    between = [float(place.time) for place in places if place.kind == "between words"]

    assert between == [2.75, 3.5, 5.05, 5.85, 6.6]
    assert COSTS["mid-sentence"] < COSTS["between words"] < COSTS["speech"]
    for word in words.words:
        assert not any(word.span.start < place.time < word.span.end for place in places)
