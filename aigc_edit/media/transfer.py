"""Arrays to a device and back.

On CUDA they go through pinned memory, on streams of their own: copies both ways run beside what
the device computes. Elsewhere they are simply moved.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor


def uploaded(array: npt.NDArray[Any], device: str) -> Tensor:
    """A tensor of an array on a device, ready when this returns."""
    import torch

    found = torch.from_numpy(array)
    if not device.startswith("cuda"):
        return found.to(device)
    stream = _stream(device, "up")
    with torch.cuda.stream(stream):
        moved = found.pin_memory().to(device, non_blocking=True)
    stream.synchronize()
    moved.record_stream(torch.cuda.default_stream(device))  # where filters read it
    return moved


def downloading(found: Tensor) -> Callable[[], Tensor]:
    """Begins to copy a tensor to the computer's memory, after all that its device was asked for
    till now. What is returned waits for the copy and gives it.
    """
    if found.device.type != "cuda":
        return found.cpu
    import torch

    stream = _stream(str(found.device), "down")
    stream.wait_stream(torch.cuda.current_stream(found.device))
    with torch.cuda.stream(stream):
        copied = torch.empty(found.shape, dtype=found.dtype, pin_memory=True)
        copied.copy_(found, non_blocking=True)
        done = stream.record_event()
    found.record_stream(stream)

    def waited() -> Tensor:
        done.synchronize()
        return copied

    return waited


@cache
def _stream(device: str, _way: Literal["up", "down"]) -> Any:
    import torch

    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
