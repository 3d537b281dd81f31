"""The public kit for plugin authors: promises checked, clips with known truth.

Product code never imports it.
"""

from aigc_edit.testing.clips import (
    BEEP_HZ,
    BEEP_SECONDS,
    ClipSpec,
    beep_starts,
    flash_times,
    frame_number,
    make_clip,
    read_sound,
    shown_frames,
)
from aigc_edit.testing.kit import BrokenPromiseError, StageReport, check_stage
from aigc_edit.testing.running import found_tracks, run_pipeline

__all__ = [
    "BrokenPromiseError",
    "StageReport",
    "check_stage",
    "BEEP_HZ",
    "BEEP_SECONDS",
    "ClipSpec",
    "beep_starts",
    "flash_times",
    "found_tracks",
    "run_pipeline",
    "frame_number",
    "make_clip",
    "read_sound",
    "shown_frames",
]
