"""The main colours of every shot: an analyser that finds them, and a sink that shows them."""

from .analyzer import ColorPalette
from .palettes import Color, Palette, Palettes
from .sheet import PaletteSheet

__all__ = ["Color", "ColorPalette", "Palette", "PaletteSheet", "Palettes"]
