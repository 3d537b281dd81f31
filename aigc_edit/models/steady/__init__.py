"""Looks that do not flicker: blending along the optical flow; how much a film flickers."""

from aigc_edit.models.steady.flow import Motion, motion, small
from aigc_edit.models.steady.meter import Flicker, FlickerMeter, flicker
from aigc_edit.models.steady.steadier import Steadier
from aigc_edit.models.steady.warp import Warp

__all__ = ["Flicker", "FlickerMeter", "Motion", "Steadier", "Warp", "flicker", "motion", "small"]
