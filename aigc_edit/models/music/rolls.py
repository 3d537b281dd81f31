"""Pieces as pictures, in which one sees what one would hear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aigc_edit.models.music.notes import Piece

Picture = npt.NDArray[np.float32]

_COLUMN, _ROW = 4, 5  # pixels of a sixteenth, and of a semitone
_LOWEST, _HIGHEST = 31, 88  # pitches that are shown
_PAPER, _BEAT, _BAR, _PHRASE = 1.0, 0.93, 0.8, (0.85, 0.2, 0.2)
# Colours of the voices, from the highest down.
_INKS = ((0.1, 0.3, 0.7), (0.1, 0.6, 0.3), (0.85, 0.55, 0.1), (0.5, 0.2, 0.55), (0.3, 0.3, 0.3))


def piano_roll(piece: Piece) -> Picture:
    """Time to the right, pitch upwards, a colour for each voice, ends of phrases in red.

    Returns:
        float32 [3, H, W], RGB in [0, 1].
    """
    picture = np.full(
        (3, (_HIGHEST - _LOWEST + 1) * _ROW, piece.length * _COLUMN), _PAPER, np.float32
    )
    for time in range(piece.length):
        place = (piece.entry + time) % piece.meter.bar
        if place % piece.meter.beat == 0:
            picture[:, :, time * _COLUMN] = _BEAT if place else _BAR
    for time in piece.phrases:
        picture[:, :, time * _COLUMN] = np.array(_PHRASE)[:, None]
    for note in piece.notes:
        if _LOWEST <= note.pitch <= _HIGHEST:
            top = (_HIGHEST - note.pitch) * _ROW
            left, right = note.start * _COLUMN + 1, note.end * _COLUMN - 1
            ink = np.array(_INKS[min(note.voice, len(_INKS) - 1)])[:, None, None]
            picture[:, top : top + _ROW - 1, left:right] = ink
    return picture


def sheet(pieces: Sequence[Piece]) -> Picture:
    """Piano rolls one below the other; float32 [3, H, W], RGB in [0, 1]."""
    rolls = [piano_roll(piece) for piece in pieces]
    width = max(roll.shape[2] for roll in rolls)
    rows = [np.pad(r, ((0, 0), (0, 8), (0, width - r.shape[2])), constant_values=1) for r in rolls]
    return np.concatenate(rows, axis=1)
