"""Planes of luma and chroma, whatever the pictures were."""

from __future__ import annotations

import av
import numpy as np
import pytest

from aigc_edit.media import (
    BT709,
    YUV_FORMAT,
    Colour,
    PictureForm,
    PlaneConverter,
    matrix_name,
    planes_colour,
    planes_frame,
)

SIZE = (64, 36)  # libswscale, called here to make a source, wrote past narrow chroma lines at 50x30
RGB, MATRIX_601, PQ, BT2020 = 0, 5, 16, 9
# Red, a grey, and what both must be in limited range (ITU-R BT.709 and BT.601, equation of luma).
COLOURS = {(200, 30, 30): {"bt709": 72, "bt601": 85}, (128, 128, 128): {"bt709": 126, "bt601": 126}}
_LEVELS = 2  # two roundings, one of them to ten bits and back


def _frame(rgb: tuple[int, int, int], pixel_format: str, *, matrix: int, full: bool):
    image = np.broadcast_to(np.array(rgb, np.uint8), (SIZE[1], SIZE[0], 3))
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return frame.reformat(
        format=pixel_format, dst_colorspace=matrix or 1, dst_color_range=2 if full else 1
    )


@pytest.mark.parametrize("rgb", COLOURS)
@pytest.mark.parametrize(
    ("pixel_format", "matrix", "full"),
    [
        ("yuv420p", 1, False),
        ("yuv420p", MATRIX_601, False),
        ("yuvj420p", 1, True),
        ("yuv422p10le", 1, False),
        ("yuv444p", MATRIX_601, True),
        ("gbrp", RGB, True),
    ],
)
def test_planes_have_limited_range_and_the_matrix_that_is_named(rgb, pixel_format, matrix, full):
    colour = Colour(matrix, 1, 1, full_range=full)
    target = planes_colour(colour)
    converter = PlaneConverter(PictureForm(*SIZE), colour, target)
    y, u, v = converter.planes(_frame(rgb, pixel_format, matrix=matrix, full=full))

    assert (y.shape, u.shape, v.shape) == ((36, 64), (18, 32), (18, 32))
    assert abs(int(y[10, 10]) - COLOURS[rgb][matrix_name(target)]) <= _LEVELS
    assert (rgb[0] == rgb[1]) == (abs(int(v[5, 5]) - 128) <= _LEVELS)


def test_hdr_becomes_sdr_in_bt709():
    colour = Colour(BT2020, BT2020, PQ, full_range=False)
    frame = _frame((90, 90, 90), "yuv420p10le", matrix=BT2020, full=False)
    target = planes_colour(colour)
    y, u, v = PlaneConverter(PictureForm(*SIZE), colour, target).planes(frame)

    assert target == BT709
    assert y.std() == 0
    assert abs(int(u[5, 5]) - 128) <= _LEVELS
    assert abs(int(v[5, 5]) - 128) <= _LEVELS


@pytest.mark.parametrize("size", [(64, 36), (61, 35), (1, 1)])
def test_planes_become_a_frame_and_come_back(size):
    width, height = size
    rng = np.random.default_rng(1)
    half = (-(-height // 2), -(-width // 2))
    parts = [rng.integers(0, 256, shape, np.uint8) for shape in ((height, width), half, half)]
    frame = planes_frame(*parts)
    back = PlaneConverter(PictureForm(*size), BT709, BT709).planes(frame)

    assert frame.format.name == YUV_FORMAT
    assert all(np.array_equal(a, b) for a, b in zip(parts, back, strict=True))


def test_planes_are_not_the_decoders_own():
    frame = planes_frame(*(np.zeros(shape, np.uint8) for shape in ((4, 4), (2, 2), (2, 2))))
    y, _, _ = PlaneConverter(PictureForm(4, 4), BT709, BT709).planes(frame)
    y[:] = 99

    assert PlaneConverter(PictureForm(4, 4), BT709, BT709).planes(frame)[0].max() == 0
