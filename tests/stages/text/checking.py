"""Cues judged from outside: by the transcript and by Unicode, with nothing of what laid them out.

Only the words of Chinese come from the same place as there, jieba. No dictionary of Japanese or
Thai is at hand: what may be a border of words there is allowed, and nowhere asked for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import accumulate, pairwise

import rjieba

from aigc_edit.stages.text import Cue, CueStyle
from aigc_edit.timeline import Sentence, Transcript, Word

_EXACT = 1e-6  # seconds
_FRAME = 0.04  # seconds; what is shown for less is not seen
_LONG_PAUSE = 1.0  # seconds; what is said before and after it is read apart
_THAI_BEFORE, _THAI_AFTER = "เแโใไ", "ะาำๅๆฯ"  # vowels and signs written before, after a consonant


@dataclass(frozen=True)
class Limits:
    """What the issue asks of cues, in seconds, columns and signs a second."""

    columns: int = 42
    lines: int = 2
    speed: float = 17
    wide_speed: float = 9
    shortest: float = 0.833
    longest: float = 7
    gap: float = 0.083

    @property
    def style(self) -> CueStyle:
        return CueStyle(
            columns=self.columns,
            lines=self.lines,
            speed=Fraction(str(self.speed)),
            wide_speed=Fraction(str(self.wide_speed)),
            shortest=Fraction(str(self.shortest)),
            longest=Fraction(str(self.longest)),
            gap=Fraction(str(self.gap)),
        )

    def needed(self, text: str) -> float:
        """Seconds in which it can be read."""
        sizes = [_width(sign) for sign in text]
        reading = sizes.count(1) / self.speed + sizes.count(2) / self.wide_speed
        return max(self.shortest, reading)


def violations(cues: Sequence[Cue], said: Transcript, limits: Limits) -> list[str]:
    """What is wrong with them, a line each."""
    shown = list(_shown(cues, said))
    checks = (_shape(shown, limits), _time(shown, limits), _breaks(shown, said, limits))
    return [*(line for check in checks for line in check), *_hurried(shown, said, limits)]


@dataclass(frozen=True)
class _Shown:
    """A cue, and the words that it shows with the times at which they are said."""

    cue: Cue
    first: int
    words: Sequence[Word]

    @property
    def seconds(self) -> float:
        return float(self.cue.span.duration)

    @property
    def starts(self) -> float:
        return float(self.words[0].span.start)


def _shown(cues: Sequence[Cue], said: Transcript) -> Iterator[_Shown]:
    words, first = list(said.words), 0
    for cue in cues:
        count = len(cue.words)
        yield _Shown(cue, first, words[first : first + count])
        first += count


def _width(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _columns(text: str) -> int:
    return sum(map(_width, text.strip()))


def _shape(shown: Sequence[_Shown], limits: Limits) -> Iterator[str]:
    for one in shown:
        if not 1 <= len(one.cue.lines) <= limits.lines:
            yield f"{len(one.cue.lines)} lines: {one.cue.text!r}"
        for line, text in zip(one.cue.lines, one.cue.texts, strict=True):
            if _columns(text) > limits.columns and len(line) > 1:
                yield f"{_columns(text)} columns: {text!r}"


def _time(shown: Sequence[_Shown], limits: Limits) -> Iterator[str]:
    for one, after in pairwise(shown):
        if float(after.cue.span.start - one.cue.span.end) < limits.gap - _EXACT:
            yield f"no gap after {one.cue.text!r}"
    for one in shown:
        if not 0 < one.seconds <= limits.longest + _EXACT:
            yield f"stays {one.seconds:.2f} s: {one.cue.text!r}"
    earliest = 0.0
    for number, one in enumerate(shown):
        # Words at one time: the cue before has to be seen at all, and to be gone, before this one.
        # That cues of other words would have had the time is what `_hurried` looks for.
        earliest = max(one.starts, earliest)
        later = [float(word.span.start) for other in shown[number + 1 :] for word in other.words]
        room = min(later, default=1e9) - limits.gap - earliest
        earliest += _FRAME + limits.gap
        needed = limits.needed(one.cue.text)
        if needed <= min(room, limits.longest) and one.seconds < needed - _EXACT:
            yield f"{one.seconds:.2f} s of {needed:.2f}, though there is time: {one.cue.text!r}"


def _breaks(shown: Sequence[_Shown], said: Transcript, limits: Limits) -> Iterator[str]:
    held = {number for words in _held(said, limits) for number in words[:-1]}
    for one in shown:
        stop = one.first
        for line, text in zip(one.cue.lines, one.cue.texts, strict=True):
            stop += len(line)
            if stop - 1 in held:
                yield f"ends inside a word: {text!r}"


def _held(said: Transcript, limits: Limits) -> Iterator[list[int]]:
    """Numbers of words that no line may part: what fits into a line, and into half a cue's time."""
    words = list(said.words)
    held: list[int] = []
    for number, border in enumerate(_borders(said)):
        held.append(number)
        if border is not Border.NEVER:
            text = "".join(words[k].text for k in held)
            lasts = float(words[number].span.end - words[held[0]].span.start)
            if _columns(text) <= limits.columns and 2 * lasts <= limits.longest:
                yield held
            held = []


class Border(Enum):
    """What stands between two signs."""

    NEVER = "no line may end here"
    PERHAPS = "it takes a dictionary to tell"
    SURE = "a line may end here"


def _borders(said: Transcript) -> list[Border]:
    """What stands after each word."""
    return [
        border for sentence in said.sentences for border in _borders_within(sentence, said.language)
    ]


def _borders_within(sentence: Sentence, language: str) -> Iterator[Border]:
    text = "".join(word.text for word in sentence.words)
    chinese = {0, *accumulate(len(part) for part in rjieba.cut(text))}
    place = 0
    for word in sentence.words:
        place += len(word.text)
        before, after = text[:place], text[place:]
        if not after or before[-1].isspace() or after[0].isspace():
            yield Border.SURE
        elif not _parts(before[-1], after[0]):
            yield Border.NEVER
        elif _undivided(before.split(" ")[-1] + after.split(" ")[0], language):
            yield Border.PERHAPS
        elif not any(map(str.isalnum, before)):
            yield Border.PERHAPS  # a sign alone belongs to the word after it
        elif [_script(before[-1]), _script(after[0])] == ["CJK", "CJK"] and place not in chinese:
            yield Border.NEVER
        else:
            yield Border.SURE


def _undivided(run: str, language: str) -> bool:
    """Whether signs without a space are Japanese or Thai."""
    return language == "ja" or bool({*map(_script, run)} & {"HIRAGANA", "KATAKANA", "THAI"})


def _parts(before: str, after: str) -> bool:
    """Whether a line may end between two signs, by what they are."""
    if unicodedata.category(after) in ("Mn", "Mc", "Pe", "Pf", "Po"):
        return False
    scripts = _script(before), _script(after)
    if scripts == ("THAI", "THAI"):
        return before not in _THAI_BEFORE and after not in _THAI_AFTER
    return scripts != ("KATAKANA", "KATAKANA")


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").split(" ")[0]


def _hurried(shown: Sequence[_Shown], said: Transcript, limits: Limits) -> Iterator[str]:
    """Cues that cannot be read, where other cues of the same words could all be."""
    words, may_end = list(_parted(said)), [x is Border.SURE for x in _borders(said)]
    for first, stop in _stretches(words):
        until = float(words[stop].span.start) if stop < len(words) else 1e9
        if _readable(words[first:stop], may_end[first:stop], until, limits):
            for one in shown:
                needed = limits.needed(one.cue.text)
                if first <= one.first < stop and one.seconds < needed - _EXACT:
                    yield f"{one.seconds:.2f} s of {needed:.2f}, needlessly: {one.cue.text!r}"


def _parted(said: Transcript) -> Iterator[Word]:
    """Its words, with the space that stands between two sentences of one cue."""
    for sentence in said.sentences:
        first, *others = sentence.words
        yield replace(first, text=f" {first.text.lstrip()}")
        yield from others


def _stretches(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """First and past-last word of what is said without a long pause."""
    pauses = [
        number
        for number, (a, b) in enumerate(pairwise(words), 1)
        if b.span.start - a.span.end >= _LONG_PAUSE
    ]
    return pairwise([0, *pauses, len(words)])


def _readable(words: Sequence[Word], may_end: Sequence[bool], until: float, limits: Limits) -> bool:
    """Whether there are cues of these words that can all be read."""
    starts = [*(float(word.span.start) for word in words), until]
    reached = {0}
    for stop in range(1, len(words) + 1):
        for first in range(max(0, stop - 100), stop) if may_end[stop - 1] else ():
            room = min(starts[stop] - limits.gap - starts[first], limits.longest)
            text = "".join(word.text for word in words[first:stop]).strip()
            if (
                first in reached
                and float(words[stop - 1].span.end) - starts[first] <= limits.longest
                and limits.needed(text) <= room
                and _fit(words[first:stop], may_end[first:stop], limits)
            ):
                reached.add(stop)
    return len(words) in reached


def _fit(words: Sequence[Word], may_end: Sequence[bool], limits: Limits) -> bool:
    """Whether they fill no more lines than there are, as many as fit on each."""
    lines, line, piece = 1, "", []
    for word, ends in zip(words, may_end, strict=True):
        piece.append(word.text)
        if ends:
            text = "".join(piece)
            if len(piece) > 1 and _columns(text) > limits.columns:
                return False  # it has to be parted somewhere, and only a dictionary tells where
            if line and _columns(line + text) > limits.columns:
                lines, line = lines + 1, ""
            line, piece = line + text, []
    return lines <= limits.lines
