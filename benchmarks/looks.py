"""How quick painting is: the net against a published one, and a whole render against its parts.

python -m benchmarks.looks [--look wave] [--input film.mp4] [--seconds 4] [--rounds 3]

The other net is AnimeGANv2's generator (Chen et al. 2020; its layers as published by its authors),
with random weights: the arithmetic is the same whatever they are.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.engine import RunOptions, run
from aigc_edit.media import PictureReader, probe
from aigc_edit.models.frame_net import FrameNet
from aigc_edit.models.gan import Painter
from aigc_edit.models.layers import placed
from aigc_edit.models.precision import quick_precision
from aigc_edit.models.shelf import LOOKS
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.timeline import Span

SIZE = (720, 1280)
SAMPLE = Path(__file__).parents[1] / "examples" / "media" / "sample.mp4"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--look", default="wave")
    parser.add_argument("--input", type=Path, default=SAMPLE)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    painter = placed(Painter.load(LOOKS.find(options.look).path), "cpu")
    against_anime(painter, options.rounds)
    against_its_parts(painter, options.look, options.input, options.seconds, options.rounds)


@torch.inference_mode()
def against_anime(painter: Painter, rounds: int) -> None:
    frame = torch.rand(1, 3, *SIZE).to(memory_format=torch.channels_last)
    other = placed(AnimeGenerator().eval(), "cpu")
    painter(frame)
    pairs = [
        (seconds(lambda: painter(frame)), seconds(lambda: other(frame))) for _ in range(rounds)
    ]
    ours, theirs = (min(times) for times in zip(*pairs, strict=True))
    print(f"a frame of 1280x720, {torch.get_num_threads()} threads: {ours:.2f} s, ", end="")
    print(f"AnimeGANv2's generator {theirs:.2f} s: {theirs / ours:.1f} times as quick", flush=True)


def against_its_parts(painter: Painter, look: str, film: Path, length: int, rounds: int) -> None:
    """The render over the larger of the net alone and the same render without it."""
    source = probe(film)
    net = FrameNet(painter.painted, "cpu", painter.geometry, precision=quick_precision("cpu"))
    with PictureReader(source) as reader:
        count = sum(1 for _ in reader.pictures(Span(Fraction(0), Fraction(length))))
    frame = torch.rand(1, 3, source.video.height, source.video.width)
    frame = frame.to(memory_format=torch.channels_last)
    for _ in range(rounds):
        alone = seconds(lambda: painted(net, frame, count))
        plain, whole, steady = (
            seconds(partial(rendered, film, length, step))
            for step in ("", _step(look, steady=False), _step(look, steady=True))
        )
        most = max(alone, plain)
        print(f"{count} frames: net {alone:.1f} s, render without it {plain:.1f} s, ", end="")
        print(f"with it {whole:.1f} s ({whole / most:.2f}), ", end="")
        print(f"steady {steady:.1f} s ({steady / most:.2f})", flush=True)


def _step(look: str, *, steady: bool) -> str:
    word = "true" if steady else "false"
    return f"  - {{uses: style_gan, with: {{look: {look}}}, steady: {word}}}\n"


@torch.inference_mode()
def painted(net: FrameNet, frame: Tensor, count: int) -> None:
    for _ in range(count):
        net(frame)


def rendered(film: Path, length: int, step: str) -> None:
    text = (
        "schema: 1\nstages:\n"
        f"  - {{uses: given_spans, with: {{spans: [[0s, {length}s]]}}}}\n{step}"
        "output: {video: {mode: encode}}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        run(
            pipeline_from_text(text), film, Path(folder) / "out.mp4", RunOptions("cpu", cache=False)
        )


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class AnimeGenerator(nn.Sequential):
    """AnimeGANv2's generator: 2.1 million weights, 370 GMAC for a frame of 1280x720."""

    def __init__(self) -> None:
        super().__init__(
            _layer(3, 32, 7), _layer(32, 64, stride=2), _layer(64, 64),
            _layer(64, 128, stride=2), _layer(128, 128),
            _layer(128, 128), _Inverted(128, 256), *(_Inverted(256, 256) for _ in range(3)),
            _layer(256, 128),
            _Doubled(), _layer(128, 128), _layer(128, 128),
            _Doubled(), _layer(128, 64), _layer(64, 64), _layer(64, 32, 7),
            nn.Conv2d(32, 3, 1, bias=False), nn.Tanh(),
        )  # fmt: skip


class _Inverted(nn.Module):
    """Wide inside, a depthwise convolution, and narrow again."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.same, wide = inputs == outputs, 2 * inputs
        self.body = nn.Sequential(
            _layer(inputs, wide, 1),
            _layer(wide, wide, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.GroupNorm(1, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.body(x)
        return x + changed if self.same else changed


class _Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="bilinear")


def _layer(
    inputs: int, outputs: int, side: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    conv = nn.Conv2d(
        inputs, outputs, side, stride, side // 2, groups=groups, bias=False, padding_mode="reflect"
    )
    return nn.Sequential(conv, nn.GroupNorm(1, outputs), nn.LeakyReLU(0.2, inplace=True))


if __name__ == "__main__":
    main()
