"""Pictures made what the frame contract says about their shape."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
import av.filter

from aigc_edit.errors import DecodeError
from aigc_edit.media.graphs import chained
from aigc_edit.media.looks import RGB, UNTAGGED, Colour, colour_of, has_alpha
from aigc_edit.media.source import VideoStream, shown_size

# A change of resolution rounds sides; so little less than the full width or height is all of it.
_ROUNDED_PIXELS = 2
# The filters to take after a mirroring, for each clockwise turn.
_TURNS = {
    0: [],
    90: [("transpose", "dir=clock")],
    180: [("hflip", ""), ("vflip", "")],
    270: [("transpose", "dir=cclock")],
}
# libswscale as exact as it goes; a plain `bicubic` rounds each plane in steps.
EXACT_SCALE = "flags=bicubic+accurate_rnd+full_chroma_int"
_SCALE_NAMES = {"colorspace": "color_matrix", "range": "range"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame and its time in the source, seconds from the first frame."""

    time: Fraction
    frame: Any


@contextmanager
def _decoding() -> Iterator[None]:
    """Says what a filter graph refuses as a fault of the pictures."""
    try:
        yield
    except (BlockingIOError, EOFError):
        raise  # more is wanted, or all was given
    except av.error.FFmpegError as cause:
        raise DecodeError(f"its pictures cannot be turned or scaled ({cause})") from cause


class PictureFit:
    """Makes every picture what the frame contract says: upright, square, progressive, opaque,
    one size. A picture of another shape gets black borders, never another shape.

    Passes pictures through untouched where the file already is so.
    """

    def __init__(self, video: VideoStream) -> None:
        self._video = video
        self._graph: Any = None
        self._built_for: tuple[object, ...] = ()
        self._waiting: deque[Picture] = deque()

    def fitted(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        for picture in pictures:
            if self._fits(picture.frame):
                yield from self._drained()
                yield picture
                continue
            form = _form(picture.frame)
            if form != self._built_for or self._graph is None:
                yield from self._drained()
                with _decoding():
                    self._built_for, self._graph = form, self._built(picture.frame)
            yield from self._through(picture)
        yield from self._drained()

    def _fits(self, frame: Any) -> bool:
        return self._video.as_coded and self._as_first(frame)

    def _as_first(self, frame: Any) -> bool:
        video = self._video
        return (video.coded_width, video.coded_height, video.coded_format) == _form(frame)

    def _through(self, picture: Picture) -> Iterator[Picture]:
        # One frame out for each one in, in order; a deinterlacer is one frame late.
        self._waiting.append(picture)
        picture.frame.pts = None
        with _decoding():
            self._graph.push(picture.frame)
        yield from self._pulled()

    def _drained(self) -> Iterator[Picture]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled()
        self._graph = None
        self._waiting.clear()

    def _pulled(self) -> Iterator[Picture]:
        while self._waiting:
            try:
                with _decoding():
                    frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            yield Picture(self._waiting.popleft().time, frame)

    def _built(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        first = graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base="1/90000",
            **_labels(self._colour(frame)),
        )
        return chained(graph, first, self._steps(frame))

    def _steps(self, frame: Any) -> Iterator[tuple[str, str]]:
        video = self._video
        if labels := _labels(self._colour(frame)):
            yield "setparams", ":".join(f"{key}={value}" for key, value in labels.items())
        if video.interlaced:
            yield "bwdif", "mode=send_frame:deint=interlaced"
        if has_alpha(frame.format):
            yield from _over_black(video.pixel_format)
        if video.flipped:
            yield "hflip", ""
        yield from _TURNS[video.rotation]
        yield from self._scaled(frame)
        yield "setsar", "1"
        yield "format", f"pix_fmts={video.pixel_format}"

    def _scaled(self, frame: Any) -> Iterator[tuple[str, str]]:
        video = self._video
        if self._as_first(frame):
            if not video.as_coded:
                yield "scale", f"w={video.width}:h={video.height}:{EXACT_SCALE}"
            return
        width, height = self._box(frame)
        labels = _labels(video.colour)
        into = "".join(f":out_{_SCALE_NAMES[key]}={value}" for key, value in labels.items())
        yield "scale", f"w={width}:h={height}:{EXACT_SCALE}{into}"
        yield "format", f"pix_fmts={video.pixel_format}"
        yield "pad", f"w={video.width}:h={video.height}:x=(ow-iw)/2:y=(oh-ih)/2:color=black"

    def _colour(self, frame: Any) -> Colour:
        """The source's own, but of a frame of another kind what it says itself."""
        video = self._video
        if self._as_first(frame) or (frame.colorspace == UNTAGGED and not frame.color_range):
            return video.colour
        return colour_of(frame)

    def _box(self, frame: Any) -> tuple[int, int]:
        """The largest size within the source's own that keeps the shape of a frame."""
        video = self._video
        own = shown_size(frame.width, frame.height, video.pixel_aspect, video.rotation)
        scale = min(Fraction(video.width, own[0]), Fraction(video.height, own[1]))
        return _grown(own[0] * scale, video.width), _grown(own[1] * scale, video.height)


def _grown(side: Fraction, full: int) -> int:
    return full if full - side <= _ROUNDED_PIXELS else max(1, round(side))


def _over_black(opaque: str) -> Iterator[tuple[str, str]]:
    """Transparent pictures over black, by the planar formats that `premultiply` knows."""
    deep = "16le" if opaque.endswith("le") else ""
    planar = "gbrap" if opaque.startswith("gb") else "yuva444p"
    yield "format", f"pix_fmts={planar}{deep}"
    yield "premultiply", "inplace=1"
    yield "format", f"pix_fmts={opaque}"


def _form(frame: Any) -> tuple[int, int, str]:
    return (frame.width, frame.height, frame.format.name)


def _labels(colour: Colour) -> dict[str, str]:
    """How frames of a graph are coded; without it filters guess, and black is not black."""
    if colour.matrix == RGB:
        return {}
    return {"colorspace": str(colour.matrix), "range": "pc" if colour.full_range else "tv"}
