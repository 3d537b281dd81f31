"""The `output:` part of a pipeline file."""

from __future__ import annotations

from typing import Literal

from aigc_edit.api import LoudnessUnits, StageOptions, option


class VideoOutput(StageOptions):
    """How the picture is written."""

    codec: Literal["auto", "h264", "hevc", "vp9", "av1", "prores"] = option(
        "auto", help="Codec; auto takes the first one that the container holds (mp4: h264)."
    )
    quality: int = option(20, ge=0, le=51, help="As x264's crf: lower is better and larger.")
    preset: Literal["ultrafast", "veryfast", "fast", "medium", "slow"] = option(
        "veryfast", help="How long the encoder tries; slower makes smaller files."
    )
    encoder: str = option(
        "auto", help="auto (hardware where it opens), software, or an encoder's name."
    )


class AudioOutput(StageOptions):
    """How the sound is written."""

    codec: Literal["auto", "aac", "opus", "flac"] = option(
        "auto", help="Codec; auto takes the first one that the container holds (mp4: aac)."
    )
    bitrate: int = option(160, ge=16, le=512, help="Kilobits a second, for stereo.")
    loudness: LoudnessUnits | None = option(
        None, help="Programme loudness (EBU R128), such as -14 LUFS; none leaves it as it is."
    )


class Output(StageOptions):
    """What comes out."""

    container: Literal["mp4", "mov", "mkv", "webm"] = option(
        "mp4", help="Container of the result where -o names no file."
    )
    video: VideoOutput = option(VideoOutput(), help="How the picture is written.")
    audio: AudioOutput = option(AudioOutput(), help="How the sound is written.")
