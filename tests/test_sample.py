"""The sample that ships, against the truth that ships with it."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from aigc_edit.api import EditList, Shots, Span, Timeline
from aigc_edit.engine import Guard, RunOptions, analyse
from aigc_edit.engine.runner import _decided
from aigc_edit.pipeline import load_pipeline
from tests.conftest import ROOT

TRUTH = json.loads((ROOT / "examples" / "media" / "sample.truth.json").read_text())
FPS = TRUTH["fps"]


@pytest.fixture(scope="module")
def analysed(sample) -> tuple[Timeline, EditList]:
    """All tracks of highlight.yaml, and the twenty seconds that it keeps."""
    path = ROOT / "pipelines" / "highlight.yaml"
    chosen = ["best_moments.duration=20s", "transcribe.engine=embedded"]
    pipeline = load_pipeline(path, chosen)
    analysis = analyse(pipeline, sample, RunOptions("cpu", cache=False))
    edits = _decided(pipeline, analysis.source, analysis.timeline, Guard())
    return analysis.timeline, edits


def frames(span: tuple[int, int]) -> Span:
    first, last = span
    return Span.of_frames(first, last + 1, FPS)


def share(stretch: list[float], edits: EditList) -> float:
    """How much of a stretch is kept."""
    span = Span.measured(*stretch)
    kept = (span.overlap(k) for k in edits.spans)
    return float(sum((k.duration for k in kept if k), Fraction(0)) / span.duration)


def test_is_as_long_as_it_says(analysed):
    timeline, _ = analysed

    assert timeline.duration == Fraction(TRUTH["frames"], FPS)


def test_all_cuts_are_found_at_their_exact_frames_and_no_others(analysed):
    shots = analysed[0].get(Shots, "shots")
    middles = {span.middle for span in shots.gradual}
    hard = [round(cut * FPS) for cut in shots.cuts if not any(cut in g for g in shots.gradual)]

    assert hard == TRUTH["cuts"]
    assert len(middles) == len(TRUTH["dissolves"])


@pytest.mark.parametrize("dissolve", TRUTH["dissolves"], ids=str)
def test_dissolves_are_found_where_they_are(analysed, dissolve):
    truth = frames(dissolve)
    (found,) = [g for g in analysed[0].get(Shots, "shots").gradual if g.overlaps(truth)]
    shared = found.overlap(truth)

    assert shared.duration >= truth.duration / 2
    assert shared.duration >= found.duration / 2


@pytest.mark.parametrize("flash", TRUTH["flashes"], ids=str)
def test_a_stroke_of_lightning_is_no_cut(analysed, flash):
    around = frames(flash).padded(Fraction(1, 5), Fraction(1, 5))

    assert not [cut for cut in analysed[0].get(Shots, "shots").cuts if cut in around]


@pytest.mark.parametrize("stretch", TRUTH["lively"], ids=str)
def test_lively_stretches_are_kept(analysed, stretch):
    assert share(stretch, analysed[1]) >= 0.8


@pytest.mark.parametrize("stretch", TRUTH["dull"], ids=str)
def test_dull_stretches_are_not(analysed, stretch):
    assert share(stretch, analysed[1]) < 0.1


def test_twenty_seconds_are_at_most_twenty_seconds(analysed):
    assert 15 < analysed[1].duration <= 20


def test_no_border_falls_into_a_word(analysed):
    borders = [t for span in analysed[1].spans for t in (span.start, span.end)]

    for word in TRUTH["words"]:
        assert not [t for t in borders if word["start"] + 0.05 < t < word["end"] - 0.05], word
