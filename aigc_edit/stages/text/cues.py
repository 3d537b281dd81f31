"""From words to cues: what stands on the screen, when, and on which lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise

from aigc_edit.api import Span, Transcript, Word
from aigc_edit.stages.text.boxes import Box, boxes, break_costs, text_of
from aigc_edit.stages.text.layout import Layout, Measures
from aigc_edit.stages.text.style import CueStyle
from aigc_edit.stages.text.width import columns
from aigc_edit.words import counted

# Netflix's Timing Guidelines: gaps of less than half a second are closed to two frames.
_CHAINED = Fraction(1, 2)
_FLASH = Fraction(1, 25)  # seconds that a cue gets where speech leaves none: one frame
_NEVER = Fraction(10**6)  # seconds; the end of a film whose end nobody knows

Lines = tuple[tuple[Word, ...], ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """What stands on the screen together, in the order in which it is read.

    >>> hello, world = Word(Span(0, 1), " Hello,"), Word(Span(1, 2), " world.")
    >>> Cue(Span(0, 3), ((hello,), (world,))).text
    'Hello,\\nworld.'
    """

    span: Span
    lines: Lines

    @property
    def words(self) -> tuple[Word, ...]:
        """All words, each with its own time."""
        return tuple(chain.from_iterable(self.lines))

    @property
    def texts(self) -> tuple[str, ...]:
        """Each line, in logical order: players turn right-to-left scripts themselves."""
        return tuple(text_of(line).strip() for line in self.lines)

    @property
    def text(self) -> str:
        """All lines, a newline between two."""
        return "\n".join(self.texts)


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """How many cues are not what their style wants, since speech leaves no room for it."""

    too_fast: int
    too_short: int
    too_wide: int

    @property
    def note(self) -> str:
        """In words; empty where there are none."""
        found = {
            "to be read faster than people read": self.too_fast,
            "shorter than asked": self.too_short,
            "with a word wider than a line": self.too_wide,
        }
        told = [f"{counted(count, 'cue')} {what}" for what, count in found.items() if count]
        return f"speech leaves no room: {', '.join(told)}" if told else ""


def sentence_cues(transcript: Transcript) -> tuple[Cue, ...]:
    """Each sentence on one line, however long: to be read by people who correct it."""
    return tuple(Cue(sentence.span, (sentence.words,)) for sentence in transcript.sentences)


def lay_out(
    transcript: Transcript, style: CueStyle | None = None, *, end: Fraction | None = None
) -> tuple[Cue, ...]:
    """Cues in order, a gap between each two; every word once.

    Where speech is too fast to be read, a cue takes the time that there is: see `shortfalls`.

    Args:
        end: of the film, seconds; no cue stays longer.
    """
    style = CueStyle() if style is None else style
    close = _NEVER if end is None else end
    found = boxes(transcript, lambda box: _fits(box, style))
    layout = Layout(_measures(found, transcript.language, style, close), style)
    lined = [
        tuple(_words(found[a:b]) for a, b in pairwise((first, *stops)))
        for first, stops in layout.cues()
    ]
    return tuple(_timed(lined, style, close))


def shortfalls(cues: Sequence[Cue], style: CueStyle) -> Shortfalls:
    """What had to give way to the speed of speech, and to words longer than a line."""
    return Shortfalls(
        too_fast=sum(cue.span.duration < _reading(cue.lines, style) for cue in cues),
        too_short=sum(cue.span.duration < style.shortest for cue in cues),
        too_wide=sum(columns(line) > style.columns for cue in cues for line in cue.texts),
    )


def silence(said: Transcript, lacking: str) -> Mapping[str, str]:
    """A note where no cues came of a transcript; none where that says itself what it lacks."""
    return {} if said.remark else {"note": f"no words were found, so no {lacking}"}


def _words(found: Sequence[Box]) -> tuple[Word, ...]:
    return tuple(chain.from_iterable(box.words for box in found))


def _reading(lines: Lines, style: CueStyle) -> Fraction:
    return style.reading("".join(map(text_of, lines)).strip())


def _fits(box: Box, style: CueStyle) -> bool:
    """Whether a box can be on one line, and its time leaves room for another one in the cue."""
    lasts = box.words[-1].span.end - box.words[0].span.start
    return columns(box.text.strip()) <= style.columns and 2 * lasts <= style.longest


def _measures(found: Sequence[Box], language: str, style: CueStyle, close: Fraction) -> Measures:
    texts = [box.text for box in found]
    return Measures(
        widths=[columns(text) for text in texts],
        indents=[columns(text) - columns(text.lstrip()) for text in texts],
        starts=[float(box.words[0].span.start) for box in found],
        ends=[float(box.words[-1].span.end) for box in found],
        reading=[float(style.reading(text)) for text in texts],
        leads=[float(style.reading(text) - style.reading(text.lstrip())) for text in texts],
        breaks=break_costs(found, language),
        last=[box.ends_sentence for box in found],
        close=float(close),
    )


def _timed(lined: Sequence[Lines], style: CueStyle, close: Fraction) -> Iterator[Cue]:
    """Each from its first word until it is read, or the next one comes.

    Words whose times stand still would leave nothing: then cues are put off, a flash each.
    """
    starts = [lines[0][0].span.start for lines in lined]
    free = Fraction(0)
    for lines, (begins, following) in zip(
        lined, pairwise([*starts, close + style.gap]), strict=True
    ):
        start = max(begins, free)
        limit = min(following - style.gap, start + style.longest)
        wanted = max(lines[-1][-1].span.end, start + max(style.shortest, _reading(lines, style)))
        chained = following - style.gap - wanted < _CHAINED
        stop = max(limit if chained else min(wanted, limit), start + _FLASH)
        free = stop + style.gap
        yield Cue(Span(start, stop), lines)
