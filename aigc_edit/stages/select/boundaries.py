"""Where a cut may fall, and how well: at shots best, in pauses well, in speech only in need.

With a transcript, pauses between sentences are better than those within one, and no cut falls into
a word: in continuous talk there are places between the words.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from aigc_edit.api import Shots, Span, Timeline, Transcript
from aigc_edit.stages.spoken import inside, spoken_spans, word_spans

GRID = Fraction(1, 4)  # seconds between places where nothing speaks for or against a cut
_MIN_PAUSE = Fraction(1, 5)
# A pause that a cut may open with is left this long before the first word.
BREATH = Fraction(1, 10)
# Voice activity and the words of a recogniser agree on where a sentence ends to so many seconds.
_AGREE = Fraction(3, 10)


@dataclass(frozen=True, slots=True)
class Place:
    """A time at which a cut may fall; `cost` says how bad that is, `kind` why."""

    time: Fraction
    cost: float
    kind: str


COSTS = {
    "edge": 0.0,
    "shot": 0.0,
    "sentence": 0.15,
    "pause": 0.3,
    "open": 0.8,
    "flash": 1.5,  # a beat so near a cut that some of another shot would flash up
    "mid-sentence": 1.2,
    "between words": 4.0,
    "speech": 6.0,
}


@dataclass(frozen=True)
class Boundaries:
    """All places of a source at which a cut may fall, in order of time."""

    places: tuple[Place, ...]

    @classmethod
    def of(cls, tracks: Timeline) -> Boundaries:
        """From the tracks `shots`, `speech_regions` and `transcript`, where they are."""
        whole = Span(0, tracks.duration)
        spoken = spoken_spans(tracks)
        sentences, words = _sentences(tracks), word_spans(tracks)
        cuts = tracks.get(Shots, "shots").cuts if "shots" in tracks else ()
        # What is shorter than a pause is none, wherever the grid lies.
        talk = Span.merged(spoken, gap=_MIN_PAUSE)
        places = {p.time: p for p in _grid(whole, talk)}
        places = {t: p for t, p in places.items() if not inside(t, words)}
        places |= {p.time: p for p in _between(words, talk)}
        places |= {p.time: p for p in _pauses(whole, spoken, sentences)}
        places |= {t: Place(t, COSTS["shot"], "shot") for t in cuts if not inside(t, spoken)}
        places |= {t: Place(t, COSTS["edge"], "edge") for t in (whole.start, whole.end)}
        return cls(tuple(places[t] for t in sorted(places)))

    def without(self, *kinds: str) -> Boundaries:
        """All places but those of these kinds."""
        return Boundaries(tuple(place for place in self.places if place.kind not in kinds))

    def between(self, start: Fraction, end: Fraction) -> list[Place]:
        """The places in `[start, end]`."""
        first = bisect_left(self.places, start, key=lambda place: place.time)
        stop = bisect_right(self.places, end, key=lambda place: place.time)
        return list(self.places[first:stop])


def _sentences(tracks: Timeline) -> tuple[Span, ...]:
    said = tracks.find(Transcript, "transcript")
    return tuple(sentence.span for sentence in said.sentences) if said else ()


def _pauses(whole: Span, spoken: tuple[Span, ...], sentences: tuple[Span, ...]) -> Iterator[Place]:
    """Two places in each pause: after what was said, and before what comes."""
    if not spoken:
        return
    ends, starts = sorted(s.end for s in sentences), sorted(s.start for s in sentences)
    for pause in whole.without(spoken):
        if pause.duration >= _MIN_PAUSE:
            breath = min(BREATH, pause.duration / 2)
            for time, said, borders in (
                (pause.start + breath, pause.start, ends),
                (pause.end - breath, pause.end, starts),
            ):
                kind = _pause_kind(said, borders)
                yield Place(time, COSTS[kind], kind)


def _pause_kind(time: Fraction, borders: Sequence[Fraction]) -> str:
    """What a pause is at the time where speech stops or begins."""
    if not borders:
        return "pause"
    near = borders[bisect_left(borders, time - _AGREE) :][:1]
    return "sentence" if near and near[0] <= time + _AGREE else "mid-sentence"


def _grid(whole: Span, spoken: tuple[Span, ...]) -> Iterator[Place]:
    count = int(whole.duration / GRID)
    for time in (k * GRID for k in range(count + 1)):
        kind = "speech" if inside(time, spoken) else "open"
        yield Place(time, COSTS[kind], kind)


def _between(words: Sequence[Span], talk: Sequence[Span]) -> Iterator[Place]:
    """The middle between two words of continuous talk; the border of words that touch."""
    for one, after in pairwise(words):
        middle = (one.end + after.start) / 2
        if inside(middle, talk):
            yield Place(middle, COSTS["between words"], "between words")
