"""The tiny Whisper as a small file, and the checkpoint for `whisper.load_model` made of it.

Whisper has a row of weights for each of 51,865 tokens; a closed vocabulary uses about eighty. The
small file keeps these, and the 1,501 rows of time stamps as a linear map of their position, all
as int8 with a scale a row.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

STAMPS = 1501  # time stamps 0.00 to 30.00 s, the last rows of Whisper's table
_FREQUENCIES = 24  # for the positions of sound; the other half of a state is free for content
_FASTEST, _SLOWEST = 1.0, 0.003  # radians a frame of 20 ms; the slowest is unique over 30 s
_NEVER = -40.0  # logit of a token that is not known
_ROWS, _IDS, _STAMPS = "known.rows", "known.ids", "stamps"
_TABLE, _PLACES = "decoder.token_embedding.weight", "encoder.positional_embedding"
_INT8 = 127


def positions(count: int, width: int) -> Tensor:
    """Sines and cosines in the first 48 values, the rest zero. [count, width]"""
    steps = torch.arange(_FREQUENCIES) / (_FREQUENCIES - 1)
    radians = torch.arange(count)[:, None] * _FASTEST * (_SLOWEST / _FASTEST) ** steps
    return torch.cat(
        [radians.sin(), radians.cos(), torch.zeros(count, width - 2 * _FREQUENCIES)], 1
    )


def save(path: Path, dims: dict[str, int], weights: dict[str, Tensor], note: str = "") -> None:
    """Writes the small file.

    Args:
        dims: Whisper's own, of the whole model.
        weights: Whisper's own without the token table, with `known.rows` and `known.ids` (rows
            of that table and their numbers) and `stamps` (from position to row, [D, D + 1]).
        note: where it comes from, for people.
    """
    packed: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if name != _PLACES:
            packed |= _packed(name, weight)
    save_file(packed, str(path), {"dims": json.dumps(dims), "note": note})


def _packed(name: str, weight: Tensor) -> dict[str, Tensor]:
    if weight.ndim < 2:
        return {name: weight.contiguous() if name == _IDS else weight.half()}
    flat = weight.flatten(1)
    scale = flat.abs().amax(1).clamp(min=1e-8) / _INT8
    return {
        name: (flat / scale[:, None]).round().to(torch.int8).view(weight.shape),
        f"{name}:scale": scale,
    }


def expand(path: Path, checkpoint: Path) -> None:
    """Writes the checkpoint for `whisper.load_model` (10 MB) that a small file stands for."""
    torch.save(whole(path), checkpoint)


def whole(path: Path) -> dict[str, Any]:
    """Whisper's own `dims` and `model_state_dict`, in float16."""
    with safe_open(str(path), "pt") as file:
        dims = json.loads(file.metadata()["dims"])
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- no dict
    weights = {n: _unpacked(n, stored) for n in stored if not n.endswith(":scale")}
    return {"dims": dims, "model_state_dict": full_weights(dims, weights)}


def _unpacked(name: str, stored: dict[str, Tensor]) -> Tensor:
    scale = stored.get(f"{name}:scale")
    if scale is None:
        return stored[name]
    return (stored[name].flatten(1) * scale[:, None]).view(stored[name].shape)


def full_weights(dims: dict[str, int], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """All of Whisper's weights, from those that `save` takes."""
    weights = dict(weights)
    rows, ids, stamps = (weights.pop(name).detach() for name in (_ROWS, _IDS, _STAMPS))
    width = dims["n_text_state"]
    table = never(weights["decoder.ln.weight"], weights["decoder.ln.bias"])
    table = table.repeat(dims["n_vocab"], 1)
    table[ids.long()] = rows.float()
    table[-STAMPS:] = stamp_rows(stamps.float())
    weights[_TABLE] = table
    weights[_PLACES] = positions(dims["n_audio_ctx"], dims["n_audio_state"])
    assert table.shape[1] == width
    return {name: weight.detach().half().contiguous() for name, weight in weights.items()}


def stamp_rows(stamps: Tensor) -> Tensor:
    """The rows of all time stamps: a linear map of their positions. [STAMPS, D]"""
    width = stamps.shape[0]
    return positions(STAMPS, width) @ stamps[:, :width].T + stamps[:, width]


def never(gain: Tensor, bias: Tensor) -> Tensor:
    """A row whose logit is the same low value whatever the decoder thinks. [D]

    The last layer norm gives gain * n + bias, where n sums to zero. So the row c / gain has
    the logit c * sum(bias / gain) always.
    """
    gain, bias = gain.detach().float(), bias.detach().float()
    return _NEVER / (bias / gain).sum() / gain
