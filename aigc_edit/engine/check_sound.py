"""The check of the sound that was written: where it is, how loud, and whether it clicks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aigc_edit.engine.offsets import (
    Shift,
    sound_shift,
)
from aigc_edit.engine.verdict import Expected, Verdict
from aigc_edit.media import LoudnessMeter, SoundFacts, WrittenFacts, WrittenSound

# EBU R37-2007: each stage of production may move the sound by 5 ms early or 15 ms late.
EARLY, LATE = 0.005, 0.015  # seconds

_ROUNDING = 0.0015  # seconds; Matroska and WebM round to a millisecond, and so does their zero
_UNKNOWN_PACKET = 0.025  # seconds, where a container does not say how long its packets last
_CLICK, _CLICK_RATIO = 0.02, 3.0  # of full scale; over the usual step of the neighbourhood
_HARD_CLICK = 0.05
_LOUDNESS_NEAR = 0.5  # LU; EBU R128
_PEAK_ROUNDING = 0.05  # dB
_POWER_FAR = 3.0  # dB; an encoder that drops the highest octave of noise loses 2
_QUIET = 1e-6  # mean power, -60 dBFS: no use to compare
_SILENT = 1e-9


def check_sound(
    facts: WrittenFacts,
    expected: Expected,
    rendered: SoundFacts,
    slips: Sequence[Shift | None],
    verdict: Verdict,
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


def _check_sound_end(sound: WrittenSound, expected: Expected, verdict: Verdict) -> None:
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
    verdict: Verdict,
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


def _judge_offsets(found: Sequence[tuple[float, Shift]], verdict: Verdict) -> None:
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


def _judge_start(sound: WrittenSound, verdict: Verdict) -> None:
    """Nothing to hear where it could be measured: the timestamps must do."""
    verdict.note("sound_start_ms", sound.start * 1000)
    late = abs(sound.start) > (sound.lasting or _UNKNOWN_PACKET) + _ROUNDING
    if late:
        verdict.doubt(f"the sound begins {sound.start * 1000:+.1f} ms after the picture")


def _check_clicks(sound: WrittenSound, rendered: SoundFacts, verdict: Verdict) -> None:
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
    sound: WrittenSound, expected: Expected, rendered: SoundFacts, verdict: Verdict
) -> None:
    measured, target = sound.loudness, expected.loudness
    verdict.note("loudness_lufs", measured.integrated)
    verdict.note("true_peak_dbtp", measured.true_peak)
    seconds = float(expected.duration)
    _check_power(sound.facts.energy / seconds, rendered.energy / seconds, verdict)
    if target is None or measured.integrated <= LoudnessMeter.SILENCE:
        return
    off = measured.integrated - target
    if abs(off) > _LOUDNESS_NEAR:
        verdict.doubt(f"the loudness is {measured.integrated:.1f} LUFS, wanted were {target:.1f}")
    if measured.true_peak > expected.ceiling + _PEAK_ROUNDING:
        verdict.doubt(
            f"the true peak is {measured.true_peak:.1f} dBTP, over {expected.ceiling:.1f}"
        )


def _check_power(written: float, rendered: float, verdict: Verdict) -> None:
    """An encoder keeps the power of what it is given."""
    if rendered < _QUIET and written < _QUIET:
        return
    off = 10 * float(np.log10((written + _SILENT) / (rendered + _SILENT)))
    verdict.note("power_error_db", off)
    if abs(off) > _POWER_FAR:
        verdict.fail(f"the sound is {off:+.1f} dB louder than what was rendered")
