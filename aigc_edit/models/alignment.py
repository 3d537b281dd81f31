"""When each token of a text is said: dynamic time warping (Sakoe and Chiba, 1978) on attention.

Heads of a decoder's cross-attention look at the sound of the word that they write. The mean of
those that do so best is taken, and the path through it, from the first token and frame to the
last ones, that collects most says when each token begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

_MEDIAN = 7  # frames; single frames that stand out mislead the path
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def followed(scores: Tensor) -> Floats:
    """How much each token looks at each frame, [tokens, frames], from scores of attention.

    Args:
        scores: [heads, tokens, frames], before the softmax. Of each frame the mean over the tokens
            is taken away, since heads look at some frames whatever the token.
    """
    import torch

    weights = scores.float().softmax(dim=-1)
    std, mean = torch.std_mean(weights, dim=1, keepdim=True, unbiased=False)
    weights = (weights - mean) / std.clamp_min(1e-9)
    if weights.shape[-1] > _MEDIAN // 2:
        reach = _MEDIAN // 2
        padded = torch.nn.functional.pad(weights, (reach, reach), mode="reflect")
        weights = padded.unfold(-1, _MEDIAN, 1).median(dim=-1).values
    found: Floats = weights.mean(dim=0).double().cpu().numpy()
    return found


def first_frames(gain: Floats) -> Places:
    """The frame at which each token begins, [tokens], on the path of most gain.

    Args:
        gain: [tokens, frames]. The path goes from corner to corner, on by a token, a frame or both
            at a time.
    """
    tokens, frames = gain.shape
    moves = _moves(-gain)
    starts = np.zeros(tokens, np.int64)
    token, frame = tokens - 1, frames - 1
    while token > 0 or frame > 0:
        move = moves[token, frame]
        if move != _NEXT_FRAME:
            starts[token] = frame
            token -= 1
        if move != _NEXT_TOKEN:
            frame -= 1
    return starts


_BOTH, _NEXT_TOKEN, _NEXT_FRAME = 0, 1, 2


def _moves(cost: Floats) -> npt.NDArray[np.int8]:
    """The cheapest last move to each place, [tokens, frames]; all of a diagonal at once."""
    tokens, frames = cost.shape
    moves = np.full((tokens, frames), _NEXT_FRAME, np.int8)
    moves[:, 0] = _NEXT_TOKEN
    total = np.full((tokens + 1, frames + 1), np.inf)
    total[0, 0] = 0
    for diagonal in range(tokens + frames - 1):
        token = np.arange(max(0, diagonal - frames + 1), min(tokens, diagonal + 1))
        frame = diagonal - token
        ways = np.stack([total[token, frame], total[token, frame + 1], total[token + 1, frame]])
        best = ways.argmin(axis=0)
        total[token + 1, frame + 1] = cost[token, frame] + ways.min(axis=0)
        moves[token, frame] = best
    return moves
