"""Fonts that can draw a text: the one that was asked for, and others for what it lacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from aigc_edit.api import PluginError
from aigc_edit.stages.text import shaping
from aigc_edit.stages.text.faces import faces, plain

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
# Fonts that read well on pictures, best first, by the beginning of their file's name; then all
# others. Each script is drawn by the first one that has it.
_PREFERRED = (
    "notosans-bold",
    "arialbd",
    "helvetica",
    "dejavusans-bold",
    "liberationsans-bold",
    "notosans",
    "pingfang",
    "hiragino",
    "msyhbd",
    "sourcehansans",
    "segoeuib",
    "dejavusans",
)
_HARD_TO_READ = ("italic", "oblique", "light", "thin", "mono", "condensed")
# What Debian calls the fonts of a script, by the first word of its signs' names in Unicode.
_PACKAGES = {
    "CJK": "fonts-noto-cjk",
    "HIRAGANA": "fonts-noto-cjk",
    "KATAKANA": "fonts-noto-cjk",
    "HANGUL": "fonts-noto-cjk",
}
_OTHERS = "fonts-noto-core"


@dataclass(frozen=True, slots=True)
class Font:
    """A font in a file; `number` is its place in a collection. No path: the one in Pillow."""

    path: Path | None
    number: int = 0

    def has(self, text: str) -> bool:
        """Whether it draws all signs of a text; marks that are never drawn do not count."""
        signs = _signs(self)
        return all(ord(sign) in signs for sign in text if _drawn(sign))

    def sized(self, pixels: int) -> Any:
        """Pillow's font of a size; it shapes text where `shaping.is_there`."""
        return _sized(self, pixels, shaped=shaping.is_there())


PILLOWS = Font(None)


@cache
def _sized(font: Font, pixels: int, *, shaped: bool) -> Any:
    from PIL import ImageFont

    layout = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    if font.path is None:
        default: Any = ImageFont.load_default(pixels)
        return default.font_variant(layout_engine=layout)
    return ImageFont.truetype(str(font.path), pixels, font.number, layout_engine=layout)


@cache
def _signs(font: Font) -> frozenset[int]:
    """The code points that a font has."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with _opened(font) as file, TTFont(file, fontNumber=font.number, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or {})
    except (TTLibError, OSError, AssertionError):
        return frozenset()


def _opened(font: Font) -> BinaryIO:
    if font.path is not None:
        return font.path.open("rb")
    held: BytesIO = font.sized(10).path  # the font in Pillow is a file in memory
    return BytesIO(held.getvalue())


def _drawn(sign: str) -> bool:
    return not sign.isspace() and not shaping.is_hidden(sign)


def folders() -> tuple[Path, ...]:
    """Where fonts lie on this system."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",)
    own = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    return own / "fonts", home / ".fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts")


@cache
def installed() -> tuple[Font, ...]:
    """The fonts of this system, best first; the one in Pillow is the last."""
    files = {
        path
        for folder in folders()
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES
    }
    return (*map(Font, sorted(files, key=_rank)), PILLOWS)


def _rank(path: Path) -> tuple[int, str]:
    name = path.stem.lower()
    known = [place for place, word in enumerate(_PREFERRED) if name.startswith(word)]
    odd = any(word in name for word in _HARD_TO_READ)
    return (min(known, default=len(_PREFERRED)) + len(_PREFERRED) * odd, str(path))


def named(name: str) -> Font:
    """The font of a file, or of a name such as `DejaVu Sans`.

    Raises:
        PluginError: there is none.
    """
    if Path(name).suffix.lower() in _SUFFIXES:
        path = Path(name).expanduser()
        if not path.is_file() or not _signs(Font(path)):
            raise PluginError("no such font", where=path, cure="Name a .ttf, .otf or .ttc file.")
        return Font(path)
    wanted = plain(name)
    found = _of_family(wanted) or _of_file(wanted)
    if found is not None:
        return found
    some = ", ".join(sorted({font.path.stem for font in installed()[:8] if font.path}))
    raise PluginError(f"no font named {name!r} is installed", cure=f"There are {some or 'none'}.")


def _of_family(wanted: str) -> Font | None:
    """The font of a full name; or of a family, its regular one."""
    fitting = [
        (likeness, place, Font(font.path, face.number))
        for place, font in enumerate(installed())
        if font.path is not None
        for face in faces(font.path)
        if (likeness := face.likeness(wanted)) is not None
    ]
    return min(fitting, key=lambda found: found[:2])[2] if fitting else None


def _of_file(wanted: str) -> Font | None:
    return next((f for f in installed() if f.path and plain(f.path.stem).startswith(wanted)), None)


class FontChain:
    """Finds a font for each word: the first of a chain that has all its signs."""

    def __init__(self, name: str = "") -> None:
        """`name`: the font to begin with; empty for the best one that is installed."""
        self._chain = (named(name), *installed()) if name else installed()
        self._found: dict[frozenset[str], Font | None] = {}

    def font(self, text: str) -> Font | None:
        """The font for a text; None where no single one has all of it."""
        signs = frozenset(text)
        if signs not in self._found:
            self._found[signs] = next((font for font in self._chain if font.has(text)), None)
        return self._found[signs]

    def runs(self, text: str) -> Iterator[tuple[str, Font]]:
        """A text as it is drawn, in pieces of one font each; most are one piece."""
        text = shaping.as_drawn(text)
        whole = self.font(text)
        if whole is not None:
            yield text, whole
            return
        run, last = "", None
        for sign in text:
            font = last if last is not None and last.has(sign) else self.font(sign)
            if font is not last and run:
                yield run, last or PILLOWS
                run = ""
            run, last = run + sign, font
        yield run, last or PILLOWS

    def check(self, texts: Iterable[str]) -> None:
        """Raises PluginError that names the scripts or signs which cannot be drawn here."""
        signs = {sign for text in texts for sign in shaping.as_drawn(text)}
        shaping.check(signs)
        missing = sorted(sign for sign in signs if self.font(sign) is None)
        if missing:
            shown = " ".join(f"{sign} (U+{ord(sign):04X})" for sign in missing[:8])
            more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
            raise PluginError(f"no font here draws {shown}{more}", cure=_install(missing))


def _install(signs: Sequence[str]) -> str:
    packages = sorted({_package(sign, _PACKAGES) for sign in signs})
    return f"Install a font that has them, such as Debian's {' and '.join(packages)}, or name one."


def _package(sign: str, packages: Mapping[str, str]) -> str:
    return packages.get(shaping.script(sign), _OTHERS)
