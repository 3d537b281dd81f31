"""Recognisers that lose the thread say the same words again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")
_LONGEST = 12  # words of a phrase that may repeat itself
_MOST = 3  # times that people repeat a phrase; `no, no, no` stays


def without_loops(words: Sequence[T], key: Callable[[T], Hashable]) -> list[T]:
    """Words, where a phrase that comes more than three times in a row comes once.

    >>> without_loops("so a b a b a b a b a b end".split(), key=str)
    ['so', 'a', 'b', 'end']
    >>> without_loops("no no no it is".split(), key=str)
    ['no', 'no', 'no', 'it', 'is']
    """
    left = list(words)
    for length in range(1, _LONGEST + 1):
        left = _cut(left, length, key)
    return left


def _cut(words: list[T], length: int, key: Callable[[T], Hashable]) -> list[T]:
    keys = [key(word) for word in words]
    kept: list[T] = []
    place = 0
    while place < len(words):
        phrase = keys[place : place + length]
        times = 1
        while keys[place + times * length : place + (times + 1) * length] == phrase:
            times += 1
        if times > _MOST and len(phrase) == length:
            kept += words[place : place + length]
            place += times * length
        else:
            kept.append(words[place])
            place += 1
    return kept
