"""MoviePy's effects as stages: all of them are known, and frames are MoviePy's own."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import aigc_edit_moviepy_effects as plugin
import numpy as np
import pydantic
import pytest
import torch
from aigc_edit_moviepy_effects.effects import LEFT_OUT, REFUSED, SUPPORTED
from moviepy import CompositeVideoClip, VideoClip
from moviepy.video import fx

from aigc_edit.api import FilterContext, FrameFilter, PluginError, Timeline

FRAMES, WIDTH, HEIGHT, RATE = 10, 64, 36, Fraction(10)
DURATION = FRAMES / RATE
NAMES = {effect.name for effect in SUPPORTED}

# Options as a pipeline file gives them, and what MoviePy is given for them where that differs.
GIVEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("BlackAndWhite", {"RGB": "CRT_phosphor"}, {}),
    ("BlackAndWhite", {"RGB": [3, 6, 1], "preserve_luminosity": True}, {}),
    ("Blink", {"duration_on": "200ms", "duration_off": 0.1}, {"duration_on": 0.2}),
    ("Crop", {"x1": 3, "y1": 4, "width": 20, "height": 11}, {}),
    ("CrossFadeIn", {"duration": "500ms"}, {"duration": 0.5}),
    ("CrossFadeOut", {"duration": "500ms"}, {"duration": 0.5}),
    ("EvenSize", {}, {}),
    ("FadeIn", {"duration": "500ms", "initial_color": [255, 0, 9]}, {"duration": 0.5}),
    ("FadeOut", {"duration": "500ms"}, {"duration": 0.5}),
    ("GammaCorrection", {"gamma": 0.5}, {}),
    (
        "HeadBlur",
        {"fx": 20, "fy": 15, "radius": 9},
        {"fx": lambda _: 20, "fy": lambda _: 15},
    ),
    ("InvertColors", {}, {}),
    ("LumContrast", {"lum": 20, "contrast": 0.5}, {}),
    ("Margin", {"margin_size": 3, "color": [1, 2, 3]}, {}),
    ("Margin", {"left": 5, "color": [250, 2, 3], "opacity": 0.5}, {}),
    ("MaskColor", {"color": [90, 90, 90], "threshold": 100}, {}),
    ("MirrorX", {}, {}),
    ("MirrorY", {}, {}),
    ("MultiplyColor", {"factor": 1.5}, {}),
    ("Painting", {}, {}),
    ("Resize", {"new_size": 0.5}, {}),
    ("Resize", {"new_size": [50, 20]}, {}),
    ("Resize", {"height": 18}, {}),
    ("Rotate", {"angle": 30}, {}),
    ("Rotate", {"angle": math.pi, "unit": "rad", "expand": False, "bg_color": [9, 9, 9]}, {}),
    ("Scroll", {"w": 20, "h": 20, "x_speed": 10}, {}),
    ("SlideIn", {"duration": "500ms", "side": "left"}, {"duration": 0.5}),
    ("SlideOut", {"duration": "500ms", "side": "top"}, {"duration": 0.5}),
]


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    noise = np.random.default_rng(0).integers(0, 256, (FRAMES, 3, HEIGHT, WIDTH))
    return torch.from_numpy(noise.astype(np.uint8))


def stage(name: str, **given: Any) -> FrameFilter:
    made = getattr(plugin, name)
    return made(made.Options.model_validate(given))


def times() -> list[Fraction]:
    return [k / RATE for k in range(FRAMES)]


def shown(one: FrameFilter, frames: torch.Tensor, batch: int = FRAMES) -> np.ndarray:
    one.begin(FilterContext(frames.shape[3], frames.shape[2], RATE, Timeline(DURATION)))
    one.reset()
    return np.concatenate(
        [
            one.apply_batch(frames[k : k + batch], times()[k : k + batch]).numpy()
            for k in range(0, FRAMES, batch)
        ]
    )


def by_moviepy(name: str, given: dict[str, Any], frames: torch.Tensor) -> np.ndarray:
    """All frames of MoviePy's own clip; over black where it has a mask or a place of its own."""
    images = frames.permute(0, 2, 3, 1).numpy()
    clip = VideoClip(lambda t: images[round(t * RATE)], duration=float(DURATION))
    done = clip.with_effects([getattr(fx, name)(**given)])
    if name in ("Blink", "CrossFadeIn", "CrossFadeOut", "MaskColor", "SlideIn", "SlideOut") or (
        given.get("opacity", 1) != 1
    ):
        done = CompositeVideoClip([done], bg_color=(0, 0, 0))
    made = [done.get_frame(float(time)).astype(np.uint8) for time in times()]
    return np.stack(made).transpose(0, 3, 1, 2)


def test_every_effect_of_the_installed_moviepy_runs_or_is_refused() -> None:
    assert set(fx.__all__) == NAMES | set(REFUSED)
    assert not NAMES & set(REFUSED)
    assert {name for name, _, _ in GIVEN} == NAMES


@pytest.mark.parametrize("effect", SUPPORTED, ids=lambda effect: effect.name)
def test_options_have_the_names_and_defaults_of_moviepy(effect: Any) -> None:
    theirs = inspect.signature(getattr(fx, effect.name)).parameters
    ours = getattr(plugin, effect.name).Options.model_fields

    assert set(ours) == set(theirs) - LEFT_OUT
    for name, field in ours.items():
        assert field.is_required() == (theirs[name].default is inspect.Parameter.empty)
        assert field.is_required() or field.default == theirs[name].default


@pytest.mark.parametrize(("name", "given", "theirs"), GIVEN)
def test_frames_are_the_same_bits_as_those_of_moviepy(
    name: str, given: dict[str, Any], theirs: dict[str, Any], frames: torch.Tensor
) -> None:
    before, one = frames.clone(), stage(name, **given)

    done = shown(one, frames)

    assert np.array_equal(done, by_moviepy(name, {**given, **theirs}, frames))
    assert np.array_equal(done, shown(one, frames, batch=3))
    assert done.shape[2:] == one.size(WIDTH, HEIGHT)[::-1]
    assert torch.equal(frames, before)


def test_odd_sides_become_even(frames: torch.Tensor) -> None:
    one = stage("EvenSize")

    assert shown(one, frames[..., :35, :63]).shape == (FRAMES, 3, 34, 62)
    assert one.size(63, 35) == (62, 34)


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_effects_that_cannot_be_stages_say_why(name: str, reason: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=f"moviepy.{name} cannot be a stage: "):
        stage(name)
    assert reason in (getattr(plugin, name).__doc__ or "")


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("FadeIn", {"duration": 1, "colour": [0, 0, 0]}, "Extra inputs"),
        ("FadeIn", {"duration": 0}, "greater than 0"),
        ("FadeIn", {}, "Field required"),
        ("FadeIn", {"duration": 1, "initial_color": [0, 0, 300]}, "less than or equal to 255"),
        ("SlideIn", {"duration": 1, "side": "above"}, "'left', 'right'"),
        ("Resize", {}, "one of new_size, height, width must be given"),
    ],
)
def test_wrong_options_are_refused(name: str, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=reason):
        stage(name, **given)


def test_a_window_that_leaves_the_picture_is_an_error(frames: torch.Tensor) -> None:
    with pytest.raises(PluginError, match=r"of 59x36 at 0.10 s, and of 64x36 at the start"):
        shown(stage("Scroll", x_speed=50), frames)


def test_a_crop_that_leaves_nothing_is_an_error() -> None:
    with pytest.raises(PluginError, match="leaves nothing of frames of 64x36"):
        stage("Crop", x1=64).size(WIDTH, HEIGHT)


def test_listing_the_stages_imports_neither_moviepy_nor_torch() -> None:
    code = (
        "import sys, aigc_edit_moviepy_effects as plugin\n"
        f"for name in {sorted(fx.__all__)}: getattr(plugin, name).Options.model_json_schema()\n"
        "assert not {'moviepy', 'torch', 'PIL', 'cv2'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_is_no_other_effect() -> None:
    with pytest.raises(AttributeError, match="no effect 'FadeUp'"):
        _ = plugin.FadeUp
