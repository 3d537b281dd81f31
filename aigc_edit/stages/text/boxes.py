"""A transcript as boxes: words that no break may part, and what a break after each would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise

from aigc_edit.api import Sentence, Span, Transcript, Word
from aigc_edit.stages.text.grammar import Grammar, grammar
from aigc_edit.stages.text.segments import line_ends, may_part, one_sign, unspaced

# Full-width signs and dashes are meant as they stand, hence RUF001.
_SENTENCE_ENDS = ".!?…。！？؟।॥"  # noqa: RUF001
_CLAUSE_ENDS = ",;:、，；：،؛—–"  # noqa: RUF001
_CLOSING = "\"'”’»」』）)]】》"  # noqa: RUF001
_OPENING = "\"'“‘«„¿¡「『（([【《-–♪"  # noqa: RUF001

# Costs of a break, in the order of Netflix's line treatment. Only their relations matter.
_AFTER_CLAUSE, _BEFORE_OPENER, _WITHIN_PHRASE, _WITHIN_NAME, _BOUND, _INSIDE = 1, 4, 7, 10, 16, 30
_PAUSE = 0.3  # seconds; a pause of that length halves the cost of a break in it

Tear = Callable[[str, str], bool]  # whether what fits nowhere may be torn between two signs


def _between_signs(before: str, after: str) -> bool:
    return not one_sign(before, after)


_TEARS: Sequence[Tear] = (may_part, _between_signs)  # the gentlest first


@dataclass(frozen=True, slots=True)
class Box:
    """Words that stay side by side: one word, or the signs of one Chinese word.

    Attributes:
        ends_sentence: it is the last one of its sentence.
        goes_on: a break after it parts what should be one box, but fits nowhere.
    """

    words: tuple[Word, ...]
    ends_sentence: bool = False
    goes_on: bool = False

    @property
    def text(self) -> str:
        return text_of(self.words)


def boxes(transcript: Transcript, fits: Callable[[Box], bool]) -> list[Box]:
    """All words in order; what is too much for a line or a cue is torn, as gently as can be."""
    found: list[Box] = []
    for sentence in _spaced(_in_turn(transcript.sentences)):
        together = _together(
            sentence.words, line_ends(text_of(sentence.words), transcript.language)
        )
        parts = [part for box in map(Box, together) for part in _fitting(box, fits)]
        found += [*parts[:-1], replace(parts[-1], ends_sentence=True)]
    return found


def break_costs(found: Sequence[Box], language: str) -> list[float]:
    """What a break after each box costs; 0 after a sentence."""
    rules = grammar(language)
    return [_cost(*pair, rules) for pair in pairwise(found)] + [0.0] * bool(found)


def text_of(words: Sequence[Word]) -> str:
    """Words one after another, as they are spaced."""
    return "".join(word.text for word in words)


def _in_turn(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Words that are over when the next one begins; of two speakers the first one gives way."""
    found: list[Sentence] = []
    later: Fraction | None = None
    for sentence in reversed(sentences):
        words: list[Word] = []
        for word in reversed(sentence.words):
            limit = word.span.end if later is None else later
            later = min(word.span.start, limit)
            words.append(replace(word, span=Span(later, min(word.span.end, limit))))
        found.append(Sentence(tuple(reversed(words))))
    return tuple(reversed(found))


def _spaced(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Sentences that can follow each other on a line: a space between, none after 。 or such."""
    space = ""
    for sentence in sentences:
        first, *rest = sentence.words
        yield Sentence((replace(first, text=space + first.text.lstrip()), *rest))
        last = sentence.text[-1:]
        space = "" if unspaced(last) and not last.isalnum() else " "


def _together(words: Sequence[Word], ends: frozenset[int]) -> Iterator[tuple[Word, ...]]:
    """Words up to each position at which a line may end."""
    held: list[Word] = []
    position = 0
    for word in words:
        if held and position in ends:
            yield tuple(held)
            held = []
        held.append(word)
        position += len(word.text)
    yield tuple(held)


def _fitting(
    box: Box, fits: Callable[[Box], bool], tears: Sequence[Tear] = _TEARS
) -> Sequence[Box]:
    """The box, or its parts, no smaller than it takes."""
    if fits(box) or not tears:
        return [box]
    tear, *rougher = tears
    *more, last = _together(box.words, _borders(box.words, tear))
    parts = [*(Box(words, goes_on=True) for words in more), replace(box, words=last)]
    return [small for part in parts for small in _fitting(part, fits, rougher)]


def _borders(words: Sequence[Word], tear: Tear) -> frozenset[int]:
    """Positions between words where it may be torn."""
    text = text_of(words)
    borders = accumulate(len(word.text) for word in words)
    return frozenset(p for p in borders if 0 < p < len(text) and tear(text[p - 1], text[p]))


def _cost(before: Box, after: Box, rules: Grammar) -> float:
    """A pause makes it cheaper, whatever the words are."""
    if before.ends_sentence:
        return 0.0
    pause = max(0.0, float(after.words[0].span.start - before.words[-1].span.end))
    text_cost = _cost_by_text(before.text.strip(), after.text.strip(), rules)
    return (_INSIDE if before.goes_on else text_cost) / (1 + pause / _PAUSE)


def _cost_by_text(before: str, after: str, rules: Grammar) -> float:
    left, right = before.lstrip(_OPENING).lower(), after.lstrip(_OPENING).rstrip(_CLOSING).lower()
    last = before.rstrip(_CLOSING)[-1:]
    if rules.binds(left, right.rstrip(_SENTENCE_ENDS + _CLAUSE_ENDS)):
        return _BOUND
    if last and last in _SENTENCE_ENDS:
        return 0.0
    if last and last in _CLAUSE_ENDS:
        return _AFTER_CLAUSE
    if right in rules.openers:
        return _BEFORE_OPENER
    return _WITHIN_NAME if before[:1].isupper() and after[:1].isupper() else _WITHIN_PHRASE
