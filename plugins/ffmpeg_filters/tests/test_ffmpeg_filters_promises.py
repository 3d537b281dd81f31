"""Chains of every sort keep what stages promise."""

import pytest
from aigc_edit_ffmpeg_filters import FfmpegAudio, FfmpegVideo

_VIDEO = (
    "hue=s=0, vignette",
    "tmix=frames=3",
    "scale=iw/2:-2",
    "gblur=sigma=2, negate",
    "fade=d=0.1",
    "curves=vintage",
    "vflip",
)
_AUDIO = (
    "volume=0.5",
    "lowpass=f=1000",
    "aecho",
    "alimiter",
    "afftdn",
    "dynaudnorm",
    "adelay=100",
)


@pytest.mark.stages(
    [(FfmpegVideo, {"filters": chain}) for chain in _VIDEO]
    + [(FfmpegAudio, {"filters": chain}) for chain in _AUDIO]
)
def test_keeps_its_promises(promise):
    promise()
