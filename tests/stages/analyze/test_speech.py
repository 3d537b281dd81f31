"""Stretches of speech, as the sample's narrator speaks them."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import AnalysisContext, AudioBlock, Curve, Regions, Span, Timeline
from aigc_edit.engine import RunOptions, analyse
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.stages.analyze.speech import RATE, Speech
from tests.conftest import ROOT

WORDS = json.loads((ROOT / "examples" / "media" / "sample.truth.json").read_text())["words"]


@pytest.fixture(scope="module")
def narrated(sample) -> tuple[tuple[Span, ...], Timeline]:
    pipeline = pipeline_from_text("schema: 1\nstages: [speech]\n")
    timeline = analyse(pipeline, sample, RunOptions("cpu", cache=False)).timeline
    return timeline.get(Regions, "speech_regions").spans, timeline


def test_every_word_is_within_a_stretch(narrated):
    spans, _ = narrated
    for word in WORDS:
        middle = (word["start"] + word["end"]) / 2

        assert any(middle in span for span in spans), word


def test_stretches_are_where_words_are_and_nowhere_else(narrated):
    spans, _ = narrated
    spoken = Span.merged((Span.measured(w["start"], w["end"]) for w in WORDS), gap=Fraction(1, 2))

    for span in spans:
        assert any(span.overlaps(words) for words in spoken), str(span)
    total = sum(float(s.duration) for s in spans)
    assert total == pytest.approx(sum(float(s.duration) for s in spoken), rel=0.25)


def test_stretches_are_in_order_apart_and_on_the_nanosecond_clock(narrated):
    spans, timeline = narrated

    assert all(a.end < b.start for a, b in itertools.pairwise(spans))
    assert Timeline.loads(timeline.dumps()) == timeline


def test_the_curve_lasts_as_long_as_the_film(narrated):
    _, timeline = narrated
    curve = timeline.get(Curve, "speech")

    assert curve.rate == RATE
    assert 0 <= len(curve) / curve.rate - timeline.duration <= 1 / RATE


def regions_of(curve: list[float], **options) -> list[tuple[float, float]]:
    stage = Speech(
        Speech.Options(**{"pad": "0s", "min_speech": "0s", "min_pause": "0s", **options})
    )
    stage.begin(AnalysisContext(len(curve) / RATE, Fraction(25), None))
    spans = stage._regions(np.array(curve, np.float32))
    return [(round(float(s.start * RATE), 4), round(float(s.end * RATE), 4)) for s in spans]


def test_speech_lasts_while_the_probability_stays_just_below_the_threshold():
    assert regions_of([0, 0.6, 0.4, 0.4, 0.3, 0.4, 0]) == [(1, 4)]


def test_speech_that_lasts_to_the_end_ends_there():
    assert regions_of([0, 0.9, 0.9]) == [(1, 3)]


def test_short_speech_is_none_and_short_pauses_belong():
    curve = [0.9] * 2 + [0] * 20 + [0.9] * 10 + [0] * 2 + [0.9] * 10
    found = regions_of(curve, min_speech="150ms", min_pause="100ms")

    assert found == [(22, 44)]


def test_padding_stays_within_the_film_and_joins_what_it_makes_touch():
    found = regions_of([0.9] * 5 + [0] * 5 + [0.9] * 5, pad="96ms")

    assert found == [(0, 15)]


def test_a_film_without_sound_has_no_speech(silent_film):
    pipeline = pipeline_from_text("schema: 1\nstages: [speech]\n")
    timeline = analyse(pipeline, silent_film, RunOptions("cpu", cache=False)).timeline

    assert timeline.get(Regions, "speech_regions").spans == ()
    assert len(timeline.get(Curve, "speech")) == 0


@pytest.mark.parametrize("block", [100, 16_000, 160_000])
def test_blocks_do_not_matter(block):
    sound = np.random.default_rng(0).normal(0, 0.05, 12 * 16_000).astype(np.float32)
    curves = []
    for size in (block, 12 * 16_000):
        stage = Speech()
        stage.begin(AnalysisContext(Fraction(12), Fraction(25), 16_000))
        for at in range(0, len(sound), size):
            stage.audio(AudioBlock(sound[None, at : at + size], 16_000, at))
        curves.append(stage.finish(Timeline(Fraction(12)))[0].values)

    assert curves[0] == pytest.approx(curves[1], abs=1e-4)
