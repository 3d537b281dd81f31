"""The check of the file that was written: its facts against what was planned and rendered.

Failures mean that the file must not be published; warnings are doubts, for the record. Nothing
is judged against the source alone: a filter may blacken pictures, but an encoder may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aigc_edit.engine.check_sound import check_sound
from aigc_edit.engine.offsets import (
    Shift,
    picture_shift,
)
from aigc_edit.engine.verdict import CheckReport, Expected, Verdict
from aigc_edit.media import PictureFacts, WrittenFacts
from aigc_edit.words import counted

SAMPLED_SHARE = 0.5  # of the pictures are decoded where the run itself was quick
_QUICK_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast")
_QUICK_CODECS = ("h264",)

_ROUNDING = 0.0015  # seconds; Matroska and WebM round to a millisecond, and so does their zero
_BLACK_SECONDS, _FROZEN_SECONDS, _OTHER_SECONDS = 0.5, 1.0, 0.5
_BLACK_LEVEL, _BLACK_SPREAD = 0.05, 0.03  # of full range; noise in black stays below
_LIT_LEVEL, _LIT_SPREAD = 0.10, 0.06  # what is above one of them was not black
_OTHER_LEVEL = 0.10  # no encoder moves the mean of a picture that far
_WASHED_LEVEL = 0.03  # half of what a wrong range does to black
_STILL = 0.5 / 255  # change of pictures that stand still
_MOVING = 0.01  # share of samples that moved, in pictures that do not
_MOVES_A_LOT = 4 / 255  # change that no encoder swallows
_MOTION_GAP = 0.25  # seconds; motion may pause so long and is still one motion
_UNTAGGED = 2
# BT.470BG and SMPTE 170M have one matrix; BT.709, 170M and BT.2020 one transfer (H.273).
_SAME_MATRIX = {6: 5}
_SAME_TRANSFER = {6: 1, 14: 1, 15: 1}
_HD_LINES = 720


def decode_share(*, filters: int, codec: str, preset: str) -> float:
    """The share of the written pictures that are decoded again.

    All of them where rendering was slow by what it was asked for: frame filters, a slow codec,
    a slow preset. Else half of them, because decoding everything costs about 15 % of a quick
    run. It depends on the plan only, so that the same run is always checked in the same way.
    """
    quick = not filters and codec in _QUICK_CODECS and preset in _QUICK_PRESETS
    return SAMPLED_SHARE if quick else 1.0


def check_result(facts: WrittenFacts, expected: Expected) -> CheckReport:
    """Judges a written file. Never raises: what is wrong stands in the report."""
    verdict = Verdict()
    _check_whole(facts, verdict)
    _check_pictures(facts, expected, verdict)
    _check_shown(facts, expected, verdict)
    _check_colour(facts, expected, verdict)
    _check_subtitles(facts, expected, verdict)
    slips = _picture_shifts(facts, expected)
    _check_slips(slips, verdict)
    if expected.sound is not None:
        check_sound(facts, expected, expected.sound, slips, verdict)
    return verdict.report()


def _check_whole(facts: WrittenFacts, verdict: Verdict) -> None:
    """The container is all there, and decodes to its last packet."""
    corrupt = sum(table.corrupt for table in facts.streams)
    if corrupt:
        verdict.fail(f"{counted(corrupt, 'packet')} damaged")
    if facts.broken:
        first = facts.broken[0]
        verdict.fail(
            f"{counted(len(facts.broken), 'packet')} cannot be decoded, "
            f"the first one of the {first.kind} at {first.time:.3f} s ({first.why})"
        )
    if facts.missing:
        verdict.fail(f"{counted(facts.missing, 'picture')} missing after decoding")
    if facts.boxes is not None and not facts.boxes.whole:
        verdict.fail("the file is cut short: its last box is not complete")
    if facts.boxes is not None and not facts.boxes.faststart:
        verdict.fail("the index (moov) stands behind the media, so playing cannot start at once")
    verdict.note("decoded_pictures", len(facts.pictures))


def _check_pictures(facts: WrittenFacts, expected: Expected, verdict: Verdict) -> None:
    """Number, times and duration of the pictures, and their size."""
    due = expected.all_times
    verdict.note("pictures", len(facts.times))
    if len(facts.times) != len(due):
        verdict.fail(f"{counted(len(facts.times), 'picture')} written, {len(due)} rendered")
    elif len(due):
        _check_times(facts.times - (due - due[0]), facts.times, verdict)
    if expected.size is not None and (facts.width, facts.height) != expected.size:
        width, height = expected.size
        verdict.fail(f"the picture is {facts.width}x{facts.height}, not {width}x{height}")
    _check_end(facts, expected, verdict)


def _check_times(
    off: npt.NDArray[np.float64], times: npt.NDArray[np.float64], verdict: Verdict
) -> None:
    worst = int(np.abs(off).argmax())
    verdict.note("picture_time_error_ms", float(abs(off[worst])) * 1000)
    if abs(off[worst]) > _ROUNDING:
        verdict.fail(
            f"the picture at {times[worst]:.3f} s is {off[worst] * 1000:+.1f} ms off its time"
        )


def _check_subtitles(facts: WrittenFacts, expected: Expected, verdict: Verdict) -> None:
    """All tracks are there, and each subtitle begins at its time."""
    written = [table for table in facts.streams if table.kind == "subtitle"]
    if len(written) != len(expected.subtitles):
        verdict.fail(
            f"{counted(len(written), 'subtitle track')} written, {len(expected.subtitles)} due"
        )
    zero = min(table.times.min() for table in facts.streams if table.kind == "video")
    for table, track in zip(written, expected.subtitles, strict=False):
        due = np.array([float(subtitle.span.start) for subtitle in track.subtitles])
        found = np.append(np.sort(table.times - zero), np.inf)
        near = found[np.searchsorted(found, due - _ROUNDING)] <= due + _ROUNDING
        if not near.all():
            verdict.fail(f"the subtitle at {due[near.argmin()]:.3f} s is missing")


def _check_end(facts: WrittenFacts, expected: Expected, verdict: Verdict) -> None:
    """The picture ends when planned, to one picture: the longest one, where they vary."""
    off = facts.picture_end - float(expected.duration)
    verdict.note("duration", facts.picture_end)
    verdict.note("duration_error_ms", off * 1000)
    due = expected.all_times
    longest = float(np.diff(due).max(initial=0))
    one = max(1 / float(expected.rate), longest) + _ROUNDING
    last = float(expected.duration) - float(due[-1]) if len(due) else one
    if abs(off) > one:
        verdict.say(
            f"the picture ends at {facts.picture_end:.3f} s, planned were "
            f"{float(expected.duration):.3f} s",
            fatal=abs(off) > max(one, last + _ROUNDING),
        )


def _check_shown(facts: WrittenFacts, expected: Expected, verdict: Verdict) -> None:
    """Black, frozen or other pictures where the render gave none."""
    pairs = _Pairs.of(facts, expected)
    if not len(pairs.times):
        return
    error = np.abs(pairs.written.level - pairs.rendered.level)
    verdict.note("level_error", float(np.median(error)) * 255)
    if float(np.median(error)) > _WASHED_LEVEL:
        verdict.doubt(
            f"pictures are {np.median(error) * 255:.0f} levels lighter or darker than rendered"
        )
    for span in pairs.runs(error > _OTHER_LEVEL, _OTHER_SECONDS):
        verdict.fail(f"other pictures than those rendered are shown {_stretch(span)}")
    for span in pairs.runs(_turned_black(pairs), _BLACK_SECONDS):
        verdict.fail(f"the picture is black {_stretch(span)}, and was not when rendered")
    _check_frozen(pairs, verdict)


def _stretch(span: tuple[float, float]) -> str:
    return f"from {span[0]:.3f} to {span[1]:.3f} s"


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Decoded pictures, each with the rendered one that is due at its time.

    `ends` says when each one gives way to the next, `joined` whether it follows the one before.
    """

    times: npt.NDArray[np.float64]
    ends: npt.NDArray[np.float64]
    joined: npt.NDArray[np.bool_]
    written: PictureFacts
    rendered: PictureFacts

    @classmethod
    def of(cls, facts: WrittenFacts, expected: Expected) -> _Pairs:
        """Pairs of what was decoded and rendered both (copied pictures were not rendered)."""
        written, rendered = facts.pictures, expected.pictures
        if not len(written) or not len(rendered):
            empty = _picked(written, np.zeros(0, int))
            none = np.zeros(0)
            return cls(none, none, none.astype(bool), empty, empty)
        place = np.searchsorted(rendered.times, written.times + _ROUNDING, side="right") - 1
        near = 1 / float(expected.rate)
        known = (place >= 0) & (written.times - rendered.times[place] <= near)
        after = np.append(facts.times, facts.picture_end)
        ends = after[np.searchsorted(facts.times, written.times + _ROUNDING, side="right")]
        joined = np.isfinite(written.change) & np.append(False, known[:-1])
        own = np.flatnonzero(known)
        return cls(
            written.times[own],
            np.maximum(ends[own], written.times[own]),
            joined[own],
            _picked(written, own),
            _picked(rendered, place[own]),
        )

    def runs(self, holds: npt.NDArray[np.bool_], longer: float) -> Iterator[tuple[float, float]]:
        """Stretches longer than so many seconds in which something holds for every picture."""
        for first, stop in _runs(holds, self.joined):
            start, end = float(self.times[first]), float(self.ends[stop - 1])
            if end - start > longer:
                yield start, end


def _picked(facts: PictureFacts, numbers: npt.NDArray[np.int64]) -> PictureFacts:
    return PictureFacts(
        *(getattr(facts, name)[numbers] for name in ("times", "level", "spread", "change", "moved"))
    )


def _runs(holds: npt.NDArray[np.bool_], joined: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Half-open runs of neighbours for which something holds."""
    first: int | None = None
    for number, (held, follows) in enumerate(zip(holds.tolist(), joined.tolist(), strict=True)):
        if first is not None and not (held and follows):
            yield first, number
            first = None
        if held and first is None:
            first = number
    if first is not None:
        yield first, len(holds)


def _turned_black(pairs: _Pairs) -> npt.NDArray[np.bool_]:
    black = (pairs.written.level < _BLACK_LEVEL) & (pairs.written.spread < _BLACK_SPREAD)
    lit = (pairs.rendered.level > _LIT_LEVEL) | (pairs.rendered.spread > _LIT_SPREAD)
    return np.asarray(black & lit, bool)


def _check_frozen(pairs: _Pairs, verdict: Verdict) -> None:
    """Pictures that stand still where the rendered ones moved all the time."""
    still = (pairs.written.change < _STILL) & (pairs.written.moved == 0)
    for first, stop in _runs(still, pairs.joined):
        moving = pairs.rendered.moved[first:stop] > _MOVING
        numbers = first + np.flatnonzero(moving)
        start, end = _longest_chain(pairs.times[numbers])
        if end - start <= _FROZEN_SECONDS:
            continue
        inside = numbers[(pairs.times[numbers] >= start) & (pairs.times[numbers] <= end)]
        much = float(np.median(pairs.rendered.change[inside])) > _MOVES_A_LOT
        verdict.say(
            f"the picture is frozen {_stretch((start, end))}, and was not when rendered",
            fatal=much,
        )


def _longest_chain(times: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The longest stretch of times with no large hole between them."""
    if not len(times):
        return 0.0, 0.0
    holes = np.flatnonzero(np.diff(times) > _MOTION_GAP)
    starts, ends = times[np.append(0, holes + 1)], times[np.append(holes, len(times) - 1)]
    longest = int((ends - starts).argmax())
    return float(starts[longest]), float(ends[longest])


def _check_colour(facts: WrittenFacts, expected: Expected, verdict: Verdict) -> None:
    """Tags as promised; a missing one is a doubt where players guess it right."""
    due, tags = expected.colour, facts.tags
    if due is None:
        return
    if _matrix(tags.matrix, facts.height) != _matrix(due.matrix, facts.height):
        verdict.fail(f"the colour matrix is tagged {tags.matrix}, not {due.matrix} (H.273)")
    elif tags.matrix == _UNTAGGED != due.matrix:
        verdict.doubt(f"the colour matrix is not tagged; players guess {due.matrix}")
    if tags.full_range != due.full_range:
        ranges = {True: "full", False: "limited"}
        verdict.fail(f"the range is tagged {ranges[tags.full_range]}, not {ranges[due.full_range]}")
    _check_tag("primaries", tags.primaries, due.primaries, {}, verdict)
    _check_tag("transfer", tags.transfer, due.transfer, _SAME_TRANSFER, verdict)


def _matrix(tag: int, height: int) -> int:
    """The matrix that players use, one number for equal ones."""
    if tag == _UNTAGGED:
        return 1 if height >= _HD_LINES else 5
    return _SAME_MATRIX.get(tag, tag)


def _check_tag(name: str, tag: int, due: int, same: Mapping[int, int], verdict: Verdict) -> None:
    if due == _UNTAGGED or same.get(tag, tag) == same.get(due, due):
        return
    verdict.say(f"the colour {name} is tagged {tag}, not {due} (H.273)", fatal=tag != _UNTAGGED)


def _check_slips(slips: Sequence[Shift | None], verdict: Verdict) -> None:
    """Pictures at seams against their own times."""
    measured = [shift for shift in slips if shift is not None]
    verdict.note("seams", len(slips) - 2)
    verdict.note("seams_picture_measured", len(measured))
    worst = max(measured, key=lambda s: abs(s.seconds), default=None)
    if worst is not None and worst.seconds:
        verdict.say(
            f"pictures at a seam are shown {worst.seconds * 1000:+.1f} ms off their time",
            fatal=worst.certain,
        )


def _picture_shifts(facts: WrittenFacts, expected: Expected) -> list[Shift | None]:
    """The picture's shift at the start, at every seam and at the end; None is not measurable."""
    pairs = zip(facts.pictures.thumbnails, expected.pictures.thumbnails, strict=True)
    return [None, *(picture_shift(*pair) for pair in pairs), None]
