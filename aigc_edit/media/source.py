"""What a file holds: opened safely, described once, never guessed at above this floor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import av.stream
import numpy as np
import numpy.typing as npt

from aigc_edit.errors import DecodeError, ProbeError
from aigc_edit.media.alpha import decoded
from aigc_edit.media.looks import Colour, colour_of, opaque_format, orientation
from aigc_edit.timeline import on_clock

# A playlist named .mp4 makes FFmpeg fetch what it names, unless protocols are pinned.
PROTOCOLS = "file"
MAX_PIXELS = 8192 * 8192
MAX_RATE = 1000  # frames a second; more is a damaged header
_TIME_ROUNDING = 0.0011  # seconds; Matroska and WebM round to a millisecond
_GRID_TOLERANCE = 0.05  # of a frame
_BENT = Fraction(1, 1000)  # how far a coarse clock takes an average from the rate
_SQUARE_TOLERANCE = Fraction(1, 200)
_FALLBACK_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture of a source.

    Attributes:
        width, height: as shown: rotation applied, pixels square.
        rate: frames a second on average.
        constant: whether every frame lasts as long as the next one.
        first: container time of the first frame, seconds; the zero of the source's clock.
        timed: whether the file has presentation times at all (raw streams have none).
        rotation: clockwise degrees that show the picture upright: 0, 90, 180, 270.
        pixel_format: of the pictures that are handed out, without transparency or palette.
        flipped: whether left and right are swapped before the picture is turned.
        pixel_aspect: width over height of a coded pixel.
        coded_format: of the pictures as they are decoded.
    """

    index: int
    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    pixel_format: str
    rate: Fraction
    constant: bool
    first: Fraction
    timed: bool
    rotation: int
    interlaced: bool
    colour: Colour
    flipped: bool
    pixel_aspect: Fraction
    coded_format: str

    @property
    def as_coded(self) -> bool:
        """Whether pictures are shown just as they are coded."""
        straight = self.rotation == 0 and not self.flipped and not self.interlaced
        coded = (self.coded_width, self.coded_height, self.coded_format)
        return straight and (self.width, self.height, self.pixel_format) == coded


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound of a source: samples a second, channels and their layout."""

    index: int
    codec: str
    rate: int
    channels: int
    layout: str


@dataclass(frozen=True, eq=False)
class Source:
    """An input file as opened. `duration` in seconds, from the first frame to the end."""

    path: Path
    container: str
    duration: Fraction
    frames: int
    video: VideoStream
    audio: AudioStream | None
    bytes: int
    index: PictureIndex

    @property
    def grid(self) -> Fraction | None:
        """Frames a second where they are regular: borders of spans are moved to them."""
        return self.video.rate if self.video.constant else None


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[Any]:
    """A container opened for reading, from this machine's files only.

    Raises:
        ProbeError: the file is missing, unreadable or not media.
    """
    container = _open(path, options)
    try:
        yield container
    finally:
        container.close()


def _open(path: Path, options: dict[str, Any]) -> Any:
    if not path.exists():
        raise ProbeError("no such file", where=path, cure="Check the name and the folder.")
    if path.is_dir():
        raise ProbeError("this is a folder, not a video", where=path, cure="Name one file in it.")
    if not os.access(path, os.R_OK):
        raise ProbeError("cannot be read", where=path, cure="Check its permissions.")
    if path.stat().st_size == 0:
        raise ProbeError("the file is empty", where=path, cure="Copy or record it again.")
    try:
        return av.open(
            f"file:{path.absolute()}",
            options={"protocol_whitelist": PROTOCOLS},
            metadata_errors="replace",
            **options,
        )
    except (av.error.FFmpegError, OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise ProbeError(
            f"not a media file that can be read ({reason})",
            where=path,
            cure="Check that it plays elsewhere.",
        ) from cause


def probe(path: str | Path) -> Source:
    """What the file holds. Its first frame is decoded and its packets are counted, so that
    the clock's zero, the duration and the frame rate are facts and not a header's promise.

    Raises:
        ProbeError: missing, unreadable, not media, or without a picture.
    """
    path = Path(path)
    with opened(path) as container:
        stream = _best_video(container, path)
        frame = _first_frame(container, stream, path)
        sound = _best_audio(container)
        timed = frame.pts is not None
        index = scan_packets(path, stream.index) if timed else count_pictures(path, stream.index)
        video = _video(stream, frame, index)
        return Source(
            path=path,
            container=container.format.name,
            duration=on_clock(_duration(index, video)),
            frames=max(1, len(index.times)),
            video=video,
            audio=_audio(sound) if sound is not None else None,
            bytes=path.stat().st_size,
            index=index,
        )


@dataclass(frozen=True, eq=False)
class PictureIndex:
    """Where the pictures of a file lie, from its packets.

    Attributes:
        times: float64 [N], presentation times of the container in order, seconds (0, 1, 2 ...
            where the file has none).
        keys: float64 [K], times of the key frames.
        end: when the last picture ends, seconds; 0 where the file has no times.
    """

    times: npt.NDArray[np.float64]
    keys: npt.NDArray[np.float64]
    end: Fraction

    def decoded_for(self, start: float, end: float) -> int:
        """Frames that must be decoded to show `[start, end)`, container time."""
        before = self.keys[self.keys <= start + 1e-6]
        first = before[-1] if len(before) else start
        return int(np.count_nonzero((self.times >= first) & (self.times < end)))


def scan_packets(path: Path, stream_index: int) -> PictureIndex:
    """Reads all packets of a stream, decoding none."""
    times, keys, end, base = [], [], 0, Fraction(1)
    with opened(path) as container:
        stream = read_only(container, stream_index)
        with suppress(av.error.FFmpegError):  # a damaged tail ends the scan, not the run
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None:
                    continue
                base = packet.time_base
                times.append(packet.pts)
                end = max(end, packet.pts + (packet.duration or 0))
                if packet.is_keyframe:
                    keys.append(packet.pts)
    seconds = np.sort(np.array(times, np.float64)) * float(base)
    return PictureIndex(seconds, np.sort(np.array(keys, np.float64)) * float(base), end * base)


def count_pictures(path: Path, stream_index: int) -> PictureIndex:
    """The index of a raw stream, which has no times: its pictures are decoded and counted."""
    count = 0
    with opened(path) as container, suppress(av.error.FFmpegError):
        for _ in container.decode(read_only(container, stream_index)):
            count += 1
    return PictureIndex(np.arange(max(count, 1), dtype=np.float64), np.zeros(1), Fraction(0))


def read_only(container: Any, stream_index: int) -> Any:
    """The stream, after telling the demuxer to pass over all others."""
    for stream in container.streams:
        if stream.index != stream_index:
            stream.discard = av.stream.Discard.all
    return container.streams[stream_index]


def _best_video(container: Any, path: Path) -> Any:
    """The first default picture stream that is no cover, as players choose."""
    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    films = [s for s in container.streams.video if not s.disposition & cover]
    if not films:
        heard = "only sound" if container.streams.audio else "nothing to see or hear"
        raise ProbeError(f"no video stream, {heard}", where=path, cure="Name a video file.")
    default = [s for s in films if s.disposition & av.stream.Disposition.default]
    return (default or films)[0]


def _best_audio(container: Any) -> Any:
    tracks = [s for s in container.streams.audio if _usable(s)]
    default = [s for s in tracks if s.disposition & av.stream.Disposition.default]
    return next(iter(default or tracks), None)


def _usable(stream: Any) -> bool:
    context = stream.codec_context
    return context is not None and bool(context.sample_rate) and bool(context.channels)


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    context = stream.codec_context
    if context is None:
        raise ProbeError("no decoder for its video stream", where=path, cure="Convert it first.")
    if context.width * context.height > MAX_PIXELS:
        raise ProbeError(
            f"a picture of {context.width}x{context.height} is more than {MAX_PIXELS} pixels",
            where=path,
            cure="Scale it down first.",
        )
    try:
        frame = next(decoded(container, stream), None)
    except (av.error.FFmpegError, ValueError) as cause:
        raise DecodeError(
            f"its first picture cannot be decoded ({getattr(cause, 'strerror', cause)})",
            where=path,
            cure="The file is damaged or cut short; get a whole copy.",
        ) from cause
    if frame is None:
        raise ProbeError(
            "its video stream holds no picture",
            where=path,
            cure="The file is damaged or cut short; get a whole copy.",
        )
    return frame


def _video(stream: Any, frame: Any, index: PictureIndex) -> VideoStream:
    rate = _rate(stream, index)
    rotation, flipped = orientation(frame, stream.metadata)
    aspect = _pixel_aspect(stream)
    width, height = shown_size(frame.width, frame.height, aspect, rotation)
    timed = frame.pts is not None
    return VideoStream(
        index=stream.index,
        codec=stream.codec_context.name,
        width=width,
        height=height,
        coded_width=frame.width,
        coded_height=frame.height,
        pixel_format=opaque_format(frame.format),
        rate=rate,
        constant=not timed or _is_constant(index.times, rate),
        first=Fraction(frame.pts * frame.time_base) if timed else Fraction(0),
        timed=timed,
        rotation=rotation,
        interlaced=bool(frame.interlaced_frame),
        colour=colour_of(frame),
        flipped=flipped,
        pixel_aspect=aspect,
        coded_format=frame.format.name,
    )


def _rate(stream: Any, index: PictureIndex) -> Fraction:
    """Frames a second on average; the rate that was meant where the clock only bends it."""
    told = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    known = [Fraction(r) for r in told if r and r <= MAX_RATE]
    if not known:
        return _FALLBACK_RATE
    meant = (r for r in known[1:] if abs(r / known[0] - 1) < _BENT)
    return next((r for r in meant if _is_constant(index.times, r)), known[0])


def _is_constant(times: npt.NDArray[np.float64], rate: Fraction) -> bool:
    """Whether every frame lies on the grid of `rate`, but for the rounding of containers."""
    if len(times) < 2:
        return True
    grid = times[0] + np.arange(len(times)) / float(rate)
    allowed = max(_TIME_ROUNDING, _GRID_TOLERANCE / float(rate))
    return bool(np.abs(times - grid).max() <= allowed)


def _pixel_aspect(stream: Any) -> Fraction:
    """Width over height of one pixel; what is square within half a percent is square."""
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    return Fraction(1) if abs(aspect - 1) < _SQUARE_TOLERANCE else aspect


def shown_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    """Size with square pixels (the longer way round, so that nothing is lost), upright."""
    if aspect > 1:
        width = _even(width * aspect)
    elif aspect < 1:
        height = _even(height / aspect)
    return (height, width) if rotation in (90, 270) else (width, height)


def _even(size: Fraction) -> int:
    return 2 * round(size / 2)


def _audio(stream: Any) -> AudioStream:
    context = stream.codec_context
    return AudioStream(
        stream.index, context.name, context.sample_rate, context.channels, context.layout.name
    )


def _duration(index: PictureIndex, video: VideoStream) -> Fraction:
    """Seconds from the first frame to the end of the last one."""
    if not video.timed:
        return len(index.times) / video.rate
    last = Fraction(float(index.times[-1])).limit_denominator(10**6)
    end = index.end if index.end > last else last + 1 / video.rate
    return end - video.first
