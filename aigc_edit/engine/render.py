"""The render pass: decode what is kept, filter it in batches, encode it once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_edit.api import FilterContext, FrameFilter, Shots
from aigc_edit.engine.analysis import blaming
from aigc_edit.engine.progress import Clock
from aigc_edit.errors import PluginError
from aigc_edit.media import (
    Encoder,
    FrameConverter,
    Image,
    Picture,
    PictureConverter,
    PictureForm,
    PictureReader,
    PictureSettings,
    PictureWriter,
    Source,
    ahead,
    written_colour,
)
from aigc_edit.timeline import EditList, Timeline

if TYPE_CHECKING:
    from torch import Tensor

_AHEAD_PICTURES = 8
_AHEAD_BATCHES = 2
# On a CPU one frame at a time fills the cache best; a GPU wants its batch full.
_CPU_BATCH = 1


@dataclass(frozen=True)
class RenderReport:
    """What the render pass did."""

    frames: int
    decoded: int
    repeated: int
    damaged_packets: int


@dataclass(frozen=True)
class _Run:
    """Pictures of the output between two cuts, numbered."""

    number: int
    picture: Picture


def render(
    source: Source,
    edits: EditList,
    filters: Sequence[FrameFilter],
    tracks: Timeline,
    *,
    encoder: Encoder,
    quality: int,
    preset: str,
    device: str,
    path: Path,
    clock: Clock,
) -> RenderReport:
    """Writes the pictures of an edit list to `path`; `tracks` are in output time."""
    settings = _settings(source, filters, encoder, quality, preset)
    with (
        PictureReader(source) as reader,
        PictureWriter(path, settings) as writer,
        ahead(_placed(reader, edits), _AHEAD_PICTURES) as pictures,
        _filtered(pictures, source, filters, tracks, edits, device, encoder) as shown,
    ):
        for picture in shown:
            writer.write(picture.frame, picture.time)
            clock.advance()
    damaged = reader.damage.packets
    return RenderReport(writer.written, reader.decoded, writer.repeated, damaged)


def _settings(
    source: Source, filters: Sequence[FrameFilter], encoder: Encoder, quality: int, preset: str
) -> PictureSettings:
    width, height = source.video.width, source.video.height
    for frame_filter in filters:
        width, height = frame_filter.size(width, height)
    return PictureSettings(
        encoder=encoder,
        quality=quality,
        preset=preset,
        width=width,
        height=height,
        rate=source.grid,
        average=source.video.rate,
        colour=written_colour(source.video.colour, filtered=bool(filters)),
    )


def _placed(reader: PictureReader, edits: EditList) -> Iterator[Picture]:
    """The kept pictures at their output times."""
    for span, offset in edits.placed():
        for picture in reader.pictures(span):
            yield Picture(offset + picture.time - span.start, picture.frame)


@contextmanager
def _filtered(
    pictures: Iterator[Picture],
    source: Source,
    filters: Sequence[FrameFilter],
    tracks: Timeline,
    edits: EditList,
    device: str,
    encoder: Encoder,
) -> Iterator[Iterator[Picture]]:
    """Pictures through the chain of filters, which overlaps with decode and encode."""
    if not filters:
        yield pictures
        return
    video = source.video
    context = FilterContext(video.width, video.height, video.rate, tracks, device)
    batches = _batches(pictures, source, filters, context, edits)
    for frame_filter in filters:
        batches = _through(batches, frame_filter, context)
        width, height = frame_filter.size(context.width, context.height)
        context = FilterContext(width, height, video.rate, tracks, device)
    with ahead(batches, _AHEAD_BATCHES) as done:
        yield _coded(done, FrameConverter(encoder.pixel_format))


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
    source: Source,
    filters: Sequence[FrameFilter],
    context: FilterContext,
    edits: EditList,
) -> Iterator[_Batch]:
    size = min(f.max_batch for f in filters) if context.device != "cpu" else _CPU_BATCH
    form = PictureForm(source.video.width, source.video.height)
    converter = PictureConverter(form, source.video.colour)
    cuts = _cuts(edits, context.tracks)
    for run, gathered in _gathered(pictures, cuts, size):
        frames = converter.batch([p.frame for p in gathered], context.device)
        yield _Batch(run, frames, tuple(p.time for p in gathered))


def _cuts(edits: EditList, tracks: Timeline) -> list[Fraction]:
    """Output times at which filters forget: seams, and cuts of the source where they are known."""
    cuts = set(edits.seams)
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
        while run < len(cuts) and picture.time >= cuts[run]:
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
