"""The cheapest way to part boxes into cues of lines, by dynamic programming.

As Knuth and Plass broke paragraphs into lines ("Breaking Paragraphs into Lines", Software: Practice
and Experience 11, 1981): each line has a badness, each break a penalty, and the sum over the whole
text is made as small as it can be. Here lines form cues, and a cue pays for what its time lacks.
What is said between two pauses is hurried only where no cues of it could all be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from aigc_edit.stages.text.style import CueStyle

Stops = tuple[int, ...]  # the box after the last one of each line
Ways = dict[int, tuple[float, Stops]]  # to each box that was reached: cost, and lines

# In the unit of break costs (boxes.py): a break within a phrase costs 7.
_LINE, _CUE = 6.0, 4.0  # one line rather than two, one cue rather than two
_FULL = 10.0  # a full line; by its square, so that equal lines are the cheapest
_TOP_HEAVY = 1.0  # a full line above another one: the lower line is the longer one
_ORPHAN = 8.0  # a line of one short word that is no sentence
_JOINED = 12.0  # two sentences in one cue (BBC: a subtitle should be a single sentence)
_LINE_BREAK = 0.6  # of what the same break costs between cues, where the reader has to wait
_HELD = 10.0  # a second of pause within a cue, beyond the first half
_HURRIED, _LACK = 20.0, 50.0  # a cue that lacks time, and each second that it lacks
_PAUSE = 0.999  # seconds; haste after such a pause is none of what is before it
_EXACT = 1e-9  # seconds; what sums of times may err by


@dataclass(frozen=True, slots=True)
class Measures:
    """Boxes in numbers; all sequences are as long as there are boxes. Times in seconds.

    Attributes:
        widths: display columns, with the space before.
        indents: columns of that space; a line begins without.
        starts, ends: in order, without overlap.
        reading: how long it takes to read.
        leads: how much of that the space before takes; a cue begins without.
        breaks: cost of a break after it.
        last: it ends a sentence.
        close: when the last cue has to go.
    """

    widths: Sequence[int]
    indents: Sequence[int]
    starts: Sequence[float]
    ends: Sequence[float]
    reading: Sequence[float]
    leads: Sequence[float]
    breaks: Sequence[float]
    last: Sequence[bool]
    close: float


class Layout:
    """One layout problem; `cues` solves it."""

    def __init__(self, measures: Measures, style: CueStyle) -> None:
        self.boxes, self.style = measures, style
        self._gap, self._longest = float(style.gap), float(style.longest)
        self._count = len(measures.widths)
        self._width = [0, *accumulate(measures.widths)]
        self._read = [0.0, *accumulate(measures.reading)]
        self._within = [0.0, *accumulate(map(self._cost_within, range(self._count)))]
        self._lines = [tuple(self._lines_from(first)) for first in range(self._count)]
        self._ways = [self._cues_from(first) for first in range(self._count)]
        self._readable = [0, *accumulate(self._can_be_read())]

    def cues(self) -> list[tuple[int, Stops]]:
        """Each cue: its first box, and where its lines end."""
        best = [0.0] + [math.inf] * self._count
        come: list[tuple[int, Stops]] = [(0, ())] * (self._count + 1)
        for first in range(self._count):
            for stop, (cost, lines) in self._ways[first].items():
                total = best[first] + cost + self._cost_of_cue(first, stop)
                if total < best[stop]:
                    best[stop], come[stop] = total, (first, lines)
        return self._back(come)

    def _back(self, come: Sequence[tuple[int, Stops]]) -> list[tuple[int, Stops]]:
        found: list[tuple[int, Stops]] = []
        stop = self._count
        while stop:
            found.append(come[stop])
            stop = come[stop][0]
        return found[::-1]

    def _can_be_read(self) -> Iterator[bool]:
        """Of each box, whether there are cues without haste of all between its two pauses."""
        count = range(self._count)
        borders = [0, *(box + 1 for box in count if self._pause(box) >= _PAUSE), self._count]
        for first, stop in pairwise(borders):
            reached = {first}
            for box in range(first, stop):
                if box in reached:
                    reached.update(s for s in self._ways[box] if self._lack(box, s) <= _EXACT)
            yield from [stop in reached] * (stop - first)

    def _cues_from(self, first: int) -> Ways:
        """The cheapest lines from this box to each one that a cue can reach."""
        found: Ways = {}
        reached: Ways = {first: (0.0, ())}
        for below in reversed(range(self.style.lines)):
            reached = self._a_line_further(reached, first, below)
            for stop, way in reached.items():
                found[stop] = min(way, found.get(stop, way))
        return found

    def _a_line_further(self, reached: Ways, first: int, below: int) -> Ways:
        """One more line in the cue from `first`, with room for so many below it."""
        further: Ways = {}
        for start, (before, lines) in reached.items():
            entry = before + (self.boxes.breaks[start - 1] * _LINE_BREAK if lines else 0.0)
            for stop, cost, full in self._lines[start] if start < self._count else ():
                if stop > first + 1 and not self._lasts(first, stop):
                    break
                total = entry + cost + below * _TOP_HEAVY * full
                if total < further.get(stop, (math.inf,))[0]:
                    further[stop] = (total, (*lines, stop))
        return further

    def _lines_from(self, first: int) -> Iterator[tuple[int, float, float]]:
        """Lines that begin with this box: the box after, cost, and how full (squared)."""
        for stop in range(first + 1, self._count + 1):
            width = self._width[stop] - self._width[first] - self.boxes.indents[first]
            if width > self.style.columns and stop > first + 1:
                return
            share = width / self.style.columns
            cost = _LINE + _FULL * share**2 + self._cost_of_orphan(first, stop, share)
            yield stop, cost, share**2

    def _cost_of_orphan(self, first: int, stop: int, share: float) -> float:
        alone = self.boxes.last[first] and (first == 0 or self.boxes.last[first - 1])
        return _ORPHAN * max(0.0, 1 - share) if stop == first + 1 and not alone else 0.0

    def _lasts(self, first: int, stop: int) -> bool:
        """Whether a cue may stay from its first word to its last."""
        return self.boxes.ends[stop - 1] - self.boxes.starts[first] <= self._longest

    def _start(self, box: int) -> float:
        return self.boxes.starts[box] if box < self._count else self.boxes.close + self._gap

    def _cost_within(self, box: int) -> float:
        """What is paid where this box and the next share a cue."""
        return _JOINED * self.boxes.last[box] + _HELD * max(0.0, self._pause(box) - 0.5)

    def _pause(self, box: int) -> float:
        """Seconds between this box and the next."""
        return self._start(box + 1) - self.boxes.ends[box] if box + 1 < self._count else 0.0

    def _cost_of_cue(self, first: int, stop: int) -> float:
        within = self._within[stop - 1] - self._within[first]
        return _CUE + self.boxes.breaks[stop - 1] + within + self._cost_of_haste(first, stop)

    def _cost_of_haste(self, first: int, stop: int) -> float:
        lack = self._lack(first, stop)
        if lack <= _EXACT:
            return 0.0
        needless = self._readable[stop] > self._readable[first]
        return math.inf if needless else _HURRIED + _LACK * lack

    def _lack(self, first: int, stop: int) -> float:
        """Seconds that a cue lacks to be read; negative where there are more than it needs."""
        time = min(self._start(stop) - self._gap - self._start(first), self._longest)
        reading = self._read[stop] - self._read[first] - self.boxes.leads[first]
        return max(float(self.style.shortest), reading) - time
