"""The best moments, up to a duration, with borders that nobody notices."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from aigc_edit.api import (
    EditList,
    Instant,
    Instants,
    Moments,
    Sentence,
    Span,
    Timeline,
    Transcript,
    Word,
)
from aigc_edit.stages.select.best_moments import BestMoments
from tests.stages.made_up import curve, moments, noise, shots, speech, timeline

LIVELY = [(10, 15, 2.0), (30, 34, 3.0), (50, 53, 1.0), (70, 76, 2.5), (90, 94, 0.5)]


def chosen(tracks: Timeline, edits: EditList | None = None, **options) -> EditList:
    stage = BestMoments(BestMoments.Options(**options))
    return stage.select(edits or EditList.whole(tracks.duration), tracks)


def talk(seconds: int, *, sentence: float = 3.0, pause: float = 0.6):
    """Sentences without end, with short pauses between."""
    starts = np.arange(0.5, seconds - sentence, sentence + pause)
    return speech(*((float(s), float(s + sentence)) for s in starts))


@pytest.mark.parametrize("duration", [3, 7, 10, 20, 45])
def test_never_longer_than_asked_for_and_each_stretch_within_its_bounds(duration):
    edits = chosen(timeline(100, moments(*LIVELY)), duration=duration, min_length=2, max_length=6)

    assert 0 < edits.duration <= duration
    # Neighbours that touch become one, so that only the lower bound holds for all.
    assert all(span.duration >= 2 for span in edits.spans)
    assert len(edits.spans) < 2 or max(s.duration for s in edits.spans) <= 12


def test_the_best_come_first_when_there_is_little_time():
    edits = chosen(timeline(100, moments(*LIVELY)), duration=5)

    assert all(Span(29, 35).overlaps(span) for span in edits.spans)


def test_time_that_is_left_is_used():
    edits = chosen(timeline(100, moments(*LIVELY)), duration=30)

    assert edits.duration > 25


def test_chronological_and_score_order_keep_the_same():
    tracks = timeline(100, moments(*LIVELY))
    by_time = chosen(tracks, duration=20)
    by_score = chosen(tracks, duration=20, order="score")
    ranks = [kept.why["rank"] for kept in by_score.kept]

    assert list(by_time.spans) == sorted(by_time.spans)
    assert sorted(by_score.spans) == list(by_time.spans)
    assert ranks == sorted(ranks) == list(range(1, len(ranks) + 1))
    assert 32 in by_score.spans[0]


def test_no_border_falls_into_speech_where_there_are_pauses():
    spoken = talk(100)
    edits = chosen(timeline(100, moments(*LIVELY), spoken), duration=30)

    assert edits.kept
    for span in edits.spans:
        for border in (span.start, span.end):
            assert not any(s.start < border < s.end for s in spoken.spans), str(span)


def test_a_speech_without_any_pause_is_cut_all_the_same():
    edits = chosen(timeline(100, moments(*LIVELY), speech((0.5, 99.5))), duration=20)

    assert 0 < edits.duration <= 20


def lecture(seconds: int, *, gap: float) -> Transcript:
    """Words of many lengths with hardly anything between them, from half a second on."""
    lengths = np.random.default_rng(0).uniform(0.08, 0.9, 10 * seconds)
    starts = 0.5 + np.concatenate([[0], np.cumsum(lengths + gap)[:-1]])
    words = tuple(
        Word(Span.measured(start, start + length), " word")
        for start, length in zip(starts, lengths, strict=True)
        if start + length < seconds - 0.5
    )
    return Transcript("transcript", (Sentence(words),))


@pytest.mark.parametrize("duration", ["2.5s", "7s", "20s", "33.3s", "60s"])
@pytest.mark.parametrize("gap", [0, 0.05, 0.15])
@pytest.mark.parametrize("voice", [True, False])
@pytest.mark.parametrize("snap", ["none", "beats"])
def test_no_border_falls_into_a_word_of_talk_without_pauses(duration, gap, voice, snap):
    heard = lecture(100, gap=gap)
    found = [speech((0.5, 99.5))] if voice else []
    beats = Instants("beats", tuple(Instant(Fraction(k, 2)) for k in range(1, 200)))
    tracks = timeline(100, moments(*LIVELY), heard, shots(11.3, 52.1, end=100), beats, *found)
    edits = chosen(tracks, duration=duration, snap=snap)

    assert 0 < edits.duration <= Fraction(duration[:-1])
    for span in edits.spans:
        for border in (span.start, span.end):
            assert not any(w.span.start < border < w.span.end for w in heard.words), str(span)


def test_borders_fall_on_cuts_where_they_are_near():
    cuts = (9.6, 15.3, 29.7, 34.4, 69.5, 76.3)
    edits = chosen(
        timeline(100, moments(*LIVELY[:2], LIVELY[3]), shots(*cuts, end=100)), duration="17.3s"
    )
    borders = [float(t) for span in edits.spans for t in (span.start, span.end)]

    assert borders == pytest.approx(list(cuts))
    assert {kept.why["begins at"] for kept in edits.kept} == {"shot"}


def test_a_cut_within_speech_is_no_place_for_a_border():
    tracks = timeline(100, moments((30, 34, 3.0)), shots(29.7, 34.4, end=100), speech((28, 36)))
    (span,) = chosen(tracks, duration=12).spans

    assert span.start <= Fraction("27.9") or span.start >= 36
    assert span.end >= Fraction("36.1")


def test_what_is_shown_again_is_kept_once():
    motion, loudness = noise(100, 0.1, 0.05, 1), noise(100, -30, 5, 2)
    for values in (motion, loudness):
        values[700:760] = values[300:360]
    tracks = timeline(
        100, moments((30, 36, 3.0), (70, 76, 2.9), (50, 55, 1.0)),
        curve("motion", motion), curve("loudness", loudness),
    )  # fmt: skip
    edits = chosen(tracks, duration=14, max_length=7)

    assert any(span.overlaps(Span(31, 35)) for span in edits.spans)
    assert not any(span.overlaps(Span(71, 75)) for span in edits.spans)
    assert any(span.overlaps(Span(50, 55)) for span in edits.spans)


def test_what_only_looks_alike_but_sounds_otherwise_is_kept_twice():
    motion, loudness = noise(100, 0.1, 0.05, 1), noise(100, -30, 5, 2)
    motion[700:760] = motion[300:360]
    tracks = timeline(
        100, moments((30, 36, 3.0), (70, 76, 2.9)),
        curve("motion", motion), curve("loudness", loudness),
    )  # fmt: skip
    edits = chosen(tracks, duration=14, max_length=7)

    assert any(span.overlaps(Span(71, 75)) for span in edits.spans)


def test_a_source_that_is_short_enough_is_kept_whole():
    tracks = timeline(20, moments((3, 6, 1.0)))

    assert chosen(tracks, duration=20) == EditList.whole(20)
    assert chosen(tracks, duration=60) == EditList.whole(20)


def test_without_moments_nothing_is_kept():
    assert chosen(timeline(100, Moments("moments")), duration=20).kept == ()


def test_only_what_earlier_stages_kept_is_chosen_from():
    edits = EditList.of([Span(0, 20), Span(60, 100)])
    found = chosen(timeline(100, moments(*LIVELY)), edits, duration=25)

    assert found.kept
    for span in found.spans:
        assert any(a.start <= span.start and span.end <= a.end for a in edits.spans)


def test_no_second_is_kept_twice():
    crowded = [(k, k + 3, float(k % 7)) for k in range(0, 95, 3)]
    edits = chosen(timeline(100, moments(*crowded)), duration=60)

    assert all(a.end <= b.start for a, b in pairwise(edits.spans))


def test_each_choice_says_why():
    edits = chosen(timeline(100, moments(*LIVELY), shots(29.7, 34.4, end=100)), duration=5)

    assert edits.kept[0].why | {"ends at": ""} == {
        "rank": 1, "score": 3.0, "from motion": 3.0, "begins at": "shot", "ends at": "",
    }  # fmt: skip


def test_lengths_that_contradict_each_other_are_refused():
    with pytest.raises(ValidationError, match="min_length must not be longer"):
        BestMoments.Options(min_length="5s", max_length="4s")


def test_twenty_minutes_are_decided_in_two_seconds():
    seconds = 1200
    lively = [(k, k + 4, float(k * 7919 % 101)) for k in range(5, seconds - 10, 20)]
    tracks = timeline(
        seconds, moments(*lively), talk(seconds),
        shots(*np.arange(5.0, seconds, 5.0).tolist(), end=seconds),
        curve("motion", noise(seconds, 0.1, 0.05, 1)), curve("loudness", noise(seconds, -30, 5, 2)),
    )  # fmt: skip
    started = time.process_time()
    edits = chosen(tracks, duration=60)

    assert 50 < edits.duration <= 60
    assert time.process_time() - started < 2
