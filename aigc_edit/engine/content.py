"""Pictures to learn from: files of pictures, and frames out of videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from aigc_edit.errors import UsageError
from aigc_edit.media import (
    Image,
    PictureConverter,
    PictureForm,
    PictureReader,
    probe,
    read_picture,
)
from aigc_edit.timeline import Span

_PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_VIDEOS = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm"}
_MOST = 800  # pictures in all, 2 GB of 720p
_FRAMES = 16  # of one video; neighbours are alike
_MOMENT = Fraction(1, 1000)
_LEAST_LINES, _MOST_LINES = 160, 4096  # of a painting
_LONGEST = 6  # times as long as wide

Thing = TypeVar("Thing")


def read_content(paths: Sequence[Path], *, side: int = 1280) -> list[Image]:
    """Pictures as they are, frames of videos evenly over their length; uint8 [H, W, 3], RGB.

    Args:
        paths: pictures, videos, or folders of them (and of folders).
        side: longer sides are shrunk to it.

    Raises:
        UsageError: a path is not there, or a folder holds nothing of the kind.
        MediaError: a picture or video cannot be read.
    """
    files = _evenly([file for path in paths for file in _files(path)], _MOST)
    pictures = [file for file in files if _is_picture(file)]
    videos = [file for file in files if not _is_picture(file)]
    each = min(_FRAMES, max(1, (_MOST - len(pictures)) // max(1, len(videos))))
    found = [read_picture(path, side=side) for path in pictures]
    return found + [frame for path in videos for frame in _frames(path, each, side)]


def read_painting(path: Path, lines: int) -> Image:
    """A picture to learn a look from, its shorter side `lines` pixels; uint8 [H, W, 3], RGB.

    Raises:
        UsageError: it is not there, too small, or too long for its width.
        DecodeError: it cannot be read.
    """
    from PIL import Image as Pillow

    if not _LEAST_LINES <= lines <= _MOST_LINES:
        cure = f"Give {_LEAST_LINES} to {_MOST_LINES}."
        raise UsageError(f"{lines} lines cannot be learnt from", cure=cure)
    picture = named_picture(path, side=_LONGEST * lines)
    height, width = picture.shape[:2]
    least = min(height, width)
    if least * _LONGEST < max(height, width) or least < _LEAST_LINES:
        what = f"a picture of {width}x{height} pixels is no painting to learn from"
        cure = f"Its sides must be {_LEAST_LINES} pixels or more, and not so unlike."
        raise UsageError(what, where=path, cure=cure)
    size = (round(width * lines / least), round(height * lines / least))
    return np.array(Pillow.fromarray(picture).resize(size, Pillow.Resampling.LANCZOS))


def named_picture(path: Path, *, side: int = 1280) -> Image:
    """A picture that a command names; uint8 [H, W, 3], RGB. The longer side is shrunk to `side`.

    Raises:
        UsageError: there is no such file.
        DecodeError: it is no picture.
    """
    if not path.is_file():
        raise UsageError("there is no such picture", where=path)
    return read_picture(path, side=side)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError("there is no such file or folder", where=path)
    known = _PICTURES | _VIDEOS
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in known)
    if not found:
        cure = "Name a folder with pictures or videos in it, or the files themselves."
        raise UsageError("no pictures or videos in this folder", where=path, cure=cure)
    return found


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _PICTURES


def _evenly(things: Sequence[Thing], most: int) -> list[Thing]:
    """At most so many of them, from all over the list."""
    count = min(len(things), most)
    return [things[number * len(things) // count] for number in range(count)]


def _frames(path: Path, count: int, side: int) -> Iterator[Image]:
    source = probe(path)
    converter = PictureConverter(PictureForm.of(source.video, side=side), source.video.colour)
    with PictureReader(source) as reader:
        for time in _moments(source.duration, min(count, source.frames)):
            picture = next(reader.pictures(Span(time, time + _MOMENT)), None)
            if picture is not None:
                yield converter.array(picture.frame)


def _moments(duration: Fraction, count: int) -> Iterable[Fraction]:
    """The middles of equal parts."""
    return ((2 * number + 1) * duration / (2 * count) for number in range(count))
