"""Frames through the chain of filters, in batches that never span a cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aigc_edit.api import FilterContext, FrameFilter, Shots
from aigc_edit.engine.analysis import blaming
from aigc_edit.errors import PluginError
from aigc_edit.media import (
    SAME_TIME,
    FrameConverter,
    Image,
    Picture,
    PictureConverter,
    ahead,
)
from aigc_edit.timeline import Timeline

if TYPE_CHECKING:
    from torch import Tensor

_AHEAD_BATCHES = 2
# On a CPU one frame at a time fills the cache best; a GPU wants its batch full.
_CPU_BATCH = 1


@contextmanager
def filtered(
    pictures: Iterator[Picture],
    filters: Sequence[FrameFilter],
    into: PictureConverter,
    out_of: FrameConverter,
    context: FilterContext,
    seams: Sequence[Fraction],
) -> Iterator[Iterator[Picture]]:
    """Pictures through the chain of filters, which overlaps with decode and encode.

    Args:
        into, out_of: make frames of the contract, and pictures of the encoder's format.
        context: of the first filter.
        seams: output times at which the source jumps.
    """
    if not filters:
        yield pictures
        return
    size = min(f.max_batch for f in filters) if context.device != "cpu" else _CPU_BATCH
    batches = _batches(pictures, into, size, context, seams)
    for frame_filter in filters:
        batches = _through(batches, frame_filter, context)
        width, height = frame_filter.size(context.width, context.height)
        context = replace(context, width=width, height=height)
    with ahead(batches, _AHEAD_BATCHES) as done:
        yield _coded(done, out_of)


@dataclass(frozen=True)
class _Run:
    """Pictures of the output between two cuts, numbered."""

    number: int
    picture: Picture


def _coded(batches: Iterator[_Batch], converter: FrameConverter) -> Iterator[Picture]:
    """Batches as single pictures in the encoder's pixel format."""
    for batch in batches:
        for image, time in zip(_images(batch.frames), batch.times, strict=True):
            yield Picture(time, converter.frame(image))


@dataclass(frozen=True)
class _Batch:
    """Frames of one cut-free run: [T, 3, H, W] on the device, and their output times."""

    run: int
    frames: Tensor
    times: tuple[Fraction, ...]


def _batches(
    pictures: Iterator[Picture],
    into: PictureConverter,
    size: int,
    context: FilterContext,
    seams: Sequence[Fraction],
) -> Iterator[_Batch]:
    for run, gathered in _gathered(pictures, _cuts(seams, context.tracks), size):
        frames = into.batch([p.frame for p in gathered], context.device)
        yield _Batch(run, frames, tuple(p.time for p in gathered))


def _cuts(seams: Sequence[Fraction], tracks: Timeline) -> list[Fraction]:
    """Output times at which filters forget: seams, and cuts of the source where they are known."""
    cuts = set(seams)
    for track in tracks.tracks.values():
        if isinstance(track, Shots):
            cuts |= {span.start for span in track.spans}
    return sorted(cuts)


def _gathered(
    pictures: Iterator[Picture], cuts: Sequence[Fraction], size: int
) -> Iterator[tuple[int, list[Picture]]]:
    """Pictures in lists of at most `size` that never span a cut, with the number of their run."""
    numbered = _numbered(pictures, cuts)
    for run, members in groupby(numbered, key=lambda r: r.number):
        held: list[Picture] = []
        for member in members:
            held.append(member.picture)
            if len(held) == size:
                yield run, held
                held = []
        if held:
            yield run, held


def _numbered(pictures: Iterator[Picture], cuts: Sequence[Fraction]) -> Iterator[_Run]:
    run = 0
    for picture in pictures:
        while run < len(cuts) and picture.time >= cuts[run] - SAME_TIME:
            run += 1
        yield _Run(run, picture)


def _through(
    batches: Iterator[_Batch], frame_filter: FrameFilter, context: FilterContext
) -> Iterator[_Batch]:
    import torch

    with blaming(frame_filter):
        frame_filter.begin(context)
    current = None
    for batch in _with_neighbours(batches, frame_filter.context):
        with blaming(frame_filter, batch.times[0]), torch.inference_mode():
            if batch.run != current:
                frame_filter.reset()
                current = batch.run
            given = as_dtype(batch.frames, frame_filter.dtype)
            result = frame_filter.apply_batch(given, batch.times)
            _check(frame_filter, given, result, len(batch.times), context)
        yield _Batch(batch.run, result, batch.times)


def _with_neighbours(batches: Iterator[_Batch], count: int) -> Iterator[_Batch]:
    """Batches with `count` more frames on each side; edge frames are repeated at cuts."""
    if count == 0:
        yield from batches
        return
    import torch

    for run, members in groupby(batches, key=lambda b: b.run):
        held: Tensor | None = None
        times: tuple[Fraction, ...] = ()
        for member in members:
            before = member.frames[:1].repeat(count, 1, 1, 1) if held is None else held
            held, times = torch.cat([before, member.frames]), times + member.times
            ready = len(held) - 2 * count
            if ready > 0:
                yield _Batch(run, held, times[:ready])
                held, times = held[ready:], times[ready:]
        if held is not None and times:
            yield _Batch(run, torch.cat([held, held[-1:].repeat(count, 1, 1, 1)]), times)


def as_dtype(frames: Tensor, dtype: str) -> Tensor:
    """Frames as uint8 in [0, 255] or a float type in [0, 1]."""
    import torch

    wanted = getattr(torch, dtype)
    if frames.dtype == wanted:
        return frames
    if wanted == torch.uint8:
        return frames.float().mul(255).round().clamp(0, 255).to(torch.uint8)
    if frames.dtype == torch.uint8:
        return frames.to(wanted).div(255)
    return frames.to(wanted)


def _check(
    frame_filter: FrameFilter, given: Tensor, result: Any, count: int, context: FilterContext
) -> None:
    width, height = frame_filter.size(context.width, context.height)
    promised = ((count, 3, height, width), given.dtype, given.device)
    got = (tuple(result.shape), result.dtype, result.device)
    if got != promised:
        raise PluginError(
            f"stage {frame_filter.name!r} gave frames {got}, where {promised} was promised",
            cure="`apply` keeps the number of frames, dtype and device; `size` says the new size.",
        )


def _images(frames: Tensor) -> Iterator[Image]:
    """uint8 [H, W, 3] images of [T, 3, H, W]."""
    images: Image = as_dtype(frames, "uint8").permute(0, 2, 3, 1).contiguous().cpu().numpy()
    yield from images
