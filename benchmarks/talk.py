"""A transcript without end that costs nothing: what is left is what captions cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from aigc_edit.api import Analyzer, Sentence, Span, Timeline, Track, Transcript, spread

TEXT = "And then we went on to the next one, and talked about it for a good while."
_SAID, _PAUSE = Fraction(5), Fraction(1, 2)  # seconds: 15 signs a second


class MadeTalk(Analyzer):
    """Somebody who speaks all the time, at a pace that people read with ease."""

    name = "made_talk"
    writes = (Transcript.named("transcript"),)

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        count = int(tracks.duration / (_SAID + _PAUSE))
        starts = [number * (_SAID + _PAUSE) for number in range(count)]
        said = tuple(Sentence(spread(TEXT, Span(start, start + _SAID))) for start in starts)
        return [Transcript("transcript", said, "en")]
