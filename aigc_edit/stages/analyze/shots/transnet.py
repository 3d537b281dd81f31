"""TransNetV2's two curves, read as boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from aigc_edit.api import Frames
from aigc_edit.models.transnet import HEIGHT, WIDTH, TransNet, TransNetStream
from aigc_edit.stages.analyze.shots.boundaries import Boundaries, Images, Range, joined

THRESHOLD = 0.5  # the authors' predictions_to_scenes
HARD_FRAMES = 3  # a transition this short is no dissolve: codecs and deinterlacers smear cuts


class TransNetDetector:
    """TransNetV2 on every frame. Needs a GPU to be quick; makes no use of the frame rate.

    Args:
        fps: frames a second.
        device: where the net runs.
        batch: windows at once; one is quickest on a CPU.
    """

    wants: ClassVar[Frames] = Frames(width=WIDTH, height=HEIGHT)

    def __init__(
        self,
        fps: float,  # noqa: ARG002 -- all detectors are made alike
        *,
        device: str = "cpu",
        batch: int | None = None,
    ) -> None:
        windows = batch or (1 if device == "cpu" else 16)
        self._stream = TransNetStream(TransNet.load(device), windows)
        self._single: list[float] = []
        self._many_hot: list[float] = []

    def feed(self, frames: Images) -> None:
        self._keep(self._stream.feed(frames))

    def finish(self) -> Boundaries:
        self._keep(self._stream.finish())
        return boundaries_of(self._single, self._many_hot)

    def _keep(self, both: npt.NDArray[np.float32]) -> None:
        self._single.extend(both[0].tolist())
        self._many_hot.extend(both[1].tolist())


def boundaries_of(single: list[float], many_hot: list[float]) -> Boundaries:
    """TransNetV2's two curves, [T] in [0, 1], as boundaries."""
    wide = list(_runs(many_hot))
    hard, gradual = [], []
    for first, last in _runs(single):
        around = [run for run in wide if run[0] <= last and run[1] >= first]
        start = min([first, *(run[0] for run in around)])
        end = max([last, *(run[1] for run in around)])
        peak = max(range(first, last + 1), key=single.__getitem__)
        if end - start >= HARD_FRAMES:
            gradual.append((start, end))
        elif peak + 1 < len(single):  # the net marks the last frame of the old shot
            hard.append(peak + 1)
    return Boundaries(tuple(hard), tuple(joined(gradual)))


def _runs(curve: list[float]) -> Iterator[Range]:
    first = None
    for index, value in enumerate([*curve, 0.0]):
        if value > THRESHOLD and first is None:
            first = index
        elif value <= THRESHOLD and first is not None:
            yield first, index - 1
            first = None
