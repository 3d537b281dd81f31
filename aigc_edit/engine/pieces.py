"""Cuts the output's picture into pieces that are made on their own: encoded, or copied.

A finished piece need not be made again after a kill, and what nothing touches need not be encoded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from aigc_edit.api import FrameFilter
from aigc_edit.media import CONTAINERS, AvcHeaders, Encoder, Source
from aigc_edit.pipeline import Output
from aigc_edit.timeline import SAME_TIME, EditList, Kept, Span

# Sixty spans of half a second took a quarter more CPU with an encoder each than with one for ten
# seconds: very short spans share one.
SHORTEST_SECONDS = 2
# What a kill may cost of a long span; x264 sets a key frame about as often anyway.
LONGEST_SECONDS = 10
_EDGE_ENCODER = "libx264"  # the one that can number its parameter sets
_EDGE_FORMATS = ("yuv420p", "yuvj420p")


@dataclass(frozen=True, slots=True)
class Placed:
    """A span of the source and where it begins in the output."""

    span: Span
    at: Fraction

    @property
    def end(self) -> Fraction:
        return self.at + self.span.duration


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring spans of the output that become one part of the file."""

    placed: tuple[Placed, ...]
    copied: bool = False

    @property
    def start(self) -> Fraction:
        return self.placed[0].at

    @property
    def end(self) -> Fraction:
        return self.placed[-1].end

    @property
    def duration(self) -> Fraction:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class CopyChoice:
    """What may be copied, and why no more than that.

    Attributes:
        extent: `nothing`; `whole`: spans from clean key frame to clean key frame; `inside`:
            whole GOPs inside of any span, its edges encoded.
        why: the reason, for the record.
        sps_id: id of the parameter sets of encoded edges.
    """

    extent: str
    why: str
    sps_id: int | None = None


def copy_choice(
    source: Source,
    edits: EditList,
    output: Output,
    suffix: str,
    encoder: Encoder,
    filters: Sequence[FrameFilter],
) -> CopyChoice:
    """What of a source may be copied into an output."""
    reason = _refusal(source, output, suffix, filters)
    if reason:
        return CopyChoice("nothing", reason)
    inside = _edges(source, encoder)
    if inside.extent == "nothing" and _all_whole(edits, source):
        return CopyChoice("whole", "every span begins and ends with a whole GOP")
    return inside


def _refusal(
    source: Source, output: Output, suffix: str, filters: Sequence[FrameFilter]
) -> str | None:
    """Why nothing may be copied, if so."""
    video, wanted = source.video, output.video
    reasons = (
        (wanted.mode == "encode", "output.video.mode is encode"),
        (bool(filters), "a frame filter touches every frame"),
        (wanted.fps is not None, "output.video.fps asks for other times"),
        (video.codec not in CONTAINERS[suffix][0], f"{suffix} files do not hold {video.codec}"),
        (wanted.codec not in ("auto", video.codec), f"{video.codec} is not {wanted.codec}"),
        (not video.timed, "the source has no times"),
        (not source.clock.even, "the source's clock jumps"),
        (source.index.hidden, "an edit list hides pictures of the source"),
        (video.coded_format != video.pixel_format, "what is transparent must become black"),
        (not source.index.clean.any(), "no key frame of the source is known to be clean"),
    )
    return next((reason for refused, reason in reasons if refused), None)


def _edges(source: Source, encoder: Encoder) -> CopyChoice:
    """Whether encoded edges can stand beside copied GOPs."""
    video = source.video
    headers = AvcHeaders.parsed(source.index.headers) if video.codec == "h264" else None
    sps_id = headers.free_sps_id() if headers else None
    if not video.as_coded:
        return CopyChoice("nothing", "encoded edges would be upright, copied GOPs would not")
    if encoder.name != _EDGE_ENCODER or sps_id is None:
        return CopyChoice("nothing", f"{video.codec} has no room for encoded edges here")
    if video.pixel_format not in _EDGE_FORMATS:
        return CopyChoice("nothing", f"edges would not be {video.pixel_format}")
    return CopyChoice("inside", "", sps_id)


def _all_whole(edits: EditList, source: Source) -> bool:
    """Whether every span begins and ends with a whole GOP."""
    keys = source.key_times(clean=True)

    def clean(time: Fraction) -> bool:
        near = keys[bisect_left(keys, time - SAME_TIME) :][:1]
        return bool(near) and abs(near[0] - time) <= SAME_TIME

    return all(
        clean(s.start) and (clean(s.end) or s.end >= source.duration - SAME_TIME)
        for s in edits.spans
    )


def on_clean_keys(edits: EditList, source: Source) -> EditList:
    """Spans grown to whole GOPs, for `copy`: nothing of what was asked for is lost.

    A span before the first clean key frame stays as it is, and cannot be copied.
    """
    keys = source.key_times(clean=True)
    grown: list[Kept] = []
    asked_before: Span | None = None
    for kept in edits.kept:
        span, first = kept.span, bisect_right(keys, kept.span.start + SAME_TIME) - 1
        last = bisect_left(keys, span.end - SAME_TIME)
        start = keys[first] if first >= 0 else span.start
        end = keys[last] if last < len(keys) else source.duration
        if asked_before is not None and asked_before.end <= span.start:
            start = max(start, min(grown[-1].span.end, end))  # that GOP was played already
        asked_before = span
        grown.append(Kept(Span(start, end), kept.why))
    return EditList(tuple(kept for kept in grown if kept.span.duration > 0))


def first_number(time: Fraction, fps: Fraction) -> int:
    """The number of the first frame of a constant rate that is shown at or after a time."""
    return ceil((time - SAME_TIME) * fps)


def make_pieces(
    source: Source,
    edits: EditList,
    choice: CopyChoice,
    *,
    across: bool,
    cuts: Sequence[Fraction] = (),
) -> tuple[Piece, ...]:
    """The pieces of an edit list, in output order.

    Long spans are parted at key frames; where something looks across them (a filter with
    neighbours or memory, a step that is steady), at cuts, where it forgets; never where a
    deinterlacer looks across both.

    Args:
        cuts: output times at which filters forget.
    """
    keys = source.key_times(clean=True)
    borders = _Borders(source, cuts if across else None)
    pieces: list[Piece] = []
    waiting: list[Placed] = []
    for span, at in edits.placed():
        for placed, copied in _with_copies(Placed(span, at), keys, source, choice):
            if copied:
                pieces += _flushed(waiting)
                pieces.append(Piece((placed,), copied=True))
                continue
            for part in _parted(placed, borders.within(placed)):
                waiting.append(part)
                if part.end - waiting[0].at >= SHORTEST_SECONDS:
                    pieces += _flushed(waiting)
    return (*pieces, *_flushed(waiting))


def _flushed(waiting: list[Placed]) -> list[Piece]:
    pieces = [Piece(tuple(waiting))] if waiting else []
    waiting.clear()
    return pieces


def looks_across(frame_filter: FrameFilter) -> bool:
    """Whether a filter has neighbours or memory, so that it cannot begin anywhere."""
    kind = type(frame_filter)
    remembers = kind.reset is not FrameFilter.reset or kind.rest is not FrameFilter.rest
    return frame_filter.context > 0 or remembers


def _with_copies(
    placed: Placed, keys: Sequence[Fraction], source: Source, choice: CopyChoice
) -> Iterator[tuple[Placed, bool]]:
    """A span as the edge before its whole GOPs, these to copy, and the edge after."""
    if choice.extent == "nothing":
        yield placed, False
        return
    span = placed.span
    first = bisect_left(keys, span.start - SAME_TIME)
    last = bisect_right(keys, span.end + SAME_TIME) - 1
    ends = span.end >= source.duration - SAME_TIME
    start = keys[first] if first < len(keys) else span.end
    end = span.end if ends else keys[max(last, 0)]
    if start >= end:
        yield placed, False
        return
    for piece, copied in (
        (Span(span.start, max(start, span.start)), False),
        (Span(start, end), True),
        (Span(end, max(end, span.end)), False),
    ):
        if piece.duration > SAME_TIME:
            yield Placed(piece, placed.at + max(piece.start - span.start, Fraction(0))), copied


@dataclass(frozen=True)
class _Borders:
    """Where spans may be parted.

    Attributes:
        cuts: output times, where nothing else will do.
    """

    source: Source
    cuts: Sequence[Fraction] | None

    def within(self, placed: Placed) -> Iterator[Fraction]:
        """Times of the source inside a span, each that of a picture."""
        span, video = placed.span, self.source.video
        if video.interlaced or not video.timed:
            return
        if self.cuts is None:
            keys = self.source.key_times(clean=False)
            yield from keys[bisect_left(keys, span.start) : bisect_left(keys, span.end)]
            return
        for cut in self.cuts:
            time = span.start + cut - placed.at
            if span.start < time < span.end and self._shown(time):
                yield time

    def _shown(self, time: Fraction) -> bool:
        """Whether a picture begins then, so that none is shown twice."""
        return len(self.source.shown_times(Span(time, time + 2 * SAME_TIME))) > 0


def _parted(placed: Placed, borders: Iterable[Fraction]) -> Iterator[Placed]:
    """A span parted at borders into pieces that are long enough."""
    start, end = placed.span.start, placed.span.end
    for border in borders:
        if border >= end - SAME_TIME:
            break
        if border >= start + LONGEST_SECONDS:
            yield Placed(Span(start, border), placed.at + start - placed.span.start)
            start = border
    yield Placed(Span(start, end), placed.at + start - placed.span.start)
