"""Which colours a shot is made of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    FrameBatch,
    Frames,
    Shots,
    Span,
    StageOptions,
    Timeline,
    Track,
    option,
)

from .clusters import gathered, main_colors, shortened
from .lab import Floats, lab_to_srgb, srgb_to_lab
from .palettes import Color, Palette, Palettes

_SIDE = 160  # pixels; a sharp upright edge mixes two columns: less than `_LEAST`
_NOTED = 40  # cells that are remembered of a frame: 320 bytes
_LEAST = 0.02  # share; less is often only what codecs and shrinking mix at edges


class ColorPalette(Analyzer):
    """The main colours of every shot (k-means in CIELAB), or of the whole film without shots."""

    name = "color_palette"
    api_version = 1
    reads = (Shots.named("shots", optional=True),)
    writes = (Palettes.named("palette"),)

    class Options(StageOptions):
        """Options of color_palette."""

        colors: int = option(5, ge=1, le=16, help="Most colours of a shot.")
        fps: float = option(2.0, gt=0, le=25, help="Frames a second that are looked at.")

    options: Options

    @property
    def needs(self) -> Sequence[Frames]:
        return (Frames(side=_SIDE, fps=self.options.fps),)

    def begin(self, context: AnalysisContext) -> None:
        del context
        self._times: list[Fraction] = []
        self._notes: list[npt.NDArray[np.float16]] = []

    def frames(self, batch: FrameBatch) -> None:
        self._times.extend(batch.times)
        self._notes.extend(_noted(image) for image in batch.pixels)

    def finish(self, tracks: Timeline) -> Sequence[Track]:
        if "shots" in tracks:
            shots = tracks.get(Shots, "shots")
        else:
            shots = Shots("shots", (Span(0, tracks.duration),))
        found = (Palette(span, self._colors(span, shots.gradual)) for span in shots.spans)
        return [Palettes("palette", tuple(found))]

    def _colors(self, shot: Span, gradual: Sequence[Span]) -> tuple[Color, ...]:
        first, stop = (bisect_left(self._times, time) for time in (shot.start, shot.end))
        mixed = [span for span in gradual if span.overlaps(shot)]
        pure = [k for k in range(first, stop) if not any(self._times[k] in s for s in mixed)]
        notes = [self._notes[k] for k in pure or range(first, stop)]
        if not notes:
            return ()
        together = np.concatenate(notes).astype(np.float64)
        cells = gathered(together[:, :3], together[:, 3] / len(notes))
        return _named(*main_colors(*cells, self.options.colors))


def _noted(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float16]:
    """What is remembered of a frame [H, W, 3]: cells [K, 4] of L*, a*, b* and share."""
    packed = image.reshape(-1, 3).astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colors, counts = np.unique(packed, return_counts=True)
    rgb = (colors[:, None] >> np.array([16, 8, 0], np.uint32) & 255).astype(np.uint8)
    cells = gathered(srgb_to_lab(rgb), counts / len(packed))
    points, shares = shortened(*cells, _NOTED)
    return np.column_stack([points, shares]).astype(np.float16)


def _named(centres: Floats, shares: Floats) -> tuple[Color, ...]:
    rgb = lab_to_srgb(centres).tolist()
    return tuple(
        Color(f"#{red:02x}{green:02x}{blue:02x}", round(share, 4))
        for (red, green, blue), share in zip(rgb, shares.tolist(), strict=True)
        if share >= _LEAST
    )
