"""The public kit for plugin authors: clips with known truth. Product code never imports it."""

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

__all__ = [
    "BEEP_HZ",
    "BEEP_SECONDS",
    "ClipSpec",
    "beep_starts",
    "flash_times",
    "frame_number",
    "make_clip",
    "read_sound",
    "shown_frames",
]
