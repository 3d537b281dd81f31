"""What the compensated detector remembers of the frames that went by."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from aigc_edit.stages.analyze.shots.boundaries import Images
from aigc_edit.stages.analyze.shots.prediction import Picture, Plane, levelled, unpredicted, vector


class Held(NamedTuple):
    """What stays of a frame for a second or so."""

    picture: Picture  # [H, W, 3]
    vector: Plane  # [H * W / 4], see prediction


class History:
    """Three numbers of every frame, and the pictures of the last ones.

    Args:
        length: pictures held.

    Attributes:
        changes: mean change of each frame to the one before, in grey levels.
        levels: mean grey level of each frame.
        contrasts: its standard deviation.
    """

    def __init__(self, length: int) -> None:
        self.changes: list[float] = []
        self.levels: list[float] = []
        self.contrasts: list[float] = []
        self._held: deque[Held] = deque(maxlen=length)
        self._last: Images | None = None

    def __len__(self) -> int:
        """Frames seen so far."""
        return len(self.changes)

    def __getitem__(self, frame: int) -> Held:
        return self._held[frame - (len(self) - len(self._held))]

    def hold(self, frame: Images) -> None:
        """uint8 [H, W, 3], the next frame."""
        import cv2

        gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        change = 0.0 if self._last is None else cv2.norm(frame, self._last, cv2.NORM_L1)
        self.changes.append(change / frame.size)
        level, contrast = (float(value[0, 0]) for value in cv2.meanStdDev(gray))
        self.levels.append(level)
        self.contrasts.append(contrast)
        self._last = frame.copy()
        self._held.append(Held(self._last, vector(gray)))

    def differ(self, one: int, other: int) -> bool:
        """Whether block motion does not predict the one frame from the other."""
        return unpredicted(self[one].picture, self[other].picture)

    def differ_levelled(self, one: int, other: int) -> bool:
        """The same, with the one at the brightness and contrast of the other."""
        old, new = self[one].picture, self[other].picture
        return unpredicted(levelled(old, new), new)
