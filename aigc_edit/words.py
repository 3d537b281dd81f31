"""How numbers of things, and names, are said."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """A number and its noun.

    >>> counted(1, "span"), counted(0, "frame")
    ('1 span', '0 frames')
    """
    return f"{count} {thing}{'' if count == 1 else 's'}"


def shown(name: object) -> str:
    """A name as it can be printed on one line, whatever bytes it has.

    >>> shown("two\nlines.mp4")
    'two\\nlines.mp4'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))
