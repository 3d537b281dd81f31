"""Arrays reach a device and come back as they were; on CUDA beside its work."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aigc_edit.media import downloading, uploaded

DEVICES = [
    "cpu",
    pytest.param(
        "cuda:0", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
    ),
]


@pytest.mark.parametrize("device", DEVICES)
def test_what_goes_up_comes_down(device):
    given = [np.random.default_rng(n).integers(0, 255, (2, 3, 64, 96), np.uint8) for n in range(8)]
    coming = []
    for array in given:
        there = uploaded(array, device)
        assert str(there.device) == device
        coming.append(downloading(255 - there))
    found = [wait() for wait in coming]

    assert all(part.device.type == "cpu" for part in found)
    assert all(np.array_equal(255 - array, part) for array, part in zip(given, found, strict=True))
