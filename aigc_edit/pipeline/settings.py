"""The `input:` and `output:` parts of a pipeline file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from aigc_edit.api import FrameRate, LoudnessUnits, StageOptions, option

if TYPE_CHECKING:
    from aigc_edit.media import InputChoice

VideoMode = Literal["auto", "copy", "encode"]


def _track(given: object) -> object:
    number = isinstance(given, int) and not isinstance(given, bool) and given > 0
    word = isinstance(given, str) and re.fullmatch(r"[A-Za-z]{2,8}(-\w+)*", given)
    if not number and not word:
        raise ValueError(f"a track is a number from 1 or a language such as de, not {given!r}")
    return given


def _film(given: object) -> object:
    if given == "none":
        raise ValueError("without a picture there is no film")
    return _track(given)


_TRACK_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[A-Za-z]{2,8}"}]}
)
VideoChoice = Annotated[int | str, BeforeValidator(_film), _TRACK_SCHEMA]
TrackChoice = Annotated[int | str, BeforeValidator(_track), _TRACK_SCHEMA]


class Input(StageOptions):
    """What of the source is read.

    A track is a number among the tracks of its kind, from 1, or a language such as `de` or `deu`.
    """

    video_track: VideoChoice | None = option(
        None, help="Picture: number or language; the default one of the file if left out."
    )
    audio_track: TrackChoice | None = option(
        None, help="Sound: number, language, or none; the default one of the file if left out."
    )
    subtitle_track: TrackChoice | None = option(
        None, help="Subtitles: number, language, or none; the default ones if left out."
    )
    max_pixels: int | None = option(
        None, ge=1, help="Pixels of the largest picture that is read (default: 8192 x 8192)."
    )
    damage: float = option(
        0.5, ge=0, le=1, help="Share of damaged pictures that is put up with; more is an error."
    )

    def choice(self) -> InputChoice:
        from aigc_edit.media import InputChoice

        chosen = InputChoice(self.video_track, self.audio_track, self.subtitle_track)
        return replace(chosen, max_pixels=self.max_pixels) if self.max_pixels else chosen


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


def _mode(value: Any) -> Any:
    return {"mode": value} if isinstance(value, str) else value


def spelled_out(given: Any) -> Any:
    """`video: copy` is short for `video: {mode: copy}`."""
    if isinstance(given, dict) and "video" in given:
        return given | {"video": _mode(given["video"])}
    return given


class Output(StageOptions):
    """What comes out."""

    container: Literal["mp4", "mov", "mkv", "webm"] = option(
        "mp4", help="Container of the result where -o names no file."
    )
    video: Annotated[
        VideoOutput, BeforeValidator(_mode, json_schema_input_type=VideoOutput | VideoMode)
    ] = option(VideoOutput(), help="How the picture is written; a bare word is its mode.")
    audio: AudioOutput = option(AudioOutput(), help="How the sound is written.")
    metadata: bool = option(default=True, help="Keep titles, dates and chapters of the source.")
    strip_location: bool = option(default=False, help="Leave out where the source was filmed.")
