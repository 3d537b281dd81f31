"""What a written file must hold, and what was found about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from aigc_edit.media import Colour, PictureFacts, SoundFacts
from aigc_edit.timeline import SubtitleTrack


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
        subtitles: the tracks that viewers can switch on.
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
    subtitles: tuple[SubtitleTrack, ...] = ()

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


class Verdict:
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
