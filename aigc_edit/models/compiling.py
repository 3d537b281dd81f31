"""Nets that torch compiles for the device that they run on (`torch.compile`)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from aigc_edit.errors import ModelError


class Compiled:
    """A net that is compiled at its first frame, which takes half a minute on a CPU.

    The result is kept on disk by torch, and found there by the next process.
    """

    def __init__(self, net: Callable[[Tensor], Tensor]) -> None:
        self._net = torch.compile(net)

    def __call__(self, frames: Tensor) -> Tensor:
        """
        Raises:
            ModelError: it cannot be compiled here.
        """
        from torch._dynamo.exc import TorchDynamoException

        try:
            made: Tensor = self._net(frames)
        except TorchDynamoException as cause:
            raise ModelError(
                f"this net cannot be compiled here ({str(cause).splitlines()[0]})",
                cure="Install a C++ compiler, or leave `compile` out.",
            ) from cause
        return made
