"""`ffmpeg.video`: a chain of FFmpeg's video filters over the frames of the output."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator

from aigc_edit.api import FilterContext, FrameFilter, Planes, StageOptions, option

from .chain import broken, check_chain, linked, refusing
from .known import REFUSED_VIDEO, VIDEO

if TYPE_CHECKING:
    from torch import Tensor

_NAME = "ffmpeg.video"
_Plane = npt.NDArray[np.uint8]
_MICROSECONDS = 1_000_000
_LARGEST_BASE = 2**31 - 1  # AVRational holds ints
_MOST_PIXELS = 2**26
_BT709, _BT601, _LIMITED = 1, 6, 1  # as ITU-T H.273 numbers them; AVCOL_RANGE_MPEG
_PROBED = 2  # frames that tell what a chain makes of size and number


def _checked(text: str) -> str:
    check_chain(text, VIDEO, REFUSED_VIDEO, "video")
    return text


class FfmpegVideo(FrameFilter):
    """A chain of FFmpeg's video filters, such as `hue=s=0, vignette`, within the process.

    One input, one output, as many frames as before, at the same times. Filters see YUV 4:2:0 of
    8 bits, limited range, as most files hold it; FFmpeg converts where one wants something else.
    At a cut of the output they begin anew, with the time going on.
    """

    name = _NAME
    api_version = 1
    pixels = "yuv"

    class Options(StageOptions):
        """Options of ffmpeg.video."""

        filters: Annotated[str, AfterValidator(_checked)] = option(
            min_length=1, help="Filters as FFmpeg's -vf takes them: hue=s=0, vignette"
        )

    options: Options

    def __init__(self, options: StageOptions | None = None) -> None:
        super().__init__(options)
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}
        self._look = _Look()
        self._graph: _VideoGraph | None = None

    def weights(self) -> str:
        from av import library_versions

        return f"libavfilter {library_versions['libavfilter']}"

    def begin(self, context: FilterContext) -> None:
        self._look = _Look(context.rate, context.matrix)

    def reset(self) -> None:
        self._graph = None

    def size(self, width: int, height: int) -> tuple[int, int]:
        if (width, height) not in self._sizes:
            self._sizes[width, height] = _probed(self.options.filters, width, height)
        return self._sizes[width, height]

    def apply_planes(self, planes: Planes, times: Sequence[Fraction]) -> Planes:
        height, width = planes.y.shape[-2:]
        if self._graph is None:
            self._graph = _VideoGraph(self.options.filters, width, height, self._look)
        self._last = planes
        parts = (part.contiguous().cpu().numpy() for part in (planes.y, planes.u, planes.v))
        done: list[tuple[_Plane, ...]] = []
        for frame, time in zip(zip(*parts, strict=True), times, strict=True):
            self._graph.push(frame, time)
            done += self._graph.pulled()
        return self._stacked(done)

    def rest(self) -> Planes | None:
        if self._graph is None:
            return None
        graph, self._graph = self._graph, None
        return self._stacked(list(graph.flushed()))

    def _stacked(self, frames: list[tuple[_Plane, ...]]) -> Planes:
        import torch

        height, width = self._last.y.shape[-2:]
        width, height = self.size(width, height)
        half = (-(-height // 2), -(-width // 2))
        parts: list[Tensor] = []
        for place, shape in enumerate(((height, width), half, half)):
            images = [frame[place] for frame in frames]
            part = np.stack(images) if images else np.empty((0, *shape), np.uint8)
            parts.append(torch.from_numpy(part).to(self._last.y.device))
        return Planes(*parts)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a graph is told of its frames."""

    rate: Fraction = Fraction(25)
    matrix: str = "bt709"

    @property
    def colour(self) -> tuple[int, str]:
        """The matrix, as frames number it and as filters name it."""
        return (_BT709, "bt709") if self.matrix == "bt709" else (_BT601, "smpte170m")

    @property
    def base(self) -> Fraction:
        """A unit of time in which frames of the rate are whole, and others to a microsecond."""
        ticks = lcm(self.rate.numerator, _MICROSECONDS)
        return Fraction(1, ticks if ticks <= _LARGEST_BASE else _MICROSECONDS)


class _VideoGraph:
    """A filter graph: frames of planes in, frames of planes out, one for one."""

    def __init__(self, chain: str, width: int, height: int, look: _Look) -> None:
        import av.filter

        self._look = look
        self._due: deque[Fraction] = deque()
        self._graph = av.filter.Graph()
        matrix = look.colour[1]
        source = self._graph.add(
            "buffer",
            video_size=f"{width}x{height}",
            pix_fmt="yuv420p",
            time_base=str(look.base),
            frame_rate=str(look.rate),
            pixel_aspect="1/1",
            colorspace=matrix,
            range="tv",
        )
        # Whatever filters did, planes of the same kind come out.
        end = f"pix_fmts=yuv420p:color_spaces={matrix}:color_ranges=tv"
        # vflip hands on planes that run backwards, which PyAV cannot read; copy straightens them.
        ends = (("format", end), ("copy", ""), ("buffersink", ""))
        with refusing(_NAME, chain):
            linked(self._graph, source, chain, *ends)

    def push(self, planes: Sequence[_Plane], time: Fraction) -> None:
        frame = _frame(planes)
        frame.colorspace, frame.color_range = self._look.colour[0], _LIMITED
        frame.color_primaries = frame.color_trc = _BT709
        frame.time_base = self._look.base
        frame.pts = round(time / self._look.base)
        self._due.append(frame.pts * self._look.base)
        self._graph.push(frame)

    def pulled(self) -> Iterator[tuple[_Plane, ...]]:
        """The frames that are ready.

        Raises:
            PluginError: they are more than were given, or at other times.
        """
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            if not self._due or abs(frame.pts * frame.time_base - self._due[0]) > frame.time_base:
                raise broken(_NAME, "gives other frames or times than it got")
            self._due.popleft()
            yield tuple(_view(plane).copy() for plane in frame.planes)

    def flushed(self) -> Iterator[tuple[_Plane, ...]]:
        """The frames that were held back.

        Raises:
            PluginError: some never come.
        """
        self._graph.push(None)
        yield from self.pulled()
        if self._due:
            raise broken(_NAME, f"drops {len(self._due)} of its frames")


def _probed(chain: str, width: int, height: int) -> tuple[int, int]:
    """The size (width, height) that a chain makes of a size; a few black frames tell.

    Raises:
        PluginError: it cannot be run over such frames.
    """
    look = _Look()
    graph = _VideoGraph(chain, width, height, look)
    half = (-(-height // 2), -(-width // 2))
    black = (np.full((height, width), 16, np.uint8), *[np.full(half, 128, np.uint8)] * 2)
    with refusing(_NAME, chain):
        for number in range(_PROBED):
            graph.push(black, number / look.rate)
        shapes = [planes[0].shape for planes in graph.flushed()]
    height, width = shapes[0]
    if height * width > _MOST_PIXELS:
        raise broken(_NAME, f"makes frames of {width}x{height}, which is too large")
    return width, height


def _frame(planes: Sequence[_Plane]) -> Any:
    import av

    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, plane in zip(frame.planes, planes, strict=True):
        _view(target)[:] = plane
    return frame


def _view(plane: Any) -> _Plane:
    """uint8 [H, W] of a plane; writes reach the frame."""
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]
