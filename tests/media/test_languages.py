"""Codes of languages mean the same, whichever standard they come from."""

from __future__ import annotations

import pytest

from aigc_edit.media.languages import container_language, same_language


@pytest.mark.parametrize(
    ("one", "other"), [("ger", "deu"), ("de", "de-AT"), ("nob", "no"), ("chi", "zh")]
)
def test_codes_of_one_language_are_the_same(one, other):
    assert same_language(one, other)


@pytest.mark.parametrize(("one", "other"), [("da", "no"), ("en", "de"), ("", "en"), ("?", "en")])
def test_others_and_what_is_no_code_are_not(one, other):
    assert not same_language(one, other)


def test_containers_get_three_letters():
    assert [container_language(code) for code in ("de", "zh", "yue", "", "?")] == [
        "deu", "zho", "yue", "und", "und",
    ]  # fmt: skip
