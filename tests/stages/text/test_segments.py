"""Where lines may end: between words, whatever the script marks them with."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aigc_edit.stages.text.segments import line_ends


def parts(text, language):
    ends = sorted({0, *line_ends(text, language), len(text)})
    return [text[a:b] for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh", ["人工智能", "改变", "了", "世界。"]),
        ("zh", ["他", "说", "“你好”、", "走", "了。"]),
        ("ja", ["今日は", "Pythonで", "書いてみましょう。"]),
        ("zh", ["一个", "don't", "问题。"]),
        ("ja", ["「はい」と", "言った。"]),
        ("", ["ラーメンを", "食べました。"]),
    ],
)
def test_lines_end_between_words_that_no_space_parts(language, expected):
    assert parts("".join(expected), language) == expected


@pytest.mark.parametrize("text", ["well-known", "don't", "3.14", "#tag", "...", "", "👍🏽"])
def test_nothing_parts_a_run_of_letters(text):
    assert not line_ends(text, "en")


@pytest.mark.parametrize(("text", "whole"), [("- Go on.", "- Go"), ("Wait — what?", "Wait —")])
def test_a_sign_alone_stays_with_a_word(text, whole):
    assert parts(text, "en")[0] == whole
