"""style_gan paints every frame alike, in any batch, by looks that ship or that a user made."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from aigc_edit.api import FilterContext, ModelError, Timeline
from aigc_edit.engine import read_content
from aigc_edit.models.fidelity import gradient_correlation, luma
from aigc_edit.models.gan import Painter, PainterConfig
from aigc_edit.models.shelf import LOOKS
from aigc_edit.models.training import save_weights
from aigc_edit.stages.frames.style_gan import StyleGan

pytestmark = pytest.mark.usefixtures("one_thread")

LEVEL = 1 / 255
SHIPPED = [look for look in LOOKS.all().values() if look.shipped]


@pytest.fixture(scope="module")
def look(tmp_path_factory):
    """Weights of a small painter that changes much."""
    torch.manual_seed(1)
    net = Painter(PainterConfig(width=8, quarter=8, strokes=1))
    for weight in net.parameters():
        weight.data.add_(torch.randn_like(weight) * 0.05)
    path = tmp_path_factory.mktemp("looks") / "small.safetensors"
    save_weights(path, net, net.architecture, {"steps": 0})
    return path


@pytest.fixture
def own_looks(tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_EDIT_DATA", str(tmp_path))


def painted(frames: torch.Tensor, look, **options) -> torch.Tensor:
    """A frame a second, of an output with seams at 1 and 3 s."""
    stage = StyleGan(StyleGan.Options(look=str(look), **options))
    height, width = frames.shape[-2:]
    seams = (Fraction(1), Fraction(3))
    stage.begin(FilterContext(width, height, Fraction(1), Timeline(Fraction(5)), seams=seams))
    with torch.inference_mode():
        return stage.apply_batch(frames, [Fraction(n) for n in range(len(frames))])


@pytest.mark.parametrize(
    ("moments", "seconds"),
    [
        ("all", {0, 1, 2, 3, 4}),
        ("odd", {0, 3, 4}),
        ("even", {1, 2}),
        ([1, 2], {0, 1, 2}),
        ([9], set()),
    ],
)
def test_only_the_chosen_moments_are_painted(look, moments, seconds):
    frames = torch.rand(5, 3, 32, 32)
    out = painted(frames, look, moments=moments)

    assert {n for n in range(5) if not torch.equal(out[n], frames[n])} == seconds


@pytest.mark.parametrize("size", [(64, 96), (7, 5), (45, 83)])
@pytest.mark.parametrize("fast", [False, True])
def test_frames_keep_their_size_and_range(look, size, fast):
    out = painted(torch.rand(2, 3, *size), look, fast=fast)

    assert out.shape == (2, 3, *size)
    assert out.min() >= 0
    assert out.max() <= 1


def test_a_frame_is_painted_alike_in_any_batch(look):
    frames = torch.rand(5, 3, 48, 64)
    alone = torch.cat([painted(frame[None], look) for frame in frames])

    assert torch.equal(painted(frames, look), alone)


def test_strength_says_how_much_paint_covers_the_frame(look):
    frames = torch.rand(1, 3, 48, 64)
    none, half, full = (painted(frames, look, strength=s) for s in (0.0, 0.5, 1.0))

    torch.testing.assert_close(none, frames)
    assert (full - frames).abs().mean() > 0.02
    assert (half - frames).abs().mean() < (full - frames).abs().mean()


def test_kept_colours_are_the_frames_own(look):
    frames = torch.rand(1, 3, 48, 64) * 0.2 + 0.4
    out = painted(frames, look, keep_colors=True, strength=0.2)
    inside = ((out > 0) & (out < 1)).all(1, keepdim=True)

    shift = (out - luma(out)) - (frames - luma(frames))
    assert inside.float().mean() > 0.9
    assert (shift * inside).abs().max() < LEVEL


def test_another_look_has_another_mark(look, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(look.read_bytes() + b" ")
    marks = {StyleGan(StyleGan.Options(look=str(path))).weights() for path in (look, other)}

    assert len(marks) == 2


@pytest.mark.usefixtures("own_looks")
def test_a_look_of_ones_own_is_used_by_name(look):
    kept = LOOKS.keep(look, "harbour")

    assert LOOKS.find("harbour").path == kept
    assert not LOOKS.all()["harbour"].shipped
    assert painted(torch.rand(1, 3, 32, 32), "harbour").shape == (1, 3, 32, 32)


@pytest.mark.usefixtures("own_looks")
@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden"])
def test_a_look_cannot_be_kept_outside_its_folder(look, name):
    with pytest.raises(ModelError, match="cannot be named"):
        LOOKS.keep(look, name)


@pytest.mark.usefixtures("own_looks")
def test_a_name_that_is_nearly_right_is_guessed(look):
    LOOKS.keep(look, "harbour")
    with pytest.raises(ModelError, match="harbour"):
        StyleGan(StyleGan.Options(look="habrour")).weights()


def test_weights_that_are_not_there_are_told(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.safetensors"):
        StyleGan(StyleGan.Options(look=str(tmp_path / "gone.safetensors"))).weights()


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda look: look.name)
def test_looks_that_ship_paint_what_is_there(shipped, sample):
    """Much is changed, and lines can still be seen."""
    picture = read_content([sample], side=320)[9]
    frames = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    out = painted(frames, shipped.path)

    assert (out - frames).abs().mean() > 0.03
    assert gradient_correlation(frames, out).item() > 0.5
