"""Converted models: folders on this machine, or names that faster-whisper fetches."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

from aigc_edit.api import ModelError, is_offline

# Without the tokenizer faster-whisper would fetch another one.
_NEEDED = ("config.json", "model.bin", "tokenizer.json")


def package(module: str = "") -> Any:
    """faster-whisper, or a module of it.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return importlib.import_module(f"faster_whisper.{module}".rstrip("."))
    except ModuleNotFoundError as cause:
        raise ModelError(
            f"the engine needs the package {cause.name!r}", cure="pip install faster-whisper"
        ) from cause


def found(model: str) -> Path | None:
    """The folder of a model, if it is on this machine; nothing is fetched.

    Args:
        model: a folder; a name such as `base`; a repository such as `Systran/faster-whisper-base`.

    Raises:
        ModelError: there is no such folder, it lacks files, or no model has that name.
    """
    if _is_folder(model):
        return _complete(Path(model).expanduser())
    try:
        folder = _downloaded(model, local_files_only=True)
    except FileNotFoundError:
        return None
    return None if _missing(folder) else folder  # a part of it: the rest can be fetched


def fetched(model: str) -> Path:
    """The folder of a model that was not here.

    Raises:
        ModelError: nothing may be fetched, or it cannot be had.
    """
    _check_allowed(model)
    try:
        return _complete(_downloaded(model))
    except OSError as cause:
        said = str(cause).partition("\n")[0]
        what = f"the model {model} cannot be fetched ({said})"
        raise ModelError(what, cure=f"Try later: {_command(model)}") from cause


def identity(model: str) -> str:
    """What identifies the weights: a folder's content, or a repository's commit.

    Raises:
        ModelError: they are not here, and nothing may be fetched.
    """
    folder = found(model)
    if folder is None:
        _check_allowed(model)
        return model  # whichever commit is the newest when it is fetched
    if not _is_folder(model):
        return f"{model} {folder.name}"
    digest = hashlib.sha256()
    for name in _NEEDED:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _is_folder(model: str) -> bool:
    return model.startswith((".", "/", "~")) or Path(model).is_dir()


def _missing(folder: Path) -> str:
    return ", ".join(name for name in _NEEDED if not (folder / name).is_file())


def _complete(folder: Path) -> Path:
    if missing := _missing(folder):
        raise ModelError(
            f"this is no model of faster-whisper, {missing} missing",
            where=folder,
            cure="ct2-transformers-converter makes one; --copy_files tokenizer.json belongs to it.",
        )
    return folder


def _downloaded(model: str, *, local_files_only: bool = False) -> Path:
    known = package("utils").available_models()
    if "/" not in model and model not in known:
        raise ModelError(f"no model named {model!r}", cure=f"There are: {', '.join(known)}.")
    try:
        return Path(package("utils").download_model(model, local_files_only=local_files_only))
    except FileNotFoundError:  # also a ValueError: it is not here
        raise
    except ValueError as cause:
        raise ModelError(f"{model!r} names no model ({cause})") from cause


def _check_allowed(model: str) -> None:
    if is_offline():
        raise ModelError(
            f"the model {model} is not here, and nothing may be fetched (offline)",
            cure=f"Fetch it while there is a network: {_command(model)}",
        )


def _command(model: str) -> str:
    return f"python -c \"import faster_whisper as f; f.download_model('{model}')\""
