"""Files of named tensors: safetensors, from which no code can come, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from aigc_edit.errors import ModelError, one_line

_NOTES = "aigc_edit"
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how files of `torch.save` begin


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file under its name only when all of it is on the disk.

    Raises:
        ModelError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as cause:
        part.unlink(missing_ok=True)
        what = f"this cannot be written ({cause.strerror or cause})"
        raise ModelError(
            what, where=path, cure="Free some space, or name another folder."
        ) from cause


def write_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, object]) -> None:
    """Writes tensors, and notes that JSON can hold."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # One entry, since safetensors puts several in any order: the same tensors, the same bytes.
    write_whole(path, save(plain, {_NOTES: json.dumps(notes)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_tensors` wrote, on the CPU.

    Raises:
        ModelError: the file is missing, cut short, or something else.
    """
    from safetensors.torch import load

    content, notes = _content(path), read_notes(path)
    return load(content), notes


def read_notes(path: Path) -> dict[str, Any]:
    """The notes alone, after a look at the file's shape. Raises as `read_tensors` does."""
    from safetensors import safe_open

    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith((_ZIP, _PICKLE)):
            raise ModelError(
                "this is a pickle, which could run code: refused",
                where=path,
                cure="Weights are read from safetensors only.",
            )
        with safe_open(str(path), "pt") as stored:
            notes = json.loads((stored.metadata() or {}).get(_NOTES, "{}"))
    except OSError as cause:
        raise _unreadable(path, cause.strerror or cause) from cause
    except (SafetensorError, ValueError) as cause:
        raise _unreadable(path, one_line(cause)) from cause
    return notes if isinstance(notes, dict) else {}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise _unreadable(path, cause.strerror or cause) from cause


def _unreadable(path: Path, why: object) -> ModelError:
    return ModelError(
        f"these are no weights that can be read ({why})",
        where=path,
        cure="The file is missing, cut short, or something else: get or train it again.",
    )
