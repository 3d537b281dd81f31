"""Boundaries become shots without gaps, at the times of their frames."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import AnalysisContext, FrameBatch, Shots, Span, Timeline
from aigc_edit.engine import RunOptions, analyse
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.stages.analyze.scenes import Scenes
from aigc_edit.stages.analyze.shots import Boundaries
from aigc_edit.testing import ClipSpec, make_clip


def shots_of(found: Boundaries, times: list[Fraction], end: Fraction) -> Shots:
    """What the stage makes of boundaries that are given."""
    stage = Scenes()
    stage.begin(AnalysisContext(end, Fraction(10), None))
    stage.frames(FrameBatch(np.zeros((len(times), 40, 64, 3), np.uint8), tuple(times)))
    stage._detector.finish = lambda: found
    (shots,) = stage.finish(Timeline(end))
    assert isinstance(shots, Shots)
    return shots


TENTHS = [Fraction(k, 10) for k in range(40)]


def test_shots_follow_each_other_from_the_start_to_the_end():
    shots = shots_of(Boundaries((10, 25), ()), TENTHS, Fraction(4))

    assert shots.spans == (Span(0, 1), Span(1, Fraction(5, 2)), Span(Fraction(5, 2), 4))
    assert shots.gradual == ()


def test_a_gradual_transition_is_split_in_its_middle():
    shots = shots_of(Boundaries((), ((10, 19),)), TENTHS, Fraction(4))

    assert shots.gradual == (Span(1, 2),)
    assert shots.cuts == (Fraction(3, 2),)


def test_times_are_those_of_the_frames_and_not_of_their_numbers():
    uneven = [Fraction(k * k, 100) for k in range(20)]
    shots = shots_of(Boundaries((7,), ((12, 19),)), uneven, Fraction(5))

    assert shots.cuts[0] == Fraction(49, 100)
    assert shots.gradual == (Span(Fraction(144, 100), 5),)


def test_a_film_without_boundaries_is_one_shot():
    assert shots_of(Boundaries((), ()), TENTHS, Fraction(4)).spans == (Span(0, 4),)


@pytest.mark.parametrize("detector", ["compensated", "content", "adaptive"])
def test_finds_the_cuts_between_pictures_of_flat_colours(tmp_path, detector):
    spec = ClipSpec(frames=200, cuts=(60, 150), sound_rate=None)
    clip = make_clip(tmp_path / "flat.mp4", spec)
    text = f"schema: 1\nstages:\n  - uses: scenes\n    with: {{detector: {detector}}}\n"
    timeline = analyse(pipeline_from_text(text), clip, RunOptions("cpu", cache=False)).timeline

    assert timeline.get(Shots, "shots").cuts == (2, 5)
