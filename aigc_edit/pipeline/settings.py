"""The `output:` part of a pipeline file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from aigc_edit.api import FrameRate, LoudnessUnits, StageOptions, option

VideoMode = Literal["auto", "copy", "encode"]


class VideoOutput(StageOptions):
    """How the picture is written."""

    mode: VideoMode = option(
        "auto",
        help="auto copies whole GOPs that nothing touches where that is safe, and encodes the "
        "rest; copy encodes nothing, so that cuts move out to key frames; encode copies nothing.",
    )

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
    fps: FrameRate | None = option(
        None, help="Constant frames a second; none keeps the times of the source."
    )


class AudioOutput(StageOptions):
    """How the sound is written."""

    codec: Literal["auto", "aac", "opus", "flac"] = option(
        "auto", help="Codec; auto takes the first one that the container holds (mp4: aac)."
    )
    bitrate: int = option(160, ge=16, le=512, help="Kilobits a second, for stereo.")
    tracks: Literal["all", "chosen"] = option(
        "all", help="Which sound tracks of the source come out; each goes through the filters."
    )
    loudness: LoudnessUnits | None = option(
        None, help="Programme loudness (EBU R128), such as -14 LUFS; none leaves it as it is."
    )


def spelled_out(value: Any) -> Any:
    """`video: copy` is short for `video: {mode: copy}`."""
    return {"mode": value} if isinstance(value, str) else value


class Output(StageOptions):
    """What comes out."""

    container: Literal["mp4", "mov", "mkv", "webm"] = option(
        "mp4", help="Container of the result where -o names no file."
    )
    video: Annotated[
        VideoOutput, BeforeValidator(spelled_out, json_schema_input_type=VideoOutput | VideoMode)
    ] = option(VideoOutput(), help="How the picture is written; a bare word is its mode.")
    audio: AudioOutput = option(AudioOutput(), help="How the sound is written.")
    metadata: bool = option(default=True, help="Keep titles, dates and chapters of the source.")
    strip_location: bool = option(default=False, help="Leave out where the source was filmed.")
