"""The tables of an .sf2 file, and whether they fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aigc_edit.errors import ModelError, one_line

_MOST_CHUNKS = 1000  # real files have about twenty
Heads = npt.NDArray[np.void]

_PRESET = [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")]
_INSTRUMENT = [("name", "S20"), ("bag", "<u2")]
_BAG = [("generator", "<u2"), ("modulator", "<u2")]
_GENERATOR = [("kind", "<u2"), ("amount", "<i2")]
_SAMPLE = [
    ("name", "S20"),
    *((name, "<u4") for name in ("first", "last", "loop_first", "loop_last", "rate")),
    *(("key", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2")),
]


@dataclass(frozen=True)
class Level:
    """Presets, or instruments: each is some zones, each zone some generators.

    The last head is no preset, but says where the zones of the one before end; so do bags.
    """

    heads: Heads
    bags: Heads
    generators: Heads

    def generators_of(self, number: int) -> Iterator[list[tuple[int, int]]]:
        """Of each zone the generators, as pairs of number and amount."""
        first, last = (int(self.heads[it]["bag"]) for it in (number, number + 1))
        borders = self.bags["generator"][first : last + 1].tolist()
        for begin, end in pairwise(borders):
            yield self.generators[begin:end].tolist()


@dataclass(frozen=True)
class Tables:
    """What stands in the file; `frames` are int16 on disk."""

    presets: Level
    instruments: Level
    samples: Heads
    frames: npt.NDArray[np.int16]


def read_tables(path: Path) -> Tables:
    """The tables of a file.

    Raises:
        ModelError: it is missing, no sound font, cut short, or its tables do not fit together.
    """
    try:
        return _tables(_chunks(_mapped(path)))
    except OSError as cause:
        raise ModelError(
            f"this sound font cannot be opened ({one_line(cause.strerror or cause)})",
            where=path,
            cure="Name an .sf2 file.",
        ) from cause
    except ValueError as cause:
        raise ModelError(
            f"no sound font that can be read ({cause})",
            where=path,
            cure="Name an .sf2 file, or take a fresh copy of it.",
        ) from cause


def _mapped(path: Path) -> npt.NDArray[np.uint8]:
    if path.stat().st_size == 0:
        raise ValueError("it is empty")
    return np.memmap(path, np.uint8, "r")


def _chunks(data: npt.NDArray[np.uint8]) -> dict[bytes, npt.NDArray[np.uint8]]:
    """The chunks by name, those in lists too."""
    if data[:4].tobytes() != b"RIFF" or data[8:12].tobytes() != b"sfbk":
        raise ValueError("it does not begin as one")
    found: dict[bytes, npt.NDArray[np.uint8]] = {}
    place = 12
    while place + 8 <= len(data) and len(found) < _MOST_CHUNKS:
        name = data[place : place + 4].tobytes()
        size = int.from_bytes(data[place + 4 : place + 8].tobytes(), "little")
        if name == b"LIST":
            place += 12  # its name is not needed: names of chunks differ anyway
            continue
        if place + 8 + size > len(data):
            raise ValueError("it is cut short")
        found[name] = data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    return found


def _tables(chunks: dict[bytes, npt.NDArray[np.uint8]]) -> Tables:
    def table(name: bytes, fields: Any) -> npt.NDArray[Any]:
        if name not in chunks:
            raise ValueError(f'it has no "{name.decode()}"')
        return _rows(chunks[name], np.dtype(fields))

    presets = Level(table(b"phdr", _PRESET), table(b"pbag", _BAG), table(b"pgen", _GENERATOR))
    instruments = Level(
        table(b"inst", _INSTRUMENT), table(b"ibag", _BAG), table(b"igen", _GENERATOR)
    )
    for name, level in (("preset", presets), ("instrument", instruments)):
        _check(level, name)
    samples = table(b"shdr", _SAMPLE)
    frames = table(b"smpl", "<i2")
    if len(samples) < 2 or not len(frames):
        raise ValueError("it has no samples")
    return Tables(presets, instruments, samples, frames)


def _rows(data: npt.NDArray[np.uint8], kind: np.dtype[Any]) -> npt.NDArray[Any]:
    whole = len(data) // kind.itemsize * kind.itemsize
    return np.frombuffer(data[:whole], kind)


def _check(level: Level, name: str) -> None:
    if len(level.heads) < 2:
        raise ValueError(f"it has no {name}s")
    for indices, count in (
        (level.heads["bag"], len(level.bags) - 1),
        (level.bags["generator"], len(level.generators)),
    ):
        if (np.diff(indices.astype(np.int64)) < 0).any() or not len(indices) or indices[-1] > count:
            raise ValueError(f"the zones of its {name}s do not follow one another")
