"""Where shots begin and end, found while frames stream by.

`compensated` is the default; `content` and `adaptive` are PySceneDetect's; `transnet` is a net.
"""

from __future__ import annotations

from collections.abc import Mapping

from aigc_edit.stages.analyze.shots.boundaries import Boundaries, ShotDetector
from aigc_edit.stages.analyze.shots.compensated import CompensatedDetector
from aigc_edit.stages.analyze.shots.pyscenedetect import AdaptiveDetector, ContentDetector
from aigc_edit.stages.analyze.shots.transnet import TransNetDetector, boundaries_of

DEFAULT = "compensated"
DETECTORS: Mapping[str, type[ShotDetector]] = {
    "compensated": CompensatedDetector,
    "content": ContentDetector,
    "adaptive": AdaptiveDetector,
    "transnet": TransNetDetector,
}

__all__ = ["DEFAULT", "DETECTORS", "Boundaries", "ShotDetector", "boundaries_of"]
