"""Subtitle files are read whatever they are written in, or refused in one line."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aigc_edit.errors import MediaError
from aigc_edit.stages.text import lay_out, read_subtitles, subtitle_text
from aigc_edit.timeline import Span
from tests.stages.text.saying import said, transcripts

FORMATS = ("srt", "vtt", "ass")
TEXTS = {
    "zh": ["今天的天气非常好。", "我们决定去公园散步。", "但是很多人还没有意识到这一点。"],
    "tw": ["今天的天氣非常好。", "我們決定去公園散步。", "但是很多人還沒有意識到這一點。"],
    "ja": ["今日は天気がとてもいいので、", "公園へ散歩に行きましょう。", "はい。"],
    "ko": ["안녕하세요 여러분.", "오늘은 날씨가 정말 좋네요.", "공원에 갑시다."],
    "fr": ["C'est évident ce que dit Nicolas,", "mais je ne me l'étais jamais formulé.", "Où ça ?"],
    "de": ["Schöne Grüße aus München.", "Das weiß ich nicht.", "Für die Straße."],
    "ru": ["Привет, как дела?", "Сегодня очень хорошая погода.", "Мы пошли гулять."],
    "ar": ["مرحبا بكم.", "هذا البرنامج الجديد."],
}
ENCODED = [
    *((language, "utf-8") for language in TEXTS),
    *((language, "utf-8-sig") for language in ("fr", "ja")),
    *((language, "utf-16") for language in ("de", "zh", "ar")),
    *((language, code) for language in ("fr", "ja") for code in ("utf-16-le", "utf-16-be")),
    ("zh", "gb18030"),
    ("tw", "big5"),
    ("ja", "shift_jis"),
    ("ko", "euc-kr"),
    ("fr", "latin-1"),
    ("de", "latin-1"),
    ("ru", "cp1251"),
]


def srt(texts):
    cues = (f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{t}\n" for n, t in enumerate(texts))
    return "\n".join(cues)


def read(folder, text, name="film.srt", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read_subtitles(path)


def texts(transcript):
    return [sentence.text for sentence in transcript.sentences]


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_usual_encoding_is_recognised(tmp_path, language, encoding, newline):
    text = srt(TEXTS[language]).replace("\n", newline)

    assert texts(read(tmp_path, text, encoding=encoding)) == TEXTS[language]


def test_a_cue_is_a_sentence_and_its_words_share_its_time(tmp_path):
    found = read(tmp_path, "1\n00:01:00,500 --> 00:01:03,500\nGo <i>right</i>\nnow\n\n")
    (sentence,) = found.sentences

    assert [word.text for word in sentence.words] == ["Go", " right", " now"]
    assert sentence.span == Span(Fraction("60.5"), Fraction("63.5"))


def test_lines_join_without_a_space_where_the_script_has_none(tmp_path):
    assert texts(read(tmp_path, srt(["今天天气\n非常好", "Python\n很好", "a\nb"]))) == [
        "今天天气非常好",
        "Python 很好",
        "a b",
    ]


def test_webvtt_with_notes_names_speakers_and_karaoke_times(tmp_path):
    text = (
        "WEBVTT - a title\n\nNOTE made by hand\n\nintro\n00:01.000 --> 00:02.000 align:start\n"
        "<v Anna>Tom &amp; <00:00:01.500><c>Jerry</c><00:00:01.700> run\n\nNOTE again\n\n"
        "second\n00:00:03.000 --> 00:00:04.000\nYes.\n"
    )

    assert texts(read(tmp_path, text, "film.vtt")) == ["Tom & Jerry run", "Yes."]


def test_ass_without_comments_drawings_and_tags(tmp_path):
    head = "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Text\n"
    lines = (
        "Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,Later\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\an8\\b1}Hello,\\Nyou\n"
        "Comment: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,not said\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\p1}m 0 0 l 1 1\n"
    )

    assert texts(read(tmp_path, head + lines, "film.ass")) == ["Hello, you", "Later"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "film.srt: holds no subtitles"),
        ("Just a letter.\n", "film.srt: holds no subtitles"),
        ("1\n00:00:01,000 --> 00:00:0x,000\nHi\n", "film.srt:2: '00:00:01,000 --> 00:00:0x,000'"),
        ("1\n00:00:05,000 --> 00:00:01,000\nHi\n", "film.srt:2: it ends (00:00:01,000) before"),
        ("WEBVTT\n\n00:01.000 --> soon\nHi\n", "film.srt:3: '00:01.000 --> soon' are no times"),
        ("[Script Info]\n\n[Events]\nDialogue: 0,1,2,Hi\n", "film.srt:4: 'Dialogue: 0,1,2,Hi'"),
    ],
)
def test_what_is_broken_is_told_with_its_line(tmp_path, text, told):
    with pytest.raises(MediaError, match=re.escape(told)):
        read(tmp_path, text)


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(MediaError, match=r"none\.srt: cannot be read \(No such file"):
        read_subtitles(tmp_path / "none.srt")


WHOLE = [subtitle_text(lay_out(said("Go home, {b} <i>now</i>.", "好的。")), k) for k in FORMATS]


@st.composite
def mutants(draw):
    """A subtitle file with a few stretches replaced by others, or by any bytes."""
    data = draw(st.sampled_from(WHOLE)).encode()
    for _ in range(draw(st.integers(1, 4))):
        start, other = draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))
        new = draw(st.one_of(st.binary(max_size=4), st.just(data[other : other + 12])))
        data = data[:start] + new + data[start + draw(st.integers(0, 8)) :]
    return data


def told(path):
    """What is said of a file that is refused; nothing of one that is read."""
    try:
        assert lay_out(read_subtitles(path))
    except MediaError as error:
        return str(error)
    return ""


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), mutants()))
@example(b"[Script Info]\nStyle: a,b,c\nDialogue: 0,0:00:01.00,0:00:02.00,")
@example(b"WEBVTT\n00:00.001 00:00.000")
@example(b"1\n99:99:99,9 --> 99:99:99,99\nx")
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.srt"
    path.write_bytes(data)

    assert "\n" not in told(path)


@given(transcripts(longest=15), st.sampled_from(FORMATS))
def test_what_is_written_reads_back(tmp_path_factory, transcript, kind):
    cues = lay_out(transcript)
    path = tmp_path_factory.getbasetemp() / f"back.{kind}"
    path.write_text(subtitle_text(cues, kind), "utf-8")
    if cues:
        found = read_subtitles(path)

        assert ["".join(t.split()) for t in texts(found)] == ["".join(c.text.split()) for c in cues]
        for sentence, cue in zip(found.sentences, cues, strict=True):
            assert abs(sentence.span.start - cue.span.start) <= Fraction(1, 100)


@pytest.mark.parametrize("kind", FORMATS)
def test_signs_that_formats_use_stay_text(tmp_path, kind):
    text = r"a {b} <c> & d \N e --> f"
    path = tmp_path / f"film.{kind}"
    path.write_text(subtitle_text(lay_out(said(text)), kind), "utf-8")

    assert {"vtt": "&lt;c&gt; &amp;", "ass": r"\{b\}", "srt": "→"}[kind] in path.read_text("utf-8")
    assert len(read_subtitles(path).sentences) == 1


def test_real_files_are_read(shared_media):
    french = read_subtitles(shared_media / "subs" / "smartphone_whisper_50.srt", language="fr")
    unicode = read_subtitles(shared_media / "subs" / "subtitles_unicode.srt")

    assert len(french.sentences) == 89
    assert french.sentences[0].text == "C'est évident ce que dit Nicolas,"
    assert texts(unicode) == ["ÁÉíöÙ"]
