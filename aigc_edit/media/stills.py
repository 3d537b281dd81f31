"""Single pictures out of files, as frames are: upright, RGB, black where they are transparent."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aigc_edit.errors import DecodeError, one_line
from aigc_edit.media.arrays import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_LEVELS_OF_16_BITS = 257  # 65535 / 255


def read_picture(path: Path, *, side: int) -> Image:
    """The first picture of a file: uint8 [H, W, 3], RGB.

    Args:
        side: a longer side is shrunk to it.

    Raises:
        DecodeError: there is no such file, it is no picture, is broken, or larger than Pillow takes
            (179 million pixels, against files that unpack without end).
    """
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            # Half of what is refused is only warned of, and is what scans of paintings have.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            with Pillow.open(path) as opened:
                return np.array(_upright(opened, side), np.uint8)
    except Pillow.DecompressionBombError as cause:
        raise DecodeError(
            "this picture is too large", where=path, cure="Save a smaller one."
        ) from cause
    except (OSError, ValueError, SyntaxError) as cause:  # the last from broken PNG files
        why = getattr(cause, "strerror", None) or one_line(cause)
        what = f"this picture cannot be read ({why})"
        raise DecodeError(what, where=path, cure="Name another, or save it anew.") from cause


def _upright(opened: Picture, side: int) -> Picture:
    from PIL import Image as Pillow
    from PIL import ImageOps

    opened.draft("RGB", (side, side))  # JPEG decodes to a half, a quarter or an eighth at once
    ImageOps.exif_transpose(opened, in_place=True)
    picture = _over_black(opened)
    picture.thumbnail((side, side), Pillow.Resampling.LANCZOS)
    return picture


def _over_black(picture: Picture) -> Picture:
    from PIL import Image as Pillow

    if picture.mode.startswith("I"):  # 16 bits of gray, which `convert` would clip
        levels = np.asarray(picture).astype(np.float32) / _LEVELS_OF_16_BITS
        picture = Pillow.fromarray(levels.round().clip(0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    shown = picture.convert("RGBA")
    black = Pillow.new("RGBA", shown.size, (0, 0, 0, 255))
    return Pillow.alpha_composite(black, shown).convert("RGB")
