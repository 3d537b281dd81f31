"""Looks that flicker are steadied, and nothing else about them changes."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
import torch

from aigc_edit.models.steady import FlickerMeter, Motion, Steadier, Warp, flicker, motion, small
from aigc_edit.models.steady.warp import _on_cpu, _on_device
from tests.tolerances import (
    GHOST_LEVELS,
    LOW_PRECISION_LEVELS,
    STEADY_BUSY,
    STEADY_MUTED,
)

pytestmark = pytest.mark.usefixtures("one_thread")
LUMA = torch.tensor([0.2126, 0.7152, 0.0722])


def stones(height: int, width: int, seed: int, low: float, high: float) -> np.ndarray:
    """float32 [H, W, 3]: grain of a few pixels between two levels."""
    grain = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(grain, (0, 0), 2)
    return low + (high - low) * (soft - soft.min()) / np.ptp(soft)


def frame(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), np.float32))


def passing_ball(count: int = 14, height: int = 180, width: int = 320) -> list[torch.Tensor]:
    """A bright ball and a bar that cross a dark ground of stones, opposite ways."""
    ground = stones(height, width, 0, 0.1, 0.4)
    front = stones(height, width, 1, 0.6, 1.0)
    frames = []
    for k in range(count):
        mask = np.zeros((height, width), np.float32)
        cv2.circle(mask, (40 + 6 * k, height // 2), 34, 1, -1, cv2.LINE_AA)
        cv2.rectangle(mask, (250 - 5 * k, 10), (270 - 5 * k, 60), 1, -1)
        ball = np.roll(front, 6 * k, 1)
        frames.append(frame(ground + (ball - ground) * mask[..., None]))
    return frames


def still(count: int = 12) -> list[torch.Tensor]:
    return [frame(stones(90, 160, 4, 0.1, 0.9))] * count


# Looks that flicker.


def jitter(frames):
    """Another brightness and other colours in every frame."""
    rng = np.random.default_rng(1)
    gains = torch.tensor(rng.normal(1, 0.06, (len(frames), 3, 1, 1)), dtype=torch.float32)
    return [
        (f * g + float(rng.normal(0, 0.03))).clamp(0, 1) for f, g in zip(frames, gains, strict=True)
    ]


def strokes(frames):
    """Another texture over every frame."""
    looks = []
    for k, f in enumerate(frames):
        grain = stones(*f.shape[1:], 100 + k, -0.15, 0.15).mean(-1)
        looks.append((f + torch.from_numpy(grain)).clamp(0, 1))
    return looks


def posters(frames):
    """Six levels of each colour, which noise tips over."""
    return [(f * 5).round() / 5 for f in frames]


# Looks that do not: what the blending changes of them is its fault alone.


def same(frames):
    return frames


def negative(frames):
    return [1 - f for f in frames]


def tinted(frames):
    """Seven colours by brightness, far from one another."""
    stops = np.array([0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0])
    colours = np.random.default_rng(8).random((7, 3))
    grays = (torch.einsum("chw,c->hw", f, LUMA).numpy() for f in frames)
    return [
        frame(np.stack([np.interp(gray, stops, colours[:, c]) for c in range(3)], -1))
        for gray in grays
    ]


def steadied(source, look) -> list[torch.Tensor]:
    steadier = Steadier()
    return [steadier.steadied(*pair) for pair in zip(source, look, strict=True)]


def levels_off(one, other, first: int = 1) -> float:
    return float((torch.stack(one[first:]) - torch.stack(other[first:])).abs().mean()) * 255


# The flow.


def test_the_flow_follows_a_picture_that_moves():
    wide = stones(120, 240, 0, 0, 1)
    before, now = (small(frame(wide[:, x : x + 200])) for x in (10, 13))
    found = motion(before, now)

    assert np.median(found.flow[..., 0]) == pytest.approx(3, abs=0.1)
    assert np.median(found.flow[..., 1]) == pytest.approx(0, abs=0.1)
    assert found.visible[20:-20, 20:-20].mean() > 0.95
    assert not found.visible[:, -2:].any()  # was outside


def test_noise_is_no_motion():
    ground = stones(120, 200, 0, 0.2, 0.8)
    noisy = [ground + np.random.default_rng(k).normal(0, 0.01, ground.shape) for k in range(2)]
    found = motion(*(small(frame(image)) for image in noisy))

    assert (found.flow == 0).all(-1).mean() > 0.9


def test_what_does_not_move_is_warped_to_the_same_bits():
    picture = still()[0]
    nowhere = Motion(np.zeros((45, 80, 2), np.float32), np.ones((45, 80), np.bool_))
    partly = Motion(nowhere.flow.copy(), nowhere.visible)
    partly.flow[:10] = 3

    assert torch.equal(Warp(nowhere, 90, 160)(picture), picture)
    assert torch.equal(Warp(partly, 90, 160)(picture)[:, 24:], picture[:, 24:])


def test_a_gpu_would_warp_alike():
    """Both ways to warp, on the CPU."""
    before, now = passing_ball(2)
    warp = Warp(motion(small(before), small(now)), 180, 320)
    one, other = _on_cpu(before, *warp._places), _on_device(before, *warp._places)

    assert float((one - other).abs().max()) * 255 <= 0.5
    assert torch.equal(warp(before, 4), one[:, ::4, ::4])


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (17, 23), (721, 91)])
def test_any_size_goes_through(size):
    frames = [torch.rand(3, *size, generator=torch.Generator().manual_seed(k)) for k in range(3)]
    shown = steadied(frames, negative(frames))

    assert [f.shape for f in shown] == [f.shape for f in frames]
    assert all(torch.isfinite(f).all() for f in shown)


# The flicker.


def test_flicker_is_the_change_that_motion_does_not_explain():
    frames = still(4)
    blinking = [f + 10 / 255 * (k % 2) for k, f in enumerate(frames)]
    found = flicker(zip(frames, blinking, strict=True))

    assert found is not None
    assert found.source == 0
    assert found.result == pytest.approx(10, abs=1e-3)
    assert flicker(zip(frames[:1], frames[:1], strict=True)) is None


def test_motion_is_no_flicker_and_a_cut_is_none():
    frames = passing_ball(5)
    meter = FlickerMeter()
    for shot in (frames, negative(frames)):
        meter.cut()
        for one in shot:
            meter.add(one, one)
    found = meter.flicker

    assert found is not None
    assert found.source == found.result < 3
    changed = (torch.stack(frames[1:]) - torch.stack(frames[:-1])).square().mean().sqrt() * 255
    assert float(changed) > 3 * found.source


# The steadier.


@pytest.mark.parametrize("look", [jitter, strokes, posters])
def test_looks_flicker_less_over_what_moves(look):
    source = passing_ball()
    painted = look(source)
    before = flicker(zip(source, painted, strict=True))
    after = flicker(zip(source, steadied(source, painted), strict=True))

    assert before is not None
    assert after is not None
    assert after.ratio <= STEADY_BUSY
    assert after.result - after.source < (before.result - before.source) / 2


def test_over_what_is_still_hardly_anything_flickers():
    source = still()
    after = flicker(zip(source[1:], steadied(source, jitter(source))[1:], strict=True))

    assert after is not None
    assert after.result < 2


@pytest.mark.parametrize("look", [same, negative, tinted])
def test_nothing_leaves_a_ghost(look):
    source = passing_ball()
    painted = look(source)

    assert levels_off(steadied(source, painted), painted) <= GHOST_LEVELS


def test_what_differs_in_colour_alone_leaves_no_ghost():
    """Red on green of the same brightness: no flow sees it move."""
    ground, ball = torch.tensor([0.1, 0.5, 0.2]), torch.tensor([0.9, 0.0, 0.3])
    ball[1] = ((ground - ball) @ LUMA) / LUMA[1]
    source = []
    for k in range(10):
        picture = ground[:, None, None].repeat(1, 90, 160)
        picture[:, 30:60, 20 + 5 * k : 60 + 5 * k] = ball[:, None, None]
        source.append(picture)

    assert levels_off(steadied(source, source), source) <= 0.2


def test_a_still_picture_keeps_its_detail_for_ever():
    source = still(30)

    assert torch.equal(steadied(source, source)[-1], source[-1])


def test_what_went_wrong_is_forgotten():
    """A look that changes for good, over a still source, arrives within a second."""
    source = still(30)
    painted = [*source[:5], *negative(source[5:])]
    shown = steadied(source, painted)

    assert levels_off(shown[-1:], painted[-1:], 0) < 255 * 0.9**24


@pytest.mark.parametrize("step", [-8, -2, 1, 3])
def test_fades_and_changes_of_light_lag_by_no_more_than_is_trusted(step):
    source = [f * 0.6 + 0.2 + step * k / 1000 for k, f in enumerate(still(20))]

    assert levels_off(steadied(source, source), source) <= 3


def test_a_cut_that_nobody_announced_shows_nothing_of_the_shot_before():
    other = [frame(stones(180, 320, 9, 0.2, 1.0))] * 3
    source = [*passing_ball(6), *other]
    painted = jitter(source)
    shown = steadied(source, painted)

    assert levels_off(shown[6:7], painted[6:7], 0) <= GHOST_LEVELS


def test_after_a_cut_everything_is_as_at_the_start():
    source = passing_ball(8)
    painted = strokes(source)
    steadier = Steadier()
    for pair in zip(negative(source), source, strict=True):
        steadier.steadied(*pair)
    steadier.cut()
    again = [steadier.steadied(*pair) for pair in zip(source, painted, strict=True)]

    assert all(map(torch.equal, again, steadied(source, painted)))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32])
def test_dtype_and_inputs_stay(dtype):
    scale = 255 if dtype == torch.uint8 else 1
    film = [*passing_ball(4), *passing_ball(4)[3:] * 2]  # stands still at its end
    source = [(f * scale).to(dtype) for f in film]
    painted = [(f * scale).to(dtype) for f in jitter(film)]
    kept = [f.clone() for f in (*source, *painted)]
    shown = steadied(source, painted)

    assert {f.dtype for f in shown} == {dtype}
    assert all(map(torch.equal, kept, (*source, *painted)))
    floats = steadied(film, jitter(film))
    off = levels_off([f.float() / scale for f in shown], floats, 0)
    assert off <= LOW_PRECISION_LEVELS


@pytest.mark.parametrize(
    ("name", "first"), [("dance_noaudio_720p.mp4", 30), ("bikes_cuts_noaudio.mp4", 30)]
)
@pytest.mark.parametrize(("look", "reach"), [(jitter, STEADY_MUTED), (strokes, STEADY_BUSY)])
def test_real_clips_flicker_hardly_more_than_they_did(shared_media, name, first, look, reach):
    with av.open(str(shared_media / name)) as container:
        shown = [
            f.to_ndarray(format="rgb24", width=480, height=270)
            for _, f in zip(range(first + 10), container.decode(video=0), strict=False)
        ]
    source = [frame(image.astype(np.float32) / 255) for image in shown[first:]]
    found = flicker(zip(source, steadied(source, look(source)), strict=True))

    assert found is not None
    assert found.ratio <= reach
