"""How wide text is on the screen, and how long people read it."""

from __future__ import annotations

from fractions import Fraction


def columns(text: str) -> int:
    """Display columns: 2 for wide signs (Chinese, Japanese, Korean), 0 for marks on letters.

    >>> columns("你好 you"), columns("é"), columns("नमस्ते")
    (8, 1, 4)
    """
    import wcwidth

    return wcwidth.width(text, control_codes="ignore")


def reading_seconds(text: str, speed: Fraction, wide_speed: Fraction) -> Fraction:
    """How long it takes to read at so many narrow and wide signs a second.

    >>> reading_seconds("你好 you", Fraction(4), Fraction(2))
    Fraction(2, 1)
    """
    import wcwidth

    sizes = [wcwidth.wcwidth(sign) for sign in text]
    return sizes.count(1) / speed + sizes.count(2) / wide_speed
