"""Another language than was asked for."""

from __future__ import annotations

import pytest

from aigc_edit.models.foreign import is_foreign


@pytest.mark.parametrize(
    ("likely", "asked", "foreign"),
    [
        ({"en": 0.99, "de": 0.002}, "de", True),
        ({"en": 0.99, "de": 0.002}, "en", False),
        ({"en": 0.7, "nl": 0.28, "de": 0.01}, "de", False),  # not sure
        ({"en": 0.92, "de": 0.05}, "de", False),  # an accent
        ({"ru": 0.98, "uk": 0.005}, "uk", False),  # much alike
        ({"en": 0.98, "ru": 0.015, "uk": 0.01}, "uk", False),
        ({"cy": 0.97, "br": 0.001}, "br", False),  # it hardly learnt any Breton
    ],
)
def test_only_what_is_out_of_the_question_is_foreign(likely, asked, foreign):
    assert is_foreign(likely, asked) == foreign
