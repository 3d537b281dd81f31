"""The check of the file that was written: its facts against what was planned and rendered.

Failures mean that the file must not be published; warnings are doubts, for the record. Nothing
is judged against the source alone: a filter may blacken pictures, but an encoder may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from aigc_edit.engine.offsets import (
    Shift,
    picture_shift,
    sound_shift,
)
from aigc_edit.media import SILENCE, Colour, PictureFacts, SoundFacts, WrittenFacts, WrittenSound

# EBU R37-2007: each stage of production may move the sound by 5 ms early or 15 ms late.
EARLY, LATE = 0.005, 0.015  # seconds
SAMPLED_SHARE = 0.5  # of the pictures are decoded where the run itself was quick
_QUICK_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast")
_QUICK_CODECS = ("h264",)

_ROUNDING = 0.0015  # seconds; Matroska and WebM round to a millisecond, and so does their zero
_UNKNOWN_PACKET = 0.025  # seconds, where a container does not say how long its packets last
_BLACK_SECONDS, _FROZEN_SECONDS, _OTHER_SECONDS = 0.5, 1.0, 0.5
_BLACK_LEVEL, _BLACK_SPREAD = 0.05, 0.03  # of full range; noise in black stays below
_LIT_LEVEL, _LIT_SPREAD = 0.10, 0.06  # what is above one of them was not black
_OTHER_LEVEL = 0.10  # no encoder moves the mean of a picture that far
_WASHED_LEVEL = 0.03  # half of what a wrong range does to black
_STILL = 0.5 / 255  # change of pictures that stand still
_MOVING = 0.01  # share of samples that moved, in pictures that do not
_MOVES_A_LOT = 4 / 255  # change that no encoder swallows
_MOTION_GAP = 0.25  # seconds; motion may pause so long and is still one motion
_CLICK, _CLICK_RATIO = 0.02, 3.0  # of full scale; over the usual step of the neighbourhood
_HARD_CLICK = 0.05
_LOUDNESS_NEAR = 0.5  # LU; EBU R128
_PEAK_ROUNDING = 0.05  # dB
_POWER_FAR = 3.0  # dB; an encoder that drops the highest octave of noise loses 2
_QUIET = 1e-6  # mean power, -60 dBFS: no use to compare
_SILENT = 1e-9
_UNTAGGED = 2
# BT.470BG and SMPTE 170M have one matrix; BT.709, 170M and BT.2020 one transfer (H.273).
_SAME_MATRIX = {6: 5}
_SAME_TRANSFER = {6: 1, 14: 1, 15: 1}
_HD_LINES = 720


@dataclass(frozen=True, eq=False)
class Expected:
    """What a written file must hold.

    Attributes:
        duration: of the output, seconds.
        rate: pictures a second on average.
        seams: output times at which the source jumps; all marks were made with these.
        pictures: those that were encoded, as the encoder was given them.
        sound: the programme that was encoded; None for a silent film.
        colour: what the file must say about itself; None where it was copied.
        size: width and height of the coded picture, None where nobody promised one.
        times: of all pictures, copied ones too; `pictures.times` by default.
        loudness: target in LUFS, where one was set.
        ceiling: dBTP that true peaks should stay under, where a loudness was set.
    """

    duration: Fraction
    rate: Fraction
    seams: tuple[Fraction, ...]
    pictures: PictureFacts
    sound: SoundFacts | None
    colour: Colour | None = None
    size: tuple[int, int] | None = None
    times: npt.NDArray[np.float64] | None = None
    loudness: float | None = None
    ceiling: float = -1.0

    @property
    def all_times(self) -> npt.NDArray[np.float64]:
        return self.pictures.times if self.times is None else self.times


@dataclass(frozen=True)
class CheckReport:
    """What came of a check: failures (the file is bad), warnings (doubts), numbers."""

    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    numbers: Mapping[str, float | None] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """For the record, as JSON."""
        return {
            "failures": list(self.failures),
            "warnings": list(self.warnings),
            **self.numbers,
        }


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
    verdict = _Verdict()
    _check_whole(facts, verdict)
    _check_pictures(facts, expected, verdict)
    _check_shown(facts, expected, verdict)
    _check_colour(facts, expected, verdict)
    slips = _picture_shifts(facts, expected)
    _check_slips(slips, verdict)
    if expected.sound is not None:
        _check_sound(facts, expected, expected.sound, slips, verdict)
    return verdict.report()


class _Verdict:
    """Gathers what is found."""

    def __init__(self) -> None:
        self._failures: list[str] = []
        self._warnings: list[str] = []
        self._numbers: dict[str, float | None] = {}

    def fail(self, what: str) -> None:
        self._failures.append(what)

    def doubt(self, what: str) -> None:
        self._warnings.append(what)

    def say(self, what: str, *, fatal: bool) -> None:
        (self.fail if fatal else self.doubt)(what)

    def note(self, name: str, number: float | None) -> None:
        self._numbers[name] = round(number, 4) if isinstance(number, float) else number

    def report(self) -> CheckReport:
        return CheckReport(tuple(self._failures), tuple(self._warnings), self._numbers)


def _check_whole(facts: WrittenFacts, verdict: _Verdict) -> None:
    """The container is all there, and decodes to its last packet."""
    corrupt = sum(table.corrupt for table in facts.streams)
    if corrupt:
        verdict.fail(f"{corrupt} packets are damaged")
    if facts.broken:
        first = facts.broken[0]
        verdict.fail(
            f"{len(facts.broken)} packets cannot be decoded, the first one of the {first.kind} "
            f"at {first.time:.3f} s ({first.why})"
        )
    if facts.missing:
        verdict.fail(f"{facts.missing} pictures are missing after decoding")
    if facts.boxes is not None and not facts.boxes.whole:
        verdict.fail("the file is cut short: its last box is not complete")
    if facts.boxes is not None and not facts.boxes.faststart:
        verdict.fail("the index (moov) stands behind the media, so playing cannot start at once")
    verdict.note("decoded_pictures", len(facts.pictures))


def _check_pictures(facts: WrittenFacts, expected: Expected, verdict: _Verdict) -> None:
    """Number, times and duration of the pictures, and their size."""
    due = expected.all_times
    verdict.note("pictures", len(facts.times))
    if len(facts.times) != len(due):
        verdict.fail(f"{len(facts.times)} pictures were written, {len(due)} rendered")
    elif len(due):
        _check_times(facts.times - (due - due[0]), facts.times, verdict)
    if expected.size is not None and (facts.width, facts.height) != expected.size:
        width, height = expected.size
        verdict.fail(f"the picture is {facts.width}x{facts.height}, not {width}x{height}")
    _check_end(facts, expected, verdict)


def _check_times(
    off: npt.NDArray[np.float64], times: npt.NDArray[np.float64], verdict: _Verdict
) -> None:
    worst = int(np.abs(off).argmax())
    verdict.note("picture_time_error_ms", float(abs(off[worst])) * 1000)
    if abs(off[worst]) > _ROUNDING:
        verdict.fail(
            f"the picture at {times[worst]:.3f} s is {off[worst] * 1000:+.1f} ms off its time"
        )


def _check_end(facts: WrittenFacts, expected: Expected, verdict: _Verdict) -> None:
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


def _check_shown(facts: WrittenFacts, expected: Expected, verdict: _Verdict) -> None:
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


def _check_frozen(pairs: _Pairs, verdict: _Verdict) -> None:
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


def _check_colour(facts: WrittenFacts, expected: Expected, verdict: _Verdict) -> None:
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


def _check_tag(name: str, tag: int, due: int, same: Mapping[int, int], verdict: _Verdict) -> None:
    if due == _UNTAGGED or same.get(tag, tag) == same.get(due, due):
        return
    verdict.say(f"the colour {name} is tagged {tag}, not {due} (H.273)", fatal=tag != _UNTAGGED)


def _check_sound(
    facts: WrittenFacts,
    expected: Expected,
    rendered: SoundFacts,
    slips: Sequence[Shift | None],
    verdict: _Verdict,
) -> None:
    if rendered.broken:
        verdict.fail(f"{rendered.broken} samples were no numbers before they were encoded")
    sound = facts.sound
    if sound is None:
        if rendered.samples:
            verdict.fail("the sound is missing")
        return
    if sound.facts.broken:
        verdict.fail(f"{sound.facts.broken} samples of the written sound are no numbers")
    _check_sound_end(sound, expected, verdict)
    _check_offsets(sound, rendered, slips, verdict)
    _check_clicks(sound, rendered, verdict)
    _check_loudness(sound, expected, rendered, verdict)


def _check_sound_end(sound: WrittenSound, expected: Expected, verdict: _Verdict) -> None:
    """The sound ends when planned, to one packet, and has no holes."""
    off = sound.end - float(expected.duration)
    verdict.note("sound_duration_error_ms", off * 1000)
    if abs(off) > (sound.lasting or _UNKNOWN_PACKET) + _ROUNDING:
        verdict.fail(
            f"the sound ends at {sound.end:.3f} s, planned were {float(expected.duration):.3f} s"
        )
    if sound.hole > EARLY:
        verdict.fail(f"the sound's timestamps jump by {sound.hole * 1000:.1f} ms")


def _check_offsets(
    sound: WrittenSound,
    rendered: SoundFacts,
    slips: Sequence[Shift | None],
    verdict: _Verdict,
) -> None:
    """Sound against picture at both ends and at every seam."""
    found: list[tuple[float, Shift]] = []
    for written, mark, slip in zip(sound.facts.marks, rendered.marks, slips, strict=True):
        heard = sound_shift(written.envelope, mark.envelope)
        if heard is not None:
            found.append((mark.time, heard.minus(slip)))
    verdict.note("sound_points", len(rendered.marks))
    verdict.note("sound_points_measured", len(found))
    if found:
        _judge_offsets(found, verdict)
    else:
        _judge_start(sound, verdict)


def _check_slips(slips: Sequence[Shift | None], verdict: _Verdict) -> None:
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


def _judge_offsets(found: Sequence[tuple[float, Shift]], verdict: _Verdict) -> None:
    early = min(found, key=lambda f: f[1].seconds)
    late = max(found, key=lambda f: f[1].seconds)
    verdict.note("sound_early_ms", max(0.0, -early[1].seconds * 1000))
    verdict.note("sound_late_ms", max(0.0, late[1].seconds * 1000))
    for name, (time, shift), bound in (("early", early, EARLY), ("late", late, LATE)):
        beyond = -shift.seconds if name == "early" else shift.seconds
        if beyond > bound:
            verdict.say(
                f"the sound is {beyond * 1000:.1f} ms {name} at {time:.3f} s",
                fatal=shift.certain,
            )


def _judge_start(sound: WrittenSound, verdict: _Verdict) -> None:
    """Nothing to hear where it could be measured: the timestamps must do."""
    verdict.note("sound_start_ms", sound.start * 1000)
    late = abs(sound.start) > (sound.lasting or _UNKNOWN_PACKET) + _ROUNDING
    if late:
        verdict.doubt(f"the sound begins {sound.start * 1000:+.1f} ms after the picture")


def _check_clicks(sound: WrittenSound, rendered: SoundFacts, verdict: _Verdict) -> None:
    """Steps in the waveform at seams that stand out of their neighbourhood."""
    clicks = 0
    for written, mark in list(zip(sound.facts.marks, rendered.marks, strict=True))[1:-1]:
        usual = max(written.usual, 1e-4)
        if written.step < _CLICK or written.step < _CLICK_RATIO * usual:
            continue
        clicks += 1
        known = mark.step > written.step / 2
        verdict.say(
            f"there is a click at the seam at {mark.time:.3f} s"
            + (", in what was rendered as well" if known else ""),
            fatal=not known and written.step > _HARD_CLICK,
        )
    verdict.note("clicks", clicks)


def _check_loudness(
    sound: WrittenSound, expected: Expected, rendered: SoundFacts, verdict: _Verdict
) -> None:
    measured, target = sound.loudness, expected.loudness
    verdict.note("loudness_lufs", measured.integrated)
    verdict.note("true_peak_dbtp", measured.true_peak)
    seconds = float(expected.duration)
    _check_power(sound.facts.energy / seconds, rendered.energy / seconds, verdict)
    if target is None or measured.integrated <= SILENCE:
        return
    off = measured.integrated - target
    if abs(off) > _LOUDNESS_NEAR:
        verdict.doubt(f"the loudness is {measured.integrated:.1f} LUFS, wanted were {target:.1f}")
    if measured.true_peak > expected.ceiling + _PEAK_ROUNDING:
        verdict.doubt(
            f"the true peak is {measured.true_peak:.1f} dBTP, over {expected.ceiling:.1f}"
        )


def _check_power(written: float, rendered: float, verdict: _Verdict) -> None:
    """An encoder keeps the power of what it is given."""
    if rendered < _QUIET and written < _QUIET:
        return
    off = 10 * float(np.log10((written + _SILENT) / (rendered + _SILENT)))
    verdict.note("power_error_db", off)
    if abs(off) > _POWER_FAR:
        verdict.fail(f"the sound is {off:+.1f} dB louder than what was rendered")
