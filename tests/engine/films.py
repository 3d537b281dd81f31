"""Films that are written by plain PyAV, so that each can be spoilt in one way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from aigc_edit.engine.check import check_result
from aigc_edit.engine.verdict import CheckReport, Expected
from aigc_edit.media import BT709, Colour, PictureMarks, SoundMarks, inspect_file

RATE, SOUND_RATE = 25, 48_000
SEAMS = (Fraction(2), Fraction(4))
SECONDS = 6
SIZE = (192, 108)


@dataclass(frozen=True)
class Film:
    """What a file holds. `images` uint8 [T, H, W, 3], `sound` float32 [2, N]."""

    images: np.ndarray
    sound: np.ndarray | None
    times: tuple[Fraction, ...]
    colour: Colour = BT709
    late: Fraction = Fraction(0)  # by which sound is shifted when it is written
    faststart: bool = True

    def but(self, **changes: Any) -> Film:
        return replace(self, **changes)


def film(seconds: int = SECONDS, seams: Sequence[Fraction] = SEAMS) -> Film:
    """Three shots that move all the time, with a noise that swells and falls."""
    count = seconds * RATE
    times = tuple(Fraction(k, RATE) for k in range(count))
    images = np.stack([_drawn(k, sum(t >= s for s in seams)) for k, t in enumerate(times)])
    return Film(images, _voice(seconds), times)


def _drawn(number: int, shot: int) -> np.ndarray:
    """A pattern of its own for each shot, moving by three pixels a picture."""
    pattern = np.random.default_rng(shot).integers(40, 220, (9, 16, 3)).astype(np.uint8)
    image = np.kron(pattern, np.ones((12, 12, 1), np.uint8))
    return np.roll(image, 3 * number, axis=1)


def _voice(seconds: int) -> np.ndarray:
    """float32 [2, N]: noise whose loudness changes every 60 ms."""
    rng = np.random.default_rng(5)
    count = seconds * SOUND_RATE
    bursts = rng.uniform(0, 0.25, count // 2880 + 2)
    loudness = np.interp(np.arange(count) / 2880, np.arange(len(bursts)), bursts)
    noise = np.convolve(rng.normal(0, 1, count), np.ones(8) / 8, "same")
    return np.stack([noise * loudness] * 2).astype(np.float32)


def write(path: Path, film: Film, codec: str = "libx264", sound_codec: str = "aac") -> Path:
    """The film as a file."""
    options = {"movflags": "+faststart"} if film.faststart and path.suffix != ".mkv" else {}
    with av.open(str(path), "w", options=options) as container:
        picture: Any = container.add_stream(codec, rate=RATE, options={"crf": "20"})
        picture.width, picture.height = film.images.shape[2], film.images.shape[1]
        picture.pix_fmt, context = "yuv420p", picture.codec_context
        context.time_base, context.gop_size = Fraction(1, 12_800), 12
        context.colorspace, context.color_primaries = film.colour.matrix, film.colour.primaries
        context.color_trc = film.colour.transfer
        context.color_range = 2 if film.colour.full_range else 1
        sound: Any = None
        if film.sound is not None:
            sound = container.add_stream(sound_codec, rate=SOUND_RATE)
            sound.codec_context.layout = "stereo"
            sound.codec_context.bit_rate = 192_000
            _write_sound(container, sound, film)
        for image, time in zip(film.images, film.times, strict=True):
            frame = coded(image)
            frame.pts, frame.time_base = round(time * 12_800), context.time_base
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
    return path


def _write_sound(container: Any, stream: Any, film: Film) -> None:
    for first in range(0, film.sound.shape[1], 1024):
        piece = np.ascontiguousarray(film.sound[:, first : first + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
        frame.pts = first + round(film.late * SOUND_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def coded(image: np.ndarray) -> Any:
    """The frame that the encoder is given, BT.709 limited range."""
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)


def expected(film: Film, seams: Sequence[Fraction] = SEAMS, **more: Any) -> Expected:
    """What a file of the film must hold."""
    duration = film.times[-1] + Fraction(1, RATE)
    marks = PictureMarks(seams)
    for image, time in zip(film.images, film.times, strict=True):
        marks.add(coded(image), time)
    sound = None
    if film.sound is not None:
        sound = SoundMarks(SOUND_RATE, (Fraction(0), *seams, duration))
        sound.add(film.sound)
    return Expected(
        duration,
        Fraction(RATE),
        tuple(seams),
        marks.facts(),
        sound.facts() if sound is not None else None,
        colour=film.colour,
        **more,
    )


def judged(path: Path, due: Expected, share: float = 1.0) -> CheckReport:
    facts = inspect_file(path, seams=due.seams, duration=due.duration, share=share)
    return check_result(facts, due)
