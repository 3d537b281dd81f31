"""Dissolves: frames that are a blend of two which do not predict each other.

The double chromatic difference of Yu, Bozdagi & Harrington 1997, on luma.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from aigc_edit.stages.analyze.shots.boundaries import Range, touch
from aigc_edit.stages.analyze.shots.fades import PICTURE
from aigc_edit.stages.analyze.shots.history import History
from aigc_edit.stages.analyze.shots.prediction import blend

BLEND_ERROR = 0.02  # share of variance left unexplained; shake alone can reach 0.03
BLEND_SPANS = (0.5, 1.0)  # seconds; dissolves mostly last 0.5 to 2 s


def half_spans(fps: float) -> tuple[int, ...]:
    """Half the frames of the dissolves looked for, ascending."""
    return tuple(max(2, round(span * fps / 2)) for span in BLEND_SPANS)


def reach(halves: Sequence[int]) -> int:
    """Frames that are looked at on both sides of one."""
    return 2 * halves[-1]


class Sighting(NamedTuple):
    """The middle of three frames, and how far the whole transition goes."""

    frame: int
    range: Range


class DissolveFinder:
    """Judges frames in order; each needs the next `reach` ones, judged for cuts, if there are any.

    Args:
        history: the frames.
        cuts: the hard cuts so far, a list that grows.
        halves: half the frames of the dissolves looked for, ascending.
    """

    def __init__(self, history: History, cuts: Sequence[int], halves: Sequence[int]) -> None:
        self._history = history
        self._cuts = cuts
        self._halves = halves
        self._reach = reach(halves)
        self._stride = max(1, halves[0] // 3)  # several tries within the shortest dissolve
        self._sightings: list[Sighting] = []

    def judge(self, frame: int) -> None:
        if frame < 0 or frame % self._stride:
            return
        for half in self._halves:
            error = self._blend_error(frame, half)
            if error <= BLEND_ERROR and self._are_other_shots(frame - half, frame + half):
                self._sightings.append(Sighting(frame, self._extent(frame, half)))
                return

    def found(self) -> list[Range]:
        """The first and last frame of each dissolve so far."""
        return _central(_confirmed(self._sightings, 2 * self._stride))

    def _are_other_shots(self, one: int, other: int) -> bool:
        """Different even at equal brightness and contrast: a fade is no dissolve."""
        return self._history.differ(one, other) and self._history.differ_levelled(one, other)

    def _blend_error(self, frame: int, half: int) -> float:
        """Unexplained share of variance, 1 where the frame is no even blend at all."""
        first, last = frame - half, frame + half
        if first < 0 or last >= len(self._history) or self._has_cut(first, last):
            return 1.0
        contrasts = self._history.contrasts
        if min(contrasts[first], contrasts[last]) < PICTURE:  # a fade, see there
            return 1.0
        start, middle, end = (self._history[index].vector for index in (first, frame, last))
        old, new, error = blend(start, middle, end)
        return error if min(old, new) > 0.3 and max(old, new) < 0.7 else 1.0

    def _has_cut(self, first: int, last: int) -> bool:
        return any(first < cut <= last for cut in self._cuts[-8:])

    def _extent(self, frame: int, half: int) -> Range:
        """From the share of the new shot at a quarter and at three quarters, made linear."""
        first = max([0, frame - self._reach, *(cut for cut in self._cuts if cut <= frame)])
        last = min(
            [len(self._history) - 1, frame + self._reach]
            + [cut - 1 for cut in self._cuts[-8:] if cut > frame]
        )
        shares = self._shares(first, last)
        quarter = [i for i in range(first, frame) if shares[i - first] < 0.25]
        three = [i for i in range(frame, last + 1) if shares[i - first] > 0.75]
        if not quarter or not three:
            return frame - half, frame + half
        margin = (three[0] - quarter[-1]) // 2
        return max(first, quarter[-1] - margin), min(last, three[0] + margin)

    def _shares(self, first: int, last: int) -> list[float]:
        start, end = self._history[first].vector, self._history[last].vector
        blends = (blend(start, self._history[i].vector, end) for i in range(first, last + 1))
        return [new / (old + new) if old + new > 0.1 else 0.5 for old, new, _ in blends]


def _confirmed(sightings: list[Sighting], distance: int) -> list[Sighting]:
    """Those with another close by: a dissolve lasts, a chance likeness in a pan does not."""
    lonely = set(range(len(sightings)))
    for index, (one, other) in enumerate(pairwise(sightings)):
        if other.frame - one.frame <= distance:
            lonely -= {index, index + 1}
    return [sighting for index, sighting in enumerate(sightings) if index not in lonely]


def _central(sightings: list[Sighting]) -> list[Range]:
    """Of the sightings that overlap, the middle one: it sees as far to both sides."""
    groups: list[list[Sighting]] = []
    for sighting in sightings:
        if groups and touch(groups[-1][-1].range, sighting.range):
            groups[-1].append(sighting)
        else:
            groups.append([sighting])
    return [group[len(group) // 2].range for group in groups]
