"""All that a training goes on from, as one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from aigc_edit.errors import ModelError
from aigc_edit.models.training.average import Average
from aigc_edit.models.training.tensor_file import read_tensors, write_tensors

FILE = "checkpoint.safetensors"
Terms = Mapping[str, object]  # what must stay the same


@dataclass
class State:
    """What changes while nets learn."""

    nets: Mapping[str, nn.Module]
    optimizers: Mapping[str, torch.optim.Optimizer]
    average: Average
    step: int = 0

    def save(self, folder: Path, terms: Terms) -> None:
        notes = {"step": self.step, "terms": terms}
        write_tensors(folder / FILE, self._tensors(), notes)

    def resume(self, folder: Path, terms: Terms) -> None:
        """Goes on from the folder's checkpoint, where there is one.

        Raises:
            ModelError: it cannot be read, or was made on other terms.
        """
        path = folder / FILE
        if not path.exists():
            return
        stored, notes = read_tensors(path)
        _check_terms(path, notes.get("terms"), terms)
        try:
            self._take(stored)
            self.step = int(notes["step"])
        except (KeyError, ValueError, RuntimeError) as cause:
            raise ModelError(
                "this checkpoint is of other nets", where=path, cure="Name another folder."
            ) from cause

    def _tensors(self) -> dict[str, Tensor]:
        found = {f"average/{name}": value for name, value in self.average.net.state_dict().items()}
        for name, net in self.nets.items():
            found |= {f"net/{name}/{key}": value for key, value in net.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for place, values in optimizer.state_dict()["state"].items():
                found |= {f"optimizer/{name}/{place}/{key}": v for key, v in values.items()}
        return found

    def _take(self, stored: Mapping[str, Tensor]) -> None:
        self.average.net.load_state_dict(_under("average/", stored))
        for name, net in self.nets.items():
            net.load_state_dict(_under(f"net/{name}/", stored))
        for name, optimizer in self.optimizers.items():
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in _under(f"optimizer/{name}/", stored).items():
                place, entry = key.split("/")
                state.setdefault(int(place), {})[entry] = value
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _under(prefix: str, stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}


def _check_terms(path: Path, before: object, now: Terms) -> None:
    if before == dict(now):
        return
    was = before if isinstance(before, dict) else {}
    changed = sorted(name for name in now if was.get(name) != now[name])
    told = ", ".join(f"{name} {was.get(name)} and not {now[name]}" for name in changed)
    raise ModelError(
        f"a training on other terms was begun here ({told or 'others'})",
        where=path.parent,
        cure="Train on the same terms, or name another folder.",
    )
