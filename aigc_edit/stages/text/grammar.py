"""Words that lean on a neighbour: a break there tears a phrase apart.

What stays together follows the line treatment of Netflix's Timed Text Style Guide (General
Requirements): break before conjunctions and prepositions; never between an article and its noun, a
subject pronoun and its verb, a verb and its auxiliary or negation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce
from importlib.resources import files
from operator import or_
from typing import Self


@dataclass(frozen=True, slots=True)
class Grammar:
    """Words in lower case.

    Attributes:
        openers: begin a phrase, so a break before one is good, and after one bad.
        leaners: lean on the next word: articles, possessives, subject pronouns, auxiliaries.
        followers: lean on the word before: particles, postpositions.
    """

    openers: frozenset[str] = frozenset()
    leaners: frozenset[str] = frozenset()
    followers: frozenset[str] = frozenset()

    def binds(self, before: str, after: str) -> bool:
        """Whether these two neighbours belong together."""
        return before in self.openers or before in self.leaners or after in self.followers

    def __or__(self, other: Self) -> Grammar:
        return Grammar(
            self.openers | other.openers,
            self.leaners | other.leaners,
            self.followers | other.followers,
        )


def grammar(language: str) -> Grammar:
    """The grammar of a language (ISO 639-1); all of them together where it is not known.

    >>> grammar("en").binds("the", "house"), grammar("en").binds("house", "the")
    (True, False)
    """
    known = _grammars()
    return known.get(language, known[""])


@cache
def _grammars() -> dict[str, Grammar]:
    import yaml

    text = files("aigc_edit.stages.text").joinpath("grammar.yaml").read_text("utf-8")
    known = {
        language: Grammar(**{kind: frozenset(words.split()) for kind, words in kinds.items()})
        for language, kinds in yaml.safe_load(text).items()
    }
    return known | {"": reduce(or_, known.values())}
