"""What a run will do, as frozen data that prints itself. Nothing here touches a pixel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from aigc_edit.api import Audio, Frames
from aigc_edit.engine.pieces import CopyChoice, Piece
from aigc_edit.media import Encoder, Source
from aigc_edit.timeline import EditList
from aigc_edit.words import counted

# Rules of thumb for estimates, measured with 720p H.264 on two cores: decoding 820 million
# pixels a second, encoding by preset. Cores add up to about eight.
_DECODE_PIXELS = 410e6
_ENCODE_PIXELS = {"ultrafast": 110e6, "veryfast": 65e6, "fast": 36e6, "medium": 30e6, "slow": 16e6}
_USEFUL_CORES = 8


@dataclass(frozen=True, slots=True)
class AnalysisPass:
    """One decode of the source that feeds analysers at their own size and rate."""

    fed: tuple[str, ...]
    needs: tuple[tuple[Frames | Audio, ...], ...]
    frames: int
    sound: bool

    def lines(self) -> Iterator[str]:
        what = f"decode {counted(self.frames, 'frame')}" if self.frames else "decode no frames"
        yield f"{what}{' and the sound' if self.sound else ''} once, feeding"
        for stage, needs in zip(self.fed, self.needs, strict=True):
            yield f"  {stage}: {', '.join(map(_need_text, needs))}"


@dataclass(frozen=True, slots=True)
class DerivePass:
    """Analysers that look at tracks only, and those whose tracks are in the cache."""

    derived: tuple[str, ...]
    cached: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        if self.cached:
            yield f"from the cache: {', '.join(self.cached)}"
        if self.derived:
            yield f"from tracks: {', '.join(self.derived)}"


@dataclass(frozen=True, slots=True)
class DecisionPass:
    """Selectors turn tracks into the edit list."""

    selectors: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        yield f"choose what is kept: {', '.join(self.selectors) or 'everything'}"


@dataclass(frozen=True, slots=True)
class RenderPass:
    """Decodes the GOPs of the kept spans, filters, encodes once; copies what nothing touches.

    Attributes:
        edits: None while the decision is still to come; the counts are estimates then.
        pieces: parts of the output that are made on their own.
        frames: to encode.
        copied: frames that are copied.
        choice: what may be copied, and why no more.
    """

    edits: EditList | None
    pieces: tuple[Piece, ...]
    frames: int
    copied: int
    decoded: int
    filters: tuple[str, ...]
    codec: str
    encoder: Encoder
    choice: CopyChoice | None

    def lines(self) -> Iterator[str]:
        about = "" if self.edits is not None else "about "
        spans = f"{counted(len(self.edits.kept), 'span')}, " if self.edits is not None else ""
        copied = f", copy {self.copied}" if self.copied else ""
        decode = f"decode {about}{counted(self.decoded, 'frame')}"
        yield f"{spans}{decode}, encode {about}{self.frames}{copied} ({self.codec})"
        if self.filters:
            yield f"  filter: {', '.join(self.filters)}"
        if self.choice is not None and self.choice.why:
            yield f"  {'copied' if self.copied else 'not copied'}: {self.choice.why}"


@dataclass(frozen=True, slots=True)
class SoundPass:
    """Cuts the sound to the sample, filters it, encodes it in one go."""

    seconds: Fraction
    filters: tuple[str, ...]
    codec: str

    def lines(self) -> Iterator[str]:
        chain = f", {', '.join(self.filters)}" if self.filters else ""
        yield f"about {float(self.seconds):.1f} s of sound{chain} ({self.codec})"


@dataclass(frozen=True, slots=True)
class MuxPass:
    """Puts picture and sound into one file, checks it, gives it its name."""

    container: str

    def lines(self) -> Iterator[str]:
        yield f"{self.container}, checked before it gets its name"


@dataclass(frozen=True, slots=True)
class DeliverPass:
    """Files beside the result."""

    sinks: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        yield f"beside it: run record{''.join(f', {s}' for s in self.sinks)}"


Pass = AnalysisPass | DerivePass | DecisionPass | RenderPass | SoundPass | MuxPass | DeliverPass
_TITLES: dict[type[Pass], str] = {
    AnalysisPass: "analysis",
    DerivePass: "tracks",
    DecisionPass: "decision",
    RenderPass: "render",
    SoundPass: "sound",
    MuxPass: "mux",
    DeliverPass: "deliver",
}


@dataclass(frozen=True)
class Plan:
    """The passes that a pipeline will make over a source, in order."""

    passes: tuple[Pass, ...]
    estimate: float

    @property
    def render(self) -> RenderPass:
        """The render pass; every plan has one."""
        return next(step for step in self.passes if isinstance(step, RenderPass))

    def lines(self) -> Iterator[str]:
        for number, step in enumerate(self.passes, 1):
            first, *more = [*step.lines()] or [""]
            yield f"{number}. {_TITLES[type(step)]:<9} {first}"
            for line in more:
                yield f"{'':<13}{line}"
        yield f"about {_clock(self.estimate)} on {_cores()} cores (rule of thumb)"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _need_text(need: Frames | Audio) -> str:
    if isinstance(need, Audio):
        rate = f"{need.rate} Hz" if need.rate else "own rate"
        channels = {1: "mono", 2: "stereo", None: "own channels"}[need.channels]
        return f"sound at {rate}, {channels}"
    sides = {"wide": need.width, "high": need.height, "on the longer side": need.side}
    asked = [f"{length} {name}" for name, length in sides.items() if length]
    shape = " and ".join(asked) or "full size"
    rate = f"at most {need.fps:g} fps" if need.fps else "every frame"
    return f"{need.pixels} {shape}, {rate}"


def estimated_seconds(source: Source, passes: tuple[Pass, ...], preset: str) -> float:
    """About how long the passes take on this machine, decoding and encoding only."""
    pixels = source.video.coded_width * source.video.coded_height
    speed = min(_cores(), _USEFUL_CORES)
    total = 0.0
    for step in passes:
        if isinstance(step, AnalysisPass):
            total += step.frames * pixels / (_DECODE_PIXELS * speed) * 1.4
        elif isinstance(step, RenderPass):
            total += step.decoded * pixels / (_DECODE_PIXELS * speed)
            total += step.frames * pixels / (_ENCODE_PIXELS[preset] * speed)
    return total


def _cores() -> int:
    return os.cpu_count() or 1


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{max(rest, 1)} s"
