"""Hard cuts, the way an encoder decides on them.

Its question: can the frame be predicted from the one before by moving blocks about? Pans, zooms
and shake can, a new shot cannot. Asked only where the picture changes suddenly.
"""

from __future__ import annotations

from aigc_edit.stages.analyze.shots.boundaries import MIN_SHOT_SECONDS
from aigc_edit.stages.analyze.shots.history import History

SUDDEN = 1.5  # times the median change around; only spares work, as does the next
VISIBLE = 4.0  # grey levels of mean change
FLASH_SECONDS = 0.125  # what returns within half the shortest shot was a flash
MAX_GAIN = 2.0  # contrast change in one frame, x264's limit for weighted prediction


class CutFinder:
    """Judges frames in order; each needs the next `shot` frames in the history, if there are any.

    Args:
        history: the frames.
        shot: frames of the shortest shot.
        fps: frames a second.

    Attributes:
        found: the first frame of each new shot so far, ascending.
    """

    def __init__(self, history: History, shot: int, fps: float) -> None:
        self.found: list[int] = []
        self._history = history
        self._shot = shot
        self._flash = min(8, round(FLASH_SECONDS * fps))
        self._fade_step = 255 / (MIN_SHOT_SECONDS * fps)

    def judge(self, frame: int) -> None:
        if frame > 0 and self._is_sudden(frame) and self._is_new_shot(frame):
            self.found.append(frame)

    def _is_sudden(self, frame: int) -> bool:
        changes = self._history.changes
        if changes[frame] < max(VISIBLE, *changes[frame - 1 : frame + 2]):
            return False
        before = changes[max(1, frame - self._shot) : frame]
        around = sorted(before + changes[frame + 1 : frame + 1 + self._shot])
        return not around or changes[frame] > SUDDEN * around[len(around) // 2]

    def _is_new_shot(self, frame: int) -> bool:
        if not self._history.differ(frame - 1, frame):
            return False
        if self._may_be_fade(frame) and not self._history.differ_levelled(frame - 1, frame):
            return False
        return not self._is_flash(frame)

    def _may_be_fade(self, frame: int) -> bool:
        levels, contrasts = self._history.levels, self._history.contrasts
        step = abs(levels[frame] - levels[frame - 1])
        gain = (contrasts[frame] + 1) / (contrasts[frame - 1] + 1)
        return step <= self._fade_step and 1 / MAX_GAIN <= gain <= MAX_GAIN

    def _is_flash(self, frame: int) -> bool:
        """Whether the picture soon returns to the old shot, or has just come back from one."""
        for step in range(1, self._flash + 1):
            later, earlier = frame + step, frame - 1 - step
            if later < len(self._history) and not self._history.differ(frame - 1, later):
                return True
            if earlier >= 0 and not self._history.differ(earlier, frame):
                return True
        return False
