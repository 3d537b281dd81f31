"""Frames as paintings."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from aigc_edit.api import FilterContext, FrameFilter, StageOptions, option
from aigc_edit.stages.frames.moments import (
    SOME_MOMENTS_HELP,
    SomeMoments,
    changed_where,
    is_chosen,
)

if TYPE_CHECKING:
    from torch import Tensor

_SMALL = 2  # sides of frames that are painted quickly, as a divisor


class StyleGan(FrameFilter):
    """Paints every frame in the manner of one painting.

    A net paints that learnt from the painting against an adversary; `aigc-edit looks` lists and
    shows the looks that there are, `aigc-edit train style-gan` makes another one of any painting.
    """

    name = "style_gan"
    dtype = "float32"
    steady: ClassVar[bool] = True

    class Options(StageOptions):
        """Options of style_gan."""

        look: str = option("starry_night", help="Its name, or a file of weights (.safetensors).")
        strength: float = option(1.0, ge=0, le=1, help="How much of the paint covers the frame.")
        keep_colors: bool = option(
            default=False, help="Keep the colours of the frame; only light is painted."
        )
        detail: float = option(1.0, ge=0, le=1, help="How much of the frame's fine lines stays.")
        fast: bool = option(
            default=False, help="Paint at half the size, and take lines from the whole frame."
        )
        compile: bool = option(
            default=False,
            help="Let torch compile the net: half a minute at first; for GPUs and long films.",
        )
        moments: SomeMoments = option("all", help=SOME_MOMENTS_HELP)

    options: Options

    def weights(self) -> str:
        from aigc_edit.models.shelf import LOOKS

        return LOOKS.find(self.options.look).digest()

    def begin(self, context: FilterContext) -> None:
        from aigc_edit.models.frame_net import FrameNet
        from aigc_edit.models.gan import Painter
        from aigc_edit.models.kept import kept_net
        from aigc_edit.models.precision import quick_precision
        from aigc_edit.models.shelf import LOOKS

        self._context = context
        net = kept_net(Painter.load, LOOKS.find(self.options.look).path, context.device)
        self._tone = net.toned
        self._paint = FrameNet(
            partial(net.painted, detail=self.options.detail),
            context.device,
            net.geometry,
            precision=quick_precision(context.device),
            compiles=self.options.compile,
        )

    def apply_batch(self, frames: Tensor, times: Sequence[Fraction]) -> Tensor:
        chosen = [is_chosen(self.options.moments, time, self._context) for time in times]
        return changed_where(chosen, frames, lambda some, _: self._painted(some))

    def _painted(self, frames: Tensor) -> Tensor:
        from aigc_edit.models.colour import with_colours_of

        toned = self._tone(frames)
        painted = self._fast(toned) if self.options.fast else self._paint(toned)
        if self.options.keep_colors:
            painted = with_colours_of(frames, painted)
        return frames.lerp(painted, self.options.strength).clamp(0, 1)

    def _fast(self, frames: Tensor) -> Tensor:
        from torch.nn import functional as F  # noqa: N812 -- its name everywhere

        from aigc_edit.models.gan.guided import guided

        height, width = frames.shape[-2:]
        small = F.interpolate(
            frames, (-(-height // _SMALL), -(-width // _SMALL)), mode="bilinear", antialias=True
        )
        return guided(self._paint(small), small, frames)
