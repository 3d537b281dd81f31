"""What a cue may be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aigc_edit.stages.text.width import reading_seconds


@dataclass(frozen=True, slots=True)
class CueStyle:
    """Limits of a cue. The figures are those of Netflix's Timed Text Style Guide (TTSG).

    Attributes:
        columns: of a line; 42 (English TTSG), that is 21 wide signs.
        lines: 2 at most (TTSG, General Requirements).
        speed: signs a second; 17 (English template, adult programmes).
        wide_speed: Chinese, Japanese and Korean signs a second; 9 (Simplified Chinese TTSG, adult).
        shortest: seconds; 5/6 (General Requirements), to the millisecond as all that follow.
        longest: seconds; 7 (General Requirements).
        gap: seconds between two cues; 2 frames (General Requirements), here of 24 a second.
    """

    columns: int = 42
    lines: int = 2
    speed: Fraction = Fraction(17)
    wide_speed: Fraction = Fraction(9)
    shortest: Fraction = Fraction(833, 1000)
    longest: Fraction = Fraction(7)
    gap: Fraction = Fraction(83, 1000)

    def reading(self, text: str) -> Fraction:
        """How long a text has to stay to be read, seconds; spaces count."""
        return reading_seconds(text, self.speed, self.wide_speed)
