"""Parts of a file: pictures and sound, each encoded on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.video.frame import PictureType

from aigc_edit.media.arrays import Samples
from aigc_edit.media.encoders import AUDIO_ENCODERS, Encoder, encoder_options
from aigc_edit.media.graphs import chained
from aigc_edit.media.looks import Colour
from aigc_edit.media.order import reorder_depth
from aigc_edit.media.scratch import writing
from aigc_edit.media.sound import LAYOUTS

VARIABLE_RATE_BASE = Fraction(1, 90_000)
_FULL, _LIMITED = 2, 1  # ranges, as FFmpeg numbers them
# Parts keep exact and negative times, as NUT and Matroska do not. MP4 has no ProRes.
_PART_FORMATS = {"prores_ks": "mov"}
# In fragments the muxer forgets the index of what is written: an hour of AAC has 11 MiB of it.
# The trailer of fragments would hide that the disk was full.
_FRAGMENTS = {"movflags": "+delay_moov+skip_trailer", "frag_duration": "10000000"}  # microseconds


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """How pictures are encoded.

    Attributes:
        rate: frames a second where they are regular, else None: times survive as they are.
        average: frames a second on average, for the encoder's rate control.
        depth: bits a sample of the pictures that come.
        sps_id: id of the H.264 parameter sets, where the part shall stand beside copied GOPs.
        threads: of the encoder; 0 for as many as it thinks good here.
    """

    encoder: Encoder
    quality: int
    preset: str
    width: int
    height: int
    rate: Fraction | None
    average: Fraction
    colour: Colour
    depth: int = 8
    sps_id: int | None = None
    threads: int = 0

    @property
    def pixel_format(self) -> str:
        """What is encoded: as many bits a sample as the pictures have, if the encoder can."""
        return self.encoder.format_for(self.depth)

    @property
    def coded_size(self) -> tuple[int, int]:
        """Width and height that are encoded: 4:2:0 has even sides only."""
        return _even(self.width), _even(self.height)

    @property
    def clock(self) -> Fraction:
        """Seconds a tick of the part's times."""
        return 1 / self.rate if self.rate else VARIABLE_RATE_BASE

    def on_clock(self, time: Fraction) -> Fraction:
        """The tick nearest to a time, seconds."""
        return round(time / self.clock) * self.clock


class PictureWriter:
    """Encodes pictures into one file; used in a `with`, which finishes it.

    Attributes:
        repeated: pictures left out, because they share a time with the one before.
        ticks: when each picture that was encoded is shown, on the clock of the settings.
        depth: how many packets come before one that is shown earlier, known at the end.
    """

    def __init__(self, path: Path, settings: PictureSettings, start: Fraction) -> None:
        """`start`: output time, seconds, that the part begins at; its own clock begins there."""
        self.path, self.settings = path, settings
        self.repeated = 0
        self.depth = 0
        self.ticks: list[int] = []
        self._order: list[int] = []
        self._fit = _EncoderFit(settings)
        with writing(path):
            self._container = _part(path, settings.encoder.name)
            self._stream = self._container.add_stream(
                settings.encoder.name,
                rate=settings.rate or settings.average,
                options=encoder_options(
                    settings.encoder,
                    settings.quality,
                    settings.preset,
                    self._fit.width,
                    settings.sps_id,
                    settings.colour.mastering,
                ),
            )
        self._configure(self._stream.codec_context)
        self._start = round(start / settings.clock)

    def _configure(self, context: Any) -> None:
        settings = self.settings
        context.width, context.height = self._fit.width, self._fit.height
        context.pix_fmt = settings.pixel_format
        context.time_base = settings.clock
        context.framerate = settings.rate or settings.average
        context.thread_count = settings.threads
        context.thread_type = "FRAME"  # PyAV's default costs x264 a tenth of its speed
        context.colorspace = settings.encoder.matrix_tag(settings.colour.matrix)
        context.color_primaries = settings.colour.primaries
        context.color_trc = settings.colour.transfer
        context.color_range = _FULL if settings.colour.full_range else _LIMITED

    def write(self, frame: Any, time: Fraction) -> Any:
        """Encodes one frame, shown from `time` (output seconds) on.

        Returns what the encoder was given; None where the time was taken already.
        """
        tick = round(time / self.settings.clock)
        if self.ticks and tick <= self.ticks[-1]:
            self.repeated += 1
            return None
        self.ticks.append(tick)
        with writing(self.path):
            frame = self._fit(frame)
        frame.pts, frame.time_base = tick - self._start, self.settings.clock
        frame.pict_type = PictureType.NONE  # else x264 copies the source's I, P and B
        frame.color_range = _FULL if self.settings.colour.full_range else _LIMITED
        self._encode(frame)
        return frame

    def _encode(self, frame: Any) -> None:
        with writing(self.path):
            for packet in self._stream.encode(frame):
                self._order.append(packet.pts)
                self._container.mux(packet)

    def finish(self) -> None:
        """Encodes what the encoder still holds and closes the file."""
        self._encode(None)
        with writing(self.path):
            self._container.close()
        self.depth = reorder_depth(self._order)

    def abandon(self) -> None:
        """Closes a file that will be thrown away."""
        abandoned(self._container)

    def __enter__(self) -> PictureWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()


class _EncoderFit:
    """Makes frames what the encoder takes: its pixel format, even sides (4:2:0 has no others)."""

    def __init__(self, settings: PictureSettings) -> None:
        self.width, self.height = settings.coded_size
        self._size = (settings.width, settings.height)
        self._pixel_format = settings.pixel_format
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
        first = graph.add_buffer(
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
        ]
        return chained(graph, first, steps)

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
_MOST_BITS = {"opus": 256_000}  # a second, for each channel


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
            self._container = _part(path, settings.codec, _FRAGMENTS)
            self._stream: Any = self._container.add_stream(
                AUDIO_ENCODERS[settings.codec], rate=settings.rate
            )
        self._stream.codec_context.layout = LAYOUTS[settings.channels]
        most = _MOST_BITS.get(settings.codec, settings.bitrate) * settings.channels
        self._stream.codec_context.bit_rate = min(settings.bitrate, most)

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
            abandoned(self._container)


def _part(path: Path, encoder: str, options: Mapping[str, str] | None = None) -> Any:
    form = _PART_FORMATS.get(encoder, "mp4")
    return av.open(f"file:{path.absolute()}", "w", format=form, options=dict(options or {}))


def abandoned(container: Any) -> None:
    """Closes a file that will be thrown away, whatever state it is in."""
    try:
        container.close()
    except (av.error.FFmpegError, OSError, ValueError):
        return
