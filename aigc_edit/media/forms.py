"""Pictures as arrays: shrunk and converted by swscale, in one step, off the GIL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from aigc_edit.media.source import Colour, VideoStream

Pixels = Literal["rgb", "gray"]
Image = npt.NDArray[np.uint8]
_AV_FORMATS = {"rgb": "rgb24", "gray": "gray"}
_FULL, _LIMITED = 2, 1
BT709 = Colour(matrix=1, primaries=1, transfer=1, full_range=False)


@dataclass(frozen=True, slots=True)
class PictureForm:
    """Size and pixels of pictures that are handed out."""

    width: int
    height: int
    pixels: Pixels = "rgb"

    @classmethod
    def of(
        cls,
        video: VideoStream,
        *,
        width: int | None = None,
        height: int | None = None,
        side: int | None = None,
        multiple: int = 1,
        pixels: Pixels = "rgb",
    ) -> PictureForm:
        """The form that a wish becomes for a source.

        `width` and `height` together are taken as they are; one of them, or `side` (the longer
        one), keeps the shape; pictures are never made larger. Both sides become multiples of
        `multiple`, at least two of them.
        """
        if not (width and height):
            scale = _scale(video, width, height, side)
            width, height = (
                max(2, round(length * scale / multiple)) * multiple
                for length in (video.width, video.height)
            )
        return cls(width, height, pixels)


def _scale(video: VideoStream, width: int | None, height: int | None, side: int | None) -> float:
    wishes = (
        (width, video.width),
        (height, video.height),
        (side, max(video.width, video.height)),
    )
    return min([1.0, *(wish / length for wish, length in wishes if wish)])


class PictureConverter:
    """Turns frames of a source into arrays of one form.

    RGB is full range, from the matrix and range that the source is coded in; gray is full
    range luma.
    """

    def __init__(self, form: PictureForm, colour: Colour) -> None:
        self.form = form
        self._colour = colour
        self._reformatter = VideoReformatter()

    def array(self, frame: Any) -> Image:
        """uint8 [H, W, 3] for rgb, [H, W] for gray; an array of its own."""
        shrunk = self._reformatter.reformat(
            frame,
            width=self.form.width,
            height=self.form.height,
            format=_AV_FORMATS[self.form.pixels],
            src_colorspace=self._colour.matrix,
            src_color_range=_FULL if self._colour.full_range else _LIMITED,
            dst_color_range=_FULL,
            interpolation=Interpolation.AREA,
        )
        return np.asarray(shrunk.to_ndarray(), np.uint8)


class FrameConverter:
    """Turns RGB arrays back into frames that an encoder takes, BT.709 limited range."""

    def __init__(self, pixel_format: str) -> None:
        self._pixel_format = pixel_format
        self._reformatter = VideoReformatter()

    def frame(self, image: Image) -> Any:
        """A frame for uint8 [H, W, 3] RGB."""
        import av

        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        return self._reformatter.reformat(
            rgb,
            format=self._pixel_format,
            dst_colorspace=BT709.matrix,
            src_color_range=_FULL,
            dst_color_range=_LIMITED,
            interpolation=Interpolation.BICUBIC,
        )
