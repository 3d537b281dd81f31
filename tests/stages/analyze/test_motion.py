"""How much moves, at the times at which it moves."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import AnalysisContext, Curve, FrameBatch, Timeline
from aigc_edit.stages.analyze.motion import Motion

SIZE = (90, 160)


def frames(kinds: str, per_letter: int = 10) -> np.ndarray:
    """uint8 [T, H, W]: `.` stays, `m` moves, `c` cuts to another picture and stays."""
    chosen = np.random.default_rng(2)
    image = chosen.integers(0, 255, SIZE).astype(np.uint8)
    shown = []
    for kind in kinds:
        if kind == "c":
            image = chosen.integers(0, 255, SIZE).astype(np.uint8)
        for _ in range(per_letter):
            if kind == "m":
                image = np.roll(image, 3, axis=1)
            shown.append(image)
    return np.stack(shown)


def moved(images: np.ndarray, *, fps: Fraction = Fraction(10), batch: int = 32, smooth="0s"):
    stage = Motion(Motion.Options(smooth=smooth))
    duration = len(images) / fps
    stage.begin(AnalysisContext(duration, fps, None))
    times = [Fraction(k) / fps for k in range(len(images))]
    for at in range(0, len(images), batch):
        stage.frames(FrameBatch(images[at : at + batch], tuple(times[at : at + batch]), at))
    (curve,) = stage.finish(Timeline(duration))
    assert isinstance(curve, Curve)
    return curve


def test_what_moves_stands_out_from_what_stays():
    curve = moved(frames("..mm.."))

    assert curve.rate == 10
    assert len(curve) == 60
    assert curve.values[:19].max() == 0
    assert curve.values[22:38].min() > 0.2
    assert curve.values[42:].max() == 0


def test_a_cut_is_no_motion():
    assert moved(frames("..c..c.")).values.max() == 0


def test_a_change_from_black_to_white_counts_one():
    images = np.zeros((20, *SIZE), np.uint8)
    images[1::2] = 255

    assert moved(images).values == pytest.approx(1)


def test_batches_do_not_matter():
    images = frames(".mc.m")

    assert moved(images, batch=1) == moved(images, batch=7) == moved(images, batch=1000)


@pytest.mark.parametrize("fps", [Fraction(1), Fraction(24_000, 1001), Fraction(10)])
def test_the_curve_is_as_long_as_the_film(fps):
    images = frames("..mm..")
    curve = moved(images, fps=fps)
    middle = curve.values[len(curve) * 11 // 30 : len(curve) * 19 // 30]

    assert len(curve) == int(np.ceil(len(images) / fps * 10))
    assert middle.min() > 0.2


def test_smoothing_is_a_mean_that_keeps_the_sum():
    images = np.concatenate([frames("."), frames("m", per_letter=5), frames("..")])
    rough, smooth = moved(images, smooth="0s"), moved(images, smooth="1s")

    assert smooth.values.max() < rough.values.max()
    assert smooth.values.sum() == pytest.approx(rough.values.sum(), rel=0.01)


def test_no_value_is_below_nothing():
    assert moved(frames("..mm.."), smooth="1s").values.min() >= 0


@pytest.mark.parametrize("count", [1, 2])
def test_a_film_of_a_frame_or_two_does_not_move(count):
    curve = moved(frames(".")[:count])

    assert np.all(curve.values == 0)


def test_a_film_without_frames_gives_zeros():
    stage = Motion()
    stage.begin(AnalysisContext(Fraction(2), Fraction(25), None))
    (curve,) = stage.finish(Timeline(Fraction(2)))

    assert curve.values.tolist() == [0] * 20
