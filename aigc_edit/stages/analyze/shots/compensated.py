"""The default: an encoder's scene cut test, dissolves and fades, all on a coarse picture."""

from __future__ import annotations

from typing import ClassVar

from aigc_edit.api import Frames
from aigc_edit.stages.analyze.shots.boundaries import (
    MIN_SHOT_SECONDS,
    Boundaries,
    Images,
    joined,
    sane_rate,
    touch,
)
from aigc_edit.stages.analyze.shots.cuts import CutFinder
from aigc_edit.stages.analyze.shots.dissolves import DissolveFinder, half_spans, reach
from aigc_edit.stages.analyze.shots.fades import fades
from aigc_edit.stages.analyze.shots.history import History
from aigc_edit.stages.analyze.shots.prediction import BLOCK

SIDE = 64  # pixels of the longer side; a coarse picture hides noise and small motion


class CompensatedDetector:
    """Motion compensated cut, dissolve and fade detector.

    hard: a sudden change that neither block motion nor a change of brightness explains, and
    that does not return at once (x264's scene cut decision, flash check included).
    gradual: the frame is a blend of two that do not predict each other, or contrast falls to a
    flat frame and rises.

    Args:
        fps: frames a second.
    """

    wants: ClassVar[Frames] = Frames(side=SIDE, multiple=BLOCK)

    def __init__(self, fps: float) -> None:
        fps = sane_rate(fps)
        halves = half_spans(fps)
        self._shot = max(2, round(MIN_SHOT_SECONDS * fps))
        self._far = reach(halves) + self._shot
        self._margin = halves[0]
        self._history = History(2 * self._far + 1)
        self._cuts = CutFinder(self._history, self._shot, fps)
        self._dissolves = DissolveFinder(self._history, self._cuts.found, halves)

    def feed(self, frames: Images) -> None:
        for frame in frames:
            self._history.hold(frame)
            latest = len(self._history) - 1
            self._cuts.judge(latest - self._shot)
            self._dissolves.judge(latest - self._far)

    def finish(self) -> Boundaries:
        count = len(self._history)
        for frame in range(max(0, count - self._shot), count):
            self._cuts.judge(frame)
        for frame in range(max(0, count - self._far), count):
            self._dissolves.judge(frame)
        return self._boundaries()

    def _boundaries(self) -> Boundaries:
        """A fade is neither a cut nor a dissolve."""
        seen, cuts = self._history, self._cuts.found
        faded = fades(seen.levels, seen.contrasts, cuts, self._shot)
        hard = [cut for cut in cuts if not any(first < cut <= last for first, last in faded)]
        apart = [
            dissolve
            for dissolve in self._dissolves.found()
            if not any(touch(dissolve, fade, self._margin) for fade in faded)
        ]
        return Boundaries(tuple(hard), tuple(joined([*faded, *apart])))
