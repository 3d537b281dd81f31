"""Codes of languages: ISO 639-1, -2 and -3, and BCP 47 tags."""

from __future__ import annotations

_SAME = 10  # distance of tags: regions of one language are closer, other languages are not


def same_language(one: str, other: str) -> bool:
    """Whether two codes mean one language.

    >>> same_language("ger", "de-AT"), same_language("nob", "no"), same_language("da", "no")
    (True, True, False)
    """
    import langcodes

    try:
        return langcodes.tag_distance(one, other) < _SAME
    except ValueError:
        return one.lower() == other.lower()


def container_language(code: str) -> str:
    """The code that MP4 and Matroska keep: ISO 639-2, three letters; `und` for what is none.

    >>> container_language("de"), container_language("")
    ('deu', 'und')
    """
    import langcodes

    try:
        return langcodes.Language.get(code).to_alpha3()
    except (LookupError, ValueError):
        return "und"
