"""Whether text can be shaped here, and which scripts need that.

Pillow's wheels bring Raqm, which shapes text, and load FriBidi from the system when they are
imported; without it they put the glyph of each sign after that of the one before it. That is right
for Latin, Greek, Cyrillic, Chinese, Japanese and Korean, and wrong for what this module names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from aigc_edit.api import PluginError

# Signs that are written from right to left (UAX 9): Arabic, Hebrew, Syriac, Thaana, N'Ko, ...
RIGHT_TO_LEFT = ("R", "AL")
# Scripts in use whose signs join, stack or change places, by the first word of their names in
# Unicode (The Unicode Standard, chapters 12 to 17).
_NAMES = """
    BALINESE BENGALI BUGINESE CHAKMA CHAM DEVANAGARI GUJARATI GURMUKHI JAVANESE KANNADA KHMER LAO
    LEPCHA LIMBU MALAYALAM MEETEI MONGOLIAN MYANMAR ORIYA PHAGS SINHALA SUNDANESE SYLOTI TAGALOG
    TAI TAMIL TELUGU THAI TIBETAN
"""
_SHAPED = frozenset(_NAMES.split())
CURE = (
    "Install FriBidi: apt-get install libfribidi0, or brew install fribidi (Pillow looks for "
    "libfribidi.dylib in /usr/local/lib, so link it there where Homebrew lies elsewhere)."
)


def is_there() -> bool:
    """Whether Pillow shapes text: it was built with Raqm, and found FriBidi."""
    from PIL import features

    return bool(features.check("raqm"))


def as_drawn(text: str) -> str:
    """Where nothing shapes: letters and accents as one sign each, without signs that never show."""
    if is_there():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFC", text) if not is_hidden(sign))


def is_hidden(sign: str) -> bool:
    """Whether a sign never shows, such as marks of direction."""
    return unicodedata.category(sign) in ("Cf", "Cc")


def check(signs: Iterable[str]) -> None:
    """Raises PluginError that names the scripts which would come out wrong here, if any."""
    if is_there():
        return
    scripts = sorted({script(sign).title() for sign in signs if _needs_shaping(sign)})
    if scripts:
        few = ", ".join(scripts[:3]) + (" and others" if len(scripts) > 3 else "")
        raise PluginError(f"text in {few} needs FriBidi, which Pillow does not find", cure=CURE)


def _needs_shaping(sign: str) -> bool:
    backwards = unicodedata.bidirectional(sign) in RIGHT_TO_LEFT and not is_hidden(sign)
    letter = unicodedata.category(sign)[0] in "LM"  # the sign of the baht stands in English, too
    return backwards or (letter and script(sign) in _SHAPED)


def script(sign: str) -> str:
    """The first word of a sign's name in Unicode, such as `ARABIC`."""
    return unicodedata.name(sign, "?").split()[0].split("-")[0]
