"""RGB from planes and back, compiled: for 8-bit 4:2:0 of limited range, which most films are; and
floats from bytes and back.

The same pictures as libswscale's exact way, within a level, in a quarter of its time: chroma lies
to the left of luma (H.264, figure E-1) and is interpolated by bicubic splines with C = 0.6; on the
way back the same spline, twice as wide, averages it. Float32 without contractions, so all
processors agree to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from aigc_edit.media.arrays import Image

Floats = npt.NDArray[np.float32]
F = TypeVar("F", bound=Callable[..., None])
_ZERO, _HALF, _MOST, _MIDDLE, _BLACK = map(np.float32, (0, 0.5, 255, 128, 16))
_LEVEL = np.float32(1 / 255)
# The spline at a distance of 0.5 and 1.5 samples; and at 0.25, 0.75, 1.25 and 1.75.
_NEAR, _FAR = np.float32(0.575), np.float32(-0.075)
_A, _B, _C, _D = map(np.float32, (0.871875, 0.240625, -0.084375, -0.028125))
_ROWS = 8  # of the source that a row of chroma is averaged from; a power of two
_SIDE = 3  # samples on each side of it


def compiled(function: F) -> F:
    """Machine code, made at the first call and kept on disk where something may be written."""
    try:
        return cast("F", numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # nowhere
        return cast("F", numba.njit(nogil=True)(function))


def to_rgb(planes: Sequence[Image], kr: float, kb: float, rgb: Image) -> None:
    """Fills `rgb`, uint8 [3, H, W] of even sides, full range.

    Args:
        planes: uint8 luma and chroma, whole lines as they lie in memory, longer than the picture.
        kr, kb: weights of red and blue in luma.
    """
    y, u, v = planes
    _to_rgb(y, u, v, _decoding(kr, kb), rgb)


def to_planes(rgb: Image, kr: float, kb: float, planes: Sequence[Image]) -> None:
    """Fills planes of limited range from uint8 [3, H, W]; the inverse of `to_rgb`."""
    y, u, v = planes
    _to_planes(rgb, _encoding(kr, kb), y, u, v)


def as_floats(found: Image) -> Floats:
    """float32 in [0, 1] of bytes of any shape."""
    floats = np.empty(found.shape, np.float32)
    _scaled(np.ascontiguousarray(found).reshape(-1), floats.reshape(-1))
    return floats


def as_bytes(floats: Floats) -> Image:
    """Bytes of float32 of any shape, rounded to the nearest and clamped to [0, 1]."""
    found = np.empty(floats.shape, np.uint8)
    _rounded(np.ascontiguousarray(floats).reshape(-1), found.reshape(-1))
    return found


@cache
def _decoding(kr: float, kb: float) -> Floats:
    """Of luma; of red difference in red and green; of blue difference in green and blue."""
    kg = 1 - kr - kb
    red, blue = 2 * (1 - kr) * 255 / 224, 2 * (1 - kb) * 255 / 224
    return np.array([255 / 219, red, -red * kr / kg, -blue * kb / kg, blue], np.float32)


@cache
def _encoding(kr: float, kb: float) -> Floats:
    """[3, 3]: luma, blue difference and red difference of red, green and blue."""
    luma = np.array([kr, 1 - kr - kb, kb])
    blue, red = (np.array([0, 0, 1]) - luma) / (1 - kb), (np.array([1, 0, 0]) - luma) / (1 - kr)
    return np.array([luma * 219 / 255, blue * 112 / 255, red * 112 / 255], np.float32)


@compiled
def _scaled(found: Any, floats: Any) -> None:
    for i in range(found.size):
        floats[i] = np.float32(found[i]) * _LEVEL


@compiled
def _rounded(floats: Any, found: Any) -> None:
    for i in range(found.size):
        found[i] = np.uint8(min(max(np.rint(floats[i] * _MOST), _ZERO), _MOST))


@compiled
def _to_rgb(y: Any, u: Any, v: Any, weights: Any, rgb: Any) -> None:
    height, width = rgb.shape[1:]
    samples = width // 2
    coarse = np.empty((2, samples + 3), np.float32)
    fine = np.empty((2, 2 * samples), np.float32)
    for row in range(height):
        _between(u, row, height // 2, samples, coarse[0])
        _between(v, row, height // 2, samples, coarse[1])
        _across(coarse[0], fine[0])
        _across(coarse[1], fine[1])
        _mixed(y[row], fine[0], fine[1], weights, rgb[0, row], rgb[1, row], rgb[2, row])


@compiled
def _between(plane: Any, row: int, rows: int, samples: int, found: Any) -> None:
    """Chroma at the height of a row of luma, around zero; one more left of it, two right."""
    near = row // 2
    step = 1 if row % 2 else -1
    a = plane[near]
    b = plane[min(max(near + step, 0), rows - 1)]
    c = plane[min(max(near - step, 0), rows - 1)]
    d = plane[min(max(near + 2 * step, 0), rows - 1)]
    inner = found[1:]
    for i in range(samples):
        inner[i] = (
            _A * np.float32(a[i])
            + _B * np.float32(b[i])
            + _C * np.float32(c[i])
            + _D * np.float32(d[i])
            - _MIDDLE
        )
    found[0] = found[1]
    found[samples + 1] = found[samples + 2] = found[samples]


@compiled
def _across(coarse: Any, fine: Any) -> None:
    for i in range(fine.size // 2):
        fine[2 * i] = coarse[i + 1]
        fine[2 * i + 1] = _NEAR * (coarse[i + 1] + coarse[i + 2]) + _FAR * (
            coarse[i] + coarse[i + 3]
        )


@compiled
def _mixed(y: Any, u: Any, v: Any, weights: Any, red: Any, green: Any, blue: Any) -> None:
    of_y, v_in_red, v_in_green, u_in_green, u_in_blue = weights
    for x in range(red.size):
        luma = of_y * (np.float32(y[x]) - _BLACK) + _HALF
        red[x] = np.uint8(min(max(luma + v_in_red * v[x], _ZERO), _MOST))
        green[x] = np.uint8(min(max(luma + v_in_green * v[x] + u_in_green * u[x], _ZERO), _MOST))
        blue[x] = np.uint8(min(max(luma + u_in_blue * u[x], _ZERO), _MOST))


@compiled
def _to_planes(rgb: Any, weights: Any, y: Any, u: Any, v: Any) -> None:
    height, width = rgb.shape[1:]
    samples = width // 2
    fine = np.empty((2, width + 2 * _SIDE), np.float32)
    coarse = np.empty((2, _ROWS, samples), np.float32)  # a ring
    row = -1
    for j in range(height // 2):
        last = 2 * j + _ROWS // 2
        while row < min(last, height - 1):
            row += 1
            red, green, blue = rgb[0, row], rgb[1, row], rgb[2, row]
            _luma(red, green, blue, weights[0], y[row])
            for k in range(2):
                _difference(red, green, blue, weights[1 + k], fine[k])
                _halved(fine[k], coarse[k, row % _ROWS])
        top, bottom = last - _ROWS + 1, height - 1
        _averaged(coarse[0], top, bottom, u[j])
        _averaged(coarse[1], top, bottom, v[j])


@compiled
def _luma(red: Any, green: Any, blue: Any, weights: Any, found: Any) -> None:
    of_red, of_green, of_blue = weights
    for x in range(red.size):
        luma = of_red * np.float32(red[x]) + of_green * np.float32(green[x])
        found[x] = np.uint8(luma + of_blue * np.float32(blue[x]) + _BLACK + _HALF)


@compiled
def _difference(red: Any, green: Any, blue: Any, weights: Any, found: Any) -> None:
    of_red, of_green, of_blue = weights
    inner, width = found[_SIDE:], red.size
    for x in range(width):
        inner[x] = (
            of_red * np.float32(red[x])
            + of_green * np.float32(green[x])
            + of_blue * np.float32(blue[x])
        )
    found[:_SIDE] = inner[0]
    inner[width:] = inner[width - 1]


@compiled
def _halved(fine: Any, found: Any) -> None:
    for i in range(found.size):
        x = 2 * i + _SIDE
        near, far = fine[x - 1] + fine[x + 1], fine[x - 3] + fine[x + 3]
        found[i] = _HALF * (fine[x] + _NEAR * near + _FAR * far)


@compiled
def _averaged(rows: Any, top: int, bottom: int, found: Any) -> None:
    """The mean of eight rows of a ring from `top` on; none lie before 0 or after `bottom`."""
    a, b = rows[min(max(top, 0), bottom) % _ROWS], rows[min(max(top + 7, 0), bottom) % _ROWS]
    c, d = rows[min(max(top + 1, 0), bottom) % _ROWS], rows[min(max(top + 6, 0), bottom) % _ROWS]
    e, f = rows[min(max(top + 2, 0), bottom) % _ROWS], rows[min(max(top + 5, 0), bottom) % _ROWS]
    g, h = rows[min(max(top + 3, 0), bottom) % _ROWS], rows[min(max(top + 4, 0), bottom) % _ROWS]
    for i in range(rows.shape[1]):
        mean = _D * (a[i] + b[i]) + _C * (c[i] + d[i]) + _B * (e[i] + f[i]) + _A * (g[i] + h[i])
        found[i] = np.uint8(_HALF * mean + _MIDDLE + _HALF)
