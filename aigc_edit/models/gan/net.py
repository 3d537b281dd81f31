"""The generator: paints each frame by itself, at a quarter and an eighth of its size.

It is given frames in the painting's colours (`toning`), and paints them over.

Wide layers at full size are what makes such nets slow; here the full picture is only folded,
unfolded, and blended: the net gives paint, and how much of the frame's own fine lines stays.
No layer normalises: a batch of one frame and of eight must be painted alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- its name everywhere

from aigc_edit.models.frame_net import Geometry
from aigc_edit.models.gan.toning import toned
from aigc_edit.models.layers import LEAK, Enlarged, Residual, conv3, mirrored, padded_side
from aigc_edit.models.moments import Moments
from aigc_edit.models.training import Architecture, load_weights

STRIDE = 8  # pixels of a side of the smallest picture inside
_PATCH = 4  # pixels of a side that the first layer takes together
_MOST = (512, 256, 16)  # what a file of weights may ask for
_FIRST_GAIN = 0.1  # of paint, before anything is learnt
_LINES = 4  # pixels: what a smaller picture cannot hold is lines
_OTHER_LAYERS = 6  # strides that layers beside the strokes look around, rounded up


@dataclass(frozen=True)
class PainterConfig:
    """Sizes of the net.

    Attributes:
        width: channels at an eighth of the size.
        quarter: channels at a quarter; half of it at a half.
        strokes: residual blocks at an eighth.
        toning: how far the colours of frames are made the painting's before, 0 to 1.
    """

    width: int = 96
    quarter: int = 40
    strokes: int = 3
    toning: float = 1.0

    def __post_init__(self) -> None:
        sizes = (self.width, self.quarter, self.strokes)
        if not all(0 <= size <= most for size, most in zip(sizes, _MOST, strict=True)):
            raise ValueError(f"no such net: {self}")
        if not 0 <= self.toning <= 1:
            raise ValueError(f"toning is {self.toning}, not within 0 and 1")


class Painter(nn.Module):
    """Frames to painted frames."""

    name, version = "painter", 2
    palette_mean: Tensor
    palette_covariance: Tensor

    def __init__(self, config: PainterConfig | None = None) -> None:
        super().__init__()
        self.config = config or PainterConfig()
        width, quarter = self.config.width, self.config.quarter
        self.looks = nn.Sequential(
            nn.PixelUnshuffle(_PATCH),
            conv3(3 * _PATCH**2, quarter),  # [T, quarter, H/4, W/4]
            nn.LeakyReLU(LEAK, inplace=True),
            conv3(quarter, width, stride=2),  # [T, width, H/8, W/8]
            *(Residual(width) for _ in range(self.config.strokes)),
        )
        self.paints = nn.Sequential(
            Enlarged(width, quarter),
            Residual(quarter),
            Enlarged(quarter, quarter // 2),
            Enlarged(quarter // 2, 4, gain=_FIRST_GAIN),  # RGB, and what is kept of lines
        )
        self.register_buffer("palette_mean", torch.full((3,), 0.5))
        self.register_buffer("palette_covariance", 0.05 * torch.eye(3))

    @property
    def architecture(self) -> Architecture:
        return Architecture(self.name, self.version, asdict(self.config))

    @classmethod
    def load(cls, path: Path) -> Painter:
        """The net with the weights of a file. Raises ModelError where they are not for it."""
        return load_weights(
            path, cls.name, cls.version, lambda **sizes: cls(PainterConfig(**sizes))
        )

    @property
    def geometry(self) -> Geometry:
        """For tiles."""
        return Geometry(STRIDE, STRIDE * (2 * self.config.strokes + _OTHER_LAYERS))

    @property
    def palette(self) -> Moments:
        """The painting's colours."""
        exact = (part.double().cpu() for part in (self.palette_mean, self.palette_covariance))
        return Moments(*exact)

    def take_palette(self, wanted: Moments) -> None:
        """Makes these the painting's colours."""
        self.palette_mean.copy_(wanted.mean)
        self.palette_covariance.copy_(wanted.covariance)

    def forward(self, frames: Tensor, detail: float = 1.0) -> Tensor:
        """Whole frames, float [T, 3, H, W], RGB in [0, 1]; so is the result, up to a little
        overshoot.

        detail: how much of the lines that the net would keep stays, 0 to 1.
        """
        return self.painted(self.toned(frames), detail)

    def toned(self, frames: Tensor) -> Tensor:
        """Whole frames as `painted` wants them."""
        return toned(frames, self.palette, self.config.toning) if self.config.toning else frames

    def painted(self, frames: Tensor, detail: float = 1.0) -> Tensor:
        """Toned frames, or tiles of them, painted over."""
        height, width = frames.shape[-2:]
        whole = mirrored(frames, *(padded_side(side, STRIDE) for side in (height, width)))
        soft = _soft(whole)
        made = self.paints(self.looks(whole * 4 - 2))
        # In the order of memory of the frames, or each of these steps would change it.
        paint, kept = made.float().contiguous().split((3, 1), dim=1)
        shown: Tensor = torch.lerp(soft, whole, kept.sigmoid() * detail) + paint
        return shown[..., :height, :width]


def _soft(frames: Tensor) -> Tensor:
    """Frames without their lines: a quarter as large, and back."""
    small = F.avg_pool2d(frames, _LINES)
    size = frames.shape[-2:]
    return F.interpolate(small, size, mode="bilinear", align_corners=False)
