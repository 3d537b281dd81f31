"""What every shot detector takes and gives."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from aigc_edit.api import Frames

Images = npt.NDArray[np.uint8]
Range = tuple[int, int]  # first and last frame

MIN_SHOT_SECONDS = 0.25  # six frames of film


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Frame indices, ascending.

    Attributes:
        hard: the first frame of each new shot.
        gradual: first and last frame of each dissolve or fade; the old shot is gone after it.
    """

    hard: tuple[int, ...]
    gradual: tuple[Range, ...]


class ShotDetector(Protocol):
    """Takes all frames of a video in order, in batches of any length, then tells the cuts.

    Attributes:
        wants: the form of the frames that feed takes.
    """

    wants: ClassVar[Frames]

    def __init__(self, fps: float, **options: Any) -> None: ...

    def feed(self, frames: Images) -> None:
        """uint8 [T, H, W, 3], RGB, in the wanted form."""
        ...

    def finish(self) -> Boundaries:
        """To be called once, after the last frame."""
        ...


def sane_rate(fps: float) -> float:
    """Broken headers claim rates from 0 to 90000."""
    return min(240.0, max(1.0, fps)) if math.isfinite(fps) else 25.0


def touch(one: Range, other: Range, margin: int = 0) -> bool:
    """Whether the two share a frame, or lie no more than margin apart."""
    return one[0] <= other[1] + margin and other[0] <= one[1] + margin


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Ascending, those that overlap made one."""
    result: list[Range] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1]:
            result[-1] = result[-1][0], max(last, result[-1][1])
        else:
            result.append((first, last))
    return result
