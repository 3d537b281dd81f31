"""How the frames of a stream want to be looked at: colour, orientation, transparency."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer

# Code points of ITU-T H.273.
RGB, MATRIX_709, UNTAGGED, MATRIX_601, MATRIX_2020 = 0, 1, 2, 5, 9
PRIMARIES_709, PRIMARIES_2020, PRIMARIES_P3 = 1, 9, 12
TRANSFER_709, PQ, HLG = 1, 16, 18
_TRANSFERS = {
    1: "BT.709", 2: "unknown", 4: "gamma 2.2", 5: "gamma 2.8", 6: "BT.601", 7: "SMPTE 240M",
    8: "linear", 11: "xvYCC", 13: "sRGB", 14: "BT.2020", 15: "BT.2020", PQ: "PQ", HLG: "HLG",
}  # fmt: skip
# What swscale can undo; the rest (YCgCo, ICtCp, constant luminance) is rare, and read as untagged.
_MATRICES = (MATRIX_709, 4, MATRIX_601, 6, 7, MATRIX_2020)
_HD_LINES = 720  # untagged video of that height is BT.709, below it BT.601, as players assume
_FULL_RANGE = 2
_CHROMA = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0"}
TILT_TOLERANCE = 1  # degrees; display matrices are fixed point
_DISPLAY = struct.Struct("=22i")  # ten rationals, and whether primaries and luminance are there
_PQ_PEAK = 10_000.0  # nits; no display and no sane header goes beyond


@dataclass(frozen=True, slots=True)
class Mastering:
    """What an HDR10 file says of the display that it was made on, and of its light.

    Attributes:
        display: (x, y) of red, green, blue and white, then darkest and brightest light in nits
            (SMPTE ST 2086); None where the file does not say.
        max_cll, max_fall: nits of the brightest pixel and picture (CTA-861.3); 0 is unknown.
    """

    display: tuple[float, ...] | None
    max_cll: int
    max_fall: int

    @property
    def peak(self) -> float | None:
        """Brightest light in nits: what the film has, before what its display could show."""
        brightest = self.max_cll or (self.display[-1] if self.display else 0)
        return min(float(brightest), _PQ_PEAK) if brightest > 0 else None


@dataclass(frozen=True, slots=True)
class Colour:
    """Matrix, primaries, transfer and range, as FFmpeg numbers them (ITU-T H.273)."""

    matrix: int
    primaries: int
    transfer: int
    full_range: bool
    mastering: Mastering | None = None

    @property
    def peak(self) -> float | None:
        """Brightest light of an HDR source in nits, where its file says so."""
        return self.mastering.peak if self.mastering else None

    @property
    def hdr(self) -> bool:
        """Whether its transfer is one of BT.2100: PQ or HLG."""
        return self.transfer in (PQ, HLG)

    @property
    def wide(self) -> bool:
        """Whether its primaries reach beyond BT.709: BT.2020 or Display P3."""
        return self.primaries in (PRIMARIES_2020, PRIMARIES_P3)

    @property
    def in_contract(self) -> bool:
        """Whether its RGB is shown as it is: neither HDR nor of a wide gamut."""
        return not self.hdr and not self.wide

    @property
    def transfer_name(self) -> str:
        return _TRANSFERS.get(self.transfer, str(self.transfer))


BT709 = Colour(MATRIX_709, PRIMARIES_709, TRANSFER_709, full_range=False)


def contract_colour(colour: Colour) -> Colour:
    """What frames of a source are once they went through RGB and back: matrix BT.709, limited.

    Primaries and transfer of SDR stay as they are, since nothing was done about them; HDR and
    wide gamuts have become BT.709.
    """
    if not colour.in_contract:
        return BT709
    return Colour(MATRIX_709, colour.primaries, colour.transfer, full_range=False)


def written_colour(colour: Colour) -> Colour:
    """What a file is tagged with where no filter saw its frames: the source's own colour.

    RGB alone becomes YUV on the way to any encoder, in BT.709's matrix.
    """
    if colour.matrix == RGB:
        return replace(colour, matrix=MATRIX_709, full_range=False)
    return colour


def colour_of(frame: Any) -> Colour:
    """The colour of a decoded frame; what it does not tell is what players assume."""
    primaries, transfer = int(frame.color_primaries), int(frame.color_trc)
    mastering = _mastering(frame) if transfer == PQ else None
    if _is_rgb(frame.format):
        return Colour(RGB, primaries, transfer, full_range=True, mastering=mastering)
    matrix = int(frame.colorspace)
    if matrix not in _MATRICES:  # YUV that calls itself RGB, too, is as good as untagged
        wide = transfer in (PQ, HLG) or primaries == PRIMARIES_2020
        matrix = MATRIX_709 if frame.height >= _HD_LINES else MATRIX_601
        matrix = MATRIX_2020 if wide else matrix
    return Colour(matrix, primaries, transfer, _full_range(frame), mastering)


def _full_range(frame: Any) -> bool:
    """As tagged; untagged gray is full range, as libswscale takes it, and all else is limited."""
    if frame.format.name.startswith("yuvj") or frame.color_range == _FULL_RANGE:
        return True
    return bool(frame.format.name.startswith("gray") and not frame.color_range)


def _mastering(frame: Any) -> Mastering | None:
    found = {data.type.name: bytes(data) for data in _side_data(frame)}
    display = _display(found.get("MASTERING_DISPLAY_METADATA", b""))
    light = found.get("CONTENT_LIGHT_LEVEL", b"")
    max_cll, max_fall = struct.unpack_from("=2I", light) if len(light) >= 8 else (0, 0)
    return Mastering(display, max_cll, max_fall) if display or max_cll else None


def _side_data(frame: Any) -> Iterable[Any]:
    """What a frame carries beside its picture.

    `frame.side_data` ties the frame into a cycle, and with it 30 MiB of its decoder stay until
    Python next looks for cycles, which may be dozens of films later.
    """
    return SideDataContainer(frame)  # type: ignore[call-arg]  # its stub lacks it


def _display(data: bytes) -> tuple[float, ...] | None:
    """The ten rationals of AVMasteringDisplayMetadata, if both halves are there."""
    if len(data) < _DISPLAY.size:
        return None
    *numbers, has_primaries, has_luminance = _DISPLAY.unpack_from(data)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not (has_primaries and has_luminance) or any(base == 0 for _, base in pairs):
        return None
    return tuple(number / base for number, base in pairs)


def has_alpha(pixel_format: Any) -> bool:
    """Whether a pixel format can be transparent; palettes can."""
    return bool(pixel_format.has_palette) or any(part.is_alpha for part in pixel_format.components)


def _is_rgb(pixel_format: Any) -> bool:
    return bool(pixel_format.is_rgb or pixel_format.has_palette)


def opaque_format(pixel_format: Any) -> str:
    """The pixel format that loses nothing but transparency."""
    name: str = pixel_format.name
    if not has_alpha(pixel_format):
        return name
    deep = max(part.bits for part in pixel_format.components) > 8
    if name.startswith("ya"):
        return "gray16le" if deep else "gray"
    if name.startswith(("yuva", "gbra")):
        return name.replace("a", "", 1) if name.startswith("yuva") else "gbrp" + name[5:]
    family = "gbrp" if _is_rgb(pixel_format) else "yuv444p"
    return family + ("16le" if deep else "")


def sample_bits(pixel_format: str) -> int:
    """Bits a sample of a pixel format."""
    components = av.VideoFormat(pixel_format, 16, 16).components
    return max((component.bits for component in components), default=8)


def chroma_name(pixel_format: str) -> str:
    """How colour is sampled, such as 4:2:0."""
    found = av.VideoFormat(pixel_format, 16, 16)
    if found.is_rgb or found.has_palette:
        return "RGB"
    if len(found.components) < 3:
        return "gray"
    across, down = 16 // found.chroma_width(16), 16 // found.chroma_height(16)
    return _CHROMA.get((across, down), f"1/{across} x 1/{down} chroma")


def orientation(frame: Any, metadata: Mapping[str, str]) -> tuple[int, bool]:
    """Clockwise quarter turns in degrees, and whether left and right are swapped before them.

    From the display matrix of the frame, else from the `rotate` tag that older files carry.
    """
    for data in _side_data(frame):
        if data.type.name == "DISPLAYMATRIX":
            return _decomposed(np.frombuffer(bytes(data), np.int32))
    told = {key.lower(): value for key, value in metadata.items()}.get("rotate", "0")
    try:
        return _quarter(float(told)), False
    except ValueError:
        return 0, False


def _decomposed(matrix: Any) -> tuple[int, bool]:
    """A display matrix (libavutil/display.h: x' = ax + cy, y' = bx + dy) as flip and turn."""
    a, b, c, d = (float(matrix[k]) for k in (0, 1, 3, 4))
    flipped = a * d - b * c < 0
    if flipped:
        a, b = -a, -b
    return _quarter(math.degrees(math.atan2(b, a))), flipped


def _quarter(degrees: float) -> int:
    """The nearest quarter turn, 0 where the angle is none (a tilt is shown as it is coded)."""
    if not math.isfinite(degrees):
        return 0
    turns = round(degrees / 90)
    straight = abs(degrees - 90 * turns) <= TILT_TOLERANCE
    return (turns * 90) % 360 if straight else 0
