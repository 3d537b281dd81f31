"""What the kit feeds stages with: pictures that move and are cut, sound that swells, tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    Curve,
    Frames,
    Instant,
    Instants,
    Moment,
    Moments,
    Regions,
    Sentence,
    Shots,
    Span,
    Stage,
    Timeline,
    Track,
    TrackRef,
    Transcript,
    spread,
)
from aigc_edit.media import Image, PictureForm, Samples

if TYPE_CHECKING:
    from torch import Tensor

RATE = Fraction(10)  # frames a second
SECONDS = 8
CUT = Fraction(4)
SOUND_RATE = 16_000


@dataclass(frozen=True)
class Size:
    """Width and height of the pictures, `WIDTHxHEIGHT` in words."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


EVEN, ODD, WIDE = Size(64, 36), Size(61, 35), Size(192, 108)


def picture(number: int, width: int, height: int) -> Image:
    """uint8 [H, W, 3]: bars that move over a pattern, now darker, now brighter; another one after
    the cut."""
    rng = np.random.default_rng(int(number >= CUT * RATE))
    pattern = rng.integers(20, 230, (5, 8, 3))
    tiled = np.repeat(np.repeat(pattern, -(-height // 5), 0), -(-width // 8), 1)
    image: Image = tiled[:height, :width].astype(np.uint8)
    at = number * 3 % max(1, width - 4)
    image[height // 3 :, at : at + 4] = 255 - image[height // 3 :, at : at + 4]
    noise = np.random.default_rng(1000 + number).integers(0, 12, image.shape)
    return (image // 2 + 40 + number % 7 * 10 + noise).astype(np.uint8)


def film(size: Size, count: int) -> Tensor:
    """uint8 [T, 3, H, W]: the first frames."""
    import torch

    images = np.stack([picture(k, size.width, size.height) for k in range(count)])
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def glaring(frames: Any) -> Any:
    """uint8 [T, ...]: pictures in turn much brighter and much darker."""
    changed = frames // 4
    changed[::2] += 192
    return changed


def times(count: int, first: int = 0) -> tuple[Fraction, ...]:
    return tuple(Fraction(first + k) / RATE for k in range(count))


def sound(channels: int, seconds: Fraction | int, rate: int = SOUND_RATE) -> Samples:
    """float32 [C, N]: a tone in noise that swells, another one in each channel."""
    count = round(seconds * rate)
    clock = np.arange(count) / rate
    swell = 0.2 + 0.2 * np.sin(2 * np.pi * clock / 3)
    noise = np.random.default_rng(5).normal(0, 0.05, (channels, count))
    tones = [np.sin(2 * np.pi * (220 + 110 * c) * clock) for c in range(channels)]
    return ((np.stack(tones) + noise) * swell if count else noise).astype(np.float32)


def frames_as_needed(need: Frames, size: Size, seconds: Fraction) -> list[tuple[Fraction, Image]]:
    """What an analyser that declares `need` sees of a source of that size and length."""
    video: Any = size
    form = PictureForm.of(
        video,
        width=need.width,
        height=need.height,
        side=need.side,
        multiple=need.multiple,
        pixels=need.pixels,
    )
    step = max(Fraction(1), RATE / Fraction(need.fps)) if need.fps else Fraction(1)
    numbers = sorted({int(k * step) for k in range(int(seconds * RATE / step) + 1)})
    return [
        (Fraction(k) / RATE, _formed(picture(k, form.width, form.height), need.pixels))
        for k in numbers
        if k < seconds * RATE
    ]


def _formed(image: Image, pixels: str) -> Image:
    if pixels == "rgb":
        return image
    weights = np.array([0.2126, 0.7152, 0.0722])
    luma: npt.NDArray[np.uint8] = (image @ weights).round().astype(np.uint8)
    return luma


def example_tracks(
    stage: Stage, given: Iterable[Track], seconds: Fraction, *, optional: bool = True
) -> Timeline:
    """A timeline with what a stage reads: the tracks that were given, else made up ones.

    Args:
        optional: whether tracks that it could do without are there.
    """
    by_name = {track.name: track for track in given}
    wanted = [ref for ref in stage.reads if optional or not ref.optional]
    tracks = [by_name.get(ref.name) or _made_up(ref, seconds) for ref in wanted]
    return Timeline(seconds).then(*tracks)


def _made_up(ref: TrackRef, seconds: Fraction) -> Track:
    rng = np.random.default_rng(len(ref.name))
    half = seconds / 2
    if ref.kind is Curve:
        values = np.convolve(rng.random(int(seconds * 10) + 4), np.ones(5) / 5, "valid")
        return Curve(ref.name, Fraction(10), values.astype(np.float32), "0..1")
    if ref.kind is Shots:
        return Shots(ref.name, (Span(0, half), Span(half, seconds)))
    if ref.kind is Regions:
        return Regions(ref.name, tuple(_stretches(seconds)))
    if ref.kind is Moments:
        found = (Moment(s, 2.0 - k, {"motion": 1.0}) for k, s in enumerate(_stretches(seconds)))
        return Moments(ref.name, tuple(found))
    if ref.kind is Instants:
        return Instants(ref.name, tuple(Instant(Fraction(k, 2)) for k in range(int(seconds * 2))))
    if ref.kind is Transcript:
        said = (Sentence(spread("And so it goes, as ever.", s)) for s in _stretches(seconds))
        return Transcript(ref.name, tuple(said), "en")
    raise ValueError(f"give an example of the track {ref}: check_stage(..., tracks=[...])")


def _stretches(seconds: Fraction) -> Sequence[Span]:
    part = seconds / 8
    return [Span(part, 2 * part), Span(3 * part, 4 * part), Span(6 * part, 7 * part)]
