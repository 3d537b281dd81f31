"""Every transcript at hand and texts that are hard to lay out: no cue breaks a limit."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aigc_edit.stages.text import CueStyle, lay_out, read_subtitles
from aigc_edit.timeline import Sentence, Span, Transcript, Word, sentences, spread
from tests.stages.text.checking import Limits, violations
from tests.stages.text.saying import said, transcripts

LIMITS = {
    "as it comes": Limits(),
    "for portrait": Limits(columns=18),
    "one line": Limits(columns=37, lines=1),
}


def spoken(folder: Path, facts: dict) -> Transcript | None:
    """The transcript of a real clip, if there is one."""
    if "words" in facts:
        found = sentences(timed(facts))
    elif "lines" in facts:
        found = [Sentence(spread(x["text"], span(x["start"], x["end"]))) for x in facts["lines"]]
    elif "machine_reference" in facts:
        return read_subtitles(folder / facts["machine_reference"], language=facts["language"])
    elif "left" in facts:  # two who speak at once
        found = [Sentence(spread(facts[side], Span(0, 5))) for side in ("left", "right")]
    elif text := facts.get("text_en"):
        found = sentences(spread(text, Span(0, Fraction(len(text), 15))))
    else:
        return None
    return Transcript("transcript", tuple(found), facts["language"][:2])


def timed(facts: dict) -> list[Word]:
    """Words at their times, with the punctuation of the text."""
    texts = [text for text in facts["text"].split() if any(map(str.isalnum, text))]
    words = facts["words"]
    if len(texts) != len(words):
        texts = [word["w"] for word in words]
    return [
        Word(span(word["start"], word["end"]), f" {text}")
        for word, text in zip(words, texts, strict=True)
    ]


def span(start: float, end: float) -> Span:
    return Span.measured(start, end)


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_cues_of_every_clip_with_a_transcript_keep_every_limit(shared_media, limits):
    folder = shared_media / "ground_truth"
    facts = {path.name: json.loads(path.read_text()) for path in folder.glob("*.transcript.json")}
    clips = {name: spoken(shared_media, known) for name, known in facts.items()}
    found = {name: wrong(clip, limits) for name, clip in clips.items() if clip is not None}

    assert len(found) >= 7
    assert {name: lines for name, lines in found.items() if lines} == {}


def wrong(transcript: Transcript, limits: Limits) -> list[str]:
    return violations(lay_out(transcript, limits.style), transcript, limits)


TALK = "well I think that we should have gone there before the rain came down and "
HARD = {
    "long words": said(
        "Die Donaudampfschifffahrtsgesellschaft sucht Rindfleischetikettierungsaufsichtspersonal.",
        "Das Verkehrsinfrastrukturfinanzierungsgesellschaftsgesetz gilt.",
        f"See https://example.org/{'a' * 50} for more of it.",
        language="de",
    ),
    "no punctuation": said(TALK * 8, language="en"),
    "no punctuation, slow": said(TALK * 4, language="en", per_second=8),
    "very fast": said(*[TALK * 2] * 4, language="en", per_second=45),
    "one word": said(*["Yes.", "No.", "Well,", "Indeed!"] * 6, language="en"),
    "one word, slow": said(*["Yes.", "Nevertheless."] * 6, language="en", per_second=4),
    "Chinese": said(
        "人工智能正在改变我们的生活方式但是很多人还没有意识到这一点因为变化来得太快了",
        "中华人民共和国成立于一九四九年十月一日。我用Python写了3个程序。",
        language="zh",
        per_second=5,
    ),
    "Chinese, fast": said("今天的天气非常好我们决定去公园散步顺便买水果" * 3, per_second=12),
    "Japanese": said(
        "人工知能は私たちの生活を大きく変えようとしています。",
        "東京スカイツリーに登ったことがありますかチャンスがあればぜひ登ってみてください",
        language="ja",
        per_second=7,
    ),
    "Korean": said(
        "오늘은 날씨가 아주 좋아서 우리는 공원에 가서 산책을 하기로 했습니다." * 2, per_second=6
    ),
    "Arabic": said(
        "مرحبا بكم في هذا البرنامج الجديد الذي نتحدث فيه عن تاريخ المدينة وعن أهلها",
        "وَنَحْنُ نَتَكَلَّمُ العَرَبِيَّةَ.",
        language="ar",
    ),
    "Thai": said(
        "วันนี้อากาศดีมากเราจึงไปเดินเล่นที่สวนสาธารณะแล้วซื้อผลไม้กลับบ้านให้คุณแม่",
        language="th",
        per_second=10,
    ),
    "at once": Transcript(
        "transcript",
        tuple(
            Sentence(spread(f"{who} says what {who} thinks of it all.", span(at, at + 4)))
            for at, who in enumerate(["Anna", "Berta", "Clara", "Anna", "Berta"])
        ),
    ),
}


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("name", HARD)
def test_cues_of_hard_texts_keep_every_limit(name, limits):
    assert wrong(HARD[name], limits) == []


def at_once(*parts: tuple[int, list[str]]) -> Transcript:
    """Sentences whose words last a millisecond each, from so many milliseconds on."""
    made = [
        Sentence(
            tuple(
                Word(Span(Fraction(at + k, 1000), Fraction(at + k + 1, 1000)), text)
                for k, text in enumerate(texts)
            )
        )
        for at, texts in parts
    ]
    return Transcript("transcript", tuple(made), "en")


# The first cue is put in front of the second one, which then lacks the time of a frame and a gap.
PUT_OFF = at_once(
    (0, ["the", " the", "今"]), (3, ["the", " the", " 今", f" {'Pneumono' * 7}"]), (4000, ["x"])
)


# What is said after the pause cannot be read; that is no reason to hurry what was said before.
HASTE_AFTER_A_PAUSE = at_once(
    *((at, ["the"]) for at in range(3)),
    (1003, ["Donaudampfschifffahrtsgesellschaftskapitän", *[" the"] * 5]),
)


# Sentences of a word each: to be joined in unusual ways rather than hurried by 0.1 s.
_STEADY = [
    Word(Span(Fraction(9 * at, 20), Fraction(9 * at + 9, 20)), f" {text}")
    for at, text in enumerate(
        ["the"] * 13 + ["Donaudampfschifffahrtsgesellschaftskapitän"] * 2 + ["the"] * 4
    )
]
HASTE_FOR_A_BETTER_SHAPE = Transcript(
    "transcript",
    tuple(
        map(
            Sentence, [(a,) for a in _STEADY[:2]] + [(*_STEADY[2:4],)] + [(a,) for a in _STEADY[4:]]
        )
    ),
)


@example(PUT_OFF, LIMITS["for portrait"])
@example(HASTE_AFTER_A_PAUSE, LIMITS["for portrait"])
@example(HASTE_FOR_A_BETTER_SHAPE, LIMITS["as it comes"])
@given(transcripts(sensible=True), st.sampled_from(list(LIMITS.values())))
def test_cues_of_any_text_at_any_pace_keep_every_limit(transcript, limits):
    assert wrong(transcript, limits) == []


TRANSCRIPT = said("It is the day on which we go to see them all.", "中华人民共和国成立了。")
CUES = lay_out(TRANSCRIPT)
SHORT = [replace(cue, span=Span(cue.span.start, cue.span.start + Fraction(1, 5))) for cue in CUES]
EARLY = [replace(cue, span=Span(0, 3)) for cue in CUES]
TORN = [replace(cue, lines=tuple((word,) for word in cue.words)) for cue in CUES]


@pytest.mark.parametrize(
    ("cues", "limits", "complaint"),
    [
        (CUES, Limits(columns=5), "columns"),
        (CUES, Limits(lines=0), "lines"),
        (CUES, Limits(longest=1), "stays"),
        (SHORT, Limits(), "though there is time"),
        (SHORT, Limits(), "needlessly"),
        (EARLY, Limits(), "no gap"),
        (TORN, Limits(lines=99), "inside a word"),
    ],
)
def test_the_checks_find_each_fault(cues, limits, complaint):
    assert any(complaint in line for line in violations(cues, TRANSCRIPT, limits))


def test_the_figures_that_are_checked_are_those_of_the_stages():
    assert Limits().style == CueStyle()
