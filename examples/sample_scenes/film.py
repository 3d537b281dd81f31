"""Frames of the finished picture, and the file that they are written to as they are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from aigc_edit.media.subtitles import write_subtitles
from aigc_edit.timeline import Span, Subtitle, SubtitleTrack
from sample_scenes.paint import HEIGHT, WIDTH, Floats, Image, dice, new_canvas
from sample_scenes.sound import Stereo
from sample_scenes.story import FLASH, FPS, FRAMES, LINES, SHOTS, Shot
from sample_scenes.voice import RATE, Word

WHITENING = (0.92, 0.8, 0.6)
GRAIN, GRAIN_TILES = 0.9, 8
ENCODER = {
    "preset": "slow", "crf": "28", "threads": "1",
    "x264-params": "keyint=60:min-keyint=2:aq-mode=3:vbv-maxrate=385:vbv-bufsize=500"
                   ":colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off",
}  # fmt: skip


@lru_cache(maxsize=1)
def vignette() -> Floats:
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    return (1 - 0.11 * np.clip(x**2 + y**2 - 0.55, 0, None)).astype(np.float32)[:, :, None]


@lru_cache(maxsize=1)
def grain() -> Floats:
    noise = dice("grain").normal(0, GRAIN, (GRAIN_TILES, HEIGHT, WIDTH, 1))
    return noise.astype(np.float32)


def shot_image(item: Shot, index: int, canvas: Image) -> Floats:
    t = (index - item.first) / (item.end - item.first - 1)
    picture = item.scene(t, canvas)
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def frame(index: int, canvas: Image) -> Image:
    """One finished frame: shot or dissolve, vignette, flash and grain."""
    shown = [item for item in SHOTS if item.first <= index < item.end]
    picture = shot_image(shown[0], index, canvas)
    if len(shown) == 2:
        weight = (index - shown[1].first + 1) / (shown[0].end - shown[1].first + 1)
        picture += weight * (shot_image(shown[1], index, canvas) - picture)
    picture *= vignette()
    if FLASH[0] <= index <= FLASH[1]:
        picture += WHITENING[index - FLASH[0]] * (255 - picture)
    # Grain that changes on every second frame is calm to the eye and cheap to encode.
    picture += grain()[index // 2 % GRAIN_TILES]
    result: Image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return result


def frames() -> Iterator[Image]:
    canvas = new_canvas()
    for index in range(FRAMES):
        yield frame(index, canvas)


def video_stream(file: av.container.OutputContainer) -> av.VideoStream:
    stream = file.add_stream("libx264", rate=FPS, options=ENCODER)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.gop_size = 2 * FPS
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = ColorRange.MPEG
    return stream


def sound_blocks(sound: Stereo) -> Iterator[av.AudioFrame]:
    """The sound in pieces of one video frame each."""
    step = RATE // FPS
    for first in range(0, len(sound), step):
        data = np.ascontiguousarray(sound[first : first + step].T.astype(np.float32))
        block = av.AudioFrame.from_ndarray(data, format="fltp", layout="stereo")
        block.sample_rate, block.pts, block.time_base = RATE, first, Fraction(1, RATE)
        yield block


def captions(words: Sequence[Word]) -> SubtitleTrack:
    """The narrator's lines, each while it is spoken."""
    left = iter(words)
    spoken = [(line, [next(left) for _ in line.text.split()]) for line in LINES]
    return SubtitleTrack(
        tuple(
            Subtitle(Span.measured(said[0].start, said[-1].end), line.text) for line, said in spoken
        ),
        language="en",
    )


def write(path: Path, sound: Stereo, words: Sequence[Word]) -> None:
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        video = video_stream(file)
        audio = file.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = 68_000
        for packet in write_subtitles(file, captions(words)):
            file.mux(packet)
        blocks = sound_blocks(sound)
        for index, picture in enumerate(frames()):
            image = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            image.pts, image.time_base = index, Fraction(1, FPS)
            file.mux(video.encode(image))
            file.mux(audio.encode(next(blocks)))
        file.mux(video.encode(None))
        file.mux(audio.encode(None))
