"""What a file holds: opened safely, described once, never guessed at above this floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import numpy as np
import numpy.typing as npt

from aigc_edit.errors import DecodeError, MediaError, ProbeError
from aigc_edit.media.alpha import decoded
from aigc_edit.media.clock import PictureIndex, Scan, SourceClock, count_pictures, scan_packets
from aigc_edit.media.looks import Colour, colour_of, opaque_format, orientation, sample_bits
from aigc_edit.media.opening import FileState, check_unchanged, opened
from aigc_edit.media.streams import (
    AudioStream,
    InputChoice,
    SubtitleStream,
    audio_stream,
    audio_streams,
    chapters_of,
    chosen_audio,
    chosen_subtitles,
    chosen_video,
    clean_metadata,
    codec_of,
    other_streams,
    subtitle_stream,
    subtitle_streams,
)
from aigc_edit.timeline import SAME_TIME, Chapter, Span, on_clock
from aigc_edit.words import counted

MAX_RATE = 1000  # frames a second; more is a damaged header
_TIME_ROUNDING = 0.0011  # seconds; Matroska and WebM round to a millisecond
_GRID_TOLERANCE = 0.05  # of a frame
_NEAREST = 0.4  # of a frame: beyond it the nearest place on the grid may be another frame's
_BENT = Fraction(1, 1000)  # how far a coarse clock takes an average from the rate
_WIDEST_PIXEL = Fraction(8)
_SQUARE_TOLERANCE = Fraction(1, 200)
_FALLBACK_RATE = Fraction(25)
_HANGING_SOUND = 1  # seconds; encoders leave a packet or two
_BROKEN_PROMISE = Fraction(1, 4)  # seconds; the last packets may not say how long they last


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
    def depth(self) -> int:
        """Bits a sample."""
        return sample_bits(self.pixel_format)

    @property
    def as_coded(self) -> bool:
        """Whether pictures are shown just as they are coded."""
        straight = self.rotation == 0 and not self.flipped and not self.interlaced
        coded = (self.coded_width, self.coded_height, self.coded_format)
        return straight and (self.width, self.height, self.pixel_format) == coded


@dataclass(frozen=True, eq=False)
class Source:
    """An input file as opened. `duration` in seconds, from the first frame to the end.

    Attributes:
        video, audio, subtitles: the streams that are read.
        audio_tracks, subtitle_tracks: all there are, in the order of the file.
        others: what else the file holds (covers, data, attachments), in words.
        chapters: in source time.
        metadata: what the file says of itself, as plain single lines.
        clock: how its packets' times become one clock without jumps.
        state: what it was when it was opened; `check_unchanged` compares.
        choice: what of it was chosen.
        warnings: what is odd about it, one line each.
    """

    path: Path
    container: str
    duration: Fraction
    frames: int
    video: VideoStream
    audio: AudioStream | None
    bytes: int
    index: PictureIndex
    state: FileState
    choice: InputChoice = field(default_factory=InputChoice)
    subtitles: SubtitleStream | None = None
    audio_tracks: tuple[AudioStream, ...] = ()
    subtitle_tracks: tuple[SubtitleStream, ...] = ()
    others: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    clock: SourceClock = field(default_factory=SourceClock)
    warnings: tuple[str, ...] = ()

    @property
    def grid(self) -> Fraction | None:
        """Frames a second where they are regular: borders of spans are moved to them."""
        return self.video.rate if self.video.constant else None

    def picture_time(self, container_time: Fraction) -> Fraction:
        """When a picture is shown, seconds from the first one; on the grid where there is one.

        Matroska and WebM round to a millisecond: without the grid a span would begin with the
        picture before its first one.
        """
        time = container_time - self.video.first
        return time if self.grid is None else round(time * self.grid) / self.grid

    def key_times(self, *, clean: bool) -> list[Fraction]:
        """Source times of the key frames, or of the clean ones only."""
        ticks = self.index.keys[self.index.clean] if clean else self.index.keys
        times = (self.picture_time(tick * self.index.base) for tick in ticks.tolist())
        return [time for time in times if time >= 0]

    def shown_times(self, span: Span) -> npt.NDArray[np.float64]:
        """Source times of the pictures that begin within a span, seconds."""
        times = self.index.times - float(self.video.first)
        if self.grid is not None:
            times = np.round(times * float(self.grid)) / float(self.grid)
        start, end = float(span.start - SAME_TIME), float(span.end - SAME_TIME)
        return times[(times >= start) & (times < end)]

    def check_unchanged(self) -> None:
        """Raises DecodeError where the file was changed since it was opened."""
        check_unchanged(self.path, self.state)


def holds_video(path: Path) -> bool:
    """Whether a file opens as media and has a picture stream; nothing is decoded."""
    try:
        with opened(path) as container:
            chosen_video(container, None, path)
    except MediaError:
        return False
    return True


def probe(path: str | Path, choice: InputChoice | None = None) -> Source:
    """What the file holds. Its first frame is decoded and its packets are counted, so that
    the clock's zero, the duration and the frame rate are facts and not a header's promise.

    Unless `choice` says otherwise the first default picture stream that is no cover is read,
    and the first default sound: what players show.

    Raises:
        ProbeError: missing, unreadable, not media, without a picture, larger than allowed, or
            without the chosen track.
        DecodeError: its first picture cannot be decoded.
    """
    path, choice = Path(path), choice or InputChoice()
    state = FileState.of(path)
    with opened(path, max_pixels=choice.max_pixels) as container:
        stream = chosen_video(container, choice.video_track, path)
        sound = chosen_audio(container, choice.audio_track, path)
        texts = chosen_subtitles(container, choice.subtitle_track, path)
        frame = _first_frame(container, stream, path, choice.max_pixels)
        timed = frame.pts is not None
        scan = (
            scan_packets(path, stream.index, None if sound is None else sound.index)
            if timed
            else count_pictures(path, stream.index, choice.max_pixels)
        )
        index = scan.shown_from(frame.pts * frame.time_base) if timed else scan.index
        if not len(index.times):
            raise ProbeError(
                "its packets and its pictures have different times",
                where=path,
                cure="The file is damaged; get a whole copy.",
            )
        video = _video(stream, frame, index, even=scan.clock.even)
        duration = on_clock(_duration(index, video))
        return Source(
            path=path,
            container=container.format.name,
            duration=duration,
            frames=max(1, len(index.times)),
            video=video,
            audio=audio_stream(sound) if sound is not None else None,
            bytes=state.size,
            index=index,
            state=state,
            choice=choice,
            subtitles=subtitle_stream(texts) if texts is not None else None,
            audio_tracks=audio_streams(container),
            subtitle_tracks=subtitle_streams(container),
            others=other_streams(container, stream),
            chapters=chapters_of(container, video.first, duration),
            metadata=clean_metadata(container.metadata),
            clock=scan.clock,
            warnings=tuple(_oddities(container, stream, scan, video, duration)),
        )


def _oddities(
    container: Any, stream: Any, scan: Scan, video: VideoStream, duration: Fraction
) -> Iterator[str]:
    """What a user should know of the file, one line each."""
    yield from scan.jumps
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    if not 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL:
        yield f"its header says that pixels are {aspect} as wide as high: taken for square"
    if len(scan.index.times) == 1:
        yield "it holds a single picture"
    if not video.timed:
        return
    early = len(scan.index.times) - len(scan.shown_from(video.first).times)
    if early:
        yield f"{counted(early, 'picture')} before the first key frame cannot be shown"
    yield from _cut_short(container, stream, scan)
    outlasts = scan.sound_end - video.first - duration
    if outlasts > _HANGING_SOUND:
        yield f"its sound goes on for {float(outlasts):.1f} s after the last picture: left out"


def _cut_short(container: Any, stream: Any, scan: Scan) -> Iterator[str]:
    """What a header promises and the file does not hold.

    Only headers that are written when all is known promise anything: the sample table of MP4,
    the duration of Matroska. Elsewhere FFmpeg guesses from the file's end.
    """
    name = container.format.name
    if name.startswith("mov"):
        promised = len(stream.index_entries)  # less what an edit list leaves out
        if promised > scan.packets:
            yield f"cut short: {promised} pictures promised, {scan.packets} there"
    elif name.startswith("matroska") and container.duration and scan.clock.even:
        start = Fraction(container.start_time or 0, 10**6)
        seconds = Fraction(container.duration, 10**6)
        there = scan.last - start
        if seconds - there > _BROKEN_PROMISE:
            yield f"cut short: {float(seconds):.1f} s promised, {float(there):.1f} s there"


def _first_frame(container: Any, stream: Any, path: Path, max_pixels: int) -> Any:
    context = stream.codec_context
    if context is None:
        raise ProbeError("no decoder for its video stream", where=path, cure="Convert it first.")
    if context.width * context.height > max_pixels:
        raise ProbeError(
            f"a picture of {context.width}x{context.height} is more than {max_pixels} pixels",
            where=path,
            cure="Scale it down first, or raise --max-pixels.",
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


def _video(stream: Any, frame: Any, index: PictureIndex, *, even: bool = True) -> VideoStream:
    rate = _rate(stream, index, even=even)
    rotation, flipped = orientation(frame, stream.metadata)
    aspect = _pixel_aspect(stream)
    width, height = shown_size(frame.width, frame.height, aspect, rotation)
    timed = frame.pts is not None
    return VideoStream(
        index=stream.index,
        codec=codec_of(stream),
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


def _rate(stream: Any, index: PictureIndex, *, even: bool) -> Fraction:
    """Frames a second on average; the rate that was meant where the clock only bends it.

    A header's average counts the gaps of a clock that is not even: there the pictures are counted.
    """
    average = stream.average_rate if even else _counted_rate(index)
    told = (average, stream.guessed_rate, stream.base_rate)
    known = [Fraction(r) for r in told if r and r <= MAX_RATE]
    if not known:
        return _FALLBACK_RATE
    meant = (r for r in known[1:] if abs(r / known[0] - 1) < _BENT)
    return next((r for r in meant if _is_constant(index.times, r)), known[0])


def _counted_rate(index: PictureIndex) -> Fraction:
    if len(index.times) < 2:
        return _FALLBACK_RATE
    seconds = float(index.times[-1] - index.times[0])
    return Fraction((len(index.times) - 1) / seconds).limit_denominator(1001)


def _is_constant(times: npt.NDArray[np.float64], rate: Fraction) -> bool:
    """Whether every frame lies on the grid of `rate`, but for the rounding of containers."""
    if len(times) < 2:
        return True
    grid = times[0] + np.arange(len(times)) / float(rate)
    allowed = min(max(_TIME_ROUNDING, _GRID_TOLERANCE / float(rate)), _NEAREST / float(rate))
    return bool(np.abs(times - grid).max() <= allowed)


def _pixel_aspect(stream: Any) -> Fraction:
    """Width over height of one pixel; what is square within half a percent is square.

    No format in use goes beyond 4:1: what does is a damaged header, and taken for square.
    """
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    believed = 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL
    return aspect if believed and abs(aspect - 1) >= _SQUARE_TOLERANCE else Fraction(1)


def shown_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    """Size with square pixels (the longer way round, so that nothing is lost), upright."""
    if aspect > 1:
        width = _even(width * aspect)
    elif aspect < 1:
        height = _even(height / aspect)
    return (height, width) if rotation in (90, 270) else (width, height)


def _even(size: Fraction) -> int:
    return 2 * round(size / 2)


def _duration(index: PictureIndex, video: VideoStream) -> Fraction:
    """Seconds from the first frame to the end of the last one."""
    if not video.timed:
        return len(index.times) / video.rate
    last = Fraction(float(index.times[-1])).limit_denominator(10**6)
    end = index.end if index.end > last else last + 1 / video.rate
    return end - video.first
