"""Pictures as planes of luma and chroma, as most files hold them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from av import VideoFrame
from av.video.reformatter import VideoReformatter

from aigc_edit.media.arrays import Image
from aigc_edit.media.forms import (
    FrameConverter,
    PictureConverter,
    PictureForm,
    plane_view,
)
from aigc_edit.media.looks import BT709, MATRIX_709, Colour

YUV_FORMAT = "yuv420p"
_SD_MATRICES = (5, 6)  # BT.601 of 625 and of 525 lines; the numbers are the same
_FULL, _LIMITED = 2, 1


def planes_colour(colour: Colour) -> Colour:
    """The colour that planes of a source have: its own matrix, if that is BT.709 or BT.601 and
    nothing else has to be done about it; limited range."""
    if not colour.in_contract:
        return BT709
    matrix = colour.matrix if colour.matrix in _SD_MATRICES else MATRIX_709
    return replace(colour, matrix=matrix, full_range=False)


def matrix_name(colour: Colour) -> Literal["bt709", "bt601"]:
    """`bt709` or `bt601`, for a colour of planes."""
    return "bt601" if colour.matrix in _SD_MATRICES else "bt709"


class PlaneConverter:
    """Takes frames of a source apart; those that are as they should be lose nothing."""

    def __init__(self, form: PictureForm, colour: Colour, target: Colour) -> None:
        """`target`: what the planes are to be; limited range."""
        self._colour, self._target = colour, target
        self._reformatter = VideoReformatter()
        self._rgb = PictureConverter(form, colour)
        self._back = FrameConverter(YUV_FORMAT)

    def planes(self, frame: Any) -> tuple[Image, Image, Image]:
        """uint8 luma [H, W] and chroma [ceil(H / 2), ceil(W / 2)], twice; arrays of their own."""
        y, u, v = (plane_view(plane).copy() for plane in self._fitting(frame).planes)
        return y, u, v

    def _fitting(self, frame: Any) -> Any:
        if frame.format.name == YUV_FORMAT and self._colour == self._target:
            return frame
        if not self._colour.in_contract:
            return self._back.frame(self._rgb.array(frame).transpose(2, 0, 1))
        return self._reformatter.reformat(
            frame,
            format=YUV_FORMAT,
            src_colorspace=self._colour.matrix,
            dst_colorspace=self._target.matrix,
            src_color_range=_FULL if self._colour.full_range else _LIMITED,
            dst_color_range=_LIMITED,
        )


def planes_frame(y: Image, u: Image, v: Image) -> Any:
    """A frame of planes."""
    frame = VideoFrame(y.shape[1], y.shape[0], YUV_FORMAT)
    for target, plane in zip(frame.planes, (y, u, v), strict=True):
        plane_view(target)[:] = plane
    return frame
