"""What a written file holds, read back from the disk: facts only, the engine judges them.

All packets of all streams are read and all sound is decoded. Pictures are decoded in full, or
where it matters most (`share`): around seams and joints, at both ends, and regularly between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import numpy.typing as npt

from aigc_edit.errors import EncodeError, ProbeError
from aigc_edit.media.arrays import Samples
from aigc_edit.media.boxes import Boxes, read_boxes
from aigc_edit.media.looks import Colour
from aigc_edit.media.loudness import Loudness, LoudnessMeter, PeakFinder
from aigc_edit.media.marks import PictureFacts, PictureMarks, SoundFacts, SoundMarks
from aigc_edit.media.opening import opened
from aigc_edit.media.stretches import (
    PacketTable,
    Stretch,
    passed_over,
    readable,
    scan_file,
    stretches_to_decode,
)
from aigc_edit.timeline import Span

_PLACE_TOLERANCE = 0.003  # seconds; containers round times to a millisecond
_BLOCK_SECONDS = 1
# Damage that a decoder would conceal counts. Deblocking is half of the work and hides nothing.
_STRICT = {"err_detect": "explode"}
_STRICT_PICTURES = {**_STRICT, "skip_loop_filter": "all"}


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that cannot be decoded: `kind` of the stream, about when (seconds), why."""

    kind: str
    time: float
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class WrittenSound:
    """The sound of a file. Seconds count from its first picture.

    Attributes:
        start, end: of what is decoded.
        lasting: seconds of one packet.
        hole: by how much a timestamp differs from the samples before it at most, seconds.
    """

    codec: str
    channels: int
    start: float
    end: float
    lasting: float
    hole: float
    facts: SoundFacts
    loudness: Loudness


@dataclass(frozen=True, slots=True, eq=False)
class WrittenFacts:
    """What a written file holds. Seconds count from its first picture.

    Attributes:
        streams: packets of every stream.
        times: float64 [N], of all pictures, in order.
        picture_end: when the last picture ends, as far as the container says.
        pictures: those that were decoded.
        missing: pictures that a decoded stretch should have shown and did not.
        tags: colour as tagged; 2 is untagged.
        boxes: the top level of MP4 and MOV, None for others.
        broken: what cannot be decoded.
    """

    path: Path
    streams: tuple[PacketTable, ...]
    codec: str
    pixel_format: str
    width: int
    height: int
    tags: Colour
    times: npt.NDArray[np.float64]
    picture_end: float
    pictures: PictureFacts
    missing: int
    sound: WrittenSound | None
    boxes: Boxes | None
    broken: tuple[Broken, ...]


def inspect_file(
    path: Path,
    *,
    seams: Sequence[Fraction],
    duration: Fraction,
    share: float = 1.0,
    copied: Sequence[Span] = (),
) -> WrittenFacts:
    """Reads a written file back.

    Args:
        seams: output times at which the source jumps; the file is looked at more closely there.
        duration: of the output, as planned, seconds.
        share: of the pictures that may be decoded; 1 decodes all.
        copied: output spans whose packets were copied: only their joints are decoded, and
            what `share` allows between.

    Raises:
        EncodeError: the file cannot even be opened, or holds no picture.
    """
    try:
        streams = scan_file(path)
        picture = _first(streams, "video")
        if picture is None or not len(picture.times):
            raise EncodeError("the file that was written holds no picture", where=path, cure=_CURE)
        joints = [t for span in copied for t in (span.start, span.end)]
        stretches = stretches_to_decode(picture, seams, joints, 0.0 if copied else share)
        return _Reading(path, streams, picture, seams, duration).facts(stretches)
    except (ProbeError, av.error.FFmpegError) as cause:
        raise EncodeError(
            f"the file that was written cannot be read again ({cause})", where=path, cure=_CURE
        ) from cause


_CURE = "Please report this with the run's --debug output."


def _first(streams: Sequence[PacketTable], kind: str) -> PacketTable | None:
    return next((table for table in streams if table.kind == kind), None)


class _Reading:
    """One trip through a file: chosen pictures and all sound are decoded and noted."""

    def __init__(
        self,
        path: Path,
        streams: tuple[PacketTable, ...],
        picture: PacketTable,
        seams: Sequence[Fraction],
        duration: Fraction,
    ) -> None:
        self._path, self._streams, self._picture = path, streams, picture
        self._zero = float(picture.times.min())
        self._pictures = _Pictures(picture, self._zero, seams)
        self._times = (Fraction(0), *seams, duration)
        self._sound: _Sound | None = None

    def facts(self, stretches: Sequence[Stretch]) -> WrittenFacts:
        with opened(self._path) as container:
            stream = container.streams.video[0]
            heard = container.streams.audio[0] if container.streams.audio else None
            if heard is not None:
                self._sound = _Sound(heard, self._zero, self._times)
            self._read(container, stream, heard, stretches)
            return self._written(stream)

    def _read(self, container: Any, stream: Any, heard: Any, stretches: Sequence[Stretch]) -> None:
        context = stream.codec_context
        context.thread_type, context.options = "AUTO", dict(_STRICT_PICTURES)
        chosen = self._pictures.choosing(stream, stretches)
        for packet in readable(container.demux([s for s in (stream, heard) if s is not None])):
            if not packet.size:
                continue
            if packet.stream_index == stream.index:
                chosen.add(packet)
            elif self._sound is not None:
                self._sound.add(packet)
        chosen.finish()
        if self._sound is not None:
            self._sound.finish()

    def _written(self, stream: Any) -> WrittenFacts:
        times = np.sort(self._picture.times) - self._zero
        sound = self._sound.written(self._streams) if self._sound is not None else None
        heard = self._sound.broken if self._sound is not None else []
        return WrittenFacts(
            path=self._path,
            streams=self._streams,
            codec=stream.codec_context.name,
            pixel_format=stream.codec_context.pix_fmt or "",
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            tags=self._pictures.tags or _tags(stream.codec_context),
            times=times,
            picture_end=self._picture.end - self._zero,
            pictures=self._pictures.marks.facts(),
            missing=self._pictures.missing,
            sound=sound,
            boxes=read_boxes(self._path) if self._path.suffix in (".mp4", ".mov") else None,
            broken=(*self._pictures.broken, *heard),
        )


class _Pictures:
    """Decodes chosen stretches of a stream, and notes what they show."""

    def __init__(self, table: PacketTable, zero: float, seams: Sequence[Fraction]) -> None:
        self._table, self._zero = table, zero
        self.marks = PictureMarks(seams)
        self.broken: list[Broken] = []
        self.missing = 0
        self.tags: Colour | None = None

    def choosing(self, stream: Any, stretches: Sequence[Stretch]) -> _Pictures:
        self._context, self._waiting = stream.codec_context, list(stretches)
        self._base = stream.time_base  # frames that a drained decoder gives say none
        self._number, self._shown = 0, 0
        return self

    def add(self, packet: Any) -> None:
        """One packet more, in the order of the file."""
        if passed_over(packet):
            return
        number, self._number = self._number, self._number + 1
        if not self._waiting or number < self._waiting[0].first:
            return
        stretch = self._waiting[0]
        time = packet.pts * packet.time_base if packet.pts is not None else None
        # Pictures that lead a key frame need those before it, which are not decoded.
        if time is None or time >= stretch.start or number == stretch.first:
            self._decode(packet, float(time or 0))
        if number + 1 == stretch.stop:
            self._end()

    def finish(self) -> None:
        while self._waiting:
            self._end()

    def _end(self) -> None:
        """The end of a stretch: the decoder gives what it still holds, and forgets."""
        stretch = self._waiting[0]
        self._decode(None, min(stretch.end, self._table.end))
        self._context.flush_buffers()
        times = self._table.times
        due = np.count_nonzero(stretch.shows(times))
        self.missing += max(0, int(due) - self._shown)
        self._waiting.pop(0)
        self._shown = 0
        self.marks.jump()

    def _decode(self, packet: Any, time: float) -> None:
        try:
            for frame in self._context.decode(packet):
                self._note(frame)
        except av.error.EOFError:
            return
        except av.error.FFmpegError as cause:
            self.broken.append(Broken("picture", time - self._zero, cause.strerror))

    def _note(self, frame: Any) -> None:
        time = float(frame.pts * self._base) if frame.pts is not None else 0.0
        if not self._waiting[0].shows(time):
            return
        self._shown += 1
        if frame.is_corrupt:
            self.broken.append(Broken("picture", time - self._zero, "damaged"))
        self.tags = self.tags or _tags(frame, self._context)
        self.marks.add(frame, time - self._zero)


def _tags(*given: Any) -> Colour:
    """Colour tags of a frame, else of the container."""

    def first(name: str, untagged: int) -> int:
        values = (int(getattr(g, name)) for g in given)
        return next((v for v in values if v != untagged), untagged)

    return Colour(
        matrix=first("colorspace", 2),
        primaries=first("color_primaries", 2),
        transfer=first("color_trc", 2),
        full_range=first("color_range", 0) == 2,
    )


class _Sound:
    """Decodes all sound, places it by its timestamps, and notes what it holds."""

    def __init__(self, stream: Any, zero: float, times: Sequence[Fraction]) -> None:
        context = stream.codec_context
        context.options = dict(_STRICT)
        self._context, self._base, self._zero = context, stream.time_base, zero
        self._codec, self._channels = context.name, context.channels
        self._rate = context.sample_rate
        self._resampler = av.AudioResampler(
            format="fltp", layout=context.layout.name, rate=self._rate
        )
        self._marks = SoundMarks(self._rate, times)
        self._meter = LoudnessMeter(self._rate, self._channels, peaks=False)
        self._peaks = PeakFinder(self._channels)
        self._start: int | None = None
        self._reached = 0
        self._hole = 0.0
        self._held: list[Samples] = []
        self.broken: list[Broken] = []

    def add(self, packet: Any) -> None:
        try:
            for frame in self._context.decode(packet):
                self._note(frame)
        except av.error.EOFError:
            return
        except av.error.FFmpegError as cause:
            time = float(packet.pts * packet.time_base) - self._zero if packet is not None else 0.0
            self.broken.append(Broken("sound", time, cause.strerror))

    def finish(self) -> None:
        self.add(None)
        self._flush()

    def _note(self, frame: Any) -> None:
        if frame.is_corrupt:
            self.broken.append(Broken("sound", self._reached / self._rate, "damaged"))
        self._place(frame)
        for piece in self._resampler.resample(frame):
            samples = piece.to_ndarray()
            self._held.append(samples)
            self._reached += samples.shape[1]
        if sum(s.shape[1] for s in self._held) >= _BLOCK_SECONDS * self._rate:
            self._flush()

    def _place(self, frame: Any) -> None:
        """Where the frame stands by its timestamp; followed where that is no rounding."""
        if frame.pts is None:
            return
        place = round((float(frame.pts * self._base) - self._zero) * self._rate)
        if self._start is None:
            self._start = self._reached = place
        off = (place - self._reached) / self._rate
        self._hole = max(self._hole, abs(off))
        if abs(off) > _PLACE_TOLERANCE:
            self._flush()
            self._reached = place

    def _flush(self) -> None:
        if not self._held:
            return
        samples = np.concatenate(self._held, axis=1)
        self._held.clear()
        self._marks.add(samples, self._reached - samples.shape[1])
        finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        self._meter.add(finite)
        self._peaks.add(finite)

    def written(self, streams: Sequence[PacketTable]) -> WrittenSound:
        table = _first(streams, "audio")
        start = self._start or 0
        return WrittenSound(
            codec=self._codec,
            channels=self._channels,
            start=start / self._rate,
            end=self._reached / self._rate,
            lasting=table.lasting if table is not None else 0.0,
            hole=self._hole,
            facts=self._marks.facts(),
            loudness=Loudness(self._meter.result().integrated, self._peaks.peak()),
        )
