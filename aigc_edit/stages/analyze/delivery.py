"""How something is said: faster or louder than the speaker usually does, or with laughter.

All is measured against the whole transcript, as if one person spoke: of two, the one who is always
louder stands out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import ceil

import numpy as np
import numpy.typing as npt

from aigc_edit.api import Sentence, Transcript, Word, sentences

_FEW = 8  # words; from fewer nobody knows what is usual
_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_MOST = 5.0  # deviations; a word that was timed wrongly must not outweigh all else
_AROUND = 1.5  # seconds before and after a word in which its pace is measured
_LEAST_SPOKEN = 1.0  # seconds; a word alone has no pace
# Deviations from the usual that even speech gets which hardly varies.
_PACE_SPREAD = 0.15  # of the logarithm: a sixth
_LEVEL_SPREAD = 3.0  # LU
_EXCLAIMED, _LAUGHED = 1.0, 5.0  # what signs and words count, in the same deviations

_EXCLAMATION = re.compile(r"[!\uff01][\"'\u00bb\u201d\u2019\u300d\u300f)]*$")
# As people write it, here and there; and marks such as [laughter].
_LAUGHTER = re.compile(
    r"\b(?:(?:ha|ho)(?:[\s,!-]*(?:ha|ho))+h?|he(?:-?he)+h?|hi(?:-?hi)+|j[ae](?:j[ae]){2,}"
    r"|х[аеи](?:-?х[аеи])+|lol|lmao|rofl)\b"  # noqa: RUF001 -- Cyrillic is meant
    r"|哈{2,}|呵{2,}|嘿{2,}|ㅋ{2,}|ㅎ{2,}|\u0647{3,}"
    r"|[\[(\uff08]\s*(?:laugh|chuckl|giggl|rire|risas|lach|gelächter|笑)[^\])\uff09]*[\])\uff09]",
    re.IGNORECASE,
)

Values = npt.NDArray[np.float64]


def delivery(
    said: Transcript, loudness: Values | None, length: int, rate: int
) -> dict[str, Values]:
    """Pace, emphasis and laughter, those that occur: float64 [length], `rate` values a second.

    In standard deviations beyond the first above what is usual, zero for even speech.

    Args:
        loudness: LUFS [length], `rate` values a second.
    """
    # Sentences of subtitle files are whole cues; here each one counts that ends by itself.
    found = sentences(said.words)
    words = [word for sentence in found for word in sentence.words]
    values: Mapping[str, Values] = {
        "pace": _pace(words),
        "emphasis": _emphasis(words, loudness, rate) + _EXCLAIMED * _marked(found, _exclaimed),
        "laughter": _LAUGHED * _marked(found, _laughed),
    }
    return {
        name: _painted(words, part, length, rate) for name, part in values.items() if part.any()
    }


def _pace(words: Sequence[Word]) -> Values:
    """Of each word, from the letters a second around it, pauses left out."""
    order = sorted(range(len(words)), key=lambda k: words[k].span.middle)
    middles = np.array([float(words[k].span.middle) for k in order])
    spoken = _sums(float(words[k].span.duration) for k in order)
    letters = _sums(sum(map(str.isalnum, words[k].text)) for k in order)
    first = np.searchsorted(middles, middles - _AROUND)
    stop = np.searchsorted(middles, middles + _AROUND, side="right")
    seconds = np.maximum(spoken[stop] - spoken[first], _LEAST_SPOKEN)
    pace = np.zeros(len(words))
    pace[order] = _beyond_usual(
        np.log(np.maximum(letters[stop] - letters[first], 1) / seconds), _PACE_SPREAD
    )
    return pace


def _sums(values: Iterable[float]) -> Values:
    return np.array([*accumulate(values, initial=0.0)])


def _emphasis(words: Sequence[Word], loudness: Values | None, rate: int) -> Values:
    if loudness is None:
        return np.zeros(len(words))
    levels = [loudness[_cells(word, len(loudness), rate)].mean() for word in words]
    return _beyond_usual(np.array(levels), _LEVEL_SPREAD)


def _beyond_usual(values: Values, least: float) -> Values:
    """Robust standard deviations above the median, less the one within which people vary."""
    if len(values) < _FEW:
        return np.zeros(len(values))
    centred = values - np.median(values)
    spread = max(float(np.median(np.abs(centred))) * _MAD_TO_SIGMA, least)
    beyond: Values = np.clip(centred / spread - 1, 0, _MOST)
    return beyond


def _marked(found: Iterable[Sentence], marks: Callable[[Sentence], Iterable[bool]]) -> Values:
    """1 for words that are marked, 0 for others."""
    return np.array([float(mark) for sentence in found for mark in marks(sentence)])


def _exclaimed(sentence: Sentence) -> Iterable[bool]:
    return [bool(_EXCLAMATION.search(sentence.text))] * len(sentence.words)


def _laughed(sentence: Sentence) -> Iterator[bool]:
    text = "".join(word.text for word in sentence.words)
    laughs = [match.span() for match in _LAUGHTER.finditer(text)]
    place = 0
    for word in sentence.words:
        end = place + len(word.text)
        yield any(first < end and place < stop for first, stop in laughs)
        place = end


def _painted(words: Sequence[Word], values: Values, length: int, rate: int) -> Values:
    """The values of words at their times, zero between."""
    painted = np.zeros(length)
    for word, value in zip(words, values, strict=True):
        cells = _cells(word, length, rate)
        painted[cells] = np.maximum(painted[cells], value)
    return painted


def _cells(word: Word, length: int, rate: int) -> slice:
    """The values that a word covers, at least one."""
    first = min(int(word.span.start * rate), length - 1)
    return slice(first, max(first + 1, min(length, ceil(word.span.end * rate))))
