"""Batches of frames, and the forms that filters and encoders want them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from aigc_edit.api import FrameFilter, Planes
from aigc_edit.media import (
    BT709,
    YUV_FORMAT,
    FrameConverter,
    Picture,
    PictureConverter,
    PictureForm,
    PlaneConverter,
    downloading,
    planes_frame,
    uploaded,
)

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Frames of one cut-free run, and their output times.

    Attributes:
        frames: Tensor [T, 3, H, W] on the device (with neighbours: more than there are times), or
            Planes.
    """

    run: int
    frames: Tensor | Planes
    times: tuple[Fraction, ...]


def parts_of(frames: Any) -> list[Any]:
    """The tensors of frames: one for RGB, three for planes."""
    return [frames.y, frames.u, frames.v] if isinstance(frames, Planes) else [frames]


def as_declared(batches: Iterator[Batch], frame_filter: FrameFilter) -> Iterator[Batch]:
    """Batches in the pixels and dtype that a filter declares."""
    to_planes, to_rgb = _ToPlanes(), _ToRgb()
    for batch in batches:
        frames = batch.frames
        if frame_filter.pixels == "yuv":
            yield replace(batch, frames=to_planes(frames))
        else:
            yield replace(batch, frames=as_dtype(to_rgb(frames), frame_filter.dtype))


def as_seen(batches: Iterator[Batch]) -> Iterator[Tensor]:
    """The frames of batches as people see them: uint8 [T, 3, H, W], RGB, on the CPU."""
    to_rgb = _ToRgb()
    for batch in batches:
        yield as_dtype(to_rgb(batch.frames), "uint8").cpu()


class _ToPlanes:
    """RGB as planes, BT.709."""

    def __init__(self) -> None:
        self._converter = FrameConverter(YUV_FORMAT)
        self._split: PlaneConverter | None = None

    def __call__(self, frames: Tensor | Planes) -> Planes:
        if isinstance(frames, Planes):
            return frames
        height, width = frames.shape[-2:]
        split = self._split = self._split or PlaneConverter(
            PictureForm(width, height), BT709, BT709
        )
        coded = (self._converter.frame(image) for image in _images(frames))
        return stacked([split.planes(frame) for frame in coded], str(frames.device))


class _ToRgb:
    """Planes as RGB; planes that follow RGB are BT.709."""

    def __init__(self) -> None:
        self._converter: PictureConverter | None = None

    def __call__(self, frames: Tensor | Planes) -> Tensor:
        if not isinstance(frames, Planes):
            return frames
        height, width = frames.y.shape[-2:]
        form = PictureForm(width, height)
        self._converter = self._converter or PictureConverter(form, BT709, left=True)
        return self._converter.batch(list(_frames(frames)), str(frames.y.device))


def stacked(planes: Sequence[tuple[Any, Any, Any]], device: str) -> Planes:
    """Planes of several pictures, as arrays, on a device."""
    parts = zip(*planes, strict=True)
    joined = (np.stack(part) if len(part) > 1 else part[0][None] for part in parts)
    return Planes(*(uploaded(part, device) for part in joined))


def _frames(planes: Planes) -> Iterator[Any]:
    """Frames of libav of planes."""
    arrays = (part.contiguous().cpu().numpy() for part in parts_of(planes))
    for y, u, v in zip(*arrays, strict=True):
        yield planes_frame(y, u, v)


def landed(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Batches whose frames lie in the computer's memory. Those of another device come as bytes,
    and each is copied while the next one is made.
    """
    coming: Callable[[], Batch] | None = None
    for batch in batches:
        if parts_of(batch.frames)[0].device.type == "cpu":
            yield batch
            continue
        before, coming = coming, _landing(batch)
        if before is not None:
            yield before()
    if coming is not None:
        yield coming()


def _landing(batch: Batch) -> Callable[[], Batch]:
    """Begins to copy a batch; what is returned waits for it."""
    if isinstance(batch.frames, Planes):
        parts = [downloading(part) for part in parts_of(batch.frames)]
        return lambda: replace(batch, frames=Planes(*(part() for part in parts)))
    whole = downloading(as_dtype(batch.frames, "uint8"))
    return lambda: replace(batch, frames=whole())


def coded(batches: Iterator[Batch], converter: FrameConverter) -> Iterator[Picture]:
    """Batches as single pictures in the encoder's pixel format."""
    for batch in batches:
        made: Callable[[Any], Any] = converter.frame
        frames: Iterator[Any]
        if isinstance(batch.frames, Planes):
            frames, made = _frames(batch.frames), converter.refitted
        else:
            frames = _images(batch.frames)
        for frame, time in zip(frames, batch.times, strict=True):
            yield Picture(time, made(frame))


def as_dtype(frames: Tensor, dtype: str) -> Tensor:
    """Frames as uint8 in [0, 255] or a float type in [0, 1]."""
    import torch

    wanted = getattr(torch, dtype)
    if frames.dtype == wanted:
        return frames
    if frames.device.type == "cpu" and {frames.dtype, wanted} == {torch.uint8, torch.float32}:
        from aigc_edit.media import as_bytes, as_floats

        convert = as_bytes if wanted == torch.uint8 else as_floats
        return torch.from_numpy(convert(frames.contiguous().numpy()))
    if wanted == torch.uint8:
        return frames.float().mul(255).round_().clamp_(0, 255).to(torch.uint8)
    if frames.dtype != torch.uint8:
        return frames.to(wanted)
    return frames.to(wanted).mul_(1 / 255)


def _images(frames: Tensor) -> Iterator[Any]:
    """uint8 [3, H, W] images of [T, 3, H, W]."""
    yield from as_dtype(frames, "uint8").contiguous().cpu().numpy()
