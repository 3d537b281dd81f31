"""In which precision nets over frames are computed: where fewer bits gain time, in fewer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def quick_precision(device: str) -> torch.dtype:
    """Of products and sums that go through few layers.

    float16 on CUDA. bfloat16 on a processor that multiplies it itself (AVX-512 BF16: 0.63 of the
    time of painting 1280x720, and up to two levels of 255 beside float32), not where it would only
    be imitated. By what the device can do rather than by a trial, so that two runs agree.
    """
    match torch.device(device).type:
        case "cuda":
            return torch.float16
        case "cpu" if _multiplies_bfloat16():
            return torch.bfloat16
        case _:
            return torch.float32


def _multiplies_bfloat16() -> bool:
    told: Callable[[], bool] = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return told()


def computed_in(precision: torch.dtype, net: Callable[[Tensor], Tensor], frames: Tensor) -> Tensor:
    """What the net makes of float32 frames with products in that precision, as float32."""
    kind = frames.device.type
    with torch.autocast(kind, precision, enabled=precision != torch.float32):
        return net(frames).float()
