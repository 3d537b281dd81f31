"""Odd films for the tests of this folder, and FFmpeg's own opinion of them."""

from __future__ import annotations

import functools
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from aigc_edit.testing.clips import ClipSpec, _drawn


@functools.cache
def ffmpeg() -> str:
    """The binary that the imageio-ffmpeg wheel carries: a second, independent reader."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def told_by_ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [ffmpeg(), "-nostdin", "-hide_banner", "-threads", "1", *arguments]
    return subprocess.run(command, capture_output=True, check=True)


def shown_by_ffmpeg(path: Path, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W]: the first picture as FFmpeg shows it (turned upright), at (width, height)."""
    scale = f"scale={size[0]}:{size[1]}"
    done = told_by_ffmpeg(
        "-i", str(path), "-frames:v", "1", "-vf", scale, "-pix_fmt", "gray", "-f", "rawvideo", "-"
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(size[1], size[0])


def write_film(
    path: Path,
    spec: ClipSpec,
    *,
    codec: str = "libx264",
    rotation: int = 0,
    aspect: Fraction = Fraction(1),
    options: dict[str, str] | None = None,
    time_base: Fraction | None = None,
) -> Path:
    """A clip whose frames carry their numbers, with what `make_clip` does not do."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=spec.rate, options=options or {})
        stream.width, stream.height = spec.size
        stream.pix_fmt, stream.gop_size = "yuv420p", spec.gop
        stream.codec_context.sample_aspect_ratio = aspect
        stream.codec_context.time_base = time_base or 1 / Fraction(spec.rate)
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(spec.frames):
            frame = av.VideoFrame.from_ndarray(_drawn(number, spec), format="rgb24")
            frame.time_base = stream.codec_context.time_base
            frame.pts = round((spec.start + spec.time(number)) / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
