"""Where a line of text may end at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate

# Thai; kana; ideographs and their punctuation. Their scripts put no spaces between words.
_THAI = r"\u0e00-\u0e7f"
_KANA = r"\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_HAN = r"\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WIDE_PUNCTUATION = r"\u3000-\u3004\u3008-\u303f\uff01-\uff65"
_UNSPACED = re.compile(f"[{_THAI}{_KANA}{_HAN}{_WIDE_PUNCTUATION}]")
_RUN = re.compile(rf"\S*[{_THAI}{_KANA}{_HAN}]\S*")
_KATAKANA = re.compile(r"[\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f]+")  # one word, on the whole
_SPACE = re.compile(r"\s+(?=\S*\w)")  # a sign alone, such as a dash, stays with the word before
# JIS X 4051 (kinsoku shori): small kana and signs of length or repetition begin no line.
_NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーゝゞヽヾ々〜")
# Thai vowels that are written before their consonant; vowels and signs that are written after it.
_THAI_BEFORE, _THAI_AFTER = frozenset("เแโใไ"), frozenset("ะาำๅๆฯ")

Split = Callable[[str], list[str]]


def unspaced(sign: str) -> bool:
    """Whether a sign belongs to a script that puts no spaces between words.

    >>> unspaced("好"), unspaced("ไ"), unspaced("A"), unspaced("")
    (True, True, False, False)
    """
    return bool(_UNSPACED.match(sign))


def line_ends(text: str, language: str) -> frozenset[int]:
    """Positions in a sentence at which a line may end: spaces, and borders of unspaced words.

    >>> sorted(line_ends("We go home.", "en"))
    [2, 3, 5, 6]
    """
    first = re.search(r"\w", text)
    if first is None:
        return frozenset()
    spaces = (p for found in _SPACE.finditer(text) for p in found.span())
    borders = (p for run in _RUN.finditer(text) for p in _borders(text, run, language))
    return frozenset(p for p in (*spaces, *borders) if p > first.start())


def _borders(text: str, run: re.Match[str], language: str) -> Iterator[int]:
    """Borders of words within a run of signs without a space."""
    parts = _splitter(run.group(), language)(run.group())
    for position in accumulate(map(len, parts[:-1]), initial=run.start()):
        before, after = text[position - 1], text[position]
        if position > run.start() and may_part(before, after):
            yield position


def may_part(before: str, after: str) -> bool:
    """Whether punctuation and script allow a break between two signs that no space parts.

    >>> may_part("は", "今"), may_part("今", "、"), may_part("カ", "ナ"), may_part("a", "b")
    (True, False, False, False)
    """
    closes = unicodedata.category(after) in ("Pe", "Pf", "Po", "Lm") or after in _NEVER_FIRST
    opens = unicodedata.category(before) in ("Ps", "Pi")
    katakana = bool(_KATAKANA.fullmatch(before + after))
    scripts = (unspaced(before) or unspaced(after)) and not katakana
    return scripts and not closes and not opens and not one_sign(before, after)


def one_sign(before: str, after: str) -> bool:
    """Whether the second sign is a mark on the first, or one of them a Thai vowel of the other.

    >>> one_sign("ก", "ี"), one_sign("เ", "ก"), one_sign("ก", "า"), one_sign("人", "民")
    (True, True, True, False)
    """
    mark = unicodedata.category(after) in ("Mn", "Mc")
    return mark or before in _THAI_BEFORE or after in _THAI_AFTER


def _splitter(run: str, language: str) -> Split:
    """Thai and Japanese by BudouX; Chinese by jieba.

    BudouX has models for Chinese, too, but of its breaks 13 % (simplified) and 19 %
    (traditional) lay inside a word for jieba, 人|工智|能 among them.
    """
    if re.search(f"[{_THAI}]", run):
        return _budoux("thai")
    if language == "ja" or re.search(f"[{_KANA}]", run):
        return _budoux("japanese")
    return _jieba()


@cache
def _budoux(model: str) -> Split:
    import budoux

    parser: Split = getattr(budoux, f"load_default_{model}_parser")().parse
    return parser


@cache
def _jieba() -> Split:
    import rjieba

    cut: Split = rjieba.cut
    return cut
