"""The options of every stage that lays out text."""

from __future__ import annotations

from fractions import Fraction

from aigc_edit.api import Seconds, StageOptions, option
from aigc_edit.stages.text.style import CueStyle


class LayoutOptions(StageOptions):
    """How wide, how fast and how long text may be."""

    columns: int = option(42, ge=8, le=120, help="Most columns of a line; wide signs take 2.")
    lines: int = option(2, ge=1, le=4, help="Most lines at once.")
    speed: float = option(17, gt=0, le=100, help="Signs that people read in a second.")
    wide_speed: float = option(9, gt=0, le=100, help="Chinese, Japanese, Korean signs a second.")
    shortest: Seconds = option("833ms", ge=0, le=5, help="Each stays as long, if there is time.")
    longest: Seconds = option("7s", ge=1, le=60, help="None stays longer.")
    gap: Seconds = option("83ms", ge=0, le=1, help="Between one and the next.")

    @property
    def style(self) -> CueStyle:
        """The same, for `lay_out`."""
        return CueStyle(
            columns=self.columns,
            lines=self.lines,
            speed=Fraction(self.speed),
            wide_speed=Fraction(self.wide_speed),
            shortest=self.shortest,
            longest=self.longest,
            gap=self.gap,
        )
