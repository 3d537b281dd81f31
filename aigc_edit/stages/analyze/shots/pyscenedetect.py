"""PySceneDetect's detectors of hard cuts."""

from __future__ import annotations

from typing import Any, ClassVar

from aigc_edit.api import Frames
from aigc_edit.stages.analyze.shots.boundaries import (
    MIN_SHOT_SECONDS,
    Boundaries,
    Images,
    sane_rate,
)

SIDE = 256  # pixels of the longer side: scenedetect.scene_manager.DEFAULT_MIN_WIDTH


class _PySceneDetect:
    """Feeds arrays to one of PySceneDetect's detectors.

    Time is frame / fps, so that a length in seconds is approximate on variable frame rate; a
    length in frames is exact.
    """

    wants: ClassVar[Frames] = Frames(side=SIDE)

    def __init__(self, detector: Any, fps: float) -> None:
        self._detector = detector
        self._fps = sane_rate(fps)
        self._count = 0
        self._cuts: set[int] = set()

    def feed(self, frames: Images) -> None:
        import cv2
        from scenedetect import FrameTimecode

        for frame in frames:
            bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
            found = self._detector.process_frame(FrameTimecode(self._count, self._fps), bgr)
            self._cuts.update(cut.frame_num for cut in found)
            self._count += 1

    def finish(self) -> Boundaries:
        from scenedetect import FrameTimecode

        if self._count:
            end = FrameTimecode(self._count - 1, self._fps)
            self._cuts.update(cut.frame_num for cut in self._detector.post_process(end))
        return Boundaries(tuple(sorted(self._cuts - {0})), ())


class ContentDetector(_PySceneDetect):
    """PySceneDetect's detect-content: mean HSV change between neighbouring frames.

    Args:
        fps: frames a second.
        threshold: mean change, 0 to 255.
        min_scene_len: frames if int, seconds if float.
    """

    def __init__(
        self,
        fps: float,
        *,
        threshold: float = 27.0,
        min_scene_len: int | float = MIN_SHOT_SECONDS,
    ) -> None:
        from scenedetect.detectors import ContentDetector as Theirs

        super().__init__(Theirs(threshold, min_scene_len), fps)


class AdaptiveDetector(_PySceneDetect):
    """PySceneDetect's detect-adaptive: that change in relation to its neighbours'.

    Args:
        fps: frames a second.
        adaptive_threshold: times the mean change around.
        min_content_val: mean change below which nothing is a cut, 0 to 255.
        window_width: frames each side.
        min_scene_len: frames if int, seconds if float.
    """

    def __init__(
        self,
        fps: float,
        *,
        adaptive_threshold: float = 3.0,
        min_content_val: float = 15.0,
        window_width: int = 2,
        min_scene_len: int | float = MIN_SHOT_SECONDS,
    ) -> None:
        from scenedetect.detectors import AdaptiveDetector as Theirs

        theirs = Theirs(adaptive_threshold, min_scene_len, window_width, min_content_val)
        super().__init__(theirs, fps)
