"""One file out of parts: pictures piece by piece, sounds, chapters; packets as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from aigc_edit.errors import EncodeError
from aigc_edit.media.nal import AvcHeaders
from aigc_edit.media.opening import opened, read_only
from aigc_edit.media.order import DecodeTimes
from aigc_edit.media.scratch import writing
from aigc_edit.media.source import Source
from aigc_edit.media.subtitles import write_subtitles
from aigc_edit.media.writer import abandoned
from aigc_edit.timeline import Chapter, Span, SubtitleTrack

_FASTSTART = (".mp4", ".mov")
_ISO_FORMATS = ("mp4", "mov")
_FORMATS = {".mkv": "matroska"}


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """Pictures that were encoded into a file of their own, shown from `at` (output seconds) on."""

    path: Path
    at: Fraction
    depth: int


@dataclass(frozen=True, slots=True)
class CopiedPart:
    """Whole GOPs of the source, shown from `at` on. `span` is in source time, from clean key
    frame to clean key frame (or to the end)."""

    source: Source
    span: Span
    at: Fraction

    @property
    def depth(self) -> int:
        return self.source.index.depth


PicturePart = EncodedPart | CopiedPart


@dataclass(frozen=True, slots=True)
class SoundPart:
    """An encoded sound track, and how it is named in the file."""

    path: Path
    metadata: Mapping[str, str] = field(default_factory=dict)
    default: bool = True


@dataclass(frozen=True)
class Programme:
    """All that goes into one file.

    Attributes:
        times: float64 [N], when each picture is shown, seconds, in order.
        end: until when the last one stays, seconds.
    """

    pictures: Sequence[PicturePart]
    sounds: Sequence[SoundPart]
    times: npt.NDArray[np.float64]
    end: Fraction
    metadata: Mapping[str, str] = field(default_factory=dict)
    chapters: Sequence[Chapter] = ()
    subtitles: Sequence[SubtitleTrack] = ()


def mux(path: Path, programme: Programme) -> None:
    """Writes a programme into one container, packets in order of time.

    Raises:
        EncodeError: no space, or parts that no player could tell apart.
    """
    options = {"movflags": "+faststart"} if path.suffix in _FASTSTART else {}
    container = _FORMATS.get(path.suffix, path.suffix.lstrip("."))
    with writing(path):
        out = av.open(f"file:{path.absolute()}", "w", format=container, options=options)
        try:
            _fill(out, programme)
            out.close()
        except BaseException:
            abandoned(out)
            raise


def _fill(out: Any, programme: Programme) -> None:
    out.metadata.update(programme.metadata)
    with ExitStack() as stack:
        pictures = _picture_stream(out, programme.pictures)
        if out.format.name in _ISO_FORMATS and pictures.codec_context.name == "hevc":
            pictures.codec_context.codec_tag = "hvc1"  # Apple's players take no other
        feeds = [_pictures(programme, pictures)]
        for sound in programme.sounds:
            container = stack.enter_context(opened(sound.path))
            stream = out.add_stream_from_template(container.streams[0], opaque=True)
            stream.metadata.update(sound.metadata)
            _set_default(stream, default=sound.default)
            feeds.append(_sound_packets(container, stream))
        feeds += [write_subtitles(out, track) for track in programme.subtitles]
        out.set_chapters(_chapters(programme.chapters))
        for packet in _interleaved(feeds):
            out.mux(packet)


def _set_default(stream: Any, *, default: bool) -> None:
    from av.stream import Disposition

    stream.disposition = Disposition.default if default else Disposition(0)


def _picture_stream(out: Any, parts: Sequence[PicturePart]) -> Any:
    """The picture stream, with headers that serve every part."""
    copied = [p for p in parts if isinstance(p, CopiedPart)]
    encoded = [p for p in parts if isinstance(p, EncodedPart)]
    if not copied:
        with opened(encoded[0].path) as container:
            return out.add_stream_from_template(container.streams[0], opaque=True)
    source = copied[0].source
    with opened(source.path) as container:
        template = container.streams[source.video.index]
        stream = out.add_stream_from_template(template, opaque=True)
    if encoded:
        stream.codec_context.extradata = _shared_headers(source, encoded[0].path)
    stream.time_base = Fraction(1, source.grid.numerator) if source.grid else source.index.base
    return stream


def _shared_headers(source: Source, encoded: Path) -> bytes:
    """One header for copied and encoded GOPs."""
    records = []
    for path, index in ((source.path, source.video.index), (encoded, 0)):
        with opened(path) as container:
            extradata = container.streams[index].codec_context.extradata
            records.append(AvcHeaders.parsed(extradata or b""))
    first, second = records
    joined = first.beside(second) if first and second else None
    if joined is None:
        raise EncodeError(
            "copied and encoded pictures cannot stand in one stream",
            where=source.path,
            cure="Set output.video.mode=encode.",
        )
    return joined


def _pictures(programme: Programme, stream: Any) -> Iterator[Any]:
    """The packets of all parts on one clock."""
    base = stream.time_base
    depth = max(part.depth for part in programme.pictures)
    shown = programme.times[max(0, len(programme.times) - 1 - depth) :]
    clock = DecodeTimes(depth, round(float(shown[-1] - shown[0]) / base))
    # As long as the last picture stays; the container makes up all others from the times.
    duration = max(1, round((programme.end - Fraction(float(shown[-1]))) / base))
    for part in programme.pictures:
        for packet, time in _copied(part) if isinstance(part, CopiedPart) else _encoded(part):
            packet.stream = stream
            packet.duration = duration
            packet.pts = round(time / base)
            packet.dts = clock.next(packet.pts)
            packet.time_base = base
            yield packet


def _encoded(part: EncodedPart) -> Iterator[tuple[Any, Fraction]]:
    with opened(part.path) as container:
        for packet in container.demux(container.streams[0]):
            if packet.size and packet.pts is not None:
                yield packet, part.at + packet.pts * packet.time_base


def _copied(part: CopiedPart) -> Iterator[tuple[Any, Fraction]]:
    """Packets in decode order from the key frame at the start to the one at the end."""
    source = part.source
    with opened(source.path) as container:
        stream = read_only(container, source.video.index)
        target = int((source.video.first + part.span.start) / stream.time_base)
        container.seek(target, backward=True, stream=stream)
        inside = False
        for packet in container.demux(stream):
            if not packet.size or packet.pts is None:
                continue
            time = source.picture_time(packet.pts * packet.time_base)
            if packet.is_keyframe:
                inside = part.span.start <= time
                if time >= part.span.end:
                    return
            if inside:
                yield packet, part.at + time - part.span.start


def _sound_packets(container: Any, stream: Any) -> Iterator[Any]:
    for packet in container.demux():
        if packet.size and packet.dts is not None:
            packet.stream = stream
            yield packet


def _interleaved(feeds: Sequence[Iterator[Any]]) -> Iterator[Any]:
    waiting = {k: packet for k, feed in enumerate(feeds) if (packet := next(feed, None))}
    while waiting:
        k = min(waiting, key=lambda k: waiting[k].dts * waiting[k].time_base)
        yield waiting.pop(k)
        if (packet := next(feeds[k], None)) is not None:
            waiting[k] = packet


def _chapters(chapters: Sequence[Chapter]) -> list[dict[str, Any]]:
    base = Fraction(1, 1000)
    return [
        {
            "id": number,
            "start": round(chapter.start / base),
            "end": round(chapter.end / base),
            "time_base": base,
            "metadata": {"title": chapter.title},
        }
        for number, chapter in enumerate(chapters, 1)
    ]
