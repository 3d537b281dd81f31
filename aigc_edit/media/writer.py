"""Files out of pictures and sound: encoded apart, muxed once, published whole."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.frame import PictureType

from aigc_edit.errors import EncodeError
from aigc_edit.media.encoders import AUDIO_ENCODERS, Encoder, encoder_options
from aigc_edit.media.looks import Colour
from aigc_edit.media.sound import LAYOUTS, Samples

VARIABLE_RATE_BASE = Fraction(1, 90_000)
# Parts keep exact and negative times, as NUT and Matroska do not. MP4 has no ProRes.
_PART_FORMATS = {"prores_ks": "mov"}
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """How pictures are encoded.

    Attributes:
        rate: frames a second where they are regular, else None: times survive as they are.
        average: frames a second on average, for the encoder's rate control.
    """

    encoder: Encoder
    quality: int
    preset: str
    width: int
    height: int
    rate: Fraction | None
    average: Fraction
    colour: Colour


class PictureWriter:
    """Encodes pictures into one file; used in a `with`, which finishes it."""

    def __init__(self, path: Path, settings: PictureSettings) -> None:
        self.path, self.settings = path, settings
        self.written = 0
        self.repeated = 0
        self._last = -1
        self._fit = _EncoderFit(settings)
        with writing(path):
            self._container = _part(path, settings.encoder.name)
            self._stream = self._container.add_stream(
                settings.encoder.name,
                rate=settings.rate or settings.average,
                options=encoder_options(
                    settings.encoder, settings.quality, settings.preset, self._fit.width
                ),
            )
        self._configure(self._stream.codec_context)

    def _configure(self, context: Any) -> None:
        settings = self.settings
        context.width, context.height = self._fit.width, self._fit.height
        context.pix_fmt = settings.encoder.pixel_format
        context.time_base = 1 / settings.rate if settings.rate else VARIABLE_RATE_BASE
        context.framerate = settings.rate or settings.average
        context.thread_type = "FRAME"  # PyAV's default costs x264 a tenth of its speed
        context.colorspace = settings.colour.matrix
        context.color_primaries = settings.colour.primaries
        context.color_trc = settings.colour.transfer
        context.color_range = 2 if settings.colour.full_range else 1

    def write(self, frame: Any, time: Fraction) -> None:
        """Encodes one frame, shown from `time` (output seconds) on."""
        base = self._stream.codec_context.time_base
        pts = round(time / base)
        if pts <= self._last:
            self.repeated += 1
            return
        self._last = pts
        frame = self._fit(frame)
        frame.pts, frame.time_base = pts, base
        frame.pict_type = PictureType.NONE  # else x264 copies the source's I, P and B
        with writing(self.path):
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        self.written += 1

    def __enter__(self) -> PictureWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            with writing(self.path):
                for packet in self._stream.encode(None):
                    self._container.mux(packet)
                self._container.close()
        else:
            _abandoned(self._container)


class _EncoderFit:
    """Makes frames what the encoder takes: its pixel format, even sides (4:2:0 has no others)."""

    def __init__(self, settings: PictureSettings) -> None:
        self.width, self.height = _even(settings.width), _even(settings.height)
        self._size = (settings.width, settings.height)
        self._pixel_format = settings.encoder.pixel_format
        self._colour = settings.colour
        self._graph: Any = None
        self._form: tuple[object, ...] = ()

    def __call__(self, frame: Any) -> Any:
        form = (frame.width, frame.height, frame.format.name)
        if form == (self.width, self.height, self._pixel_format):
            return frame
        if form != self._form:
            self._form, self._graph = form, self._built(frame)
        frame.pts = None
        self._graph.push(frame)
        return self._graph.pull()

    def _built(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        last = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=VARIABLE_RATE_BASE,
        )
        steps = [
            (
                "crop",
                f"w={min(frame.width, self.width)}:h={min(frame.height, self.height)}:x=0:y=0",
            ),
            *self._as_tagged(frame),
            ("format", f"pix_fmts={self._pixel_format}"),
            ("pad", f"w={self.width}:h={self.height}"),
            ("buffersink", ""),
        ]
        for name, args in steps:
            step = graph.add(name, args)
            last.link_to(step)
            last = step
        graph.configure()
        return graph

    def _as_tagged(self, frame: Any) -> list[tuple[str, str]]:
        """RGB and gray take the matrix and range that the file will be tagged with."""
        if not (frame.format.is_rgb or frame.format.name.startswith("gray")):
            return []
        into = "pc" if self._colour.full_range else "tv"
        flags = "flags=bicubic+accurate_rnd+full_chroma_inp"
        return [("scale", f"out_color_matrix={self._colour.matrix}:out_range={into}:{flags}")]


def _even(side: int) -> int:
    """An odd side loses one line; a side of one gains one."""
    return max(2, side // 2 * 2)


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """How sound is encoded; `bitrate` in bits a second."""

    codec: str
    rate: int
    channels: int
    bitrate: int


AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_FALLBACK_RATE = 48_000


def encodable_rate(codec: str, rate: int) -> int:
    """The source's own sample rate where the codec takes it, else 48 kHz."""
    taken = {"aac": AAC_RATES, "opus": OPUS_RATES}.get(codec, (rate,))
    return rate if rate in taken else _FALLBACK_RATE


class SoundWriter:
    """Encodes sound into one file; used in a `with`, which finishes it."""

    def __init__(self, path: Path, settings: SoundSettings) -> None:
        self.path, self.settings = path, settings
        self._samples = 0
        with writing(path):
            self._container = _part(path, settings.codec)
            self._stream: Any = self._container.add_stream(
                AUDIO_ENCODERS[settings.codec], rate=settings.rate
            )
        self._stream.codec_context.layout = LAYOUTS[settings.channels]
        self._stream.codec_context.bit_rate = settings.bitrate

    def write(self, samples: Samples) -> None:
        """Encodes float32 [C, N]."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32),
            format="fltp",
            layout=LAYOUTS[self.settings.channels],
        )
        frame.sample_rate, frame.pts = self.settings.rate, self._samples
        frame.time_base = Fraction(1, self.settings.rate)
        self._samples += samples.shape[1]
        with writing(self.path):
            for packet in self._stream.encode(frame):
                self._container.mux(packet)

    def __enter__(self) -> SoundWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            with writing(self.path):
                for packet in self._stream.encode(None):
                    self._container.mux(packet)
                self._container.close()
        else:
            _abandoned(self._container)


def _part(path: Path, encoder: str) -> Any:
    return av.open(f"file:{path.absolute()}", "w", format=_PART_FORMATS.get(encoder, "mp4"))


def mux(path: Path, parts: list[Path], metadata: Mapping[str, str] | None = None) -> None:
    """Puts encoded parts into one container, packets as they are, in order of time."""
    suffix_format = {".mkv": "matroska"}.get(path.suffix, path.suffix.lstrip("."))
    options = {"movflags": "+faststart"} if path.suffix in (".mp4", ".mov") else {}
    with writing(path):
        out = av.open(f"file:{path.absolute()}", "w", format=suffix_format, options=options)
        try:
            out.metadata.update(metadata or {})
            _copy_packets(out, parts)
            out.close()
        except BaseException:
            _abandoned(out)
            raise


def _copy_packets(out: Any, parts: list[Path]) -> None:
    sources = [av.open(f"file:{part.absolute()}") for part in parts]
    try:
        streams = [out.add_stream_from_template(s.streams[0], opaque=True) for s in sources]
        feeds = [_packets(s, stream) for s, stream in zip(sources, streams, strict=True)]
        waiting = {k: packet for k, feed in enumerate(feeds) if (packet := next(feed, None))}
        while waiting:
            k = min(waiting, key=lambda k: waiting[k].dts * waiting[k].time_base)
            out.mux(waiting.pop(k))
            if (packet := next(feeds[k], None)) is not None:
                waiting[k] = packet
    finally:
        for source in sources:
            source.close()


def _packets(source: Any, stream: Any) -> Iterator[Any]:
    for packet in source.demux():
        if packet.size and packet.dts is not None:
            packet.stream = stream
            yield packet


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what can go wrong while writing into one clear error."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as cause:
        if cause.errno in _NO_SPACE:
            raise EncodeError(
                "no space left to write the result",
                where=path.parent.parent,
                cure="Free some space, or name another place with -o.",
            ) from cause
        raise EncodeError(f"cannot be written ({cause.strerror or cause})", where=path) from cause


def _abandoned(container: Any) -> None:
    """Closes a file that will be thrown away, whatever state it is in."""
    try:
        container.close()
    except (av.error.FFmpegError, OSError, ValueError):
        return


@dataclass(frozen=True)
class Scratch:
    """A private folder beside an output, gone when the run ends however it ends."""

    folder: Path
    output: Path
    published: list[Path] = field(default_factory=list)

    def part(self, name: str) -> Path:
        return self.folder / name

    def write_text(self, name: str, text: str) -> None:
        """A part that is text; names of files that are no text come out as escapes."""
        with writing(self.part(name)):
            self.part(name).write_text(text, "utf-8", errors="backslashreplace")

    def publish(self, name: str, target: Path | None = None) -> Path:
        """Gives a finished part its final name, at once and durably."""
        part, target = self.part(name), target or self.output
        with writing(part):
            _synced(part)
            os.replace(part, target)
            _synced(target.parent)
        self.published.append(target)
        return target


# Scratch folders in use: what a process that must stop at once removes first.
_LIVE: set[Path] = set()


def sweep() -> None:
    """Removes all scratch folders of this process; for a stop that cannot wait for threads."""
    for folder in tuple(_LIVE):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_for(output: Path) -> Iterator[Scratch]:
    """A scratch folder for an output file.

    Raises:
        EncodeError: the output's folder cannot be made or written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(
            tempfile.mkdtemp(prefix=f".{output.stem[:40]}.", suffix=".part", dir=output.parent)
        )
    except OSError as cause:
        raise EncodeError(
            f"its folder cannot be written ({cause.strerror})",
            where=output,
            cure="Name another place with -o.",
        ) from cause
    _LIVE.add(folder)
    try:
        yield Scratch(folder, output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _LIVE.discard(folder)


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
