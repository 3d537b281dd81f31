"""Both stages keep what stages promise."""

import pytest
from aigc_edit_color_palette import Color, ColorPalette, Palette, Palettes, PaletteSheet

from aigc_edit.api import Span

_PALETTES = Palettes("palette", (Palette(Span(0, 8), (Color("#ff0000", 0.7),)),))


@pytest.mark.stages([ColorPalette, (ColorPalette, {"colors": 2})])
def test_the_analyser_keeps_its_promises(promise):
    promise()


@pytest.mark.stages([PaletteSheet], tracks=[_PALETTES])
def test_the_sheet_keeps_its_promises(promise):
    promise()
