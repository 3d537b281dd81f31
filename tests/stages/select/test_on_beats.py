"""Borders on the beats of music."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_edit.api import AnalysisContext, AudioBlock, EditList, Instant, Instants, Timeline
from aigc_edit.errors import PipelineError
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.stages.analyze.beats import Beats
from aigc_edit.stages.select.best_moments import BestMoments
from tests.stages.analyze import music
from tests.stages.made_up import moments, shots, speech, timeline

LIVELY = [(10, 15, 2.0), (30, 34, 3.0), (50, 53, 1.0), (70, 76, 2.5), (90, 94, 0.5)]


def chosen(tracks: Timeline, **options) -> EditList:
    stage = BestMoments(BestMoments.Options(**{"duration": 30, "snap": "beats", **options}))
    return stage.select(EditList.whole(tracks.duration), tracks.only(stage.reads))


def regular(period: float = 0.47, *, first: float = 0.2, end: float = 100) -> Instants:
    return Instants(
        "beats", tuple(Instant(Fraction(str(round(t, 3)))) for t in np.arange(first, end, period))
    )


def off_beat(edits: EditList, beats: Instants) -> list[float]:
    """Seconds from each border to the nearest beat."""
    borders = [t for span in edits.spans for t in (span.start, span.end)]
    return [float(min(abs(t - beat) for beat in beats.times)) for t in borders]


@pytest.fixture(scope="module")
def played() -> Instants:
    """As they are found in drums for 100 seconds."""
    sound = music.drums(music.steady(112, 100), 100)
    stage = Beats()
    stage.begin(AnalysisContext(Fraction(100), Fraction(25), music.RATE))
    stage.audio(AudioBlock(sound[None], music.RATE, 0))
    (beats,) = stage.finish(Timeline(Fraction(100)))
    return beats


@pytest.mark.parametrize("duration", [5, 17, 30, 60])
@pytest.mark.parametrize("rate", [24, 25, 30, 60])
def test_every_border_is_on_a_beat_that_was_heard(played, rate, duration):
    edits = chosen(timeline(100, moments(*LIVELY), played), duration=duration)
    on_frames = edits.on_frames(rate, 100)

    assert edits.kept
    assert max(off_beat(edits, played)) == 0
    assert max(off_beat(on_frames, played)) <= 0.5 / rate + 1e-9
    assert edits.duration <= duration
    assert {k.why[at] for k in edits.kept for at in ("begins at", "ends at")} == {"beat"}


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.floats(0, 95), st.floats(1, 8), st.floats(0, 5)), max_size=6),
    st.floats(0.3, 1.09),
    st.lists(st.floats(0.3, 6), min_size=2, max_size=40),
    st.integers(3, 60),
)
def test_speech_is_never_cut_and_totals_hold(found, period, parts, duration):
    edges = np.minimum(np.cumsum(parts), 100)
    spoken = speech(*((a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if b > a))
    lively = moments(*sorted((a, min(a + b, 99.0), c) for a, b, c in found))
    tracks = timeline(100, lively, spoken, regular(period))
    edits = chosen(tracks, duration=duration)

    assert edits.duration <= duration
    assert all(a.end <= b.start for a, b in pairwise(edits.spans))
    for kept in edits.kept:
        for border, why in ((kept.span.start, "begins at"), (kept.span.end, "ends at")):
            cut_off = any(s.start < border < s.end for s in spoken.spans)
            assert cut_off == (kept.why[why] == "speech")


def test_speech_is_not_cut_for_a_beat():
    spoken = speech(*((k, k + 2.8) for k in range(1, 96, 3)))
    tracks = timeline(100, moments(*LIVELY), spoken, regular(0.5, first=0.35))
    edits = chosen(tracks)

    assert edits.kept
    assert "speech" not in {k.why[at] for k in edits.kept for at in ("begins at", "ends at")}
    assert all(
        not any(s.start < t < s.end for s in spoken.spans)
        for span in edits.spans
        for t in (span.start, span.end)
    )


def test_a_beat_between_sentences_is_better_than_a_pause_without_one():
    beats = Instants("beats", tuple(Instant(Fraction(k)) for k in range(100)))
    spoken = speech((20, 29.3), (29.7, 34.3), (34.7, 35.5), (36.5, 50))
    (span,) = chosen(
        timeline(100, moments((28, 33, 3.0)), spoken, beats), duration=20, max_length=17
    ).spans

    assert (span.start, span.end) == (19, 36)


@pytest.mark.parametrize("beats", [Instants("beats"), Instants("beats", (Instant(Fraction(31)),))])
def test_without_a_pulse_nothing_changes(beats):
    tracks = timeline(
        100, moments(*LIVELY), shots(29.7, 34.4, end=100), speech((9, 12), (12.5, 17)), beats
    )

    assert chosen(tracks) == chosen(tracks, snap="none")


def test_where_the_music_is_over_borders_are_as_before():
    tracks = timeline(100, moments(*LIVELY), shots(69.5, 76.3, end=100), regular(end=40))
    before = chosen(tracks, snap="none", duration=18)
    edits = chosen(tracks, duration=18)

    assert before.spans[-1] == edits.spans[-1]
    assert edits.kept[-1].why["begins at"] == "shot"
    assert edits.kept[0].why["begins at"] == "beat"


def test_no_shot_flashes_up_beside_a_beat():
    cuts = (9.63, 15.27, 29.68, 34.41, 69.5, 76.3)
    beats = regular(0.5, first=0.2)
    tracks = timeline(100, moments(*LIVELY), shots(*cuts, end=100), beats)
    borders = [float(t) for s in chosen(tracks, duration=20).spans for t in (s.start, s.end)]

    assert all(abs(t - c) < 1e-6 or abs(t - c) >= 0.25 for t in borders for c in cuts)


def test_a_cut_that_is_on_a_beat_as_far_as_anybody_can_tell_stays_a_cut():
    tracks = timeline(100, moments((30, 34, 3.0)), shots(29.73, 34.17, end=100), regular(0.5))
    (kept,) = chosen(tracks, duration="4.5s").kept

    assert [float(t) for t in (kept.span.start, kept.span.end)] == [29.73, 34.17]
    assert kept.why["begins at"] == kept.why["ends at"] == "shot on a beat"


def test_beats_that_nobody_looked_for_are_an_error_that_names_the_stage():
    text = "schema: 1\nstages: [highlights, {uses: best_moments, with: {snap: beats}}]\n"

    with pytest.raises(PipelineError, match="reads the track 'beats', which nobody writes"):
        pipeline_from_text(text)
