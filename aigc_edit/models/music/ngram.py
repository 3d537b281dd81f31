"""What a net must beat: an interpolated n-gram of tokens."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class NGram:
    """p(token | the order - 1 before), smoothed after Witten & Bell (1991).

        p(w | h) = (c(h w) + n(h) p(w | h')) / (c(h) + n(h))

    where c counts, n(h) is how many different tokens followed h, and h' is h without its first
    token; below the shortest all tokens are alike (Chen & Goodman 1999, 2.5).
    """

    def __init__(self, pieces: Iterable[Numbers], tokens: int, order: int = 5) -> None:
        if tokens**order >= 2**63:
            raise ValueError(f"{order} tokens of {tokens} do not fit one number")
        self._tokens, self.order = tokens, order
        grams = [np.concatenate(them) for them in zip(*(self._grams(p) for p in pieces))]  # noqa: B905 -- all of one length
        self._counts = [np.unique(them, return_counts=True) for them in grams]
        self._followed = [self._histories(keys, n) for keys, n in self._counts]

    def _grams(self, piece: Numbers) -> list[Numbers]:
        """For each length from 1 the runs of so many tokens, each as one number."""
        found, keys = [piece], piece
        for length in range(1, self.order):
            keys = keys[:-1] * self._tokens + piece[length:]
            found.append(keys)
        return found

    def _histories(self, keys: Numbers, counts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Runs without their last token; how often each was followed, and by how many tokens."""
        runs, firsts = np.unique(keys // self._tokens, return_index=True)
        return runs, np.add.reduceat(counts, firsts), np.diff([*firsts, len(keys)])

    def distribution(self, history: Numbers) -> npt.NDArray[np.float64]:
        """p of each token after `history`, the latest last; float64 [tokens], its sum is 1."""
        found = np.full(self._tokens, 1 / self._tokens)
        for length in range(1, min(self.order, len(history) + 1) + 1):
            run = 0
            for token in history[len(history) - length + 1 :]:
                run = run * self._tokens + int(token)
            found = self._sharpened(found, length, run)
        return found

    def _sharpened(
        self, shorter: npt.NDArray[np.float64], length: int, run: int
    ) -> npt.NDArray[np.float64]:
        runs, totals, kinds = self._followed[length - 1]
        place = int(np.searchsorted(runs, run))
        if place == len(runs) or runs[place] != run:
            return shorter
        keys, counts = self._counts[length - 1]
        first, last = np.searchsorted(keys, (run * self._tokens, (run + 1) * self._tokens))
        found = shorter * kinds[place]
        found[keys[first:last] - run * self._tokens] += counts[first:last]
        return np.asarray(found / (totals[place] + kinds[place]))
