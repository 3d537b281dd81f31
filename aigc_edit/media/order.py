"""Decode order and display order of packets."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable

_DEEPEST = (
    16  # no codec that we write or copy reorders further (H.264 A.3.1: max_dec_frame_buffering)
)


def reorder_depth(times: Iterable[int]) -> int:
    """How many packets come before one that is shown earlier, at most; `times` in decode order."""
    depth, recent = 0, deque[int](maxlen=_DEEPEST)
    for time in times:
        depth = max(depth, sum(before > time for before in recent))
        recent.append(time)
    return depth


class DecodeTimes:
    """Decode times for packets of pieces that were coded apart.

    They are the presentation times in order, `depth` packets late: rising, and never after the
    presentation, whatever clock each piece had.

    Args:
        lag: how long before the first picture decoding begins, in ticks; at least `depth`. MP4
            takes the sum of all steps for the length of the film: it is right where the lag is
            as long as the steps of the last `depth` pictures, which it stands for.
    """

    def __init__(self, depth: int, lag: int) -> None:
        self._depth, self._lag = depth, max(lag, depth)
        self._waiting: list[int] = []
        self._given = 0
        self._first = 0

    def next(self, time: int) -> int:
        """The decode time of the packet that is shown at `time`."""
        if not self._given:
            self._first = time
        place, self._given = self._given, self._given + 1
        heapq.heappush(self._waiting, time)
        if place < self._depth:
            return self._first - self._lag + self._lag * place // self._depth
        return heapq.heappop(self._waiting)
