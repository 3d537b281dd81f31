"""Between sRGB and CIELAB, in which equal distances look about equally different."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# IEC 61966-2-1: linear sRGB (BT.709 primaries) to CIE XYZ, white D65.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_WHITE = _TO_XYZ.sum(axis=1)  # of the same figures, so that grays have no hue at all
_KNEE = 6 / 29  # CIE 15:2018, 8.2.1


def srgb_to_lab(rgb: npt.NDArray[np.uint8]) -> Floats:
    """CIELAB [N, 3] of sRGB [N, 3]: L* in [0, 100], a* and b* within about 110 of zero."""
    xyz = np.einsum("ij,nj->ni", _TO_XYZ, _LINEAR[rgb]) / _WHITE
    x, y, z = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def lab_to_srgb(lab: Floats) -> npt.NDArray[np.uint8]:
    """sRGB [N, 3] of CIELAB [N, 3]; what no screen shows is clipped."""
    y = (lab[:, 0] + 16) / 116
    roots = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=1)
    xyz = np.where(roots > _KNEE, roots**3, 3 * _KNEE**2 * (roots - 4 / 29)) * _WHITE
    linear = np.einsum("ij,nj->ni", _FROM_XYZ, xyz).clip(0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb: npt.NDArray[np.uint8] = np.rint(coded * 255).astype(np.uint8)
    return rgb


def _linear() -> Floats:
    """Light of each of the 256 codes (IEC 61966-2-1)."""
    coded = np.arange(256) / 255
    light: Floats = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return light


_LINEAR = _linear()
