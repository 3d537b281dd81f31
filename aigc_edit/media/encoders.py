"""Which encoder writes a codec here: the first one that really opens."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_edit.errors import EncodeError

if TYPE_CHECKING:
    from aigc_edit.media.looks import Mastering

Options = Mapping[str, str]
_BT470BG, _SMPTE170M = 5, 6  # ITU-T H.273; the same matrix


@dataclass(frozen=True, slots=True)
class Encoder:
    """One way of writing a codec.

    `options` makes its settings of a quality (as x264's crf: lower is better) and a preset
    (x264's names). `deep` are pixel formats by bits a sample, for pictures of more than eight.
    """

    name: str
    options: Callable[[int, str], dict[str, str]]
    pixel_format: str = "yuv420p"
    hardware: bool = False
    deep: tuple[tuple[int, str], ...] = ()

    def format_for(self, depth: int) -> str:
        """The pixel format for pictures of that many bits a sample, or the deepest there is."""
        if depth <= 8 or not self.deep:
            return self.pixel_format
        return next((name for bits, name in self.deep if bits >= depth), self.deep[-1][1])

    def matrix_tag(self, matrix: int) -> int:
        """The number that tags a matrix: ProRes has one of the two that BT.601 goes by."""
        return _SMPTE170M if self.name == "prores_ks" and matrix == _BT470BG else matrix


def _crf(quality: int, preset: str) -> dict[str, str]:
    return {"crf": str(quality), "preset": preset}


def _x265(quality: int, preset: str) -> dict[str, str]:
    return {**_crf(quality, preset), "x265-params": "log-level=error"}


def _nvenc(quality: int, preset: str) -> dict[str, str]:
    return {"rc": "vbr", "cq": str(quality), "preset": "p4" if preset != "medium" else "p5"}


def _videotoolbox(quality: int, _: str) -> dict[str, str]:
    return {"q:v": str(max(1, 100 - 2 * quality))}


def _qsv(quality: int, preset: str) -> dict[str, str]:
    return {"global_quality": str(quality), "preset": preset}


def _vp9(quality: int, _: str) -> dict[str, str]:
    return {"crf": str(quality + 10), "b": "0", "row-mt": "1", "cpu-used": "4"}


def _svtav1(quality: int, _: str) -> dict[str, str]:
    return {"crf": str(quality + 12), "preset": "8"}


def _prores(_: int, __: str) -> dict[str, str]:
    return {"profile": "3"}


ENCODERS: Mapping[str, tuple[Encoder, ...]] = {
    "h264": (
        Encoder("h264_nvenc", _nvenc, hardware=True),
        Encoder("h264_videotoolbox", _videotoolbox, hardware=True),
        Encoder("h264_qsv", _qsv, "nv12", hardware=True),
        Encoder("libx264", _crf, deep=((10, "yuv420p10le"),)),
    ),
    "hevc": (
        Encoder("hevc_nvenc", _nvenc, hardware=True, deep=((10, "p010le"),)),
        Encoder("hevc_videotoolbox", _videotoolbox, hardware=True, deep=((10, "p010le"),)),
        Encoder("libx265", _x265, deep=((10, "yuv420p10le"), (12, "yuv420p12le"))),
    ),
    "vp9": (Encoder("libvpx-vp9", _vp9),),
    "av1": (Encoder("libsvtav1", _svtav1, deep=((10, "yuv420p10le"),)),),
    "prores": (Encoder("prores_ks", _prores, "yuv422p10le"),),
}
AUDIO_ENCODERS: Mapping[str, str] = {"aac": "aac", "opus": "libopus", "flac": "flac"}
# What each container holds, best first: (video codecs, audio codecs).
CONTAINERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ".mp4": (("h264", "hevc", "av1", "vp9"), ("aac", "opus", "flac")),
    ".mov": (("h264", "hevc", "prores"), ("aac",)),
    ".mkv": (("h264", "hevc", "vp9", "av1", "prores"), ("aac", "opus", "flac")),
    ".webm": (("vp9", "av1"), ("opus",)),
}
PROBE_SIZE = 256  # hardware encoders refuse very small pictures


def chosen_codec(suffix: str, wanted: str, *, sound: bool) -> str:
    """The codec for a container: `wanted`, or its first one for `auto`.

    Raises:
        EncodeError: a container that we do not write, or that does not hold the codec.
    """
    if suffix not in CONTAINERS:
        raise EncodeError(
            f"no container for files named *{suffix or '(nothing)'}",
            cure=f"Use one of {', '.join(CONTAINERS)}.",
        )
    held = CONTAINERS[suffix][1 if sound else 0]
    if wanted == "auto":
        return held[0]
    if wanted not in held:
        raise EncodeError(
            f"{suffix} files do not hold {wanted}", cure=f"They hold {', '.join(held)}."
        )
    return wanted


def chosen_encoder(codec: str, wanted: str = "auto") -> Encoder:
    """The encoder for a codec: the first that opens; `software` skips hardware; or by name.

    Raises:
        EncodeError: none opens here.
    """
    candidates = ENCODERS[codec]
    if wanted == "software":
        candidates = tuple(e for e in candidates if not e.hardware)
    elif wanted != "auto":
        candidates = tuple(e for e in candidates if e.name == wanted)
    for encoder in candidates:
        if opens(encoder):
            return encoder
    names = ", ".join(e.name for e in ENCODERS[codec])
    raise EncodeError(
        f"no encoder {wanted!r} for {codec} opens here",
        cure=f"Known ones are {names}; `aigc-edit doctor` says which open.",
    )


def own_threads(encoder: Encoder) -> int:
    """How many threads x264 takes where it may choose: three for two cores, as its manual says of
    `--threads`. Its pictures depend on them. 0 for other encoders."""
    if encoder.name != "libx264":
        return 0
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, cores * 3 // 2)


def encoder_options(
    encoder: Encoder,
    quality: int,
    preset: str,
    width: int,
    sps_id: int | None = None,
    mastering: Mastering | None = None,
) -> dict[str, str]:
    """The options of an encoder for pictures of a width; see PictureSettings for the rest."""
    options, own = encoder.options(quality, preset), []
    if encoder.name == "libx265" and mastering is not None:
        options["x265-params"] = f"{options['x265-params']}:{_hdr10(mastering)}"
    if encoder.name == "libx264" and width % _STEADY_WIDTH and _has_avx512():
        own.append("asm=AVX2")
    if sps_id is not None:
        own.append(f"sps-id={sps_id}")
    return options | ({"x264-params": ":".join(own)} if own else {})


def _hdr10(mastering: Mastering) -> str:
    """HDR10 metadata as x265 takes it: in steps of 1/50,000 and of 1/10,000 nits."""
    words = [f"hdr10=1:max-cll={mastering.max_cll},{mastering.max_fall}"]
    if mastering.display:
        *points, dark, bright = mastering.display
        red, green, blue, white = (
            f"({x * 50_000:.0f},{y * 50_000:.0f})"
            for x, y in zip(points[::2], points[1::2], strict=True)
        )
        light = f"L({bright * 10_000:.0f},{dark * 10_000:.0f})"
        words.append(f"master-display=G{green}B{blue}R{red}WP{white}{light}")
    return ":".join(words)


# x264's AVX-512 code reads past lines that are no multiple of this, so that the same pictures
# come out with other bits each time (seen with MALLOC_PERTURB_, gone with AVX2).
_STEADY_WIDTH = 128


@cache
def _has_avx512() -> bool:
    try:
        return "avx512" in Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return False


@cache
def opens(encoder: Encoder) -> bool:
    """Whether the encoder takes a picture on this machine."""
    import av
    import av.error

    os.environ.setdefault("SVT_LOG", "1")  # errors only; SVT-AV1 prints a page otherwise
    try:
        context: Any = av.CodecContext.create(encoder.name, "w")
        context.width = context.height = PROBE_SIZE
        context.pix_fmt, context.time_base = encoder.pixel_format, Fraction(1, 25)
        context.options = encoder.options(23, "veryfast")
        frame = av.VideoFrame(PROBE_SIZE, PROBE_SIZE, encoder.pixel_format)
        frame.pts = 0
        context.encode(frame)
        context.encode(None)
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True
