"""What was written, judged from outside: by an FFmpeg that is not ours, and by plain PyAV."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.error
import imageio_ffmpeg
import numpy as np

RESULT_SUFFIXES = (".mp4", ".mkv", ".mov", ".webm")
_ONE_FRAME_SLACK = 0.15  # seconds; a frame of picture at 10 fps and a block of sound


@dataclass(frozen=True)
class Facts:
    """What a result holds, counted by decoding all of it; `seconds` is the picture's length."""

    frames: int
    seconds: float
    size: tuple[int, int]
    aspect: float
    loudest: float
    finite: bool


@cache
def ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def results(folder: Path) -> list[Path]:
    """Finished videos under a final name."""
    return sorted(p for p in folder.iterdir() if p.is_file() and p.suffix in RESULT_SUFFIXES)


def leftovers(folder: Path) -> list[str]:
    """Everything in a folder, as names."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def scratch(folder: Path) -> list[str]:
    """Private folders that a run should have taken away."""
    return [p.name for p in folder.iterdir() if p.name.endswith(".part")]


def broken(path: Path) -> str:
    """What FFmpeg complains of when it decodes the whole file; empty where it is whole."""
    command = [ffmpeg(), "-nostdin", "-v", "error", "-xerror", "-i", f"file:{path.absolute()}"]
    # Times as they are: on a grid of the average rate, variable ones would fall together.
    as_they_are = ["-fps_mode", "passthrough", "-enc_time_base", "demux", "-f", "null", "-"]
    done = subprocess.run([*command, *as_they_are], capture_output=True, check=False)
    said = done.stderr.decode(errors="replace").strip()
    return said or ("" if done.returncode == 0 else f"ffmpeg ends with {done.returncode}")


def true_peak(path: Path) -> float:
    """dBTP of the file's sound, as FFmpeg's ebur128 filter measures it."""
    command = [ffmpeg(), "-nostdin", "-i", f"file:{path.absolute()}", "-af", "ebur128=peak=true"]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    return float(said.rsplit("Peak:", 1)[1].split()[0])


def facts(path: Path) -> Facts:
    """Decodes everything.

    Raises:
        av.error.FFmpegError: where that is not possible.
    """
    frames, shape, loudest, finite = 0, (0, 0), 0.0, True
    with av.open(f"file:{path.absolute()}") as container:
        for frame in container.decode(*container.streams.video, *container.streams.audio):
            if isinstance(frame, av.VideoFrame):
                frames += 1
                lying = round(frame.rotation) % 180 == 90  # a copy keeps its display matrix
                shape = (frame.height, frame.width) if lying else (frame.width, frame.height)
            else:
                samples = frame.to_ndarray()
                finite = finite and bool(np.isfinite(samples).all())
                loudest = max(loudest, float(np.abs(samples).max(initial=0)))
        picture = container.streams.video[0]
        aspect = float(picture.sample_aspect_ratio or 1)
        # What players show as its length; a frame's own duration is that of its packet, which
        # belongs to the order of decoding.
        end = float((picture.start_time + picture.duration) * picture.time_base)
    return Facts(frames, end, shape, aspect, loudest, finite)


def strict_json(text: str) -> Any:
    """JSON without NaN and Infinity, which no other language reads.

    Raises:
        ValueError: it holds them, or is no JSON.
    """

    def refused(word: str) -> Any:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refused)


def complaints(folder: Path) -> Iterator[str]:
    """What is wrong with the files that a successful run left in `folder`."""
    found = results(folder)
    if len(found) != 1:
        yield f"{len(found)} results instead of one: {leftovers(folder)}"
        return
    yield from (f"left behind: {name}" for name in scratch(folder))
    if said := broken(found[0]):
        yield f"its result does not decode: {said.splitlines()[0][:160]}"
        return
    record = found[0].with_name(f"{found[0].name}.run.json")
    if not record.exists():
        yield "no record beside the result"
        return
    try:
        yield from against_record(facts(found[0]), strict_json(record.read_text("utf-8")))
    except (av.error.FFmpegError, ValueError) as cause:
        yield f"its result or record cannot be read: {cause}"


def against_record(found: Facts, record: Any) -> Iterator[str]:
    """Where a result differs from what its record says."""
    told = record["output"]
    if found.frames != told["frames"]:
        yield f"{found.frames} frames decode, the record says {told['frames']}"
    if abs(found.seconds - told["duration"]) > _ONE_FRAME_SLACK + 1.0 / max(1, found.frames):
        yield f"{found.seconds:.2f} s long, the record says {told['duration']:.2f} s"
    if not found.finite:
        yield "NaN in the sound of the result"


def checksums(path: Path) -> tuple[str, ...]:
    """SHA-256 of every picture's planes with its time, then one of all samples."""
    pictures: list[str] = []
    sound = hashlib.sha256()
    with av.open(f"file:{path.absolute()}") as container:
        for frame in container.decode(*container.streams.video, *container.streams.audio):
            if isinstance(frame, av.VideoFrame):
                planes = frame.to_ndarray().tobytes()
                stamp = repr((frame.pts, frame.time_base, frame.width)).encode()
                pictures.append(hashlib.sha256(stamp + planes).hexdigest())
            else:
                sound.update(repr(frame.pts).encode() + frame.to_ndarray().tobytes())
    return (*pictures, sound.hexdigest())
