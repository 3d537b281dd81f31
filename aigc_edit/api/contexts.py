"""What stages of each kind are told before they work."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from aigc_edit.timeline import SAME_TIME, EditList, SubtitleTrack, Timeline


def _no_subtitles() -> SubtitleTrack:
    return SubtitleTrack(())


@dataclass(frozen=True, slots=True)
class AnalysisContext:
    """The source as an analyser may know it.

    Attributes:
        duration: seconds, exact.
        rate: frames a second on average.
        audio_rate: samples a second, None for a source without sound.
        device: where nets run: `cpu`, `cuda:0`, `mps`.
        subtitles: reads the source's own subtitles, in source time; raises MediaError where they
            are pictures of text.
    """

    duration: Fraction
    rate: Fraction
    audio_rate: int | None
    device: str = "cpu"
    subtitles: Callable[[], SubtitleTrack] = _no_subtitles


@dataclass(frozen=True, slots=True)
class FilterContext:
    """What a frame filter may know.

    Attributes:
        width, height: size of the frames that come in, pixels.
        rate: frames a second on average.
        tracks: those in `reads`, in output time; their `duration` is that of the output.
        device: where frames are and nets run: `cpu`, `cuda:0`, `mps`.
        matrix: of `Planes`: `bt709` or `bt601`.
        seams: output times at which the source jumps: where one kept moment ends, and the next
            one begins.
    """

    width: int
    height: int
    rate: Fraction
    tracks: Timeline
    device: str = "cpu"
    matrix: Literal["bt709", "bt601"] = "bt709"
    seams: tuple[Fraction, ...] = ()

    def moment(self, time: Fraction) -> int:
        """The number of the kept moment that an output time lies in, counted from 1."""
        return bisect_right(self.seams, time + SAME_TIME) + 1


@dataclass(frozen=True, slots=True)
class SoundContext:
    """What an audio filter may know: everything in output time.

    Attributes:
        rate, channels: of the programme.
        samples: length of the programme, in samples of each channel.
        seams: times at which the source jumps, seconds.
        tracks: those in `reads`.
    """

    rate: int
    channels: int
    samples: int
    seams: tuple[Fraction, ...]
    tracks: Timeline


@dataclass(frozen=True, slots=True)
class Delivery:
    """A finished result, for sinks.

    Attributes:
        output: the finished file.
        source: the file that it was made from.
        source_duration: seconds.
        rate: frames a second of the source on average.
        edits: what was kept, in seconds of the source.
        tracks: all tracks, in output time; `reads` says which ones must be there.
        record: the run record, as it will be written.
    """

    output: Path
    source: Path
    source_duration: Fraction
    rate: Fraction
    edits: EditList
    tracks: Timeline
    record: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The output's name without its ending, as text: bytes that are none become escapes."""
        return self.output.stem.encode("utf-8", "backslashreplace").decode("utf-8")

    def beside(self, suffix: str) -> Path:
        """The path of a file beside the output, such as `NAME.otio` for `.otio`."""
        return self.output.with_suffix(suffix)
