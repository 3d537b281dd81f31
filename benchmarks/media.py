"""The films that are measured, made from the sample by the FFmpeg of the imageio-ffmpeg wheel."""

from __future__ import annotations

from pathlib import Path

import ffmpeg
import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "media" / "sample.mp4"
MINUTES = 10


def ten_minutes(folder: Path) -> Path:
    return programme(folder / "ten_minutes.mp4", MINUTES)


def programme(path: Path, minutes: float) -> Path:
    """A programme of 1280x720 at 30 fps: the sample again and again."""
    if not path.exists():
        source = ffmpeg.input(str(SAMPLE), stream_loop=-1, t=minutes * 60)
        picture = source.video.filter("scale", 1280, 720, flags="bicubic").filter("fps", 30)
        picture = picture.filter("noise", c0s=4, c0f="t")  # as a camera has it
        part = path.with_suffix(".part.mp4")
        _run(ffmpeg.output(picture, source.audio, str(part), **ENCODE))
        part.rename(path)
    return path


def repeated(film: Path, times: int, folder: Path) -> Path:
    """The film several times over, packets as they are."""
    path = folder / f"{film.stem}_x{times}.mp4"
    if not path.exists():
        source = ffmpeg.input(str(film), stream_loop=times - 1)
        part = path.with_suffix(".part.mp4")
        _run(ffmpeg.output(source, str(part), c="copy"))
        part.rename(path)
    return path


ENCODE = {
    "c:v": "libx264",
    "preset": "veryfast",
    "crf": "20",
    "c:a": "aac",
    "b:a": "160k",
    "movflags": "+faststart",
}


def _run(stream: object) -> None:
    ffmpeg.run(stream, cmd=FFMPEG, quiet=True, overwrite_output=True)


def decode_command(film: Path) -> list[str]:
    """Decode everything, do nothing with it."""
    return [FFMPEG, "-v", "error", "-i", str(film), "-f", "null", "-"]


def transcode_command(film: Path, output: Path) -> list[str]:
    source = ffmpeg.input(str(film))
    stream = ffmpeg.output(source.video, source.audio, str(output), **ENCODE)
    return _compiled(stream)


def through_rgb_command(film: Path, span: tuple[int, int], output: Path) -> list[str]:
    """One span, made RGB and back as exactly as libswscale can, as RGB filters have it."""
    source = ffmpeg.input(str(film), ss=span[0], t=span[1] - span[0])
    flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    picture = source.video
    for pixels in ("gbrp", "yuv420p"):
        picture = picture.filter("scale", flags=flags).filter("format", pixels)
    return _compiled(ffmpeg.output(picture, source.audio, str(output), **ENCODE))


def cut_command(film: Path, spans: list[tuple[int, int]], output: Path) -> list[str]:
    """Ten inputs with -ss and -t, and the concat filter."""
    inputs = [ffmpeg.input(str(film), ss=a, t=b - a) for a, b in spans]
    streams = [stream for source in inputs for stream in (source.video, source.audio)]
    joined = ffmpeg.concat(*streams, v=1, a=1).node
    return _compiled(ffmpeg.output(joined[0], joined[1], str(output), **ENCODE))


def _compiled(stream: object) -> list[str]:
    command: list[str] = ffmpeg.compile(stream, cmd=FFMPEG, overwrite_output=True)
    return [command[0], "-v", "error", *command[1:]]
