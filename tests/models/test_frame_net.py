"""Batches and tiles: as if each frame had gone through the net alone and whole."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from aigc_edit.errors import ModelError
from aigc_edit.models.frame_net import FrameNet, Geometry, _Batch
from aigc_edit.models.gan import Painter, PainterConfig
from aigc_edit.models.precision import quick_precision
from aigc_edit.models.vae import FrameVae, VaeConfig

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def painter():
    torch.manual_seed(1)
    net = Painter(PainterConfig(width=8, quarter=8, strokes=2)).eval()
    for weight in net.parameters():
        weight.data.add_(torch.randn_like(weight) * 0.05)
    return net.requires_grad_(requires_grad=False)


@pytest.mark.parametrize(("height", "width"), [(360, 480), (203, 517)])
def test_tiles_have_no_joints(painter, height, width):
    frames = torch.rand(2, 3, height, width)
    tiled = FrameNet(painter.painted, "cpu", painter.geometry, largest=160 * 160)(frames)

    torch.testing.assert_close(tiled, painter.painted(frames), atol=1e-4, rtol=0)


def test_tiles_that_see_too_little_have_joints(painter):
    frames = torch.rand(1, 3, 360, 480)
    tiled = FrameNet(painter.painted, "cpu", Geometry(8, 8), largest=160 * 160)(frames)

    assert (tiled - painter.painted(frames)).abs().max() > 0.01


@pytest.mark.parametrize("scale", [Fraction(1, 8), Fraction(8)])
def test_tiles_of_nets_that_shrink_or_enlarge_fit(scale):
    def net(x: torch.Tensor) -> torch.Tensor:
        if scale < 1:
            return torch.nn.functional.avg_pool2d(x, 8, ceil_mode=True)
        return x.repeat_interleave(8, -1).repeat_interleave(8, -2)

    frames = torch.rand(1, 4, 131, 250)
    stride = 8 if scale < 1 else 1
    tiled = FrameNet(net, "cpu", Geometry(stride, 16, scale), largest=64 * 64)(frames)

    torch.testing.assert_close(tiled, net(frames))


def test_tiles_of_the_autoencoder_have_no_joints():
    torch.manual_seed(1)
    net = FrameVae(VaeConfig(latents=4, width=12, looks=2, paints=2)).eval()
    for weight in net.parameters():
        weight.data.add_(torch.randn_like(weight) * 0.05)
    frames = torch.rand(1, 3, 203, 317)
    with torch.inference_mode():
        latents, whole = net.latents(frames), net.painted(net.latents(frames))
        seen = FrameNet(net.latents, "cpu", net.looking, largest=96 * 96)(frames)
        painted = FrameNet(net.painted, "cpu", net.painting, largest=96 * 96)(latents)

    torch.testing.assert_close(seen, latents, atol=1e-4, rtol=0)
    torch.testing.assert_close(painted, whole, atol=1e-4, rtol=0)


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float32])
def test_fewer_bits_are_used_inside_alone_and_are_seldom_seen(painter, precision):
    inside = []

    def net(frames: torch.Tensor) -> torch.Tensor:
        inside.append(painter.looks(frames).dtype)
        return painter.painted(frames)

    frames = torch.rand(1, 3, 96, 128)
    made = FrameNet(net, "cpu", painter.geometry, precision=precision)(frames)

    assert inside == [precision]
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, painter.painted(frames), atol=3 / 255, rtol=0)


def test_a_device_has_one_quick_precision():
    assert quick_precision("cpu") in (torch.bfloat16, torch.float32)
    assert quick_precision("cuda:0") == torch.float16
    assert quick_precision("mps") == torch.float32


def test_a_cpu_gets_one_frame_at_a_time():
    seen = []
    FrameNet(lambda x: seen.append(len(x)) or x, "cpu", Geometry(1, 0))(torch.rand(5, 3, 8, 8))

    assert seen == [1] * 5


def test_frames_together_grow_as_long_as_that_is_quicker():
    batch, seconds = _Batch(), {1: 1.0, 2: 0.7, 4: 0.5, 8: 0.49, 16: 0.3}
    sizes = []
    while batch.searching:
        sizes.append(batch.next(100))
        batch.tell(sizes[-1], sizes[-1] * seconds[sizes[-1]])

    assert sizes == [1, 1, 2, 4, 8]  # the first one warms up
    assert batch.next(100) == 4
    assert batch.next(3) == 3


def test_a_size_that_the_memory_refused_is_not_tried_again():
    batch = _Batch()
    batch.tell(1, 1.0)
    batch.tell(1, 1.0)
    batch.refuse(batch.next(100))

    assert batch.next(100) == 1
    assert not batch.searching


def test_short_memory_makes_tiles_and_then_an_error():
    def hungry(x: torch.Tensor) -> torch.Tensor:
        if x.shape[-1] * x.shape[-2] > limit:
            raise torch.OutOfMemoryError
        return x

    frames, limit = torch.rand(2, 3, 400, 400), 250 * 250
    torch.testing.assert_close(FrameNet(hungry, "cpu", Geometry(8, 8))(frames), frames)
    limit = 100
    with pytest.raises(ModelError, match="too little memory"):
        FrameNet(hungry, "cpu", Geometry(8, 8))(frames)
