"""The file that a trained net is kept in: what it is, how it was made, and its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from aigc_edit.errors import ModelError, one_line
from aigc_edit.models.training.objective import Architecture
from aigc_edit.models.training.tensor_file import read_notes, read_tensors, write_tensors

_ARCHITECTURE, _TRAINING = "architecture", "training"


@dataclass(frozen=True)
class WeightsHeader:
    """What a file of weights says of itself: what they fit, and how they were trained."""

    architecture: Architecture
    training: Mapping[str, Any]


Net = TypeVar("Net", bound=nn.Module)


def save_weights(
    path: Path,
    net: nn.Module,
    architecture: Architecture,
    training: Mapping[str, object],
    dtype: torch.dtype = torch.float16,
) -> None:
    """Writes the weights of a net with what is needed to build it and to train it again.

    Raises:
        ModelError: a weight is not finite, or the file cannot be written.
    """
    weights = {name: _stored(weight, dtype) for name, weight in net.state_dict().items()}
    for name, weight in weights.items():
        if not weight.isfinite().all():
            raise ModelError(f"the weights {name} are not finite in {dtype}", where=path)
    head = {"name": architecture.name, "version": architecture.version}
    notes = {_ARCHITECTURE: {**head, "config": dict(architecture.config)}, _TRAINING: training}
    write_tensors(path, weights, notes)


def _stored(weight: Tensor, dtype: torch.dtype) -> Tensor:
    return weight.to(dtype) if weight.is_floating_point() else weight


def read_header(path: Path) -> WeightsHeader:
    """What a file of weights holds, without reading the weights.

    Raises:
        ModelError: the file is missing, cut short, a pickle, or no weights of ours.
    """
    notes = read_notes(path)
    match notes.get(_ARCHITECTURE), notes.get(_TRAINING):
        case {"name": str(name), "version": int(version), "config": dict(config)}, dict(training):
            return WeightsHeader(Architecture(name, version, config), training)
        case _:
            raise ModelError(
                "this file does not say what net its weights are for",
                where=path,
                cure="Only weights that `aigc-edit train` made can be read.",
            )


def load_weights(path: Path, name: str, version: int, build: Callable[..., Net]) -> Net:
    """A net with its weights, ready to use, in float32 on the CPU.

    Args:
        name, version: the architecture that is wanted.
        build: makes the net; called with the config of the file as keywords.

    Raises:
        ModelError: the file cannot be read, holds another architecture, or weights of other
            shapes than it promises.
    """
    found = read_header(path).architecture
    if (found.name, found.version) != (name, version):
        wanted = Architecture(name, version)
        cure = "Choose a file of that kind, or train one: aigc-edit train --help"
        raise ModelError(f"these are weights of {found}, not of {wanted}", where=path, cure=cure)
    weights, _ = read_tensors(path)
    try:
        with torch.random.fork_rng(devices=()):  # what a net draws is replaced, and nobody's loss
            net = build(**found.config)
        _check_fit(net, weights)
        net.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as cause:
        raise ModelError(
            f"these weights do not fit {found} ({one_line(cause)})",
            where=path,
            cure="The file is damaged or of another version: get or train it again.",
        ) from cause
    return net.eval().requires_grad_(requires_grad=False)


def _check_fit(net: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Raises ValueError with the first weight that is missing, too many or of another shape."""
    wanted = net.state_dict()
    for name in sorted(wanted.keys() ^ weights.keys()):
        raise ValueError(f"{name} is {'missing' if name in wanted else 'one too many'}")
    for name, weight in wanted.items():
        shape = list(weights[name].shape)
        if shape != list(weight.shape):
            raise ValueError(f"{name} is {shape}, not {list(weight.shape)}")
        if not weights[name].isfinite().all():
            raise ValueError(f"{name} is not finite")
