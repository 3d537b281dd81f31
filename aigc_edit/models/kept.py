"""Nets that stay in the process: its next film finds them loaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

from torch import nn

from aigc_edit.models.layers import placed

Net = TypeVar("Net", bound=nn.Module)
_NETS = 4  # ours take a few megabytes each


def kept_net(load: Callable[[Path], Net], path: Path, device: str) -> Net:
    """The net of a file of weights on a device, loaded once as long as the file stays as it is.

    Others hold it, too: nobody may train it or change its weights.

    Args:
        load: reads a net in float32 on the CPU; raises ModelError where it cannot.
    """
    try:
        state = path.stat()
    except OSError:
        return placed(load(path), device)  # it says what is wrong
    return cast("Net", _kept(load, path, device, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=_NETS)
def _kept(
    load: Callable[[Path], nn.Module], path: Path, device: str, _size: int, _changed: int
) -> nn.Module:
    return placed(load(path), device)
