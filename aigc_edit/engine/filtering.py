"""Frames through the chain of filters, in batches that never span a cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aigc_edit.api import FilterContext, FrameFilter, Planes, Shots
from aigc_edit.engine.batches import Batch, as_declared, coded, landed, parts_of, stacked
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.steadying import Steadying
from aigc_edit.errors import PluginError
from aigc_edit.media import (
    Colour,
    FrameConverter,
    Picture,
    PictureConverter,
    PictureForm,
    PlaneConverter,
    VideoStream,
    ahead,
    contract_colour,
    keep_pages,
    matrix_name,
    planes_colour,
)
from aigc_edit.timeline import SAME_TIME, Timeline
from aigc_edit.words import counted

if TYPE_CHECKING:
    from torch import Tensor

_AHEAD_BATCHES = 2
# On a CPU one frame at a time fills the cache best; a GPU wants its batch full.
_CPU_BATCH = 1
_KEEPS = "A filter keeps the number of frames, dtype and device; `size` says a new size."


@dataclass(frozen=True)
class FilterChain:
    """The frame filters of a pipeline, and what they work on.

    Attributes:
        steadyings: what steadies each filter, None where it is not steady.
        tracks: all of them, in output time; each filter gets what it reads.
        seams: output times at which the source jumps.
    """

    filters: Sequence[FrameFilter]
    steadyings: Sequence[Steadying | None]
    video: VideoStream
    rate: Fraction
    tracks: Timeline
    seams: Sequence[Fraction]
    device: str
    guard: Guard

    @property
    def colour(self) -> Colour:
        """What comes out, once it is encoded: planes keep their matrix, RGB becomes BT.709."""
        if all(f.pixels == "yuv" for f in self.filters):
            return planes_colour(self.video.colour)
        return contract_colour(self.video.colour)

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of what comes out."""
        width, height = self.video.width, self.video.height
        for frame_filter in self.filters:
            width, height = guarded_size(frame_filter, width, height, self.guard)
        return width, height

    @contextmanager
    def through(
        self, pictures: Iterator[Picture], pixel_format: str
    ) -> Iterator[Iterator[Picture]]:
        """Pictures through the chain, which overlaps with decode and encode.

        Args:
            pixel_format: of the encoder.
        """
        if not self.filters:
            yield pictures
            return
        keep_pages()
        with ahead(landed(self.batches(pictures)), _AHEAD_BATCHES) as done:
            yield coded(done, FrameConverter(pixel_format))

    def batches(self, pictures: Iterator[Picture]) -> Iterator[Batch]:
        """Pictures through the chain, as the last filter leaves them."""
        most = min(f.max_batch for f in self.filters)
        gathered = _gathered(
            pictures, cuts(self.tracks, self.seams), most if self.device != "cpu" else _CPU_BATCH
        )
        batches = self._taken_apart(gathered)
        if self.device != "cpu":
            batches = _one_ahead(batches)
        context = FilterContext(
            self.video.width,
            self.video.height,
            self.rate,
            self.tracks,
            self.device,
            matrix_name(self.colour),
            tuple(self.seams),
        )
        for frame_filter, steadying in zip(self.filters, self.steadyings, strict=True):
            width, height = guarded_size(frame_filter, context.width, context.height, self.guard)
            declared = as_declared(batches, frame_filter)
            work = partial(filtered, frame_filter=frame_filter, context=context, guard=self.guard)
            if steadying is None:
                batches = work(declared)
            else:
                steadying.refuse_size((context.width, context.height), (width, height))
                batches = steadying.around(work, declared)
            context = replace(context, width=width, height=height)
        return batches

    def _taken_apart(self, gathered: Iterator[tuple[int, list[Picture]]]) -> Iterator[Batch]:
        """Batches as the first filter wants them."""
        form = PictureForm(self.video.width, self.video.height)
        if self.filters[0].pixels == "yuv":
            split = PlaneConverter(form, self.video.colour, self.colour)
            for run, pictures in gathered:
                planes = [split.planes(picture.frame) for picture in pictures]
                yield Batch(run, stacked(planes, self.device), tuple(p.time for p in pictures))
        else:
            converter = PictureConverter(form, self.video.colour)
            for run, pictures in gathered:
                frames = converter.batch([p.frame for p in pictures], self.device)
                yield Batch(run, frames, tuple(p.time for p in pictures))


def _one_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The next batch is decoded and brought to the device while filters work on this one."""
    with ahead(batches, 1) as taken:
        yield from taken


def cuts(tracks: Timeline, seams: Sequence[Fraction]) -> list[Fraction]:
    """Output times at which filters forget: seams, and cuts of the source that are known."""
    shots = (track for track in tracks.tracks.values() if isinstance(track, Shots))
    return sorted({*seams, *(span.start for track in shots for span in track.spans)})


def _gathered(
    pictures: Iterator[Picture], cuts: Sequence[Fraction], size: int
) -> Iterator[tuple[int, list[Picture]]]:
    """Pictures in lists of at most `size` that never span a cut, with the number of their run."""
    numbered = _numbered(pictures, cuts)
    for run, members in groupby(numbered, key=lambda found: found[0]):
        held: list[Picture] = []
        for _, picture in members:
            held.append(picture)
            if len(held) == size:
                yield run, held
                held = []
        if held:
            yield run, held


def _numbered(
    pictures: Iterator[Picture], cuts: Sequence[Fraction]
) -> Iterator[tuple[int, Picture]]:
    """Each picture with the number of its run: how many cuts lie before it."""
    run = 0
    for picture in pictures:
        while run < len(cuts) and picture.time >= cuts[run] - SAME_TIME:
            run += 1
        yield run, picture


def guarded_size(
    frame_filter: FrameFilter, width: int, height: int, guard: Guard
) -> tuple[int, int]:
    """The size that a filter makes of a size; PluginError where it makes none."""
    with guard.around(frame_filter):
        size = frame_filter.size(width, height)
    if not (isinstance(size, tuple) and len(size) == 2 and all(s > 0 for s in size)):
        raise PluginError(
            f"stage {frame_filter.name!r} makes {size!r} of {width}x{height}",
            cure="`size` returns (width, height), both above 0.",
        )
    return size


def filtered(
    batches: Iterator[Batch], frame_filter: FrameFilter, context: FilterContext, guard: Guard
) -> Iterator[Batch]:
    """Batches of the form that a filter declares, through that filter.

    Raises:
        PluginError: it failed, or gave what it had not promised.
    """
    import torch

    known = replace(context, tracks=context.tracks.only(frame_filter.reads))
    with guard.around(frame_filter):
        frame_filter.begin(known)
    work = _Work(frame_filter, guarded_size(frame_filter, context.width, context.height, guard))
    for run, members in groupby(batches, key=lambda batch: batch.run):
        waiting: deque[Fraction] = deque()
        fresh = True
        for batch in _with_neighbours(members, frame_filter.context):
            with guard.around(frame_filter, batch.times[0]), torch.inference_mode():
                if fresh:
                    frame_filter.reset()
                    fresh = False
                result = work.done(batch)
            waiting.extend(batch.times)
            yield from work.checked(run, result, waiting, batch.frames)
            last = batch
        with guard.around(frame_filter, last.times[-1]), torch.inference_mode():
            rest = frame_filter.rest()
        if rest is not None:
            yield from work.checked(run, rest, waiting, last.frames)
        if waiting:
            raise PluginError(
                f"stage {frame_filter.name!r} kept {counted(len(waiting), 'frame')} for itself",
                cure="As many frames come out as go in; `rest` gives those that were held back.",
            )


@dataclass(frozen=True)
class _Work:
    """One filter at work; its promise is that of its class, and `size` (width, height)."""

    filter: FrameFilter
    size: tuple[int, int]

    def done(self, batch: Batch) -> Any:
        if isinstance(batch.frames, Planes):
            return self.filter.apply_planes(batch.frames, batch.times)
        return self.filter.apply_batch(batch.frames, batch.times)

    def checked(
        self, run: int, result: Any, waiting: deque[Fraction], given: Tensor | Planes
    ) -> Iterator[Batch]:
        """The result as a batch, with the times that it belongs to; none where it is empty."""
        import torch

        parts = parts_of(result)
        tensors = all(isinstance(part, torch.Tensor) for part in parts)
        if len(parts) != len(parts_of(given)) or not tensors:
            raise self._broken(f"gave {type(result).__name__}, not {type(given).__name__}")
        count = min(len(parts[0]), len(waiting)) if parts[0].ndim else 0
        promised = [(shape, *_kind(part)) for shape, part in self._shapes(count, given)]
        got = [(tuple(part.shape), *_kind(part)) for part in parts]
        if got != promised:
            raise self._broken(f"gave frames {_told(got)}, where {_told(promised)} was promised")
        if count == 0:
            return
        if parts[0].is_floating_point() and not _finite(parts[0]):
            what = f"gave values that are no numbers at {float(waiting[0]):.2f} s"
            raise self._broken(what, "It divides by nothing, or overflows its dtype.")
        yield Batch(run, result, tuple(waiting.popleft() for _ in range(count)))

    def _shapes(self, count: int, given: Tensor | Planes) -> Iterator[tuple[tuple[int, ...], Any]]:
        width, height = self.size
        if isinstance(given, Planes):
            half = (count, -(-height // 2), -(-width // 2))
            yield from (((count, height, width), given.y), (half, given.u), (half, given.v))
        else:
            yield (count, 3, height, width), given

    def _broken(self, what: str, cure: str = _KEEPS) -> PluginError:
        return PluginError(f"stage {self.filter.name!r} {what}", cure=cure)


def _kind(part: Tensor) -> tuple[str, str]:
    return str(part.dtype).removeprefix("torch."), str(part.device)


def _told(parts: list[tuple[Any, ...]]) -> str:
    return " and ".join(f"{list(shape)} {dtype} on {device}" for shape, dtype, device in parts)


def _finite(frames: Tensor) -> bool:
    """Whether all values are numbers; a sum shows it in one quick pass."""
    import torch

    return bool(torch.isfinite(frames.sum(dtype=torch.float32)))


def _with_neighbours(batches: Iterator[Batch], count: int) -> Iterator[Batch]:
    """Batches of one run with `count` more frames on each side; edge frames are repeated."""
    if count == 0:
        yield from batches
        return
    held: list[Any] = []
    times: tuple[Fraction, ...] = ()
    run = 0
    for batch in batches:
        run, fresh = batch.run, parts_of(batch.frames)
        held = held or [_repeated(part[:1], count) for part in fresh]
        held, times = _joined(held, fresh), times + batch.times
        ready = len(held[0]) - 2 * count
        if ready > 0:
            yield Batch(run, _whole(held), times[:ready])
            held, times = [part[ready:] for part in held], times[ready:]
    if times:
        ends = [_repeated(part[-1:], count) for part in held]
        yield Batch(run, _whole(_joined(held, ends)), times)


def _repeated(part: Tensor, count: int) -> Tensor:
    return part.expand(count, *part.shape[1:])


def _joined(one: list[Any], other: list[Any]) -> list[Any]:
    import torch

    return [torch.cat(pair) for pair in zip(one, other, strict=True)]


def _whole(parts: list[Any]) -> Tensor | Planes:
    return Planes(*parts) if len(parts) > 1 else parts[0]
