"""Cues keep every word and every limit; the examples were judged by eye."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_edit.stages.text import CueStyle, lay_out, shortfalls
from aigc_edit.stages.text.boxes import boxes
from aigc_edit.stages.text.cues import _fits, _measures
from aigc_edit.stages.text.layout import Layout
from aigc_edit.stages.text.segments import one_sign
from aigc_edit.stages.text.width import columns
from aigc_edit.timeline import Sentence, Span, Transcript, Word, spread
from tests.stages.text.saying import COMFORTABLE, said, transcripts

STYLE = CueStyle()
STYLES = st.builds(
    CueStyle,
    columns=st.sampled_from((12, 20, 42)),
    lines=st.integers(1, 3),
    gap=st.sampled_from((Fraction(0), Fraction(83, 1000), Fraction(1, 2))),
)


def spoken(words):
    return [(word.span, word.text.strip(), word.confidence) for word in words]


@given(transcripts(), STYLES)
def test_every_word_stands_once_and_in_order(transcript, style):
    cues = lay_out(transcript, style)

    assert spoken(w for cue in cues for w in cue.words) == spoken(transcript.words)
    assert all(line for cue in cues for line in cue.lines)


@given(transcripts(), STYLES)
def test_lines_are_as_wide_and_as_many_as_allowed_but_for_a_word_that_is_wider(transcript, style):
    for cue in lay_out(transcript, style):
        assert 1 <= len(cue.lines) <= style.lines
        for line, text in zip(cue.lines, cue.texts, strict=True):
            texts = [word.text for word in line]
            together = all(one_sign(a[-1], b[0]) for a, b in pairwise(texts))

            assert columns(text) <= style.columns or together


@given(transcripts(), STYLES)
def test_cues_follow_each_other_with_the_gap_between(transcript, style):
    cues = lay_out(transcript, style)

    assert all(0 < cue.span.duration <= style.longest for cue in cues)
    assert all(b.span.start - a.span.end >= style.gap for a, b in pairwise(cues))
    assert all(cue.span.start >= cue.words[0].span.start for cue in cues)


@given(transcripts(), STYLES)
def test_a_cue_stays_until_it_is_read_or_until_there_is_no_time(transcript, style):
    cues = lay_out(transcript, style)
    limits = {cue: after.span.start - style.gap for cue, after in pairwise(cues)}
    for cue in cues:
        read = cue.span.duration >= max(style.shortest, style.reading("".join(cue.texts)))

        assert read or cue.span.end == limits.get(cue) or cue.span.duration == style.longest


@given(transcripts(lengths=COMFORTABLE, languages=("en", "zh", "ja", "ar")))
def test_speech_at_an_easy_pace_falls_short_of_nothing(transcript):
    assert not shortfalls(lay_out(transcript), STYLE).note


@given(transcripts(), st.integers(0, 20))
def test_no_cue_outlives_the_film_where_its_words_do_not(transcript, more):
    said_until = max((word.span.end for word in transcript.words), default=Fraction(0))
    cues = lay_out(transcript, end=said_until + more)
    last_start = max((cue.span.start for cue in cues), default=Fraction(0))

    assert all(cue.span.end <= max(said_until + more, last_start + 1) for cue in cues)


@given(transcripts(languages=("zh", "ja", "th")))
def test_no_break_parts_what_the_language_holds_together(transcript):
    held = {id(box): spoken(box.words) for box in boxes(transcript, lambda b: _fits(b, STYLE))}
    ends = {words[-1][0].end for words in held.values()}
    lines = [line for cue in lay_out(transcript) for line in cue.lines]

    assert {line[-1].span.end for line in lines} <= ends


@settings(max_examples=60)
@given(transcripts(languages=("en", "zh"), longest=7), st.sampled_from((8, 14)))
def test_no_other_layout_costs_less(transcript, width):
    style = replace(STYLE, columns=width)
    found = boxes(transcript, lambda box: _fits(box, style))
    problem = Layout(_measures(found, transcript.language, style, Fraction(100)), style)
    cheapest = cost_of(problem, problem.cues())

    assert all(cheapest <= cost + 1e-6 for cost in costs_of_all(problem, len(found)))


def cost_of(problem, cues):
    """The cost of a layout, summed line by line; infinite for one that may not be."""
    return sum(cost_of_cue(problem, first, lines) for first, lines in cues)


def cost_of_cue(problem, first, stops):
    if stops[-1] > first + 1 and not problem._lasts(first, stops[-1]):
        return float("inf")
    total = problem._cost_of_cue(first, stops[-1])
    for number, (start, stop) in enumerate(pairwise((first, *stops))):
        options = {end: (cost, full) for end, cost, full in problem._lines[start]}
        cost, full = options.get(stop, (float("inf"), 0.0))
        above = problem.style.lines - 1 - number
        total += cost + above * full + (problem.boxes.breaks[start - 1] * 0.6 if number else 0.0)
    return total


def costs_of_all(problem, count):
    """Every way to part so many boxes into lines, and those lines into cues of one or two."""
    inner = range(1, count)
    for size in range(count):
        for breaks in combinations(inner, size):
            stops = (*breaks, count) if count else ()
            for cues in parted(0, stops):
                yield cost_of(problem, cues)


def parted(first, stops):
    if not stops:
        yield []
    for size in range(1, min(2, len(stops)) + 1):
        for rest in parted(stops[size - 1], stops[size:]):
            yield [(first, stops[:size]), *rest]


def test_speech_too_fast_to_read_takes_the_time_there_is_and_is_counted():
    cues = lay_out(said(*["It is far too quick to be read by anybody here."] * 8, per_second=40))
    short = shortfalls(cues, STYLE)

    assert short.too_fast
    assert f"{short.too_fast} cues to be read faster than people read" in short.note


def test_words_that_take_no_time_still_stand_one_after_another():
    words = [Word(Span(1, 1), f" word{n}") for n in range(60)]
    cues = lay_out(Transcript("transcript", (Sentence(tuple(words)),)))

    assert sum(len(cue.words) for cue in cues) == 60
    assert all(b.span.start - a.span.end >= STYLE.gap for a, b in pairwise(cues))
    assert shortfalls(cues, STYLE).too_short


def test_where_two_speak_at_once_the_first_gives_way():
    credit = Sentence(spread("A credit that stays for an hour.", Span(0, 3600)))
    talk = (Sentence(spread("And here is what we say.", Span(n, n + 3))) for n in (2, 6))
    cues = lay_out(Transcript("transcript", (credit, *talk)))

    assert [cue.span.start for cue in cues] == [0, 2, 6]
    assert cues[1].span.end < 6


def test_a_word_wider_than_a_line_has_one_for_itself_and_is_counted():
    cues = lay_out(said(f"Look at {'x' * 50} there."))

    assert ["x" * 50] in [[text] for cue in cues for text in cue.texts]
    assert shortfalls(cues, STYLE).too_wide == 1


def test_sentences_have_cues_of_their_own_where_time_allows():
    slow = lay_out(said("Yes, of course.", "Go on with it.", per_second=8))
    fast = lay_out(said("Yes.", "Go.", per_second=14))

    assert [cue.text for cue in slow] == ["Yes, of course.", "Go on with it."]
    assert [cue.text for cue in fast] == ["Yes. Go."]


def test_a_lone_word_waits_for_its_sentence():
    lone = Word(Span(0, 1), "And")
    rest = spread(" then we went home.", Span(3, 5))
    (cue,) = lay_out(Transcript("transcript", (Sentence((lone, *spaced(rest))),)))

    assert cue.text == "And then we went home."


def spaced(words):
    return (replace(words[0], text=f" {words[0].text}"), *words[1:])


def test_what_is_too_slow_for_one_cue_falls_apart_but_marks_and_vowels_stay_with_their_sign():
    signs = ["เ", "ก", "ี", "น", "ั", "้", "น", "า"]
    words = tuple(Word(Span(2 * n, 2 * n + 2), sign) for n, sign in enumerate(signs))
    cues = lay_out(Transcript("transcript", (Sentence(words),), "th"))

    assert [text for cue in cues for text in cue.texts] == ["เกี", "นั้", "นา"]


@pytest.mark.parametrize(
    ("text", "sign"),
    [("今今今今今はは、ははははは今", "、"), ("「今今今はコンピュータはは今今」", "ー")],
)
def test_what_is_too_wide_for_a_line_is_torn_before_no_sign_that_ends_a_word(text, sign):
    cues = lay_out(said(*[text] * 2, language="ja"), replace(STYLE, columns=18))

    assert not [line for cue in cues for line in cue.texts if line.startswith(sign)]


def test_words_of_a_right_to_left_script_keep_their_logical_order():
    text = "مرحبا بكم في هذا البرنامج الجديد"
    (cue,) = lay_out(said(text, language="ar"))

    assert cue.text == text


@pytest.mark.parametrize(("language", "sign"), [("en", " said"), ("zh", "天")])
def test_half_an_hour_of_talk_takes_seconds_to_lay_out(language, sign):
    beat = Fraction(36, 100)
    words = [Word(Span(n * beat, (n + 1) * beat), sign) for n in range(5_000)]
    sentences = [Sentence(tuple(words[n : n + 20])) for n in range(0, len(words), 20)]
    begun = time.process_time()
    cues = lay_out(Transcript("transcript", tuple(sentences), language))

    assert time.process_time() - begun < 8
    assert not shortfalls(cues, STYLE).note


_EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("language", "lines"),
    [(language, lines) for language, found in _EXAMPLES.items() for lines in found],
)
def test_lines_end_where_people_would_end_them(language, lines):
    text = ("" if language in ("zh", "ja") else " ").join(lines)
    (cue,) = lay_out(said(text, language=language, per_second=len(text) // 4))

    assert list(cue.texts) == lines
