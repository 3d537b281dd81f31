"""How numbers of things are said."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """A number and its noun.

    >>> counted(1, "span"), counted(0, "frame")
    ('1 span', '0 frames')
    """
    return f"{count} {thing}{'' if count == 1 else 's'}"
