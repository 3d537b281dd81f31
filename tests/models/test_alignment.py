"""Tokens begin where attention moves on to them."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aigc_edit.models.alignment import first_frames, followed

sizes = st.tuples(st.integers(1, 6), st.integers(1, 7))
gains = sizes.flatmap(lambda size: arrays(np.float64, size, elements=st.integers(-9, 9)))


def most(gain: np.ndarray) -> float:
    """What the best path collects, by trying all."""

    @cache
    def upto(token: int, frame: int) -> float:
        if token < 0 or frame < 0:
            return 0.0 if token == frame == -1 else -np.inf
        before = max(upto(token - 1, frame - 1), upto(token - 1, frame), upto(token, frame - 1))
        return gain[token, frame] + before

    return upto(gain.shape[0] - 1, gain.shape[1] - 1)


def collected(gain: np.ndarray, starts: np.ndarray) -> float:
    """The most that a path with these starts collects: a token is left in the frame before the
    next one begins, or in that frame."""
    ends = [*starts[1:], gain.shape[1] - 1]
    total = 0.0
    for token, (start, end) in enumerate(zip(starts, ends, strict=True)):
        row = gain[token]
        last = token == gain.shape[0] - 1
        stays = row[start : end + 1].sum()
        leaves = row[start:end].sum() if end > start and not last else stays
        total += stays if last else max(stays, leaves)
    return total


@given(gains)
def test_no_path_collects_more(gain):
    assert collected(gain, first_frames(gain)) >= most(gain) - 1e-9


def test_tokens_begin_where_their_frames_begin():
    gain = np.zeros((3, 30))
    gain[0, :10], gain[1, 10:22], gain[2, 22:] = 1, 1, 1

    assert first_frames(gain).tolist() == [0, 10, 22]


def test_frames_that_every_token_looks_at_say_nothing():
    scores = torch.zeros(2, 3, 40)
    for token, (first, last) in enumerate(((0, 12), (12, 25), (25, 40))):
        scores[:, token, first:last] = 2
    scores[..., 33] = 9

    assert np.abs(first_frames(followed(scores)) - [0, 12, 25]).max() <= 1
