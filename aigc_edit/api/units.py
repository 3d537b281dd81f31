"""Values with units, as people write them in a pipeline file."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

_UNIT_SECONDS: dict[str, Fraction] = {
    "h": Fraction(3600),
    "m": Fraction(60),
    "min": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|h|m|s)\s*")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_FASTEST = 1000  # frames a second
_NTSC_ROUNDING = Fraction(1, 200)  # people write 23.98, 29.97, 59.94
_NUMBER = r"-?\d+(\.\d+)?"
FOLDER = "folder"  # of the pipeline file, in the context of a validation


def parse_seconds(value: Any) -> Fraction:
    """Exact seconds from `60`, `"1m30s"`, `"250ms"`, `"1:02.5"`.

    >>> parse_seconds("1m30s")
    Fraction(90, 1)
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a length of time, such as 60s, 1m30s or 250ms")  # noqa: TRY004 -- pydantic takes ValueError for wrong values
    text = str(value).strip()
    if re.fullmatch(_NUMBER, text):
        return Fraction(text)
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(seconds)
    if text and not _PIECE.sub("", text):
        pieces = _PIECE.findall(text)
        return sum((Fraction(n) * _UNIT_SECONDS[u] for n, u in pieces), Fraction(0))
    raise ValueError(f"{text!r} is not a length of time, such as 60s, 1m30s or 250ms")


def format_seconds(value: Fraction) -> str:
    """Seconds as a pipeline file says them."""
    return f"{float(value):.10g}s"


def parse_rate(value: Any) -> Fraction:
    """Exact frames a second from `25`, `"30000/1001"`, or `29.97`, which means the latter.

    >>> parse_rate(29.97)
    Fraction(30000, 1001)
    """
    try:
        rate = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if isinstance(value, bool) or not 0 < rate <= _FASTEST:
        raise ValueError(f"{value!r} is not a frame rate, such as 25, 29.97 or 30000/1001")
    meant = Fraction(round(rate * 1001 / 1000) * 1000, 1001)  # SMPTE 12M: 1000/1001 of the nominal
    return meant if rate.denominator > 1 and abs(rate - meant) < _NTSC_ROUNDING else rate


def _parse_unit(unit: str) -> Any:
    pattern = re.compile(rf"({_NUMBER})\s*({unit})?", re.IGNORECASE)

    def parse(value: Any) -> float:
        found = pattern.fullmatch(str(value).strip())
        if isinstance(value, bool) or found is None:
            raise ValueError(f"{value!r} is not a number of {unit}, such as -14 {unit}")
        return float(found.group(1))

    return parse


def _found_from(given: Path, info: ValidationInfo) -> Path:
    """The path from the folder of the pipeline file; else, as it was given."""
    folder = (info.context or {}).get(FOLDER)
    beside = folder / given.expanduser() if folder is not None else given
    return beside if beside.exists() else given


def _number_or_text(pattern: str, example: str) -> dict[str, Any]:
    return {
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": pattern}],
        "examples": [example],
    }


Seconds = Annotated[
    Fraction,
    BeforeValidator(parse_seconds),
    PlainSerializer(format_seconds, when_used="json", return_type=str),
    WithJsonSchema(_number_or_text(r"^[0-9.:hmins ]+$", "1m30s")),
]
Decibels = Annotated[
    float,
    BeforeValidator(_parse_unit("dB")),
    PlainSerializer(lambda v: f"{v:g} dB", when_used="json", return_type=str),
    WithJsonSchema(_number_or_text(rf"^{_NUMBER} ?dB$", "-12 dB")),
]
LoudnessUnits = Annotated[
    float,
    BeforeValidator(_parse_unit("LUFS")),
    PlainSerializer(lambda v: f"{v:g} LUFS", when_used="json", return_type=str),
    WithJsonSchema(_number_or_text(rf"^{_NUMBER} ?LUFS$", "-14 LUFS")),
]
FrameRate = Annotated[
    Fraction,
    BeforeValidator(parse_rate),
    PlainSerializer(str, when_used="json", return_type=str),
    WithJsonSchema(_number_or_text(r"^[0-9.]+(/[0-9]+)?$", "30000/1001")),
]
# A file to be read. Pipeline files name it from where they are, a command line from where it is.
FilePath = Annotated[Path, AfterValidator(_found_from)]
