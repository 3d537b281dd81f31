"""The top level of MP4 and MOV files: boxes, in the order of the file (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER = 8  # bytes: size and kind
_LARGE = 16  # with a size of 64 bits behind them


@dataclass(frozen=True, slots=True)
class Boxes:
    """Kinds of the boxes in order, and whether they fill the file exactly."""

    kinds: tuple[str, ...]
    whole: bool

    @property
    def faststart(self) -> bool:
        """Whether the index stands before the media, so that playing can start at once."""
        if "moov" not in self.kinds:
            return False
        return "mdat" not in self.kinds[: self.kinds.index("moov")]


def read_boxes(path: Path) -> Boxes:
    """The top-level boxes of a file."""
    kinds, place, total = [], 0, path.stat().st_size
    with path.open("rb") as file:
        while place + _HEADER <= total:
            file.seek(place)
            size, kind = _header(file.read(_LARGE), total - place)
            kinds.append(kind)
            place += max(size, _HEADER)
    return Boxes(tuple(kinds), place == total)


def _header(head: bytes, rest: int) -> tuple[int, str]:
    """Size in bytes and kind; 0 in the file means up to its end, 1 a size of 64 bits."""
    size, kind = struct.unpack(">I4s", head[:_HEADER])
    if size == 1 and len(head) == _LARGE:
        (size,) = struct.unpack(">Q", head[_HEADER:])
    return (size or rest), kind.decode("latin-1")
