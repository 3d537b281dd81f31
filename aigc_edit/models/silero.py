"""Voice activity: the Silero VAD net, with the weights that the `silero-vad` wheel carries.

The net sees 32 ms at a time (16 kHz) and remembers what it heard in an LSTM. Only that LSTM is
sequential: everything before it runs here over all windows at once, which makes it several
times faster than running the net window by window. The weights are read as safetensors, so
that no code comes out of the file.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aigc_edit.errors import ModelError, one_line

if TYPE_CHECKING:
    from torch import Tensor

RATE = 16_000
WINDOW = 512  # samples, 32 ms
_CONTEXT = 64  # samples of the window before, seen again
_STFT, _HOP, _STFT_PAD = 256, 128, 64
_BINS = _STFT // 2 + 1
_UNITS = 128
_WINDOWS_AT_ONCE = 512  # bounds memory: about 16 s of sound


def weights_path() -> Path:
    """The weights inside the installed wheel.

    Raises:
        ModelError: the wheel or the file in it is missing.
    """
    found = importlib.util.find_spec("silero_vad")
    folder = Path(found.origin).parent if found is not None and found.origin else Path()
    path = folder / "data" / "silero_vad_16k.safetensors"
    if not path.exists():
        raise ModelError(
            "the weights of Silero VAD are missing", cure="Install the package silero-vad>=6.2."
        )
    return path


@cache
def weights_digest() -> str:
    """SHA-256 of the weights."""
    return hashlib.sha256(weights_path().read_bytes()).hexdigest()


def _loaded(path: Path, device: str) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights: dict[str, Any] = load_file(str(path), device=device)
    except (SafetensorError, OSError) as cause:
        raise ModelError(
            f"these are no weights of Silero VAD ({one_line(cause)})",
            where=path,
            cure="Install the package silero-vad again.",
        ) from cause
    return weights


class SileroVad:
    """Speech probability of 32 ms windows; keeps its memory from one call to the next.

    Args:
        device: where the net runs.
    """

    def __init__(self, device: str = "cpu") -> None:
        import torch

        self._device = device
        self._weights = _loaded(weights_path(), device)
        with torch.device("meta"):  # no random weights are drawn only to be replaced
            lstm = torch.nn.LSTM(_UNITS, _UNITS, batch_first=True).eval()
        lstm.load_state_dict(
            {
                f"{name}_l0": self._weights[f"lstm_cell.{name}"]
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            },
            assign=True,
        )
        self._lstm = lstm
        self.reset()

    def reset(self) -> None:
        """Forgets everything heard."""
        import torch

        self._before = torch.zeros(_CONTEXT, device=self._device)
        self._state: tuple[Tensor, Tensor] | None = None

    def probabilities(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Probability that somebody speaks, one a window.

        Args:
            samples: float32 [N], 16 kHz mono, N a multiple of WINDOW; continues the last call.

        Returns:
            float32 [N / WINDOW] in [0, 1].
        """
        import torch

        sound = torch.from_numpy(np.ascontiguousarray(samples)).to(self._device)
        with torch.inference_mode():
            found = [self._heard(piece) for piece in torch.split(sound, WINDOW * _WINDOWS_AT_ONCE)]
        result: npt.NDArray[np.float32] = torch.cat(found).cpu().numpy()
        return result

    def _heard(self, sound: Tensor) -> Tensor:
        import torch

        joined = torch.cat([self._before, sound])
        self._before = sound[-_CONTEXT:].clone()  # a view would keep all of it
        windows = joined.unfold(0, _CONTEXT + WINDOW, WINDOW)  # [B, 576]
        features = self._encoded(windows)  # [B, 128]
        hidden, self._state = self._lstm(features[None], self._state)
        spoken = torch.nn.functional.conv1d(
            hidden.squeeze(0).relu()[..., None],
            self._weights["final_conv.weight"],
            self._weights["final_conv.bias"],
        )
        return spoken.sigmoid().flatten()

    def _encoded(self, windows: Tensor) -> Tensor:
        from torch.nn import functional

        padded = functional.pad(windows[:, None], (0, _STFT_PAD), mode="reflect")
        spectrum = functional.conv1d(padded, self._weights["stft_conv.weight"], stride=_HOP)
        features = spectrum[:, :_BINS].square().add(spectrum[:, _BINS:].square()).sqrt()
        for number, stride in enumerate((1, 2, 2, 1), 1):
            features = functional.conv1d(
                features,
                self._weights[f"conv{number}.weight"],
                self._weights[f"conv{number}.bias"],
                stride=stride,
                padding=1,
            ).relu()
        return features[..., 0]
