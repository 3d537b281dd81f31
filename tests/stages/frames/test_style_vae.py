"""The look of any picture: what is taken, what stays, and how it moves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from aigc_edit.api import FilterContext, Timeline
from aigc_edit.errors import MediaError, ModelError
from aigc_edit.models.training import Architecture, save_weights
from aigc_edit.models.vae import FrameVae, VaeConfig, shipped
from aigc_edit.stages.frames.ramp import Ramp
from aigc_edit.stages.frames.style_vae import StyleVae
from aigc_edit.testing import check_stage
from tests.tolerances import ONE_LEVEL

pytestmark = pytest.mark.usefixtures("one_thread")

SECONDS = 4
RATE = 10


WARM, COLD = (255, 160, 60), (60, 130, 255)


def painted(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (160, 120)) -> Path:
    """Soft spots, the brightest of that colour."""
    spots = np.random.default_rng(1).random((15, 20, 3)) * colour
    small = Image.fromarray(spots.astype(np.uint8))
    small.resize(size, Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("pictures")
    painted(found / "warm.png", WARM)
    painted(found / "cold.png", COLD)
    return found


@pytest.fixture
def warm(folder):
    return folder / "warm.png"


@pytest.fixture
def cold(folder):
    return folder / "cold.png"


def film(count: int, size: tuple[int, int] = (64, 96), seed: int = 5) -> torch.Tensor:
    """A soft picture without strong colours that drifts."""
    generator = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, 6, 14, generator=generator)
    wide = torch.nn.functional.interpolate(small, (size[0], size[1] + 2 * count), mode="bicubic")
    frames = torch.cat([wide[..., 2 * n : 2 * n + size[1]] for n in range(count)])
    return (frames * 0.4 + 0.3).clamp(0, 1)


def begun(size: tuple[int, int] = (64, 96), **options) -> StyleVae:
    stage = StyleVae(StyleVae.Options.model_validate(options))
    stage.begin(FilterContext(size[1], size[0], Fraction(RATE), Timeline(Fraction(SECONDS))))
    stage.reset()
    return stage


def shown(stage: StyleVae, frames: torch.Tensor, *, batch: int = 4, first: int = 0):
    """Frames after a stage, the first one as the `first` of the output."""
    times = [Fraction(first + n, RATE) for n in range(len(frames))]
    with torch.inference_mode():
        parts = [
            stage.apply_batch(frames[at : at + batch], times[at : at + batch])
            for at in range(0, len(frames), batch)
        ]
    return torch.cat(parts)


def as_frame(path: Path) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None] / 255


def colours(frames: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation of red, green and blue."""
    return torch.cat([frames.mean(dim=(0, 2, 3)), frames.std(dim=(0, 2, 3))])


@pytest.mark.parametrize("matching", ["channels", "whitening", "monge"])
@pytest.mark.parametrize("brush", [0, 1])
def test_frames_take_the_statistics_of_the_picture(warm, matching, brush):
    frame, goal = film(1), colours(as_frame(warm))
    styled = shown(begun(reference=warm, matching=matching, brush=brush, detail=0), frame)

    assert (colours(styled) - goal).norm() < 0.35 * (colours(frame) - goal).norm()


@pytest.mark.parametrize("brush", [0, 1])
def test_without_strength_frames_stay_what_they_are(warm, brush):
    frames = film(3)

    assert torch.equal(shown(begun(reference=warm, strength=0, brush=brush), frames), frames)


def test_a_little_strength_changes_a_little(warm):
    frames = film(3)
    changes = [
        (shown(begun(reference=warm, strength=share), frames) - frames).abs().mean().item()
        for share in (0.01, 0.5, 1)
    ]

    assert changes[0] < 2 / 255
    assert changes == sorted(changes)


def test_detail_brings_back_what_the_autoencoder_cannot_hold(warm):
    frames = film(1) * 0.8 + 0.1 * (torch.arange(96) % 2)  # stripes of single pixels
    smooth, detailed = (
        shown(begun(reference=warm, brush=0, detail=detail), frames) for detail in (0, 1)
    )

    def stripes(found: torch.Tensor) -> float:
        return (found[..., 1::2] - found[..., ::2]).clamp(-0.2, 0.2).mean().item()

    assert stripes(detailed) > stripes(smooth) + 0.03


@pytest.mark.parametrize("brush", [0, 0.5])
def test_batches_change_nothing_that_can_be_seen(warm, brush):
    frames = film(7)
    options = {"reference": warm, "brush": brush, "strength": {"from": 0.2, "to": 1}}
    one, all_ = (shown(begun(**options), frames, batch=batch) for batch in (1, 7))

    assert (one - all_).abs().max() <= ONE_LEVEL / 255


def test_a_cut_forgets_what_was_before(warm):
    after = film(3, seed=9)
    stage = begun(reference=warm)
    shown(stage, film(3))
    stage.reset()

    assert torch.equal(shown(stage, after, first=3), shown(begun(reference=warm), after, first=3))


def test_a_cut_that_nobody_told_of_is_seen(warm):
    dark, light = film(3) * 0.3, film(3, seed=9) * 0.4 + 0.6
    stage = begun(reference=warm)
    shown(stage, dark)

    assert torch.equal(shown(stage, light, first=3), shown(begun(reference=warm), light, first=3))


def test_light_that_flickers_is_followed_calmly(warm):
    """Whatever becomes brighter in one frame stays brighter than before."""
    frames = film(1).repeat(8, 1, 1, 1) * 0.5 + 0.2
    frames[4] += 0.02
    calm = shown(begun(reference=warm, brush=0), frames).mean(dim=(1, 2, 3))

    assert calm[4] - calm[3] > 0.01
    assert (calm[5] - calm[3]).abs() < 0.3 * (calm[4] - calm[3])


def test_a_still_picture_stays_still(warm):
    still = film(1).repeat(6, 1, 1, 1)
    noisy = still + torch.randn(still.shape, generator=torch.Generator().manual_seed(1)) / 255
    styled = shown(begun(reference=warm, brush=1), noisy.clamp(0, 1))

    assert (styled[1:] - styled[:-1]).abs().mean() < 4 * (noisy[1:] - noisy[:-1]).abs().mean()


@pytest.mark.parametrize("brush", [0, 1])
def test_a_blend_is_each_picture_at_its_ends_and_between_them_else(warm, cold, brush):
    frame = film(1)
    one, two = (shown(begun(reference=path, brush=brush), frame) for path in (warm, cold))
    first, middle, last = (
        shown(begun(reference=warm, blend={"reference": cold, "share": share}, brush=brush), frame)
        for share in (0, 0.5, 1)
    )

    assert torch.equal(first, one)
    torch.testing.assert_close(last, two, atol=1e-4, rtol=0)
    apart = (one - two).abs().mean()
    assert (middle - one).abs().mean() < apart
    assert (middle - two).abs().mean() < apart


def test_strength_and_blend_move_over_the_output(warm, cold):
    frames = film(1).repeat(5, 1, 1, 1)
    rising = {"from": 0, "to": 1, "over": "400ms"}
    stronger = shown(begun(reference=warm, brush=0, strength=rising), frames)
    other = shown(
        begun(reference=warm, brush=0, blend={"reference": cold, "share": rising}), frames
    )
    changes = (stronger - frames).abs().mean(dim=(1, 2, 3)).tolist()

    assert changes[0] == 0
    assert changes == sorted(set(changes))
    torch.testing.assert_close(other[:1], shown(begun(reference=warm, brush=0), frames[:1]))
    torch.testing.assert_close(
        other[4:], shown(begun(reference=cold, brush=0), frames[4:]), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize(
    ("ramp", "shares"),
    [
        ({"from": 0.5, "to": 0.5}, {0: 0.5, 4: 0.5}),
        ({}, {0: 0, 1: 0.25, 4: 1}),
        ({"from": 1, "to": 0, "start": "1s", "over": "2s"}, {0: 1, 1: 1, 2: 0.5, 3: 0, 4: 0}),
        ({"start": "5s"}, {0: 0, 4: 0, 5: 0, 6: 1}),
    ],
)
def test_a_ramp_stays_moves_and_stays(ramp, shares):
    moving = Ramp.model_validate(ramp)

    assert {time: moving.at(Fraction(time), Fraction(4)) for time in shares} == shares


def test_colours_can_stay(warm):
    frames = film(2) * 0.4 + 0.3  # so that nothing is clipped
    kept = shown(begun(reference=warm, keep_colors=True, strength=0.3), frames)
    change = kept - frames

    assert change.abs().mean() > 0.01
    torch.testing.assert_close(change, change[:, :1].expand_as(change), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (33, 61), (16, 130)])
def test_frames_of_every_size_work(warm, size):
    frames = torch.rand(2, 3, *size)
    styled = shown(begun(size, reference=warm), frames)

    assert styled.shape == frames.shape
    assert styled.isfinite().all()


def test_noise_of_a_flat_frame_stays_noise(warm):
    flat = 0.3 + torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1)) / 255
    styled = shown(begun(reference=warm, brush=0), flat)

    assert styled.std(dim=(2, 3)).max() < 6 * flat.std(dim=(2, 3)).max()


def test_pictures_of_every_kind_are_looked_at(tmp_path):
    wide = painted(tmp_path / "wide.jpg", WARM, (20_000, 800))
    gray = tmp_path / "gray.png"
    Image.open(painted(gray, WARM)).convert("L").save(gray)
    for path in (wide, gray):
        assert shown(begun(reference=path), film(1)).isfinite().all()


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "No such file"), (b"no picture", "cannot be read"), ((1, 1), "1x1 pixels"),
     ((20_000, 20), "640x1 pixels")],
)  # fmt: skip
def test_pictures_without_a_look_are_refused_before_anything_is_decoded(tmp_path, content, what):
    path = tmp_path / "picture.png"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        Image.new("RGB", content).save(path)
    with pytest.raises(MediaError, match=what):
        StyleVae(StyleVae.Options(reference=path)).weights()


def test_weights_that_are_not_for_it_are_refused_before_anything_is_decoded(tmp_path, warm):
    net = FrameVae(VaeConfig(latents=4, width=12))
    save_weights(tmp_path / "other.safetensors", net, Architecture("painter", 1, {}), {})
    torch.save(net.state_dict(), tmp_path / "pickle.safetensors")
    (tmp_path / "short.safetensors").write_bytes(shipped().read_bytes()[:-100])
    for name, what in (
        ("other", "of painter 1, not of frame-vae 1"),
        ("pickle", "pickle"),
        ("short", "no weights that can be read"),
        ("none", "No such file"),
    ):
        options = StyleVae.Options(reference=warm, weights=tmp_path / f"{name}.safetensors")
        with pytest.raises(ModelError, match=what):
            StyleVae(options).weights()


def test_own_weights_are_used_and_named(tmp_path, warm):
    torch.manual_seed(1)
    net = FrameVae(VaeConfig(latents=4, width=12))
    save_weights(tmp_path / "own.safetensors", net, net.architecture, {})
    options = {"reference": warm, "weights": tmp_path / "own.safetensors"}
    own, ours = StyleVae(StyleVae.Options(**options)), StyleVae(StyleVae.Options(reference=warm))

    assert own.weights() != ours.weights()
    assert not torch.equal(shown(begun(**options), film(1)), shown(begun(reference=warm), film(1)))


def test_another_picture_under_the_same_name_is_another_result(tmp_path):
    stage = StyleVae(StyleVae.Options(reference=painted(tmp_path / "picture.png", WARM)))
    before = stage.weights()
    painted(tmp_path / "picture.png", COLD)

    assert stage.weights() != before


def test_options_are_refused_in_their_own_words(warm):
    for options, where in (
        ({}, "reference"),
        ({"reference": warm, "strength": 1.5}, "strength"),
        ({"reference": warm, "strength": {"from": 0, "too": 1}}, "strength"),
        ({"reference": warm, "blend": {"share": 0.5}}, "blend"),
        ({"reference": warm, "matching": "gram"}, "matching"),
    ):
        with pytest.raises(ValidationError, match=where):
            StyleVae.Options.model_validate(options)


def test_it_keeps_its_promises(tmp_path, warm, cold):
    """With everything that moves; `tests/stages/test_promises.py` asks with the defaults."""
    torch.manual_seed(1)
    net = FrameVae(VaeConfig(latents=4, width=12))
    save_weights(tmp_path / "own.safetensors", net, net.architecture, {})
    moving = {"strength": {"to": 0.8}, "blend": {"reference": cold, "share": {}}}
    check_stage(StyleVae, {"reference": warm, "weights": tmp_path / "own.safetensors", **moving})
