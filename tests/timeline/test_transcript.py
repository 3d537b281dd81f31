"""What was said survives JSON, and what an edit drops is not said any more."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigc_edit.timeline import (
    EditList,
    Sentence,
    Span,
    Transcript,
    Word,
    spread,
    track_from_json,
    track_json,
)


def said(*sentences: str, seconds: int = 1) -> Transcript:
    """Each word takes that long, one after another."""
    found, start = [], 0
    for text in sentences:
        words = []
        for number, part in enumerate(text.split()):
            words.append(Word(Span(start, start + seconds), f" {part}" if number else part, 0.5))
            start += seconds
        found.append(Sentence(tuple(words)))
    return Transcript("transcript", tuple(found), "en")


def texts(transcript: Transcript) -> list[str]:
    return [sentence.text for sentence in transcript.sentences]


def test_a_transcript_comes_back_from_json_equal():
    one = said("Hello there, world.", "Yes.")
    data = json.loads(json.dumps(track_json(one)), parse_float=Decimal)

    assert track_from_json(data) == one


def test_words_that_are_dropped_are_not_said_and_the_rest_moves():
    kept = said("One two three.", "Four five six.").in_output(EditList.of([Span(1, 4)]))

    assert texts(kept) == ["two three.", "Four"]
    assert [word.span for word in kept.words] == [Span(0, 1), Span(1, 2), Span(2, 3)]


def test_a_sentence_with_a_hole_becomes_two():
    kept = said("One two three four.").in_output(EditList.of([Span(0, 1), Span(2, 4)]))

    assert texts(kept) == ["One", "three four."]


@pytest.mark.parametrize(("end", "words"), [(Fraction("1.6"), 2), (Fraction("1.4"), 1)])
def test_a_word_stays_where_most_of_it_stays(end, words):
    kept = said("One two.").in_output(EditList.of([Span(0, end)]))

    assert len(list(kept.words)) == words


def test_sentences_need_words_and_confidence_is_a_share():
    with pytest.raises(ValueError, match="words"):
        Sentence(())
    with pytest.raises(ValueError, match="confidence"):
        Word(Span(0, 1), "a", 1.5)


@given(st.text(min_size=1, max_size=60), st.integers(1, 40))
def test_spread_words_fill_the_span_and_lose_no_letter(text, seconds):
    words = spread(text, Span(3, 3 + seconds))

    assert "".join("".join(word.text for word in words).split()) == "".join(text.split())
    if words:
        assert (words[0].span.start, words[-1].span.end) == (3, 3 + seconds)
        assert all(a.span.end == b.span.start for a, b in pairwise(words))
