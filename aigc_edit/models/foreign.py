"""Whether another language is spoken than was asked for: what is decoded then is made up."""

from __future__ import annotations

from collections.abc import Mapping

from aigc_edit.models.catalogue import whisper_languages

# Speakers understand each other, more or less, and nets confuse them.
_ALIKE = (
    {"bg", "mk"},
    {"bs", "hr", "sl", "sr"},
    {"ca", "es", "gl", "oc", "pt"},
    {"cs", "sk"},
    {"da", "nn", "no", "sv"},
    {"de", "lb", "yi"},
    {"hi", "ur"},
    {"id", "jw", "ms", "su"},
    {"yue", "zh"},
    {"af", "nl"},
    {"be", "ru", "uk"},
)
# Whisper's table of languages begins with those that it learnt most of; it errs about the others.
_WELL_LEARNT = 30
_SURE, _UNLIKELY = 0.9, 0.02


def is_foreign(likely: Mapping[str, float], asked: str) -> bool:
    """Whether a language that was asked for, and all that are like it, are out of the question.

    Whoever asks knows more than a net does about dialects, accents and small languages, so the net
    must be sure. The bounds are a choice; no weights of a size that people use were at hand to
    measure them with.

    Args:
        likely: probabilities of languages, by their codes.
    """
    if asked not in whisper_languages()[:_WELL_LEARNT]:
        return False
    alike = next((group for group in _ALIKE if asked in group), {asked})
    for_it = sum(likely.get(code, 0) for code in alike)
    return for_it < _UNLIKELY and max(likely.values()) > _SURE
