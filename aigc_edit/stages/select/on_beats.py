"""Places for cuts on the beats of music, so that what is cut out is a whole number of beats."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from aigc_edit.api import Instants, Shots, Span, Timeline
from aigc_edit.stages.select.boundaries import (
    BREATH,
    COSTS,
    GRID,
    Boundaries,
    Place,
)
from aigc_edit.stages.spoken import inside, spoken_spans, word_spans

_BREAK = 2  # seconds without a beat: the music is over
# What is seen and heard within so many seconds is one event (ITU-R BT.1359: sound that is early).
_AT_ONCE = Fraction(45, 1000)
_FLASH = Fraction(1, 4)  # seconds of another shot that are too short to be meant
_OFF_BEAT_COST = 1.0  # where a pause has no beat while there is music


def on_beats(boundaries: Boundaries, tracks: Timeline) -> Boundaries:
    """The places with beats instead of all others where there is music; elsewhere as they were.

    A pause of speech without a beat keeps its places, which cost more; so does a stretch of
    speech, and each keeps those between words. A cut that is on a beat as far as eyes and ears
    can tell stays what it is.

    Args:
        tracks: those of `Boundaries.of`, and `beats`.
    """
    stretches = _Stretches(spoken_spans(tracks))
    times = tracks.get(Instants, "beats").times
    music = tuple(_music(times, tracks.get(Instants, "beats").runs(_BREAK)))
    words = word_spans(tracks)
    heard = [
        time
        for time in times
        if any(time in run for run in music) and stretches.may_cut(time) and not inside(time, words)
    ]
    with_beats = {stretches.of(t) for t in heard}
    beats = _Beats(boundaries, tracks, stretches)
    found = {place.time: place for place in map(beats.place, heard)}
    for place in boundaries.places:
        if not any(run.start < place.time < run.end for run in music):
            found.setdefault(place.time, place)
        elif stretches.of(place.time) not in with_beats or place.kind == "between words":
            found[place.time] = Place(place.time, place.cost + _OFF_BEAT_COST, place.kind)
    return Boundaries(tuple(found[time] for time in sorted(found)))


def _music(times: Sequence[Fraction], runs: Iterable[Span]) -> Iterator[Span]:
    """Each run with two beats before and after it, in which nothing else is a place, either.

    The first and the last beat may be too weak to be found.
    """
    for run in runs:
        count = bisect_right(times, run.end) - bisect_left(times, run.start)
        if count > 1:
            lead = 2 * run.duration / (count - 1)
            yield run.padded(lead, lead)


class _Stretches:
    """Pauses and stretches of speech, each with a key of its own."""

    def __init__(self, spoken: Sequence[Span]) -> None:
        self._starts, self._ends = [s.start for s in spoken], [s.end for s in spoken]

    def of(self, time: Fraction) -> tuple[int, int]:
        """How many have begun before a time, and how many are over."""
        return bisect_left(self._starts, time), bisect_right(self._ends, time)

    def is_speech(self, time: Fraction) -> bool:
        begun, over = self.of(time)
        return begun > over

    def may_cut(self, time: Fraction) -> bool:
        """Whether a time lies within speech or within a pause, not a breath from the border."""
        begun, over = self.of(time)
        after = over == 0 or time - self._ends[over - 1] >= BREATH
        before = begun == len(self._starts) or self._starts[begun] - time >= BREATH
        return begun > over or (after and before)


class _Beats:
    """What beats are as places: like those around them, on a cut, or too near one."""

    def __init__(self, boundaries: Boundaries, tracks: Timeline, stretches: _Stretches) -> None:
        self._boundaries, self._stretches = boundaries, stretches
        self._cuts = tracks.get(Shots, "shots").cuts if "shots" in tracks else ()

    def place(self, time: Fraction) -> Place:
        if self._stretches.is_speech(time):
            return Place(time, COSTS["speech"], "speech")
        at = bisect_left(self._cuts, time)
        cut = min(self._cuts[max(0, at - 1) : at + 1], key=lambda t: abs(t - time), default=None)
        if cut is None or abs(cut - time) >= _FLASH:
            return Place(time, self._cost_around(time), "beat")
        if abs(cut - time) <= _AT_ONCE and not self._stretches.is_speech(cut):
            return Place(cut, COSTS["shot"], "shot on a beat")
        return Place(time, COSTS["flash"], "beat")

    def _cost_around(self, time: Fraction) -> float:
        near = [
            place
            for place in self._boundaries.between(time - GRID, time + GRID)
            if self._stretches.of(place.time) == self._stretches.of(time)
            and place.kind not in ("shot", "edge")
        ]
        nearest = min(near, key=lambda place: abs(place.time - time), default=None)
        return nearest.cost if nearest else COSTS["open"]
