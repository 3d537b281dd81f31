"""Many colours become a few: cells of CIELAB first, then weighted k-means.

k-means++ seeds (Arthur and Vassilvitskii, SODA 2007), then Lloyd's iterations (IEEE Trans. Inf.
Theory, 1982). Points are [N, 3] in CIELAB, weights [N] are positive.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .lab import Floats

_CELL = 12.0  # side of a cell; frames of one shot share most of theirs
_AXIS = 64  # more cells than an axis has, so that three numbers make one
_SEED = 0
_TRIES = 4  # k-means ends in the nearest valley: the deepest of some is taken
_ROUNDS = 20
_SAME = 8.0  # centres that are nearer are one colour to the eye; 2.3 is just noticeable


def gathered(points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Means and weights of the cells that points fall into, the heaviest first."""
    axes = np.rint(points / _CELL).astype(np.int64) + _AXIS // 2
    cells = (axes[:, 0] * _AXIS + axes[:, 1]) * _AXIS + axes[:, 2]
    _, member = np.unique(cells, return_inverse=True)
    means, total = _means(points, weights, member)
    order = np.argsort(-total, kind="stable")
    return means[order], total[order]


def shortened(points: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
    """The first `most` points; those after them add their weight to the nearest one."""
    kept, sums = points[:most], weights[:most].copy()
    if len(points) > most:
        np.add.at(sums, _distances(points[most:], kept).argmin(axis=1), weights[most:])
    return kept, sums


def main_colors(points: Floats, weights: Floats, count: int) -> tuple[Floats, Floats]:
    """At most `count` centres [K, 3] and their weights [K], the heaviest first."""
    random = np.random.default_rng(_SEED)
    tries = [_settled(points, weights, _seeds(points, weights, count, random)) for _ in _RANGE]
    centres = min(tries, key=lambda c: float(_distances(points, c).min(axis=1) @ weights))
    means, total = _means(points, weights, _distances(points, centres).argmin(axis=1))
    means, total = _merged(means, total)
    order = np.argsort(-total, kind="stable")
    return means[order], total[order]


_RANGE = range(_TRIES)


def _seeds(points: Floats, weights: Floats, count: int, random: np.random.Generator) -> Floats:
    """Points far from each other, by chance: fewer than `count` where there are no more."""
    chances, seeds = weights, points[:0]
    while len(seeds) < count and chances.sum() > 0:
        chosen = random.choice(len(points), p=chances / chances.sum())
        seeds = np.concatenate([seeds, points[chosen : chosen + 1]])
        chances = weights * _distances(points, seeds).min(axis=1)
    return seeds


def _settled(points: Floats, weights: Floats, centres: Floats) -> Floats:
    for _ in range(_ROUNDS):
        moved, _ = _means(points, weights, _distances(points, centres).argmin(axis=1))
        if len(moved) == len(centres) and np.allclose(moved, centres, atol=1e-3):
            break
        centres = moved
    return centres


def _means(points: Floats, weights: Floats, member: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Weighted mean and weight of each group that has members."""
    total = np.bincount(member, weights).astype(np.float64)
    sums = np.stack([np.bincount(member, weights * axis) for axis in points.T], axis=1)
    return sums[total > 0] / total[total > 0, None], total[total > 0]


def _merged(centres: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Without centres that look the same: the nearest pair becomes one, again and again."""
    while len(centres) > 1:
        apart = _distances(centres, centres) + np.diag(np.full(len(centres), np.inf))
        first, second = np.unravel_index(apart.argmin(), apart.shape)
        if apart[first, second] >= _SAME**2:
            break
        member = np.arange(len(centres))
        member[second] = first
        centres, weights = _means(centres, weights, member)
    return centres, weights


def _distances(points: Floats, centres: Floats) -> Floats:
    """Squared CIE 1976 differences [N, K]."""
    squares: Floats = np.square(points[:, None] - centres[None]).sum(axis=2)
    return squares
