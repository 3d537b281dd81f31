"""The stream around the net; what the net finds is tested with the detectors."""

from __future__ import annotations

import numpy as np
import pytest

from aigc_edit.models.transnet import STEP, WINDOW, TransNet, TransNetStream, weights_digest


class Echo:
    """Stands for the net: says which frame it saw in the middle of each window."""

    def __init__(self) -> None:
        self.largest = 0

    def predict_windows(self, windows: np.ndarray) -> np.ndarray:
        self.largest = max(self.largest, len(windows))
        assert windows.shape[1:] == (WINDOW, 27, 48, 3)
        middles = windows[:, (WINDOW - STEP) // 2 :][:, :STEP, 0, 0, :2].astype(np.float32)
        return middles.reshape(-1, 2).T


def numbered(count: int) -> np.ndarray:
    """uint8 [count, 27, 48, 3]: each frame is its number (low and high byte)."""
    frames = np.zeros((count, 27, 48, 3), np.uint8)
    frames[..., 0] = (np.arange(count) % 256)[:, None, None]
    frames[..., 1] = (np.arange(count) // 256)[:, None, None]
    return frames


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 99, 100, 101, 349])
@pytest.mark.parametrize("portion", [1, 50, 64, 1000])
@pytest.mark.parametrize("batch", [1, 3])
def test_every_frame_is_judged_once_in_order_whatever_the_portions(count, portion, batch):
    net = Echo()
    stream = TransNetStream(net, batch)
    frames = numbered(count)
    parts = [stream.feed(frames[at : at + portion]) for at in range(0, count, portion)]
    low, high = np.concatenate([*parts, stream.finish()], axis=1)

    assert (low + 256 * high).tolist() == list(range(count))
    assert net.largest <= batch


def test_the_net_loads_without_touching_torchs_global_state():
    import torch

    torch.manual_seed(1)
    before = torch.get_rng_state()
    TransNet.load("cpu")

    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_weights_are_known_by_their_hash():
    assert len(weights_digest()) == 64
