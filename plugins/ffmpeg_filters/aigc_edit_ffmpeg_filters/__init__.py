"""FFmpeg's filters as stages: `ffmpeg.video` for the picture, `ffmpeg.audio` for the sound."""

from .sound import FfmpegAudio
from .video import FfmpegVideo

__all__ = ["FfmpegAudio", "FfmpegVideo"]
