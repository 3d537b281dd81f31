"""Looks for some of the kept moments only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from aigc_edit.api import FilterContext

if TYPE_CHECKING:
    from torch import Tensor

# By their numbers in the output, counted from 1.
SomeMoments = (
    Literal["all", "odd", "even"]
    | Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
)
SOME_MOMENTS_HELP = "Which kept moments get the look: all, odd, even, or numbers such as [1, 4]."


def is_chosen(moments: SomeMoments, time: Fraction, context: FilterContext) -> bool:
    """Whether a frame at an output time gets the look."""
    number = context.moment(time)
    match moments:
        case "all":
            return True
        case "odd" | "even":
            return number % 2 == (moments == "odd")
        case _:
            return number in moments


def changed_where(
    chosen: Sequence[bool], frames: Tensor, change: Callable[[Tensor, list[int]], Tensor]
) -> Tensor:
    """Frames [T, 3, H, W], those that were chosen changed; `change` also gets their numbers."""
    numbers = [number for number, one in enumerate(chosen) if one]
    if not numbers:
        return frames
    if len(numbers) == len(frames):
        return change(frames, numbers)
    result = frames.clone()
    result[numbers] = change(frames[numbers], numbers)
    return result
