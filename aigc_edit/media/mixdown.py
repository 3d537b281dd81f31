"""From any number of channels to one or two, by the coefficients that broadcasters use.

ITU-R BS.775-4, table 2: centre and surrounds at -3 dB on their own side, the bass channel left
out. ATSC A/52, 7.8: all coefficients are scaled by the largest sum of a row, so that channels
which are all at full scale make full scale and nothing clips; 5.1 loses 7.7 dB that way, which
a loudness target gives back.
"""

from __future__ import annotations

from functools import cache

import av
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]  # [channels out, channels in]
_HALF_POWER = 0.5**0.5
# (left, right) of each speaker, by FFmpeg's names.
_SPEAKERS = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (_HALF_POWER, _HALF_POWER),
    "LFE": (0.0, 0.0),
    "LFE2": (0.0, 0.0),
    "BC": (0.5, 0.5),  # one back speaker stands for two at -3 dB each
    "FLC": (1.0, 0.0),
    "FRC": (0.0, 1.0),
    "DL": (1.0, 0.0),
    "DR": (0.0, 1.0),
}
_LEFT, _RIGHT = (_HALF_POWER, 0.0), (0.0, _HALF_POWER)
# What N channels without a layout are taken for: the order of WAVE files.
_USUAL = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def channel_names(layout: str) -> tuple[str, ...]:
    """FFmpeg's names of the channels of a layout such as `5.1` or `6 channels`."""
    names = tuple(channel.name for channel in av.AudioLayout(layout).channels)
    known = any(name in _SPEAKERS or name[-1:] in "LRC" for name in names)
    if known or len(names) not in _USUAL:
        return names
    return tuple(channel.name for channel in av.AudioLayout(_USUAL[len(names)]).channels)


@cache
def mix_matrix(layout: str, channels: int) -> Matrix:
    """float32 [channels, C]: how the C channels of a layout become one or two.

    Mono is half of left plus half of right; a mono source goes to both sides as it is.
    """
    names = channel_names(layout)
    if len(names) == 1:
        return np.ones((channels, 1), np.float32)
    stereo = np.array([_sides(name, k) for k, name in enumerate(names)]).T
    largest = stereo.sum(axis=1).max()
    stereo = stereo / largest if largest > 1 else stereo
    mixed = stereo if channels == 2 else stereo.mean(axis=0, keepdims=True)
    matrix: Matrix = mixed.astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def _sides(name: str, number: int) -> tuple[float, float]:
    """Left and right of a speaker; what is neither left nor right is both."""
    if name in _SPEAKERS:
        return _SPEAKERS[name]
    if name in ("", "NONE", "UNSD", "UNK"):
        return _LEFT if number % 2 == 0 else _RIGHT
    if name.endswith("L"):
        return _LEFT
    return _RIGHT if name.endswith("R") else (0.5, 0.5)


@cache
def _fitting(layout: str, target: str) -> Matrix:
    """float32 [C', C]: every channel onto the same one of another layout; those that it lacks
    onto both front sides."""
    there = channel_names(target)
    if len(there) <= 2:
        return mix_matrix(layout, len(there))
    names = channel_names(layout)
    matrix: Matrix = np.zeros((len(there), len(names)), np.float32)
    for k, name in enumerate(names):
        if name in there:
            matrix[there.index(name), k] = 1
        else:
            matrix[:2, k] = _sides(name, k)
    return matrix


def mixed(samples: npt.NDArray[np.float32], layout: str, channels: int) -> Matrix:
    """float32 [C, N] of a layout as [channels, N], for one or two channels."""
    result: Matrix = mix_matrix(layout, channels) @ samples
    return result


def fitted(samples: npt.NDArray[np.float32], layout: str, target: str) -> Matrix:
    """float32 [C, N] of a layout as [C', N] of another one."""
    result: Matrix = _fitting(layout, target) @ samples
    return result
