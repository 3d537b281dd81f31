"""Clips made on the spot, and the readers that find their truth again.

Every frame carries its own number as black and white squares, so that after any edit and any
encoder the frame can still say which one it is. Flashes and beeps happen at known times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

BEEP_HZ = 1000
BEEP_SECONDS = Fraction(1, 20)
_BITS = 14
_SQUARE = 8  # pixels; survives any encoder
_FLASH_ROW = 2 * _SQUARE
_WHITE_LEVEL = 200


@dataclass(frozen=True)
class ClipSpec:
    """What a clip holds.

    Attributes:
        frames: how many.
        rate: frames a second; with `times` only a hint.
        times: presentation times of the frames in seconds, for variable frame rate.
        claps: times of a white flash (one frame) with a beep.
        cuts: first frames of new shots, each shot in a colour of its own.
        sound_rate: samples a second; None for a silent film.
        gop: frames between key frames at most.
        start: time stamp of the first frame in the file, seconds.
    """

    frames: int = 60
    rate: Fraction = Fraction(30)
    size: tuple[int, int] = (192, 108)
    times: Sequence[Fraction] | None = None
    claps: Sequence[Fraction] = ()
    cuts: Sequence[int] = ()
    sound_rate: int | None = 48_000
    gop: int = 12
    start: Fraction = Fraction(0)

    def time(self, frame: int) -> Fraction:
        return self.times[frame] if self.times is not None else Fraction(frame) / self.rate

    @property
    def duration(self) -> Fraction:
        return self.time(self.frames - 1) + 1 / Fraction(self.rate)


def make_clip(path: Path, spec: ClipSpec) -> Path:
    """Writes a clip (H.264 with B-frames, AAC) and returns its path."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("libx264", rate=spec.rate, options={"crf": "18"})
        picture.width, picture.height = spec.size
        picture.pix_fmt, picture.gop_size = "yuv420p", spec.gop
        picture.codec_context.time_base = Fraction(1, 90_000)
        sound: Any = None
        if spec.sound_rate:
            sound = container.add_stream("aac", rate=spec.sound_rate, options={"b": "128k"})
            sound.codec_context.layout = "stereo"
        _write_sound(container, sound, spec)
        _write_pictures(container, picture, spec)
    return path


def _write_pictures(container: Any, stream: Any, spec: ClipSpec) -> None:
    for number in range(spec.frames):
        frame = av.VideoFrame.from_ndarray(_drawn(number, spec), format="rgb24")
        frame.pts = round((spec.start + spec.time(number)) * 90_000)
        frame.time_base = Fraction(1, 90_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _write_sound(container: Any, stream: Any, spec: ClipSpec) -> None:
    if stream is None or not spec.sound_rate:
        return
    samples = _beeps(spec, spec.sound_rate)
    first = round(spec.start * spec.sound_rate)
    for at in range(0, samples.shape[1], 1024):
        piece = np.ascontiguousarray(samples[:, at : at + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = spec.sound_rate, first + at
        frame.time_base = Fraction(1, spec.sound_rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _drawn(number: int, spec: ClipSpec) -> npt.NDArray[np.uint8]:
    """The frame: its number in squares on top, a flash below, a moving bar, a shot's colour."""
    width, height = spec.size
    shot = sum(cut <= number for cut in spec.cuts)
    colours = np.random.default_rng(shot).integers(20, 110, (3, 4, 3))
    tiled = np.repeat(np.repeat(colours, -(-height // 3), 0), -(-width // 4), 1)
    image: npt.NDArray[np.uint8] = tiled[:height, :width].astype(np.uint8)
    bar = number * 3 % (width - 8)
    image[height // 2 :, bar : bar + 8] = 160
    for bit in range(_BITS):
        image[:_SQUARE, bit * _SQUARE : (bit + 1) * _SQUARE] = 255 * (number >> bit & 1)
    clapped = any(_shows(spec, number, clap) for clap in spec.claps)
    if clapped:
        image[_FLASH_ROW:] = 255
    return image


def _shows(spec: ClipSpec, number: int, time: Fraction) -> bool:
    end = spec.time(number + 1) if number + 1 < spec.frames else spec.duration
    return spec.time(number) <= time < end


def _beeps(spec: ClipSpec, rate: int) -> npt.NDArray[np.float32]:
    """float32 [2, N]: quiet noise, and a beep at each clap."""
    count = round(spec.duration * rate)
    sound = np.random.default_rng(1).normal(0, 1e-4, (2, count))
    tone = 0.5 * np.sin(2 * np.pi * BEEP_HZ * np.arange(round(BEEP_SECONDS * rate)) / rate)
    for clap in spec.claps:
        first = round(clap * rate)
        piece = tone[: max(0, count - first)]
        sound[:, first : first + len(piece)] += piece
    return sound.astype(np.float32)


def frame_number(image: npt.NDArray[np.uint8]) -> int:
    """The number that a frame [H, W, 3] carries."""
    middle = _SQUARE // 2
    bits = image[middle, middle : _BITS * _SQUARE : _SQUARE].mean(axis=-1) > 127
    return int((bits * (1 << np.arange(_BITS))).sum())


def shown_frames(path: Path) -> list[tuple[Fraction, int]]:
    """Time (seconds from the container's zero) and number of every frame, by plain PyAV."""
    with av.open(str(path)) as container:
        return [
            (Fraction(frame.pts * frame.time_base), frame_number(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(video=0)
        ]


def flash_times(path: Path) -> list[Fraction]:
    """When white frames begin, seconds."""
    found: list[Fraction] = []
    white_before = False
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            white = frame.to_ndarray(format="gray")[_FLASH_ROW + 2 :].mean() > _WHITE_LEVEL
            if white and not white_before:
                found.append(Fraction(frame.pts * frame.time_base))
            white_before = white
    return found


def read_sound(path: Path) -> tuple[npt.NDArray[np.float32], int, Fraction]:
    """All samples of a file [C, N], their rate, and the time of the first one, by plain PyAV."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
        rate = frames[0].sample_rate
        resampler = av.AudioResampler(format="fltp", layout=frames[0].layout.name, rate=rate)
        start = Fraction(frames[0].pts * frames[0].time_base)
        pieces = [out.to_ndarray() for frame in frames for out in resampler.resample(frame)]
    return np.concatenate(pieces, axis=1), rate, start


def beep_starts(path: Path) -> list[float]:
    """When beeps begin, seconds, to about a millisecond."""
    samples, rate, start = read_sound(path)
    loud = np.abs(samples.mean(axis=0)) > 0.1
    places = np.flatnonzero(loud)
    if not len(places):
        return []
    quiet = np.diff(places) > rate // 50
    first = places[np.concatenate([[True], quiet])]
    return [float(start) + k / rate for k in first.tolist()]
