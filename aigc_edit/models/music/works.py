"""Pieces to learn from, and which of them are kept back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from aigc_edit.models.music.notes import Piece

Split = Literal["train", "validation", "test"]
_INCIPIT = 12  # intervals that tell tunes apart; Barlow & Morgenstern 1948 take six to ten notes
_PARTS = 10  # one of so many tunes is for validation, one for the test


@dataclass(frozen=True)
class Work:
    """A piece with its name and style."""

    name: str
    style: str
    piece: Piece


@dataclass(frozen=True)
class Corpus:
    """Works in three parts that share no tune.

    Attributes:
        skipped: files that could not be read, each with the reason.
    """

    train: tuple[Work, ...]
    validation: tuple[Work, ...]
    test: tuple[Work, ...]
    skipped: tuple[str, ...] = ()

    @staticmethod
    def parted(works: Sequence[Work], skipped: Iterable[str] = ()) -> Corpus:
        """Each work in the part that its tune belongs to."""
        parts: dict[Split, list[Work]] = {"train": [], "validation": [], "test": []}
        for work in works:
            parts[split_of(work.piece)].append(work)
        train, validation, test = map(tuple, parts.values())
        return Corpus(train, validation, test, tuple(skipped))

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles, sorted."""
        return tuple(sorted({work.style for work in (*self.train, *self.validation, *self.test)}))


def split_of(piece: Piece) -> Split:
    """Which part of a corpus a piece belongs to.

    By the first intervals of its highest voice: all harmonisations of a tune, in all keys, are in
    the same part, whatever else is in the corpus.
    """
    line = next(line for line in piece.lines if line)[: _INCIPIT + 1]
    tune = [after.pitch - before.pitch for before, after in pairwise(line)]
    number = int.from_bytes(hashlib.sha256(repr(tune).encode()).digest()[:8]) % _PARTS
    return "test" if number == 0 else "validation" if number == 1 else "train"
