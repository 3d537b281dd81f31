"""The look of any picture, by the statistics of an autoencoder's latents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from aigc_edit.api import FilePath, FilterContext, FrameFilter, StageOptions, option, read_picture
from aigc_edit.errors import MediaError
from aigc_edit.stages.frames.moments import (
    SOME_MOMENTS_HELP,
    SomeMoments,
    changed_where,
    is_chosen,
)
from aigc_edit.stages.frames.ramp import Share

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from aigc_edit.models.vae import LatentLook

_REFERENCE_SIDE = 640  # larger pictures are shrunk to it; it sets the size of strokes
_LEAST_SIDE = 24  # three latents each way, one patch; a single latent has no covariance


class Blend(StageOptions):
    """A second picture."""

    reference: FilePath = option(help="The picture.")
    share: Share = option(0.5, help="Of it; as strength.")


class StyleVae(FrameFilter):
    """Gives the film the look of any picture: its colours, contrasts and brush work.

    An autoencoder makes latents of each frame. They take mean and covariance of those of the
    picture, and are mixed with patches of them that are most similar; then they become a frame
    again. Nothing has to be trained.
    """

    name = "style_vae"
    dtype = "float32"
    steady: ClassVar[bool] = True  # statistics are followed calmly over time

    class Options(StageOptions):
        """Options of style_vae."""

        reference: FilePath = option(help="The picture, from where the pipeline file is.")
        strength: Share = option(
            1.0, help="How much of the look; a share, or one that moves: {from: 0, to: 1}."
        )
        blend: Blend | None = option(
            None, help="A second picture: {reference: other.jpg, share: 0.5}; shares may move."
        )
        brush: float = option(
            0.5, ge=0, le=1, help="How much is painted with pieces of the picture; 0 only grades."
        )
        matching: Literal["channels", "whitening", "monge"] = option(
            "monge", help="What is matched how: variances alone, or covariances by two ways."
        )
        keep_colors: bool = option(default=False, help="Take the light alone, keep the colours.")
        detail: float = option(
            1.0, ge=0, le=1, help="How much comes back of what the autoencoder cannot hold."
        )
        compile: bool = option(
            default=False,
            help="Let torch compile the net: half a minute at first; for GPUs and long films.",
        )
        moments: SomeMoments = option("all", help=SOME_MOMENTS_HELP)
        weights: FilePath | None = option(
            None, help="Of an autoencoder that you trained: aigc-edit train style-vae."
        )

    options: Options

    def weights(self) -> str:
        from aigc_edit.models.vae import FrameVae

        if self.options.weights:
            FrameVae.load(self.options.weights)  # what is wrong is told before anything is decoded
        for path in self._references:
            _reference(path)
        return " ".join(_digest(path) for path in (self._net_file, *self._references))

    @property
    def _net_file(self) -> Path:
        from aigc_edit.models.vae import shipped

        return self.options.weights or shipped()

    @property
    def _references(self) -> tuple[Path, ...]:
        blend = self.options.blend
        return (self.options.reference, *((blend.reference,) if blend else ()))

    def begin(self, context: FilterContext) -> None:
        import torch

        from aigc_edit.models.frame_net import FrameNet
        from aigc_edit.models.kept import kept_net
        from aigc_edit.models.moments import Matching
        from aigc_edit.models.precision import quick_precision
        from aigc_edit.models.vae import FrameVae, LatentStyle

        self._context, self._end, self._device = context, context.tracks.duration, context.device
        net = kept_net(FrameVae.load, self._net_file, context.device)
        # A batch of another size may round another way, and a choice of patches makes much of it;
        # so does a precision that is less than float32.
        self._encoded = FrameNet(
            net.latents, context.device, net.looking, alone=self.options.brush > 0
        )
        self._painted = FrameNet(
            net.painted,
            context.device,
            net.painting,
            precision=quick_precision(context.device),
            compiles=self.options.compile,
        )
        with torch.inference_mode():
            looks = [self._look(path) for path in self._references]
        matching = Matching(self.options.matching)
        self._style = LatentStyle(looks, matching, self.options.brush)

    def _look(self, path: Path) -> LatentLook:
        import torch

        from aigc_edit.models.vae import LatentLook

        picture = torch.from_numpy(_reference(path)).to(self._device).permute(2, 0, 1)
        return LatentLook(self._encoded(picture[None] / 255))

    def reset(self) -> None:
        self._style.forget()

    def apply_batch(self, frames: Tensor, times: Sequence[Fraction]) -> Tensor:
        return changed_where(
            [self._changes(time) for time in times],
            frames,
            lambda some, numbers: self._styled(some, [times[n] for n in numbers]),
        )

    def _changes(self, time: Fraction) -> bool:
        if not is_chosen(self.options.moments, time, self._context):
            return False
        return self.options.strength.at(time, self._end) > 0 or self.options.detail < 1

    def _styled(self, frames: Tensor, times: Sequence[Fraction]) -> Tensor:
        from aigc_edit.models.colour import with_colours_of

        height, width = frames.shape[-2:]
        latents = self._encoded(frames)
        styled = self._painted(self._moved(latents, times))[..., :height, :width]
        if self.options.detail:
            kept = self._painted(latents)[..., :height, :width]
            styled = styled + self.options.detail * (frames - kept)
        if self.options.keep_colors:
            styled = with_colours_of(frames, styled)
        return styled.clamp(0, 1)

    def _moved(self, latents: Tensor, times: Sequence[Fraction]) -> Tensor:
        """Latents as they are wanted at their times, one frame after the other."""
        import torch

        blend = self.options.blend
        moved = []
        for number, time in enumerate(times):
            own = latents[number : number + 1]
            share = blend.share.at(time, self._end) if blend else 0.0
            styled = self._style.over(own, time, share)
            moved.append(torch.lerp(own, styled, self.options.strength.at(time, self._end)))
        return torch.cat(moved)


def _reference(path: Path) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3]; MediaError where there is nothing to go by."""
    picture = read_picture(path, side=_REFERENCE_SIDE)
    height, width, _ = picture.shape
    if min(height, width) < _LEAST_SIDE:
        raise MediaError(
            f"{width}x{height} pixels (at most {_REFERENCE_SIDE} are looked at) show no look",
            where=path,
            cure=f"Name a picture of {_LEAST_SIDE}x{_LEAST_SIDE} pixels or more, less narrow.",
        )
    return picture


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
