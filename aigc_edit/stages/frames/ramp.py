"""Options that move while the output plays."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from aigc_edit.api import Seconds, StageOptions, option


class Ramp(StageOptions):
    """A share that moves from one value to another, and stays there."""

    from_: float = option(0.0, ge=0, le=1, help="The share at first.")
    to: float = option(1.0, ge=0, le=1, help="The share at last.")
    start: Seconds = option("0s", ge=0, help="When it begins to move, in the output.")
    over: Seconds | None = option(
        None, gt=0, help="How long it moves; until the output ends if left out."
    )

    def at(self, time: Fraction, end: Fraction) -> float:
        """The share at an output time of an output that ends at `end`, seconds."""
        over = self.over or max(end - self.start, Fraction(0))
        gone = time - self.start
        moved = min(gone / over, Fraction(1)) if gone > 0 and over else Fraction(gone > 0)
        return self.from_ + (self.to - self.from_) * float(moved)


def _spelled_out(given: Any) -> Any:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    return {"from": given, "to": given} if number else given


# A bare number is short for a ramp that stays where it is.
Share = Annotated[
    Ramp,
    BeforeValidator(
        _spelled_out, json_schema_input_type=Annotated[float, Field(ge=0, le=1)] | Ramp
    ),
]
