"""HDR and wide gamuts as BT.709 SDR: light decoded, mapped, and coded again, in torch.

Sources: SMPTE ST 2084 (PQ), ITU-R BT.2100 (HLG and its OOTF), ITU-R BT.2390 section 5.4 (EETF),
ITU-R BT.2087 (BT.2020 to BT.709), ITU-R BT.2408 (reference white), ITU-R BT.1886 (display gamma).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from aigc_edit.media.looks import PQ, PRIMARIES_709, PRIMARIES_2020, PRIMARIES_P3, Colour

if TYPE_CHECKING:
    from torch import Tensor

SDR_WHITE = 203.0  # nits; HDR reference white of BT.2408, which becomes SDR's white
HDR_PEAK = 1000.0  # nits; of sources that tell none, and of HLG by BT.2100
_PQ_PEAK = 10_000.0
_GAMMA = 2.4  # BT.1886 with a black of zero
# SMPTE ST 2084, equation 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# BT.2100, table 5.
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_GAMMA = 1.2  # of a display of 1000 nits
_LUMINANCE_2020 = (0.2627, 0.6780, 0.0593)
_LUMINANCE_709 = (0.2126, 0.7152, 0.0722)
# x and y of red, green, blue (ITU-T H.273); all with the white of D65.
_CHROMATICITIES = {
    PRIMARIES_709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    PRIMARIES_2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    PRIMARIES_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_D65 = (0.3127, 0.3290)
# Distances from grey, red green blue: up to the first all colours stay as they are; what reaches
# to the second, the farthest of BT.2020 seen from BT.709, comes to lie on the border.
_GAMUT_KEPT = 0.98
_GAMUT_REACHED = (1.59, 1.09, 1.12)
_GAMUT_POWER = 1.2  # how softly, as in the ACES Reference Gamut Compression
TABLE_POINTS = 65
_CURVE_END = 2.0  # more than any colour of BT.2020 reaches in BT.709
_CURVE_STEPS = 1 << 16


def pq_to_light(signal: Tensor) -> Tensor:
    """Nits of a PQ signal in [0, 1] (ST 2084 EOTF)."""
    root = signal.clamp(0, 1) ** (1 / _M2)
    return _PQ_PEAK * ((root - _C1).clamp(min=0) / (_C2 - _C3 * root)) ** (1 / _M1)


def light_to_pq(light: Tensor) -> Tensor:
    """The PQ signal in [0, 1] of light in nits."""
    power = (light.clamp(min=0) / _PQ_PEAK) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def hlg_to_light(signal: Tensor) -> Tensor:
    """Nits of an HLG signal [..., 3, H, W] in [0, 1] on a display of 1000 nits (BT.2100 EOTF)."""
    signal = signal.clamp(0, 1)
    low, high = signal**2 / 3, (((signal - _HLG_C) / _HLG_A).exp() + _HLG_B) / 12
    scene = low.where(signal <= 0.5, high)
    return HDR_PEAK * scene * _weighed(scene, _LUMINANCE_2020) ** (_HLG_GAMMA - 1)


def mapped_down(light: Tensor, peak: float) -> Tensor:
    """Light in nits up to `peak` as light up to SDR_WHITE: the EETF of BT.2390, section 5.4."""
    if peak <= SDR_WHITE:
        return light
    import torch

    source, target = light_to_pq(torch.tensor([peak, SDR_WHITE], dtype=torch.float64)).tolist()
    top = target / source
    knee = 1.5 * top - 0.5
    signal = (light_to_pq(light) / source).clamp(max=1)
    t = ((signal - knee) / (1 - knee)).clamp(min=0)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee)
    spline = spline + (3 * t**2 - 2 * t**3) * top
    return pq_to_light(signal.where(signal < knee, spline) * source)


def within_709(rgb: Tensor) -> Tensor:
    """Linear BT.709 [..., 3, H, W] without negative parts; luminance and neutrals stay.

    Each part's distance from the largest one is compressed softly, as the ACES Reference Gamut
    Compression does, which keeps hues better than a clip; then luminance is given back.
    """
    import torch

    top = rgb.amax(-3, keepdim=True).clamp(min=1e-9)
    reached = torch.tensor(_GAMUT_REACHED, dtype=rgb.dtype, device=rgb.device).view(3, 1, 1)
    kept, power = _GAMUT_KEPT, _GAMUT_POWER
    scale = (reached - kept) / (((1 - kept) / (reached - kept)) ** -power - 1) ** (1 / power)
    beyond = ((top - rgb) / top - kept).clamp(min=0) / scale
    pulled = kept + scale * beyond / (1 + beyond**power) ** (1 / power)
    inside = top * (1 - pulled.where(beyond > 0, (top - rgb) / top)).clamp(min=0)
    light, now = _weighed(rgb, _LUMINANCE_709), _weighed(inside, _LUMINANCE_709)
    return inside * (light / now.clamp(min=1e-9)).clamp(0, 1)


def to_sdr(coded: Tensor, colour: Colour) -> Tensor:
    """BT.709 SDR R'G'B' in [0, 1] of R'G'B' in the transfer and primaries of `colour`.

    Exact and slow; `SdrTable` is the quick way.

    Args:
        coded: float [..., 3, H, W] in [0, 1], full range.
        colour: of the source; HDR that tells no primaries has those of BT.2020.
    """
    unmapped = _unmapped(coded, colour)
    return (unmapped * _gain(unmapped.amax(-3, keepdim=True))).clamp(0, 1)


def _unmapped(coded: Tensor, colour: Colour) -> Tensor:
    """BT.709 R'G'B'; colours that only a wide gamut can show go beyond 1.0."""
    return _matched(_light(coded, colour), colour) ** (1 / _GAMMA)


def _gain(top: Tensor) -> Tensor:
    """What brings a colour of a wide gamut whose largest part is `top` within [0, 1].

    By the largest part, so that no part is cut off and its hue stays.
    """
    return 1 / top.clamp(min=1)


def _light(coded: Tensor, colour: Colour) -> Tensor:
    """Linear light in the source's primaries, at most 1.0: SDR's white.

    HDR is mapped down part by part (R'G'B' in BT.2390): what is brighter than SDR can show turns
    towards white, as it does on film. By the largest part alone hues would hold, and gold in the
    sun would be a flat orange.
    """
    if colour.hdr:
        light = pq_to_light(coded) if colour.transfer == PQ else hlg_to_light(coded)
        return mapped_down(light, colour.peak or HDR_PEAK) / SDR_WHITE
    return coded.clamp(0, 1) ** _GAMMA


def _matched(light: Tensor, colour: Colour) -> Tensor:
    """Linear light in BT.709 primaries."""
    import torch

    fallback = PRIMARIES_2020 if colour.hdr and colour.primaries == 2 else PRIMARIES_709
    known = colour.primaries if colour.primaries in _CHROMATICITIES else fallback
    if known == PRIMARIES_709:
        return light
    matrix = torch.linalg.solve(_to_xyz(PRIMARIES_709), _to_xyz(known))
    matrix = matrix.to(light.dtype).to(light.device)
    return within_709(torch.einsum("ij,...jhw->...ihw", matrix, light))


def _to_xyz(primaries: int) -> Tensor:
    """The matrix from linear RGB to XYZ (SMPTE RP 177): white comes out as white."""
    import torch

    def column(x: float, y: float) -> list[float]:
        return [x / y, 1.0, (1 - x - y) / y]

    corners = torch.tensor([column(*c) for c in _CHROMATICITIES[primaries]], dtype=torch.float64).T
    white = torch.tensor(column(*_D65), dtype=torch.float64)
    scaled: Tensor = corners * torch.linalg.solve(corners, white)
    return scaled


def _weighed(rgb: Tensor, weights: tuple[float, float, float]) -> Tensor:
    red, green, blue = rgb.unbind(-3)
    return (weights[0] * red + weights[1] * green + weights[2] * blue).unsqueeze(-3)


class SdrTable:
    """`to_sdr` by tables, on any device: a cube of 65 steps for colours, a curve for what a wide
    gamut has beyond 1.0.

    That has a table of its own because the largest part of a colour has edges where another
    part becomes the largest, and a cube would round them off.
    """

    def __init__(self, colour: Colour) -> None:
        self._atlas, self._curve = _atlas(colour), _curve()

    def __call__(self, coded: Tensor) -> Tensor:
        """uint8 [T, 3, H, W] BT.709 SDR for uint16 [T, 3, H, W] in the source's transfer."""
        import torch

        if self._atlas.device != coded.device:
            self._atlas, self._curve = self._atlas.to(coded.device), self._curve.to(coded.device)
        with torch.inference_mode():
            return torch.cat([self._shown(one) for one in coded.unsqueeze(1)])

    def _shown(self, coded: Tensor) -> Tensor:
        """Of one frame; more at once would leave a CPU's cache."""
        import torch

        unmapped = self._unmapped(coded)
        top = unmapped.amax(1).mul_(_CURVE_STEPS / _CURVE_END).add_(0.5)
        gain = self._curve[top.to(torch.int32).clamp_(0, _CURVE_STEPS)]
        return unmapped.mul_(gain.unsqueeze(1)).add_(0.5).clamp_(0, 255).to(torch.uint8)

    def _unmapped(self, coded: Tensor) -> Tensor:
        """float32 [1, 3, H, W] from the cube, which lies flat, its blue slices side by side.

        torch looks up a plane several times as fast as a cube; between slices it is mixed.
        """
        import torch
        from torch.nn.functional import grid_sample

        last, across = TABLE_POINTS - 1, TABLE_POINTS**2 - 1
        red, green, blue = coded.float().mul_(last / 65535).unbind(1)
        below = blue.floor().clamp_(0, last - 1)
        x, y = (red + below * TABLE_POINTS).mul_(2 / across).sub_(1), green * (2 / last) - 1
        low, high = (
            grid_sample(self._atlas, torch.stack((place, y), -1), align_corners=True)
            for place in (x, x + 2 * TABLE_POINTS / across)
        )
        return low.lerp_(high, (blue - below).unsqueeze(1))


@lru_cache(maxsize=4)
def _atlas(colour: Colour) -> Tensor:
    """float32 [1, 3, 65, 65 * 65]: rows of green, in each slices of blue, in each steps of red."""
    import torch

    axis = torch.linspace(0, 1, TABLE_POINTS)
    green, blue, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    coded = torch.stack([red, green, blue])
    return _unmapped(coded.reshape(3, TABLE_POINTS, -1), colour).unsqueeze(0)


@lru_cache(maxsize=1)
def _curve() -> Tensor:
    """float32 [N + 1]: levels for each unit of light, by the largest part of a colour."""
    import torch

    return 255 * _gain(torch.linspace(0, _CURVE_END, _CURVE_STEPS + 1))
