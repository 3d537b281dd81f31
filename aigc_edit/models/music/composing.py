"""A piece for a film: as long as it, in its mood, its beats where it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

import numpy as np

from aigc_edit.models.music.arranging import Arrangement
from aigc_edit.models.music.form import Section, sections
from aigc_edit.models.music.harmony import accompanied
from aigc_edit.models.music.moods import Mood
from aigc_edit.models.music.net import Composer
from aigc_edit.models.music.notes import Key, Meter, Piece
from aigc_edit.models.music.performance import Performance
from aigc_edit.models.music.timing import BEAT, TempoRange, Timing, timing_for
from aigc_edit.models.music.writing import Head, Sampling, Writer, joined


@dataclass(frozen=True)
class Brief:
    """What is wanted.

    Attributes:
        duration: seconds.
        cuts: times at which the picture is cut, rising.
        seed, variation: the same ones give the same piece; another variation is another take.
        tempo: instead of the mood's.
        style: one of the net's, its first one if none is named.
    """

    duration: Fraction
    mood: Mood
    cuts: Sequence[Fraction] = ()
    seed: int = 0
    variation: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    tempo: TempoRange | None = None
    style: str = ""


@dataclass(frozen=True)
class Composition:
    """A piece for a film.

    Attributes:
        pieces: what was written, section by section.
        timing: where beats are, and how near to cuts.
    """

    performance: Performance
    pieces: tuple[tuple[Section, Piece], ...]
    timing: Timing

    @property
    def phrases_at_cuts(self) -> int:
        """How many phrases begin where the picture is cut."""
        cuts = {beat * BEAT for beat in self.timing.cuts.values()}
        return sum(s.first + begin in cuts for s, _ in self.pieces for begin in s.phrases)


def composed(brief: Brief, net: Composer) -> Composition:
    """Writes a piece and gives it to the mood's instruments.

    Memory grows by notes only, some dozens of bytes each; time with the length.

    Raises:
        ModelError: the net has no such style.
    """
    mood = brief.mood
    chances = np.random.default_rng((brief.seed, brief.variation))
    key = Key(int(chances.choice(mood.tonics)), mood.mode)
    timing = timing_for(brief.duration, brief.cuts, brief.tempo or mood.tempo, mood.ring)
    meter = net.config.usual_meter
    form = _form(key, meter, timing, brief.duration)
    head = Head(brief.style or net.vocabulary.styles[0], net.config.voices, mood.density)
    writer = Writer(net, brief.sampling, chances)
    pieces = tuple((section, _voiced(writer.section(section, head))) for section in form)
    voices = pieces[0][1].voices
    arrangement = Arrangement(joined(pieces), form, voices, timing.last * BEAT, chances)
    performance = Performance(
        parts=tuple(layer.part for layer in mood.layers),
        notes=arrangement.played(mood.layers),
        clock=timing.clock,
        duration=brief.duration,
        key=key,
        meter=meter,
        entry=form[0].entry,
    )
    return Composition(performance, pieces, timing)


def _voiced(piece: Piece) -> Piece:
    """A lonely tune gets company."""
    return accompanied(piece) if piece.voices == 1 else piece


def _form(key: Key, meter: Meter, timing: Timing, duration: Fraction) -> tuple[Section, ...]:
    """Sections; the last chord has as many beats as begin before the end."""
    last, clock = timing.last, timing.clock
    ring = next(n for n in count(1) if clock.seconds((last + n) * BEAT) >= duration)
    return sections(key, meter, last=last, ring=ring, cuts=set(timing.cuts.values()))
