"""What was said, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, chain, pairwise
from typing import Self

from aigc_edit.timeline.edit_list import EditList
from aigc_edit.timeline.span import Span
from aigc_edit.timeline.tracks import Json, Track, span_from_json, span_json


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word: when, its text, and how sure the engine is (0 to 1).

    The text holds the punctuation that belongs to it and the space before it, if it has one:
    words of Chinese have none, and sentences are words one after another.

    >>> Word(Span(1, 2), " world!", 0.9).text.strip()
    'world!'
    """

    span: Span
    text: str
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence is 0 to 1, not {self.confidence}")
        object.__setattr__(self, "span", self.span.on_clock())

    def to_json(self) -> Json:
        return {
            **span_json(self.span),
            "text": self.text,
            "confidence": round(self.confidence, 4),
        }

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(span_from_json(data), data["text"], float(data["confidence"]))


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words that belong together, in order; at least one.

    >>> Sentence((Word(Span(0, 1), "Hello"), Word(Span(1, 2), " world."))).text
    'Hello world.'
    """

    words: tuple[Word, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a sentence has words")

    @property
    def span(self) -> Span:
        """From its first word to its last."""
        return Span(self.words[0].span.start, self.words[-1].span.end)

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(word.text for word in self.words).strip()


@dataclass(frozen=True)
class Transcript(Track):
    """What was said, sentence by sentence, in the order of time.

    >>> said = Transcript("transcript", (Sentence((Word(Span(2, 3), "Yes."),)),), "en")
    >>> [word.text for word in said.in_output(EditList.of([Span(1, 5)])).words]
    ['Yes.']

    Attributes:
        language: ISO 639-1 code, such as `en`; empty where nobody knows.
        remark: what the user is told about it, such as why it has no words; in one line.
    """

    sentences: tuple[Sentence, ...] = ()
    language: str = ""
    remark: str = ""

    @property
    def words(self) -> Iterator[Word]:
        """All words, in order."""
        return chain.from_iterable(sentence.words for sentence in self.sentences)

    def to_json(self) -> Json:
        said = [[word.to_json() for word in sentence.words] for sentence in self.sentences]
        remark = {"remark": self.remark} if self.remark else {}
        return {"language": self.language, "sentences": said, **remark}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        said = (Sentence(tuple(map(Word.from_json, words))) for words in data["sentences"])
        return cls(data["name"], tuple(said), data["language"], data.get("remark", ""))

    def in_output(self, edits: EditList) -> Self:
        """A word stays where most of it stays; a sentence that loses words ends there."""
        moved = (part for s in self.sentences for part in _in_output(s, edits))
        ordered = sorted(moved, key=lambda sentence: sentence.span.start)
        return replace(self, sentences=tuple(ordered))


def _in_output(sentence: Sentence, edits: EditList) -> Iterator[Sentence]:
    """What is left of a sentence: words without a gap of others."""
    held: list[Word] = []
    for word in sentence.words:
        kept = _moved(word, edits)
        if kept is not None and (not held or kept.span.start >= held[-1].span.start):
            held.append(kept)
        elif held:
            yield Sentence(tuple(held))
            held = [kept] if kept is not None else []
    if held:
        yield Sentence(tuple(held))


def _moved(word: Word, edits: EditList) -> Word | None:
    """The word in output time, if at least half of it is heard there."""
    pieces = edits.to_output(word.span)
    longest = max(pieces, key=lambda piece: piece.duration, default=None)
    if longest is None or longest.duration * 2 < word.span.duration:
        return None
    return Word(longest, word.text, word.confidence)


_ENDINGS = re.compile(r"[.!?\u3002\uff01\uff1f\u061f\u0964\u2026][\"'\u00bb\u201d\u2019\u300d)]*$")
_NO_ENDINGS = re.compile(r"^(mr|mrs|ms|dr|prof|st|vs|etc|no|[a-z])\.$", re.IGNORECASE)


def sentences(words: Iterable[Word], pause: Fraction = Fraction(4, 5)) -> tuple[Sentence, ...]:
    """Words as sentences: they end where punctuation says so, or `pause` seconds without a word.

    >>> said = sentences(spread("It is late. Go home, Mr. Smith.", Span(0, 4)))
    >>> [sentence.text for sentence in said]
    ['It is late.', 'Go home, Mr. Smith.']
    """
    found: list[Sentence] = []
    held: list[Word] = []
    for word in words:
        if held and word.span.start - held[-1].span.end >= pause:
            found.append(Sentence(tuple(held)))
            held = []
        held.append(word)
        text = word.text.strip()
        if _ENDINGS.search(text) and not _NO_ENDINGS.match(text):
            found.append(Sentence(tuple(held)))
            held = []
    if held:
        found.append(Sentence(tuple(held)))
    return tuple(found)


# A sign of a script that is written without spaces, or letters up to the next space or such a sign;
# each with the space before it and the punctuation after it.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)[^\w\s]*")


def spread(text: str, span: Span, confidence: float = 1.0) -> tuple[Word, ...]:
    """Words of a text whose own times nobody knows: as long as they have letters.

    >>> [str(word.span) for word in spread("Go now", Span(0, 5))]
    ['0.000-2.000 s', '2.000-5.000 s']
    >>> [word.text for word in spread("你好 world", Span(0, 1))]
    ['你', '好', ' world']
    """
    parts = _PIECE.findall(text.strip())
    sizes = [len(part.strip()) for part in parts]
    edges = [span.start + span.duration * Fraction(n, sum(sizes)) for n in accumulate(sizes)]
    spans = pairwise([span.start, *edges])
    return tuple(
        Word(Span(*times), part, confidence) for times, part in zip(spans, parts, strict=True)
    )
