"""Palettes as a page to look at, and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from html import escape

from aigc_edit.api import Delivery, Sink

from .palettes import Color, Palette, Palettes

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; background: #fff; color: #222; }
.film { display: flex; height: 5rem; }
.film > div, .bar { display: flex; }
.film > div { flex-direction: column; }
.shot { display: flex; gap: 1rem; margin-top: .5rem; align-items: center; }
.shot .at { width: 11rem; font-variant-numeric: tabular-nums; }
.bar { flex: 1; height: 3rem; }
.bar > div { display: flex; align-items: end; overflow: hidden; white-space: nowrap; }
.bar span { padding: .2rem .4rem; font-size: 12px; }
""".strip()


class PaletteSheet(Sink):
    """Writes the colours of every shot as a page with swatches, and as JSON."""

    name = "palette_sheet"
    api_version = 1
    reads = (Palettes.named("palette"),)
    suffixes = (".palette.html", ".palette.json")

    def deliver(self, delivery: Delivery) -> Mapping[str, str]:
        palettes = delivery.tracks.get(Palettes, "palette")
        film = _text(delivery.output.name)
        facts = {"film": film, "duration": float(delivery.tracks.duration), **palettes.to_json()}
        return {
            ".palette.html": "\n".join(_page(film, palettes)) + "\n",
            ".palette.json": json.dumps(facts, indent=1, ensure_ascii=False) + "\n",
        }


def _page(film: str, palettes: Palettes) -> Iterator[str]:
    title = f"Colours of {escape(film)}"
    yield f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>'
    yield f"<style>\n{_STYLE}\n</style>\n<h1>{title}</h1>"
    yield f'<div class="film">{"".join(map(_column, palettes))}</div>'
    for number, palette in enumerate(palettes, 1):
        times = f"{_clock(palette.span.start)} – {_clock(palette.span.end)}"  # noqa: RUF001 -- a range
        swatches = "".join(map(_swatch, palette.colors)) or "<i>too short: no frame of it seen</i>"
        yield f'<div class="shot"><b>{number}</b><span class="at">{times}</span>'
        yield f'<div class="bar">{swatches}</div></div>'
    yield "</html>"


def _column(palette: Palette) -> str:
    """A shot in the strip of the film: as wide as it is long."""
    parts = "".join(f'<div style="{_look(color)}"></div>' for color in palette.colors)
    return f'<div style="flex: {float(palette.span.duration):.3f}">{parts}</div>'


def _swatch(color: Color) -> str:
    words = f"{color.hex} {color.share:.0%}"
    return f'<div style="{_look(color)}" title="{words}"><span>{words}</span></div>'


def _look(color: Color) -> str:
    red, green, blue = bytes.fromhex(color.hex[1:])
    ink = "#000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 128 else "#fff"
    return f"flex: {color.share:.4f}; background: {color.hex}; color: {ink}"


def _clock(time: Fraction) -> str:
    """Such as 1:02:03.45."""
    hundredths = round(time * 100)
    minutes, seconds = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{start}:{seconds // 100:02d}.{seconds % 100:02d}"


def _text(name: str) -> str:
    """A file's name as text; bytes that are none come out as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
