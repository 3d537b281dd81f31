"""What pictures and sound are, as arrays."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Pixels = Literal["rgb", "gray"]
Image = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]  # [C, N]
