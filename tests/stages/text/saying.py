"""Transcripts for tests: texts spoken at a steady pace, or at random."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain

from hypothesis import strategies as st

from aigc_edit.timeline import Sentence, Span, Transcript, Word, spread

_ENGLISH = ["the", "of", "and", "I", "said", "that", "house", "New", "York", "quickly"]
_SIGNS = {
    "zh": "今天的气很好我们去公园散步中华人民共和国了吗在、。",
    "ja": "今日は天気がとてもいいのでッー公園へ散歩東京、。",
    "th": "วันนี้อากาศดีมาก",
}
_ARABIC = ["في", "من", "هذا", "البرنامج", "الجديد", "تاريخ", "المدينة", "وعن", "أهلها،"]
_LONG = ["Donaudampfschifffahrtsgesellschaftskapitän", "x" * 60, "Pneumono" * 7]


def said(*texts: str, language: str = "", per_second: int = 14) -> Transcript:
    """Sentences one after another, 0.3 s apart, so many signs a second."""
    sentences, start = [], Fraction(0)
    for text in texts:
        span = Span(start, start + Fraction(len(text), per_second))
        sentences.append(Sentence(spread(text, span)))
        start = span.end + Fraction(3, 10)
    return Transcript("transcript", tuple(sentences), language)


def _spaced(words: list[str]) -> st.SearchStrategy[str]:
    ends = st.sampled_from(["", "", "", "", ",", ".", "?"])
    return st.builds(lambda word, end: f" {word}{end}", st.sampled_from(words), ends)


def texts(language: str) -> st.SearchStrategy[str]:
    """The text of a word."""
    if language in _SIGNS:
        return st.sampled_from(_SIGNS[language])
    if language == "mixed":
        return st.one_of(texts("en"), texts("zh"), texts("ja"), texts("ar"), texts("long"))
    return _spaced({"en": _ENGLISH, "ar": _ARABIC, "long": _ENGLISH + _LONG}[language])


# What people may say; where words are not spaced, a sign is a word, as Whisper gives them.
_CLAUSES = {
    "zh": [
        "今天的天气很好,",
        "我们去公园散步。",
        "你看见那本书了吗?",
        "中华人民共和国",
        "变化来得太快了",
    ],
    "ja": [
        "今日は天気がいいので、",
        "公園へ散歩に行きました。",
        "コーヒーを飲みますか?",
        "東京の電車",
    ],
    "th": ["วันนี้อากาศดีมาก", "เราไปเดินเล่น", "ที่สวนสาธารณะ", "แล้วซื้อผลไม้กลับบ้าน"],
}


def clauses(language: str) -> st.SearchStrategy[list[str]]:
    """Words that make sense side by side, the first one after a space."""
    if language in _CLAUSES:
        return st.sampled_from(_CLAUSES[language]).map(lambda said: [f" {said[0]}", *said[1:]])
    if language == "mixed":
        return st.one_of(*(clauses(one) for one in ("en", "zh", "ja", "ar", "long")))
    return texts(language).map(lambda word: [word])


LANGUAGES = ("en", "zh", "ja", "th", "ar", "long", "mixed")
# Seconds, in thousandths: a word, and the pause after it.
FAST, COMFORTABLE, ODD = (1, 120), (450, 900), (0, 12_000)


@st.composite
def transcripts(
    draw, lengths=None, languages=LANGUAGES, longest=40, *, sensible=False
) -> Transcript:
    """A few sentences; words may take no time at all, or many seconds.

    Signs of scripts without spaces stand in any order, or in `sensible` clauses.
    """
    language = draw(st.sampled_from(languages))
    low, high = draw(st.sampled_from((FAST, COMFORTABLE, ODD))) if lengths is None else lengths
    pauses = st.one_of(st.just(0), st.integers(0, 300), st.integers(0, 5_000))
    words, start = [], Fraction(draw(st.integers(0, 10_000)), 1000)
    parts = clauses(language) if sensible else texts(language).map(lambda word: [word])
    said = draw(st.lists(parts, max_size=longest).map(lambda found: [*chain(*found)][:longest]))
    for text in said:
        end = start + Fraction(draw(st.integers(low, high)), 1000)
        words.append(Word(Span(start, end), text, draw(st.sampled_from((0.0, 0.5, 1.0)))))
        start = end + Fraction(draw(pauses), 1000)
    return Transcript(
        "transcript",
        _sentences(draw, words, sensible=sensible),
        language if len(language) < 3 else "",
    )


def _sentences(draw, words: list[Word], *, sensible: bool) -> tuple[Sentence, ...]:
    found = []
    while words:
        count = draw(st.integers(1, max(1, min(len(words), 15))))
        while sensible and count < len(words) and not words[count].text.startswith(" "):
            count += 1
        found.append(Sentence(tuple(words[:count])))
        words = words[count:]
    return tuple(found)
