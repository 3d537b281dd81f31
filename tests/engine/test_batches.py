"""Frames between filters that want other forms of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from aigc_edit.api import Planes
from aigc_edit.engine.batches import Batch, as_seen, landed, parts_of
from aigc_edit.media.conversion import to_planes

BT709 = (0.2126, 0.0722)
DEVICES = [
    "cpu",
    pytest.param(
        "cuda:0", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
    ),
]


def test_chroma_of_planes_stays_where_it_was_when_rgb_is_made_of_them():
    rgb = np.full((3, 64, 64), 60, np.uint8)
    rgb[0, :, 20:41] = 180  # a bar whose middle is column 30
    planes = [np.empty(size, np.uint8) for size in ((64, 64), (32, 32), (32, 32))]
    to_planes(rgb, *BT709, planes)
    frames = Planes(*(torch.from_numpy(plane)[None] for plane in planes))

    (seen,) = as_seen(iter([Batch(0, frames, (Fraction(0),))]))
    row = seen[0, 0, 32].double()
    mass = row - row[0]

    assert abs(float((mass * torch.arange(64)).sum() / mass.sum()) - 30) < 0.1


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("planes", [False, True])
def test_batches_land_in_order_as_they_were(device, planes):
    def frames(level: int) -> torch.Tensor | Planes:
        sizes = ((2, 4, 4), (2, 2, 2), (2, 2, 2)) if planes else ((2, 3, 4, 4),)
        parts = [torch.full(size, level, dtype=torch.uint8, device=device) for size in sizes]
        return Planes(*parts) if planes else parts[0]

    given = [Batch(n, frames(n), (Fraction(n), Fraction(n + 1))) for n in range(5)]
    found = list(landed(iter(given)))

    assert [(batch.run, batch.times) for batch in found] == [(b.run, b.times) for b in given]
    for batch in found:
        for part in parts_of(batch.frames):
            assert part.device.type == "cpu"
            assert (part == batch.run).all()
