"""Room on disk: asked for before the work, not missed after it."""

from __future__ import annotations

import shutil
from pathlib import Path

from aigc_edit.errors import NoSpaceError

# Slides in H.264 need no more; a film needs ten times as much. So what is refused would fail.
_BITS_PER_PIXEL = 0.005
_COPIES = 2  # the parts, and the file that is muxed from them
_SAMPLE_BYTES = 4  # float32


def least_bytes(*, pixels: int, frames: int, sound_bits: int, raw_samples: int = 0) -> int:
    """The least space that a render takes while it works, in bytes.

    Args:
        pixels: of one frame that is written.
        frames: how many are written.
        sound_bits: of the encoded sound in all.
        raw_samples: of all channels, that wait on disk for filters that measure first.
    """
    encoded = (pixels * frames * _BITS_PER_PIXEL + sound_bits) / 8
    return round(_COPIES * encoded) + _SAMPLE_BYTES * raw_samples


def ensure_space(
    folder: Path, needed: int, cure: str = "Free some space, or name another place with -o."
) -> None:
    """Raises NoSpaceError where a folder's disk has less than `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpaceError(
            f"{_readable(free)} are free, at least {_readable(needed)} are needed",
            where=folder,
            cure=cure,
        )


def _readable(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**9 else f"{count / 1e6:.1f} MB"
