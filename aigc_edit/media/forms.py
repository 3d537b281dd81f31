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
    """Size and pixels that somebody asks for.

    `width` or `height` alone keeps the shape of the picture; neither keeps its size.
    """

    width: int | None = None
    height: int | None = None
    pixels: Pixels = "rgb"

    def fitted(self, video: VideoStream) -> PictureForm:
        """The form with both sides known; never larger than the picture, never below 2."""
        if self.width and self.height:
            return self
        scale = 1.0
        if self.height:
            scale = min(1.0, self.height / video.height)
        elif self.width:
            scale = min(1.0, self.width / video.width)
        width, height = (max(2, round(side * scale)) for side in (video.width, video.height))
        return PictureForm(width, height, self.pixels)


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
        array: Image = shrunk.to_ndarray()
        return array


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
