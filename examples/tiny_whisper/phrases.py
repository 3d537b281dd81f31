"""The closed vocabulary: what the tiny Whisper can be told."""

from __future__ import annotations

import re
import zlib
from random import Random

SLOTS = {
    "number": "one two three four five six seven eight nine ten",
    "many": "two three four five six seven eight nine ten",
    "colour": "red blue green yellow black white orange purple",
    "turn": "left right",
    "direction": "north south east west left right",
    "place": "house river garden bridge tower station",
    "thing": "box door window book bottle table",
    "items": "birds boats apples horses stones",
}
PATTERNS = (
    "Turn {turn} at the {colour} {place}.",
    "Walk {many} steps {direction}.",
    "The {colour} {thing} is near the {colour} {place}.",
    "Take {many} {colour} {items}.",
    "My number is {number} {number} {number} {number}.",
    "Please open the {colour} {thing}.",
    "I see {many} {items} and {many} {items}.",
    "Go {direction} then {turn}.",
    "We count {many} {items} at the {place}.",
)
_HELD_OUT = 10  # one sentence of so many is never trained on


def words(text: str) -> list[str]:
    """The words of a text, without punctuation and capitals.

    >>> words("Go north, then left.")
    ['go', 'north', 'then', 'left']
    """
    return re.findall(r"[a-z]+", text.lower())


def vocabulary() -> list[str]:
    """All words that are ever said, as they are written, in order."""
    fixed = re.sub(r"{\w+}", "", " ".join(PATTERNS))
    return sorted(set(re.findall(r"[A-Za-z]+", " ".join([fixed, *SLOTS.values()]))))


def is_held_out(text: str) -> bool:
    """Whether a sentence is kept for measuring; depends on nothing but its text."""
    return zlib.crc32(text.encode()) % _HELD_OUT == 0


def sentence(random: Random, *, held_out: bool) -> str:
    """A sentence of the part that is trained on, or of the part that is not."""
    while True:
        pattern = random.choice(PATTERNS)
        text = re.sub(r"{(\w+)}", lambda slot: random.choice(SLOTS[slot[1]].split()), pattern)
        if is_held_out(text) == held_out:
            return text
